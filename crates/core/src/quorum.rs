//! Quorum: whether enrolled people could ever give the approvals asked for.
//!
//! Each person decides a request once, so the stages of a policy need distinct
//! people: a **matching** of approvals to people. This is advice of the door,
//! not a rule of the log: it looks at everybody, and membership may change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::names::{Address, Upn};
use crate::object::{MAX_GROUP_DEPTH, PersonKind, Rule, Stage};
use crate::state::State;

/// How many people a sentence names.
const MOST_NAMED: usize = 10;

/// What stages miss: approvals of this group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which group cannot give what is asked of it.
    pub group: Address,
    /// How many are missing and who could give the others, in words.
    pub problem: String,
}

/// Why somebody who is in a group cannot decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unable {
    /// Nobody was ever invited under this name.
    Uninvited,
    /// Invited, and without a key yet.
    NotEnrolled,
    /// With a key, and the policy asks for a passkey.
    NoPasskey,
    /// Deactivated.
    Inactive,
    /// A service, which never decides.
    Service,
    /// An app, which never decides.
    App,
}

impl fmt::Display for Unable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uninvited => "was never invited",
            Self::NotEnrolled => "is not enrolled yet",
            Self::NoPasskey => "has no passkey",
            Self::Inactive => "is deactivated",
            Self::Service => "is a service",
            Self::App => "is an app",
        })
    }
}

/// The people of a group, and why each of them cannot decide, if so.
type Members = BTreeMap<Upn, Option<Unable>>;

impl State {
    /// Whether active people with a key that counts, other than the requester,
    /// could give every approval of a rule; else what is missing. Without a
    /// requester: whether anybody's request could ever be approved.
    pub fn reachable(&self, requester: Option<&Upn>, rule: &Rule) -> Result<(), Missing> {
        let passkey = rule.policy.passkey;
        let members: Vec<Members> = rule
            .stages
            .iter()
            .map(|stage| {
                let mut members = self.deciders(&stage.group, passkey);
                members.retain(|upn, _| Some(upn) != requester);
                members
            })
            .collect();
        // `holder` says which stage each person is counted for.
        let mut holder = BTreeMap::new();
        for (at, stage) in rule.stages.iter().enumerate() {
            for given in 0..stage.approvals.get() {
                if !seat(at, &members, &mut holder, &mut BTreeSet::new()) {
                    let key = if passkey { "passkey" } else { "key" };
                    let members = members.get(at);
                    return Err(missing(stage, given, members, key, requester.is_some()));
                }
            }
        }
        Ok(())
    }

    /// The people of a group, also through other groups, and why each of them
    /// cannot decide, if so.
    pub fn deciders(&self, group: &Address, passkey: bool) -> Members {
        let mut seen = BTreeSet::from([group.clone()]);
        let mut level = vec![group.clone()];
        let mut people = Members::new();
        for _ in 0..MAX_GROUP_DEPTH {
            let members = level
                .iter()
                .filter_map(|address| self.group(address))
                .flat_map(|group| group.members.iter().cloned());
            let (groups, upns): (Vec<_>, Vec<_>) =
                members.partition(|member| self.group(member).is_some());
            people.extend(upns.iter().map(Upn::from).map(|upn| {
                let unable = self.unable(&upn, passkey);
                (upn, unable)
            }));
            level = groups
                .into_iter()
                .filter(|member| seen.insert(member.clone()))
                .collect();
        }
        people
    }

    /// Why somebody cannot decide anything, if so: with a passkey, if one is
    /// asked for.
    pub fn unable(&self, upn: &Upn, passkey: bool) -> Option<Unable> {
        let Some(person) = self.person(upn) else {
            return Some(Unable::Uninvited);
        };
        match person.kind {
            PersonKind::Service => return Some(Unable::Service),
            PersonKind::App => return Some(Unable::App),
            PersonKind::Human => {}
        }
        if !person.active {
            return Some(Unable::Inactive);
        }
        let keys = self.credentials(upn).map(|credentials| &credentials.keys);
        match keys.filter(|keys| !keys.is_empty()) {
            None => Some(Unable::NotEnrolled),
            Some(keys) if passkey && !keys.values().any(|device| device.is_passkey()) => {
                Some(Unable::NoPasskey)
            }
            Some(_) => None,
        }
    }
}

/// Finds one more person for a stage; whoever is counted elsewhere may move.
fn seat(
    stage: usize,
    members: &[Members],
    holder: &mut BTreeMap<Upn, usize>,
    tried: &mut BTreeSet<Upn>,
) -> bool {
    let members_here = members.get(stage).into_iter().flatten();
    for (upn, _) in members_here.filter(|(_, unable)| unable.is_none()) {
        if !tried.insert(upn.clone()) {
            continue;
        }
        let is_free = match holder.get(upn).copied() {
            None => true,
            Some(other) => other != stage && seat(other, members, holder, tried),
        };
        if is_free {
            holder.insert(upn.clone(), stage);
            return true;
        }
    }
    false
}

fn missing(
    stage: &Stage,
    given: u32,
    members: Option<&Members>,
    key: &str,
    is_asked: bool,
) -> Missing {
    let members = || members.into_iter().flatten();
    let able = members().filter(|(_, unable)| unable.is_none());
    let able: Vec<_> = able.map(|(upn, _)| upn.to_string()).collect();
    let besides = if is_asked { "besides you" } else { "of all" };
    let who = match able.as_slice() {
        [] if is_asked => format!("nobody besides you has a {key} there yet"),
        [] => format!("nobody has a {key} there yet"),
        names => format!("{besides}, only {} could", some(names, ", ")),
    };
    let unable = members().filter_map(|(upn, unable)| Some(format!("{upn} {}", (*unable)?)));
    let unable: Vec<_> = unable.collect();
    let unable = match unable.as_slice() {
        [] => String::new(),
        sentences => format!(" ({})", some(sentences, "; ")),
    };
    let plural = if stage.approvals.get() == 1 { "" } else { "s" };
    let problem = format!(
        "{} must give {} approval{plural}, at most {given} can be given: {who}{unable}",
        stage.group, stage.approvals
    );
    Missing {
        group: stage.group.clone(),
        problem,
    }
}

/// Texts one after the other, but not a hundred of them.
fn some(texts: &[String], between: &str) -> String {
    let shown: Vec<_> = texts.iter().take(MOST_NAMED).cloned().collect();
    let more = texts.len() - shown.len();
    let shown = shown.join(between);
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
