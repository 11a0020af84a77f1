//! What the newest entries changed, for whoever follows the log's events.
//!
//! What an entry did stands beside it in the store, as facts. They are read once
//! and kept for a while, so that any number of followers cost the store no more
//! than one. Like rows they carry no authority: an event says where to look.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::Mutex;
use writ_core::digest::{ExecutionId, Index, RequestId};
use writ_core::entry::Entry;
use writ_core::names::{Address, Upn};
use writ_core::object::{Noun, Object, ObjectName};
use writ_core::sight::Resource;
use writ_core::time::Time;
use writ_store::{Backend, StoreError, StoredEntry};

use crate::api::GAP;

/// How many entries are kept.
const MOST: usize = 1_024;
/// How many entries are read at once.
const CHUNK: u64 = 256;

/// What one entry changed.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) index: u64,
    pub(crate) time: Time,
    pub(crate) changes: Vec<Change>,
}

/// One thing that changed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) kind: &'static str,
    pub(crate) noun: &'static str,
    pub(crate) id: Option<String>,
    /// Who may read it may learn that it changed.
    pub(crate) resource: Resource,
}

/// The kinds of events there are.
pub(crate) const KINDS: [&str; 14] = [
    GAP,
    "founded",
    "recovered",
    "object-set",
    "object-removed",
    "keys-changed",
    "signed-out",
    "request-raised",
    "request-approved",
    "request-granted",
    "request-ended",
    "execution-authorized",
    "execution-ended",
    "execution-resolved",
];

/// The newest entries, as far as somebody asked for them.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    from: u64,
    told: VecDeque<Arc<Told>>,
}

impl Recent {
    /// What some entries changed, from one on; fewer than there are, and at least
    /// one if there is one below `size`, which must have been published.
    pub(crate) async fn read(
        &self,
        store: &dyn Backend,
        from: u64,
        size: u64,
    ) -> Result<Vec<Arc<Told>>, StoreError> {
        let mut kept = self.0.lock().await;
        let there = kept.since(from);
        if !there.is_empty() {
            return Ok(there);
        }
        let most = usize::try_from(size.saturating_sub(from).min(CHUNK)).unwrap_or(1);
        let is_old = from < kept.from;
        if is_old {
            // Whoever catches up keeps nobody else waiting.
            drop(kept);
            return read(store, from, most).await;
        }
        let told = read(store, from, most).await?;
        kept.add(from, &told);
        Ok(told)
    }
}

impl Kept {
    fn since(&self, from: u64) -> Vec<Arc<Told>> {
        let Some(skipped) = from.checked_sub(self.from) else {
            return Vec::new();
        };
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let rest = self.told.iter().skip(skipped);
        rest.take(MOST / 4).cloned().collect()
    }

    fn add(&mut self, from: u64, told: &[Arc<Told>]) {
        if from != self.from + self.told.len() as u64 {
            self.told.clear();
            self.from = from;
        }
        self.told.extend(told.iter().cloned());
        while self.told.len() > MOST {
            self.told.pop_front();
            self.from += 1;
        }
    }
}

async fn read(store: &dyn Backend, from: u64, most: usize) -> Result<Vec<Arc<Told>>, StoreError> {
    let entries = store.entries(Index(from), most).await?;
    Ok(entries.iter().map(|entry| Arc::new(told(entry))).collect())
}

/// What an entry changed; a gap, if that cannot be read.
fn told(entry: &StoredEntry) -> Told {
    let index = entry.index.0;
    let time = Entry::parse(&entry.leaf).map(|entry| entry.time);
    let facts = serde_json::from_str::<Vec<Fact>>(&entry.facts);
    let (time, facts) = match (time, facts) {
        (Ok(time), Ok(facts)) => (time, facts),
        (time, facts) => {
            let odd = (time.err(), facts.err());
            tracing::error!(index, ?odd, "what an entry changed cannot be read");
            let changes = vec![Change::gap()];
            let time = Time(0);
            return Told {
                index,
                time,
                changes,
            };
        }
    };
    Told {
        index,
        time,
        changes: facts.into_iter().map(Change::from).collect(),
    }
}

/// As much of a fact as an event tells and judges.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fact {
    Founded(IgnoredAny),
    ObjectSet { object: Object, by: Upn },
    ObjectRemoved { name: ObjectName },
    Keys { person: Upn },
    SignedOut { person: Upn },
    Request { event: Step, record: Request },
    Execution { record: Execution },
    Recovered(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Raised,
    Approved,
    Granted,
    Ended,
}

#[derive(Deserialize)]
struct Request {
    id: RequestId,
    by: Upn,
    app: Option<App>,
    rule: Rule,
}

#[derive(Deserialize)]
struct App {
    upn: Upn,
    installer: Upn,
}

#[derive(Deserialize)]
struct Rule {
    stages: Vec<Stage>,
}

#[derive(Deserialize)]
struct Stage {
    group: Address,
}

#[derive(Deserialize)]
struct Execution {
    id: ExecutionId,
    by: Upn,
    outcome: Option<IgnoredAny>,
    resolution: Option<IgnoredAny>,
}

impl From<Fact> for Change {
    fn from(fact: Fact) -> Self {
        match fact {
            Fact::Founded(_) => Self::new("founded", "organization", None, Resource::Shared),
            Fact::Recovered(_) => Self::new("recovered", "log", None, Resource::Shared),
            Fact::ObjectSet { object, by } => {
                let (id, resource) = set(&object, by);
                Self::new("object-set", object.noun().name(), id, resource)
            }
            Fact::ObjectRemoved { name } => {
                let id = Some(name.as_str().to_owned());
                Self::new("object-removed", name.noun().name(), id, Resource::Shared)
            }
            Fact::Keys { person } => Self::of_person("keys-changed", person),
            Fact::SignedOut { person } => Self::of_person("signed-out", person),
            Fact::Request { event, record } => {
                let kind = match event {
                    Step::Raised => "request-raised",
                    Step::Approved => "request-approved",
                    Step::Granted => "request-granted",
                    Step::Ended => "request-ended",
                };
                let asked = record.rule.stages.into_iter().map(|stage| stage.group);
                let (app, installer) = match record.app {
                    Some(app) => (Some(app.upn), Some(app.installer)),
                    None => (None, None),
                };
                let resource = Resource::Request {
                    by: record.by,
                    app,
                    installer,
                    asked: asked.collect(),
                };
                Self::new(kind, "request", Some(record.id.to_string()), resource)
            }
            Fact::Execution { record } => {
                let kind = match (record.outcome, record.resolution) {
                    (None, _) => "execution-authorized",
                    (Some(_), None) => "execution-ended",
                    (Some(_), Some(_)) => "execution-resolved",
                };
                let resource = Resource::Execution { by: record.by };
                Self::new(kind, "execution", Some(record.id.to_string()), resource)
            }
        }
    }
}

/// Which object was set, and what it is to whoever reads.
fn set(object: &Object, by: Upn) -> (Option<String>, Resource) {
    let named = || Some(object.name().to_owned());
    match object {
        Object::Site(_) | Object::Control(_) => (None, Resource::Shared),
        Object::Group(_) | Object::Workload(_) | Object::Task(_) | Object::Policy(_) => {
            (named(), Resource::Shared)
        }
        Object::Person(person) => (named(), Resource::Person(person.upn.clone())),
        Object::Preferences(_) => (Some(by.to_string()), Resource::Person(by)),
    }
}

impl Change {
    fn new(kind: &'static str, noun: &'static str, id: Option<String>, resource: Resource) -> Self {
        Self {
            kind,
            noun,
            id,
            resource,
        }
    }

    /// Something that follows could not be told.
    pub(crate) const fn gap() -> Self {
        Self {
            kind: GAP,
            noun: "log",
            id: None,
            resource: Resource::Public,
        }
    }

    fn of_person(kind: &'static str, person: Upn) -> Self {
        let id = Some(person.to_string());
        Self::new(kind, Noun::Person.name(), id, Resource::Person(person))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(from: u64, to: u64) -> Vec<Arc<Told>> {
        let told = |index| Told {
            index,
            time: Time(0),
            changes: Vec::new(),
        };
        (from..to).map(|index| Arc::new(told(index))).collect()
    }

    fn indices(told: &[Arc<Told>]) -> Vec<u64> {
        told.iter().map(|told| told.index).collect()
    }

    #[test]
    fn the_newest_entries_are_kept_without_a_gap() {
        let mut kept = Kept::default();
        kept.add(5, &some(5, 8));
        kept.add(8, &some(8, 10));
        assert_eq!(indices(&kept.since(6)), [6, 7, 8, 9]);
        assert!(kept.since(4).is_empty() && kept.since(10).is_empty());
        kept.add(20, &some(20, 21));
        assert!(kept.since(9).is_empty());
        assert_eq!(indices(&kept.since(20)), [20]);
        let most = MOST as u64;
        kept.add(21, &some(21, 30 + most));
        assert_eq!((kept.from, kept.told.len()), (30, MOST));
        assert_eq!(indices(&kept.since(29 + most)), [29 + most]);
    }
}
