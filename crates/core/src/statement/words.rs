//! A statement in a few words, for listings and stories.

use super::{Body, Change, Statement};
use crate::digest::Digest;
use crate::view::RunStatus;

impl Statement {
    /// What it does, as the rest of a sentence that begins with who says it.
    /// `digest` names it.
    pub fn words(&self, digest: Digest) -> String {
        match &self.body {
            Body::Genesis(genesis) => format!("founds {}", genesis.organization),
            Body::Set(set) => match set.change() {
                Some(Change::Object(object)) => {
                    let words = format!("sets {} {}", object.noun(), object.name());
                    words.trim_end().to_owned()
                }
                Some(Change::Remove(name)) => {
                    format!("removes {} {}", name.noun(), name.as_str())
                }
                None => "sets nothing".to_owned(),
            },
            Body::Enrol(enrol) => {
                format!("enrols the key `{}` of {}", enrol.label, enrol.person)
            }
            Body::RevokeKey(revoke) => format!("revokes a key of {}", revoke.person),
            Body::Signout(signout) => format!("signs {} out", signout.person),
            Body::Request(request) => format!("requests {}: {}", request.task, brief(digest)),
            Body::Approve(approve) => format!("approves {}", brief(approve.request.0)),
            Body::End(end) => format!("ends {}", brief(end.request.0)),
            Body::Invoke(invoke) => format!("runs {}: {}", invoke.task, brief(digest)),
            Body::Outcome(outcome) => format!(
                "reports {}: {}",
                brief(outcome.execution.0),
                RunStatus::from(outcome.result).name()
            ),
            Body::Recover(recover) => format!(
                "RECOVERS: {} entries were lost after {}",
                recover.lost.size - recover.kept.size,
                recover.kept.size
            ),
            Body::Tick(_) => "lets time pass".to_owned(),
        }
    }
}

/// The first 12 digits of an id: enough to name it by.
fn brief(digest: Digest) -> String {
    digest.short().chars().take(13).collect()
}
