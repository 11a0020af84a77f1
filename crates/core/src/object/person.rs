//! A **person**: who acts, a human, a service or an app.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{check_text, is_false};
use crate::key::PublicKey;
use crate::names::Upn;
use crate::time::Time;
use crate::value::Value;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name.
    pub upn: Upn,
    /// What kind of person.
    #[serde(default, skip_serializing_if = "PersonKind::is_human")]
    pub kind: PersonKind,
    /// As people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where mail goes; the UPN, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// What they may do beyond their own requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether they may act at all.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub active: bool,
    /// The key that may enrol their next key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
    /// What an app declares of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<BTreeMap<String, Value>>,
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_true(value: &bool) -> bool {
    !is_false(value)
}

/// What kind of person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonKind {
    /// A human being.
    #[default]
    Human,
    /// A program of the organization; see system accounts.
    Service,
    /// A program of somebody else.
    App,
}

impl PersonKind {
    /// As statements spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Service => "service",
            Self::App => "app",
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_human(&self) -> bool {
        *self == Self::Human
    }
}

/// What a person may do beyond their own requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sets apps up and asks for them.
    Installer,
    /// Reads everything.
    Auditor,
    /// Sets objects and reads everything.
    Administrator,
}

/// The key that may enrol a person's next key, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Derived from the code that the person got.
    pub key: PublicKey,
    /// When the invitation ends.
    pub until: Time,
}

impl Person {
    /// A human with nothing but a name to act by.
    pub fn new(upn: Upn) -> Self {
        Self {
            upn,
            kind: PersonKind::Human,
            name: None,
            mail: None,
            role: None,
            active: true,
            invitation: None,
            manifest: None,
        }
    }

    /// Whether they may set objects: administrators do, while they are active.
    pub(crate) fn administers(&self) -> bool {
        self.active && self.role == Some(Role::Administrator)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        check_text("name", self.name.as_deref().unwrap_or_default(), 200)?;
        if let Some(mail) = &self.mail
            && Upn::parse(mail).is_err()
        {
            return Err(format!("mail: `{}` is not an address", mail.escape_debug()));
        }
        match &self.invitation {
            Some(invitation) if !invitation.key.is_sound() => {
                Err("invitation: its key is not sound".into())
            }
            _ => Ok(()),
        }
    }
}
