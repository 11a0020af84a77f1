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
            Body::Request(request) => format!("requests {}: {}", request.task, digest.brief()),
            Body::Approve(approve) => format!("approves {}", approve.request.brief()),
            Body::End(end) => format!("ends {}", end.request.brief()),
            Body::Invoke(invoke) => format!("runs {}: {}", invoke.task, digest.brief()),
            Body::Outcome(outcome) => format!(
                "reports {}: {}",
                outcome.execution.brief(),
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
