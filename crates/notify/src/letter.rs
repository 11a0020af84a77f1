//! A **letter**: what one person is told, before it is a mail.
//!
//! It is kept as JSON in the outbox, and made text and HTML when it is sent.

use serde::{Deserialize, Serialize};
use writ_core::digest::RequestId;

/// What the link of a letter says that asks for a decision.
pub const DECIDE: &str = "Look at it and decide";

/// What one person is told. All of it is plain text of one line each, made safe
/// to be shown: nothing that moves a cursor or reorders what is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// The subject.
    pub subject: String,
    /// What happened, in a sentence.
    pub headline: String,
    /// What else there is to know, each with its label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// The page that shows it: a path of the site.
    pub page: String,
    /// What the link to that page says.
    pub open: String,
    /// What to type instead, if something can be done about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<Way>,
    /// Why this person is told.
    pub because: String,
    /// The request that it is about: all its letters are one thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
}

/// A label and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// `Reason`.
    pub label: String,
    /// What the label stands for.
    pub value: String,
}

/// A command to type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Where: `writ`, or `PowerShell`.
    pub surface: String,
    /// What, whole.
    pub command: String,
}
