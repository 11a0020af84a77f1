//! The outbox: what each sink still has to tell, on disk.
//!
//! Moving a sink's cursor and putting what it found are **one** transaction, so
//! an entry is neither left out nor told twice when the process dies between
//! them. A message that is put again is the one that is there. Of each recipient
//! only the oldest message is handed out: a later one never passes it.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use thiserror::Error;
use writ_core::digest::RequestId;
use writ_core::time::Time;

/// The form of the file.
const FORM: i64 = 1;
/// How many messages a sink may have waiting. It reads no further until some
/// are gone, and the log keeps the rest.
const MOST_WAITING: u64 = 10_000;

const SCHEMA: &str = "
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

/// The outbox cannot be used.
#[derive(Debug, Error)]
pub enum OutboxError {
    /// A newer program made it.
    #[error("its form is {found}, and this program knows form {FORM}; use a newer one")]
    Newer {
        /// The form that was found.
        found: i64,
    },
    /// SQLite says why.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// The messages of all sinks of a node.
#[derive(Debug)]
pub struct Outbox(Mutex<Connection>);

impl Outbox {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Self, OutboxError> {
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // What was read is not read again: it must be here when the cursor has moved.
        connection.pragma_update(None, "synchronous", "full")?;
        let transaction = connection.transaction()?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match found {
            FORM => {}
            0 => {
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "user_version", FORM)?;
            }
            _ => return Err(OutboxError::Newer { found }),
        }
        transaction.commit()?;
        Ok(Self(Mutex::new(connection)))
    }

    /// The next entry that a sink reads; where it never began, it begins at `size`:
    /// nobody wants to hear of what was long ago.
    pub fn begin(&self, sink: &str, size: u64) -> Result<u64, OutboxError> {
        let connection = self.lock();
        let known = connection
            .query_row(NEXT, [sink], |row| row.get(0))
            .optional()?;
        if let Some(next) = known {
            return Ok(unsigned(next));
        }
        connection.execute(MOVE, params![sink, signed(size)])?;
        Ok(size)
    }

    /// Puts what a sink found, and moves its cursor past it: both or neither.
    pub fn put(
        &self,
        sink: &str,
        next: u64,
        messages: &[Message],
        now: Time,
    ) -> Result<(), OutboxError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for message in messages {
            put(&transaction, sink, message, now)?;
        }
        transaction.execute(MOVE, params![sink, signed(next)])?;
        Ok(transaction.commit()?)
    }

    /// Whether a sink may read further.
    pub fn has_room(&self, sink: &str) -> Result<bool, OutboxError> {
        Ok(self.standing(sink)?.waiting < MOST_WAITING)
    }

    /// What a sink is to send now: of each recipient the oldest message, if it is
    /// due.
    pub fn due(&self, sink: &str, now: Time, most: u32) -> Result<Vec<Pending>, OutboxError> {
        let connection = self.lock();
        let mut statement = connection.prepare(DUE)?;
        let pending = statement.query_map(params![sink, now.0, most], |row| {
            Ok(Pending {
                number: row.get(0)?,
                id: row.get(1)?,
                recipient: row.get(2)?,
                body: row.get(3)?,
                made: Time(row.get(4)?),
                tries: row.get(5)?,
            })
        })?;
        Ok(pending.collect::<Result<_, _>>()?)
    }

    /// When something is due next.
    pub fn next_due(&self, sink: &str) -> Result<Option<Time>, OutboxError> {
        let due: Option<i64> = self.lock().query_row(NEXT_DUE, [sink], |row| row.get(0))?;
        Ok(due.map(Time))
    }

    /// A message was taken: it is told.
    pub fn taken(&self, number: i64) -> Result<(), OutboxError> {
        self.lock().execute(TAKEN, [number])?;
        Ok(())
    }

    /// A message was not taken, and is tried again.
    pub fn later(&self, number: i64, due: Time, problem: &str) -> Result<(), OutboxError> {
        let change = params![number, due.0, problem];
        self.lock().execute(LATER, change)?;
        Ok(())
    }

    /// Nothing more can be done for a message. It stays for a while, to be seen;
    /// those behind it go on.
    pub fn give_up(&self, number: i64, now: Time, problem: &str) -> Result<(), OutboxError> {
        let change = params![number, now.0, problem];
        self.lock().execute(GIVE_UP, change)?;
        Ok(())
    }

    /// Drops what asks somebody to decide a request, since it is decided. What was
    /// tried may have arrived, and stays.
    pub fn decided(&self, request: RequestId) -> Result<(), OutboxError> {
        self.lock().execute(DROP, [request.to_string()])?;
        Ok(())
    }

    /// Forgets what was given up before a time.
    pub fn forget(&self, before: Time) -> Result<(), OutboxError> {
        self.lock().execute(FORGET, [before.0])?;
        Ok(())
    }

    /// How a sink is doing.
    pub fn standing(&self, sink: &str) -> Result<Standing, OutboxError> {
        let connection = self.lock();
        let next: Option<i64> = connection
            .query_row(NEXT, [sink], |row| row.get(0))
            .optional()?;
        let (waiting, oldest): (i64, Option<i64>) =
            connection.query_row(WAITING, [sink], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let given_up: i64 = connection.query_row(GIVEN_UP, [sink], |row| row.get(0))?;
        let problem = connection
            .query_row(PROBLEM, [sink], |row| row.get(0))
            .optional()?;
        Ok(Standing {
            next: next.map(unsigned),
            waiting: unsigned(waiting),
            oldest: oldest.map(Time),
            given_up: unsigned(given_up),
            problem,
        })
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
) -> Result<(), OutboxError> {
    let Message {
        id,
        recipient,
        request,
        body,
        due,
    } = message;
    let request = request.map(|request| request.to_string());
    let mut statement = transaction.prepare(PUT)?;
    statement.execute(params![sink, id, recipient, request, body, now.0, due.0])?;
    Ok(())
}

/// SQLite's numbers have a sign; those here stay far below where it matters.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
