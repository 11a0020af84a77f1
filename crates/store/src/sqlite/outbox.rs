//! The outbox: what each sink still has to tell, on disk.
//!
//! Moving a sink's cursor and putting what it found are **one** transaction, so
//! an entry is neither left out nor told twice when the process dies between
//! them. A message that is put again is the one that is there. Of each recipient
//! only the oldest message is handed out: a later one never passes it.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Transaction, params};
use writ_core::digest::RequestId;
use writ_core::time::Time;

use super::connect;
use super::error::refused;
use crate::StoreError;

/// The form of the file.
const FORM: i64 = 1;
/// How many messages a sink may have waiting. It reads no further until some
/// are gone, and the log keeps the rest.
const MOST_WAITING: u64 = 10_000;

/// What was read is not read again: it must be here when the cursor has moved.
const SETTINGS: &str = "pragma journal_mode = wal; pragma synchronous = full;";

const SCHEMA: &str = "
    pragma user_version = 1;
    create table sinks (
        name text primary key,
        next integer not null
    ) strict, without rowid;
    create table messages (
        number integer primary key autoincrement,
        sink text not null,
        id text not null,
        recipient text not null,
        request text,
        body blob not null,
        made integer not null,
        due integer not null,
        tries integer not null default 0,
        problem text,
        given_up integer,
        unique (sink, id)
    ) strict;
    create index waiting on messages (sink, recipient, number) where given_up is null;
    create index given_up on messages (sink, given_up) where given_up is not null;
    create index of_request on messages (request) where request is not null;
";

const NEXT: &str = "select next from sinks where name = ?1";
const MOVE: &str = "insert into sinks (name, next) values (?1, ?2) \
    on conflict (name) do update set next = excluded.next";
const PUT: &str = "insert into messages (sink, id, recipient, request, body, made, due) \
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (sink, id) do nothing";
const DUE: &str = "select number, id, recipient, body, made, tries from messages \
    where sink = ?1 and given_up is null and due <= ?2 and number in ( \
        select min(number) from messages where sink = ?1 and given_up is null group by recipient) \
    order by number limit ?3";
const NEXT_DUE: &str = "select min(due) from messages where sink = ?1 and given_up is null \
    and number in ( \
        select min(number) from messages where sink = ?1 and given_up is null group by recipient)";
const TAKEN: &str = "delete from messages where number = ?1";
const LATER: &str =
    "update messages set tries = tries + 1, due = ?2, problem = ?3 where number = ?1";
const GIVE_UP: &str =
    "update messages set tries = tries + 1, given_up = ?2, problem = ?3 where number = ?1";
const DROP: &str = "delete from messages where request = ?1 and given_up is null and tries = 0";
const WAITING: &str =
    "select count(*), min(made) from messages where sink = ?1 and given_up is null";
const GIVEN_UP: &str = "select count(*) from messages where sink = ?1 and given_up is not null";
const PROBLEM: &str = "select problem from messages where sink = ?1 and problem is not null \
    order by coalesce(given_up, due) desc limit 1";
const FORGET: &str = "delete from messages where given_up < ?1";

/// Something to tell one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is named by: the same news to the same recipient has the same.
    pub id: String,
    /// Whom it is for, as the sink reaches them.
    pub recipient: String,
    /// The request that it asks somebody to decide: it is of no use any more once
    /// that is decided.
    pub request: Option<RequestId>,
    /// What is sent, in the sink's own form.
    pub body: Vec<u8>,
    /// From when on it may be sent.
    pub due: Time,
}

/// A message that is to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its place in the outbox.
    pub number: i64,
    /// See [`Message::id`].
    pub id: String,
    /// See [`Message::recipient`].
    pub recipient: String,
    /// See [`Message::body`].
    pub body: Vec<u8>,
    /// When it was put here.
    pub made: Time,
    /// How often it was tried in vain.
    pub tries: u32,
}

/// How a sink is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The next entry that it reads; none, if it never began.
    pub next: Option<u64>,
    /// How many messages wait.
    pub waiting: u64,
    /// When the oldest of them was put here.
    pub oldest: Option<Time>,
    /// How many were given up.
    pub given_up: u64,
    /// What went wrong last.
    pub problem: Option<String>,
}

/// The messages of all sinks of a node.
#[derive(Debug)]
pub struct Outbox(Mutex<Connection>);

impl Outbox {
    /// Opens the file, or makes it, for its owner alone.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = connect::create(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = connect::open(&path, flags)?;
        connection.execute_batch(SETTINGS).map_err(refused)?;
        let transaction = connection.transaction().map_err(refused)?;
        let found = transaction.pragma_query_value(None, "user_version", |row| row.get(0));
        match found.map_err(refused)? {
            FORM => {}
            0 => transaction.execute_batch(SCHEMA).map_err(refused)?,
            found => {
                let newer = format!(
                    "it has form {found} and this program knows {FORM}; run the newer program \
                     that wrote it"
                );
                return Err(connect::unusable(&path, &newer));
            }
        }
        transaction.commit().map_err(refused)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// The next entry that a sink reads; where it never began, it begins at `size`:
    /// nobody wants to hear of what was long ago.
    pub fn begin(&self, sink: &str, size: u64) -> Result<u64, StoreError> {
        let connection = self.lock();
        let known = connection
            .query_row(NEXT, [sink], |row| row.get(0))
            .optional()
            .map_err(refused)?;
        if let Some(next) = known {
            return Ok(unsigned(next));
        }
        connection
            .execute(MOVE, params![sink, signed(size)])
            .map_err(refused)?;
        Ok(size)
    }

    /// Puts what a sink found, and moves its cursor past it: both or neither.
    pub fn put(
        &self,
        sink: &str,
        next: u64,
        messages: &[Message],
        now: Time,
    ) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(refused)?;
        for message in messages {
            put(&transaction, sink, message, now)?;
        }
        transaction
            .execute(MOVE, params![sink, signed(next)])
            .map_err(refused)?;
        transaction.commit().map_err(refused)
    }

    /// Whether a sink may read further.
    pub fn has_room(&self, sink: &str) -> Result<bool, StoreError> {
        Ok(self.standing(sink)?.waiting < MOST_WAITING)
    }

    /// What a sink is to send now: of each recipient the oldest message, if it is
    /// due.
    pub fn due(&self, sink: &str, now: Time, most: u32) -> Result<Vec<Pending>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(DUE).map_err(refused)?;
        let pending = statement.query_map(params![sink, now.0, most], |row| {
            Ok(Pending {
                number: row.get(0)?,
                id: row.get(1)?,
                recipient: row.get(2)?,
                body: row.get(3)?,
                made: Time(row.get(4)?),
                tries: row.get(5)?,
            })
        });
        pending.and_then(Iterator::collect).map_err(refused)
    }

    /// When something is due next.
    pub fn next_due(&self, sink: &str) -> Result<Option<Time>, StoreError> {
        let due: Option<i64> = self
            .lock()
            .query_row(NEXT_DUE, [sink], |row| row.get(0))
            .map_err(refused)?;
        Ok(due.map(Time))
    }

    /// A message was taken: it is told.
    pub fn taken(&self, number: i64) -> Result<(), StoreError> {
        self.change(TAKEN, [number])
    }

    /// A message was not taken, and is tried again.
    pub fn later(&self, number: i64, due: Time, problem: &str) -> Result<(), StoreError> {
        let change = params![number, due.0, problem];
        self.change(LATER, change)
    }

    /// Nothing more can be done for a message. It stays for a while, to be seen;
    /// those behind it go on.
    pub fn give_up(&self, number: i64, now: Time, problem: &str) -> Result<(), StoreError> {
        let change = params![number, now.0, problem];
        self.change(GIVE_UP, change)
    }

    /// Drops what asks somebody to decide a request, since it is decided. What was
    /// tried may have arrived, and stays.
    pub fn decided(&self, request: RequestId) -> Result<(), StoreError> {
        self.change(DROP, [request.to_string()])
    }

    /// Forgets what was given up before a time.
    pub fn forget(&self, before: Time) -> Result<(), StoreError> {
        self.change(FORGET, [before.0])
    }

    /// How a sink is doing.
    pub fn standing(&self, sink: &str) -> Result<Standing, StoreError> {
        let connection = self.lock();
        let next: Option<i64> = connection
            .query_row(NEXT, [sink], |row| row.get(0))
            .optional()
            .map_err(refused)?;
        let (waiting, oldest): (i64, Option<i64>) = connection
            .query_row(WAITING, [sink], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(refused)?;
        let given_up: i64 = connection
            .query_row(GIVEN_UP, [sink], |row| row.get(0))
            .map_err(refused)?;
        let problem = connection
            .query_row(PROBLEM, [sink], |row| row.get(0))
            .optional()
            .map_err(refused)?;
        Ok(Standing {
            next: next.map(unsigned),
            waiting: unsigned(waiting),
            oldest: oldest.map(Time),
            given_up: unsigned(given_up),
            problem,
        })
    }

    fn change(&self, sql: &str, with: impl Params) -> Result<(), StoreError> {
        self.lock().execute(sql, with).map_err(refused)?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put(
    transaction: &Transaction<'_>,
    sink: &str,
    message: &Message,
    now: Time,
) -> Result<(), StoreError> {
    let Message {
        id,
        recipient,
        request,
        body,
        due,
    } = message;
    let request = request.map(|request| request.to_string());
    let mut statement = transaction.prepare(PUT).map_err(refused)?;
    statement
        .execute(params![sink, id, recipient, request, body, now.0, due.0])
        .map_err(refused)?;
    Ok(())
}

/// SQLite's numbers have a sign; those here stay far below where it matters.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
