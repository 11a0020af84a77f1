//! The **control**: whether privileged access is enabled, and for whom.

use serde::{Deserialize, Serialize};

use super::is_false;
use crate::names::{Address, Pattern, Upn};
use crate::time::Time;

/// Whether privileged access is enabled, the default approver group, the system accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Whether people may request, approve and run.
    pub enabled: bool,
    /// The group that decides where a policy names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_group: Option<Address>,
    /// Who runs without asking, and until when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system_accounts: Vec<SystemAccount>,
    /// Whether disabling stops the system accounts too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stop_system_accounts: bool,
}

/// An exemption from approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemAccount {
    /// Who is exempt.
    pub upn: Upn,
    /// From approval of which tasks; of all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<Pattern>>,
    /// When the exemption ends.
    pub until: Time,
}
