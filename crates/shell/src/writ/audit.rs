//! Search-UnifiedAuditLog: the log itself, read entry by entry.
//!
//! A **session** is a name that somebody gives a search: the same search of the
//! same name goes on where it stopped. Entries never change place, so the pages of
//! a session neither lose nor repeat one.

use std::collections::BTreeMap;

use writ_client::Client;
use writ_client::audit::{RECORD_TYPE, Record, Wanted};
use writ_core::time::Time;

use super::refused::refused;
use super::{Done, usage};
use crate::binder::Bound;
use crate::host::Console;
use crate::record::ErrorRecord;
use crate::values::{Object, Value};

/// How many records are answered where nobody said how many, and at most.
const RECORDS: i64 = 100;
const MOST_RECORDS: i64 = 5_000;
/// How many records a session answers, by its command.
const MOST_OF_PREVIEW: i64 = 5_000;
const MOST_OF_LARGE_SET: i64 = 50_000;
/// How many sessions are remembered.
const MOST_SESSIONS: usize = 100;

/// The sessions of searches.
#[derive(Debug, Default)]
pub(super) struct Searches(BTreeMap<String, Session>);

/// Where a session goes on.
#[derive(Clone, Debug)]
struct Session {
    asked: Asked,
    /// The index of the last record that was answered.
    before: Option<u64>,
    /// How many were answered.
    answered: i64,
    /// How many there are; known once the first page was read.
    count: Option<i64>,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    from: Time,
    to: Time,
    operations: Vec<String>,
    users: Vec<String>,
    text: Option<String>,
    most: i64,
}

impl Asked {
    fn of(bound: &Bound) -> Result<Self, ErrorRecord> {
        let time = |name: &str| bound.get(name).and_then(Value::time);
        let (Some(from), Some(to)) = (time("StartDate"), time("EndDate")) else {
            return Err(usage("-StartDate and -EndDate are needed."));
        };
        if from >= to {
            return Err(usage("-EndDate must be after -StartDate."));
        }
        Ok(Self {
            from,
            to,
            operations: bound.texts("Operations").unwrap_or_default(),
            users: bound.texts("UserIds").unwrap_or_default(),
            text: bound.text("FreeText"),
            most: match bound.text("SessionCommand").as_deref() {
                Some("ReturnLargeSet") => MOST_OF_LARGE_SET,
                Some(_) | None => MOST_OF_PREVIEW,
            },
        })
    }

    fn wanted(&self, before: Option<u64>) -> Wanted {
        Wanted {
            from: Some(self.from),
            to: Some(self.to),
            operations: self.operations.clone(),
            users: self.users.clone(),
            text: self.text.clone(),
            before,
            ..Wanted::default()
        }
    }
}

impl Searches {
    /// The next page of a session, or the only one of a search without.
    pub(super) async fn search(
        &mut self,
        client: &Client,
        bound: &Bound,
        console: &mut dyn Console,
    ) -> Done {
        let most = bound.integer("ResultSize").unwrap_or(RECORDS);
        if !(1..=MOST_RECORDS).contains(&most) {
            return Err(usage(format!("-ResultSize is from 1 to {MOST_RECORDS}.")));
        }
        let types = bound.texts("RecordType");
        let is_ours = |name: &String| name.eq_ignore_ascii_case(RECORD_TYPE.1);
        if types.is_some_and(|types| !types.iter().any(is_ours)) {
            console.err(&format!(
                "WARNING: All records of this log are of the type {}, so there is none of another.",
                RECORD_TYPE.1
            ));
            return Ok(Vec::new());
        }
        let session = self.session(bound)?;
        let (page, session) = session.page(client, most).await?;
        // A page that did not come is asked for again.
        if let Some(name) = bound.text("SessionId") {
            self.0.insert(name, session);
        }
        Ok(page)
    }

    fn session(&self, bound: &Bound) -> Result<Session, ErrorRecord> {
        let asked = Asked::of(bound)?;
        let known = bound.text("SessionId").map(|name| self.0.get(&name));
        match known.flatten() {
            Some(session) if session.asked == asked => Ok(session.clone()),
            Some(_) => Err(usage(
                "This -SessionId belongs to another search, or to another -SessionCommand: repeat \
                 that one whole, or choose another name.",
            )),
            None if known.is_some() && self.0.len() >= MOST_SESSIONS => Err(usage(format!(
                "There are {MOST_SESSIONS} sessions already; end the shell, and begin anew."
            ))),
            None => Ok(Session {
                asked,
                before: None,
                answered: 0,
                count: None,
            }),
        }
    }
}

impl Session {
    /// So many records, and the session after them. The first page counts all that
    /// there are.
    async fn page(mut self, client: &Client, most: i64) -> Result<(Vec<Value>, Self), ErrorRecord> {
        let room = most.min(self.asked.most.saturating_sub(self.answered));
        let is_over = self.count.is_some_and(|count| self.answered >= count);
        if is_over || room <= 0 {
            return Ok((Vec::new(), self));
        }
        let wanted = self.asked.wanted(self.before);
        let mut search = client.audit(wanted).await.map_err(refused)?;
        let (mut records, mut found) = (Vec::new(), 0_i64);
        while self.count.is_none() || found < room {
            let Some(record) = search.next().await.map_err(refused)? else {
                break;
            };
            found += 1;
            if found <= room {
                self.answered += 1;
                self.before = Some(record.index);
                records.push(shown(&record, self.answered));
            }
        }
        let count = *self.count.get_or_insert(found);
        let page = records.into_iter();
        let page = page.map(|record| Value::Object(record.with("ResultCount", count)));
        Ok((page.collect(), self))
    }
}

fn shown(record: &Record, index: i64) -> Object {
    let data = &record.data;
    Object::new()
        .with("RecordType", RECORD_TYPE.1)
        .with("CreationDate", record.time)
        .with("UserIds", data.user_id.as_str())
        .with("Operations", data.operation.as_str())
        .with("AuditData", record.line())
        .with("ResultIndex", index)
        .with("ResultCount", 0)
        .with("Identity", data.id.as_str())
        .with("IsValid", true)
}
