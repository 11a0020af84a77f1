//! Who may run what, in one page: what the simulation holds the node to.
//!
//! It reads the accepted statements of the log and knows nothing of State. It
//! may let through what the rules refuse, never the other way round.

use std::collections::{BTreeMap, BTreeSet};

use writ_core::digest::{Digest, RequestId};
use writ_core::names::{TaskName, Upn};
use writ_core::object::Object;
use writ_core::statement::{Body, Change, Principal, Statement};
use writ_core::testing::{SAY, task_name, upn};
use writ_core::time::{Seconds, Time};

/// For how long everybody asks.
pub(super) const DURATION: Seconds = Seconds(600);

/// A request, and until when it is a grant.
#[derive(Clone)]
struct Asked {
    by: Upn,
    task: TaskName,
    raised: Time,
    until: Option<Time>,
}

/// What is granted after some entries.
#[derive(Clone, Default)]
pub(super) struct Grants {
    is_enabled: bool,
    inactive: BTreeSet<Upn>,
    asked: BTreeMap<RequestId, Asked>,
}

impl Grants {
    /// The same after one more statement that was accepted.
    pub(super) fn after(&self, at: Time, digest: Digest, said: &Statement) -> Result<Self, String> {
        let mut next = self.clone();
        let Principal::Person(by) = &said.by else {
            return Ok(next);
        };
        match &said.body {
            Body::Set(set) => match set.change() {
                Some(Change::Object(Object::Control(control))) => {
                    next.is_enabled = control.enabled;
                }
                Some(Change::Object(Object::Person(person))) => {
                    match person.active {
                        true => next.inactive.remove(&person.upn),
                        false => next.inactive.insert(person.upn.clone()),
                    };
                }
                Some(Change::Object(_) | Change::Remove(_)) | None => {}
            },
            Body::Request(request) => {
                let is_auto = request.task == task_name(SAY);
                let asked = Asked {
                    by: by.clone(),
                    task: request.task.clone(),
                    raised: at,
                    until: is_auto.then(|| at.plus(DURATION)),
                };
                next.asked.insert(RequestId(digest), asked);
            }
            Body::Approve(approve) => {
                let asked = next.asked.get_mut(&approve.request);
                let asked = asked.ok_or("nobody asked for that")?;
                let may = [upn("bob"), upn("carol")].contains(by);
                let in_time = at < asked.raised.plus(Seconds::DAY) && asked.until.is_none();
                if !may || *by == asked.by || !in_time || self.inactive.contains(by) {
                    return Err(format!("{by} may not approve that now"));
                }
                asked.until = Some(at.plus(DURATION));
            }
            Body::End(end) => {
                next.asked.remove(&end.request).ok_or("it has ended")?;
            }
            Body::Genesis(_)
            | Body::Enrol(_)
            | Body::RevokeKey(_)
            | Body::Signout(_)
            | Body::Invoke(_)
            | Body::Outcome(_)
            | Body::Recover(_)
            | Body::Tick(_) => {}
        }
        Ok(next)
    }

    /// Whether somebody may run a task now, under any grant.
    pub(super) fn let_run(&self, by: &Upn, task: &TaskName, now: Time) -> bool {
        let mut asked = self.asked.iter();
        asked.any(|(id, asked)| asked.by == *by && asked.task == *task && self.is_live(*id, now))
    }

    /// Whether this grant is live now.
    pub(super) fn is_live(&self, id: RequestId, now: Time) -> bool {
        let asked = self.asked.get(&id);
        self.is_enabled
            && asked.is_some_and(|asked| {
                let in_time = asked.until.is_some_and(|until| now < until);
                in_time && !self.inactive.contains(&asked.by)
            })
    }
}
