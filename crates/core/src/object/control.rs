//! The **control**: whether privileged access is enabled, and for whom.
//!
//! A **system account** is a person of kind service who runs tasks without
//! asking. Its **exemption** stands here and nowhere else: signed, ended by a
//! date, limited to tasks if it names some, and seen by everybody.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::is_false;
use crate::names::{Address, Pattern, TaskName, Upn};
use crate::time::{Seconds, Time};

/// The longest that an exemption may last before somebody renews it: 90 days.
pub const MAX_EXEMPTION: Seconds = Seconds(90 * 86_400);

/// Whether privileged access is enabled, the default approver group, the system accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl Control {
    /// The exemption of a person, whether it has ended or not.
    pub fn system_account(&self, upn: &Upn) -> Option<&SystemAccount> {
        self.system_accounts
            .iter()
            .find(|account| account.upn == *upn)
    }

    /// Whether system accounts must stand still with everybody else.
    pub const fn stops_system_accounts(&self) -> bool {
        !self.enabled && self.stop_system_accounts
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let mut named = BTreeSet::new();
        for account in &self.system_accounts {
            let upn = &account.upn;
            if !named.insert(upn) {
                return Err(format!("system_accounts: {upn} is named twice"));
            }
            let Some(tasks) = &account.tasks else {
                continue;
            };
            if tasks.is_empty() || tasks.iter().any(Pattern::is_everything) {
                return Err(format!(
                    "system_accounts: name the tasks of {upn}, or leave them out to mean all"
                ));
            }
        }
        Ok(())
    }
}

impl SystemAccount {
    /// Whether a run of a task needs no approval at `now`.
    pub fn exempts(&self, task: &TaskName, now: Time) -> bool {
        let tasks = self.tasks.as_ref();
        now < self.until && tasks.is_none_or(|tasks| tasks.iter().any(|p| p.covers(task)))
    }
}
