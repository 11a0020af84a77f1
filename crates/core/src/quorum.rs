//! Quorum: whether enrolled people could ever give the approvals asked for.
//!
//! Each person decides a request once, so the stages of a policy need distinct
//! people: a **matching** of approvals to people. This is advice of the door,
//! not a rule of the log: it looks at everybody, and membership may change.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::{Address, Upn};
use crate::object::{MAX_GROUP_DEPTH, PersonKind, Rule, Stage};
use crate::state::State;

/// What stages miss: approvals of this group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which group cannot give what is asked of it.
    pub group: Address,
    /// How many are missing and who could give the others, in words.
    pub problem: String,
}

impl State {
    /// Whether active people with a key that counts, other than the requester,
    /// could give every approval of a rule; else what is missing.
    pub fn reachable(&self, requester: &Upn, rule: &Rule) -> Result<(), Missing> {
        let passkey = rule.policy.passkey;
        let able: Vec<BTreeSet<Upn>> = rule
            .stages
            .iter()
            .map(|stage| self.able(&stage.group, requester, passkey))
            .collect();
        // `holder` says which stage each person is counted for.
        let mut holder = BTreeMap::new();
        for (at, stage) in rule.stages.iter().enumerate() {
            for given in 0..stage.approvals.get() {
                if !seat(at, &able, &mut holder, &mut BTreeSet::new()) {
                    let key = if passkey { "passkey" } else { "key" };
                    return Err(missing(stage, given, able.get(at), key));
                }
            }
        }
        Ok(())
    }

    /// The active people with a key that counts in a group, but one.
    fn able(&self, group: &Address, but: &Upn, passkey: bool) -> BTreeSet<Upn> {
        let mut seen = BTreeSet::from([group.clone()]);
        let mut level = vec![group.clone()];
        let mut people = BTreeSet::new();
        for _ in 0..MAX_GROUP_DEPTH {
            let members: Vec<_> = level
                .iter()
                .filter_map(|address| self.group(address))
                .flat_map(|group| group.members.iter().cloned())
                .collect();
            people.extend(members.iter().map(Upn::from));
            level = members
                .into_iter()
                .filter(|member| seen.insert(member.clone()))
                .collect();
        }
        people.retain(|upn| upn != but && self.can_decide(upn, passkey));
        people
    }

    fn can_decide(&self, upn: &Upn, passkey: bool) -> bool {
        self.person(upn)
            .is_some_and(|person| person.active && person.kind != PersonKind::Service)
            && self.credentials(upn).is_some_and(|credentials| {
                let mut keys = credentials.keys.values();
                keys.any(|device| device.is_passkey() || !passkey)
            })
    }
}

/// Finds one more person for a stage; whoever is counted elsewhere may move.
fn seat(
    stage: usize,
    able: &[BTreeSet<Upn>],
    holder: &mut BTreeMap<Upn, usize>,
    tried: &mut BTreeSet<Upn>,
) -> bool {
    let candidates = able.get(stage).into_iter().flatten();
    for upn in candidates {
        if !tried.insert(upn.clone()) {
            continue;
        }
        let is_free = match holder.get(upn).copied() {
            None => true,
            Some(other) => other != stage && seat(other, able, holder, tried),
        };
        if is_free {
            holder.insert(upn.clone(), stage);
            return true;
        }
    }
    false
}

fn missing(stage: &Stage, given: u32, able: Option<&BTreeSet<Upn>>, key: &str) -> Missing {
    let able: Vec<_> = able
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let who = match able.as_slice() {
        [] => format!("nobody besides you has a {key} there yet"),
        names => format!("besides you, only {} could", names.join(", ")),
    };
    let plural = if stage.approvals.get() == 1 { "" } else { "s" };
    let problem = format!(
        "{} must give {} approval{plural}, at most {given} can be given: {who}",
        stage.group, stage.approvals
    );
    Missing {
        group: stage.group.clone(),
        problem,
    }
}
