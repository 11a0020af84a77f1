//! **Preferences**: what one person chose for oneself.

use serde::{Deserialize, Serialize};

use super::is_false;
use crate::time::Time;

/// What one person chose for oneself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// One mail a day instead of one each.
    #[serde(default, skip_serializing_if = "is_false")]
    pub digest: bool,
    /// Hours without mail, `22:00-07:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<String>,
    /// When they are back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_until: Option<Time>,
}
