//! A **group**: people and groups, named by a mail address.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::check_text;
use crate::names::Address;
use crate::time::Seconds;

/// How deep groups may nest.
pub const MAX_GROUP_DEPTH: usize = 8;

/// People and groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The name.
    pub address: Address,
    /// As people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// UPNs of people, and addresses of groups.
    pub members: BTreeSet<Address>,
    /// Whom mail for the group goes to.
    #[serde(default, skip_serializing_if = "MailTo::is_members")]
    pub mail_to: MailTo,
    /// When to remind it of what waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind: Option<Remind>,
    /// Which further group to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<Address>,
}

/// Whom mail for a group goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTo {
    /// Each member.
    #[default]
    Members,
    /// The group's own address.
    Address,
}

impl MailTo {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_members(&self) -> bool {
        *self == Self::Members
    }
}

/// When to remind a group of what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remind {
    /// How long after the request.
    pub after_s: Seconds,
    /// And then how often.
    pub every_s: Seconds,
}

impl Group {
    pub(super) fn check(&self) -> Result<(), String> {
        check_text("name", self.name.as_deref().unwrap_or_default(), 200)?;
        if self.members.contains(&self.address) {
            return Err(format!("`{}` cannot be a member of itself", self.address));
        }
        Ok(())
    }
}
