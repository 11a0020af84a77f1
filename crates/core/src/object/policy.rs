//! An **approval policy**: which approval a task needs, and the **rule** that
//! it becomes for one task once the default approver group is filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::is_false;
use crate::names::{Address, Pattern};
use crate::time::Seconds;
use crate::value::{Constraints, Values};

/// The longest that any policy may grant: 180 days.
pub(crate) const MAX_DURATION: Seconds = Seconds(15_552_000);

/// Which approval a task needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What it covers.
    pub task: Pattern,
    /// Whether somebody is asked.
    pub approval: Approval,
    /// Who is asked, in order; the default group, if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// Who may ask; anybody, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requesters: Option<Address>,
    /// The longest it grants.
    #[serde(default = "Policy::day", skip_serializing_if = "Policy::is_day")]
    pub max_duration_s: Seconds,
    /// How long a request waits.
    #[serde(default = "Policy::day", skip_serializing_if = "Policy::is_day")]
    pub pending_for_s: Seconds,
    /// What parameters must satisfy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Constraints,
    /// Whether parameters that it does not name may be given.
    #[serde(default, skip_serializing_if = "Others::is_allow")]
    pub others: Others,
    /// How often a grant may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_runs: Option<u64>,
    /// Whether approvers must use a passkey.
    #[serde(default, skip_serializing_if = "is_false")]
    pub passkey: bool,
    /// Whether a run in flight is killed when its grant ends.
    #[serde(default, skip_serializing_if = "is_false")]
    pub kill_on_end: bool,
    /// Who else may read output.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub output_readers: BTreeSet<Address>,
}

/// Whether somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// The approvers are.
    Manual,
    /// Nobody is, but it is requested, recorded and bounded in time.
    Auto,
}

/// One step of an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Who is asked.
    pub group: Address,
    /// How many of them must approve.
    pub approvals: NonZeroU32,
}

/// Whether parameters that a policy does not name may be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Others {
    /// They may.
    #[default]
    Allow,
    /// They may not.
    Refuse,
}

impl Others {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_allow(&self) -> bool {
        *self == Self::Allow
    }
}

impl Policy {
    const fn day() -> Seconds {
        Seconds::DAY
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_day(seconds: &Seconds) -> bool {
        *seconds == Self::day()
    }

    /// A policy with everything else as it is by default.
    pub fn new(task: Pattern, approval: Approval) -> Self {
        Self {
            task,
            approval,
            stages: Vec::new(),
            requesters: None,
            max_duration_s: Self::day(),
            pending_for_s: Self::day(),
            parameters: Constraints::new(),
            others: Others::default(),
            max_runs: None,
            passkey: false,
            kill_on_end: false,
            output_readers: BTreeSet::new(),
        }
    }

    /// The default duration of a request under it: 4 hours, or less if it grants less.
    pub fn default_duration(&self) -> Seconds {
        self.max_duration_s.min(Seconds(4 * 3_600))
    }

    /// What it says against parameters that a run gives: the first problem.
    pub fn forbids(&self, values: &Values) -> Option<String> {
        let unnamed = || {
            values
                .keys()
                .find(|name| !self.parameters.contains_key(*name))
                .map(|name| format!("the policy does not allow the parameter `{name}`"))
        };
        crate::value::first_broken(&self.parameters, values).or_else(|| match self.others {
            Others::Allow => None,
            Others::Refuse => unnamed(),
        })
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if !(Seconds::MINUTE..=MAX_DURATION).contains(&self.max_duration_s) {
            return Err("max_duration_s: from 1 minute to 180 days".into());
        }
        if !(Seconds::MINUTE..=MAX_DURATION).contains(&self.pending_for_s) {
            return Err("pending_for_s: from 1 minute to 180 days".into());
        }
        if self.max_runs == Some(0) {
            return Err("max_runs: at least 1".into());
        }
        if self.stages.len() > 8 {
            return Err("stages: at most 8".into());
        }
        match self.approval {
            Approval::Auto if self.requesters.is_none() => {
                return Err(
                    "auto: name who may ask (`--requesters GROUP`), or anybody could".into(),
                );
            }
            Approval::Auto if !self.stages.is_empty() || self.passkey => {
                return Err(
                    "auto: nobody is asked, so leave approvers and their passkey out".into(),
                );
            }
            Approval::Auto | Approval::Manual => {}
        }
        for (name, constraint) in &self.parameters {
            constraint
                .check()
                .map_err(|problem| format!("parameter `{name}`: {problem}"))?;
        }
        Ok(())
    }
}

/// A policy as it applies to one task: the default group filled in.
///
/// What governed a request governs it to the end, so a request keeps its rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The policy.
    pub policy: Policy,
    /// Who is asked, in order. None where nobody is, or nobody is named.
    pub stages: Vec<Stage>,
}

impl Rule {
    /// The rule that a policy makes with this default group.
    pub fn new(policy: &Policy, default_group: Option<&Address>) -> Self {
        let stages = match (policy.approval, policy.stages.as_slice(), default_group) {
            (Approval::Manual, [], Some(group)) => vec![Stage {
                group: group.clone(),
                approvals: NonZeroU32::MIN,
            }],
            (Approval::Manual | Approval::Auto, named, _) => named.to_vec(),
        };
        Self {
            policy: policy.clone(),
            stages,
        }
    }

    /// Whether nobody is asked.
    pub fn is_auto(&self) -> bool {
        self.policy.approval == Approval::Auto
    }
}
