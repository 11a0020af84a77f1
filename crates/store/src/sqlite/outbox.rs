//! The outbox: what each sink still has to tell, on disk.
//!
//! Moving a sink's cursor and putting what it found are **one** transaction, so
//! an entry is neither left out nor told twice when the process dies between
//! them. A message that is put again is the one that is there, also for a while
//! after it was told. Of each recipient only the oldest message that is due is
//! handed out: what was tried once is never passed by a later one.
//!
//! What is put is synced before the cursor counts as moved. That a message was
//! told is not: after a loss of power it may be told again, under the same id.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row, Transaction, params};
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
const TO_PUT: &str = "pragma journal_mode = wal; pragma synchronous = full;";
/// Telling once more does no harm.
const TO_MARK: &str = "pragma synchronous = normal;";

const SCHEMA: &str = "
    pragma user_version = 1;
    create table sinks (
        name text primary key,
        next integer not null,
        problem text,
        since integer
    ) strict, without rowid;
    create table messages (
        number integer primary key autoincrement,
        sink text not null,
        id text not null,
        recipient text not null,
        request text,
        body blob not null,
        together integer not null,
        made integer not null,
        due integer not null,
        tries integer not null default 0,
        problem text,
        closed integer,
        told integer,
        batch integer,
        unique (sink, id)
    ) strict;
    create index waiting on messages (sink, recipient, number, due, tries) where closed is null;
    create index tried on messages (sink, recipient, number) where closed is null and tries > 0;
    create index closed on messages (sink, closed) where closed is not null;
    create index gathered on messages (batch) where batch is not null;
    create index of_request on messages (request) where request is not null;
    create index made on messages (sink, recipient, made);
    create table names (
        sink text not null,
        name text not null,
        value text not null,
        made integer not null,
        primary key (sink, name)
    ) strict, without rowid;
";

// What still waits is found by its own index, and recipient by recipient: a sink
// may have told very much, and one that is down has much to tell to few. SQLite
// knows neither, so it is said.

const NEXT: &str = "select next from sinks where name = ?1";
const MOVE: &str = "insert into sinks (name, next) values (?1, ?2) \
    on conflict (name) do update set next = excluded.next where next <> excluded.next";
const PUT: &str = "insert into messages (sink, id, recipient, request, body, together, made, due) \
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (sink, id) do nothing";
const PENDING: &str = "select number, id, recipient, body, together, made, tries from messages ";
const HEADS: &str = "where due <= ?2 and number in ( \
        with recursive recipients (recipient) as ( \
            select min(recipient) from messages indexed by waiting \
                where sink = ?1 and closed is null \
            union all \
            select (select min(recipient) from messages indexed by waiting \
                where sink = ?1 and closed is null and recipient > before.recipient) \
            from recipients as before where before.recipient is not null) \
        select (select min(number) from messages as one indexed by waiting \
            where one.sink = ?1 and one.recipient = recipients.recipient \
                and one.closed is null and (one.due <= ?2 or one.tries > 0)) \
        from recipients where recipient is not null) \
    order by number limit ?3";
const GATHER: &str = "update messages set batch = ?5 where number in ( \
        select number from messages where sink = ?1 and recipient = ?2 and closed is null \
            and due <= ?3 and together and batch is null order by number limit ?4) \
    and exists (select 1 from messages where number = ?5 and batch is null)";
const GATHERED: &str = "where batch = (select batch from messages where number = ?1) \
    and closed is null order by number";
const HEAD: &str = "where number = (select min(number) from messages \
        where sink = ?1 and recipient = ?2 and closed is null and (due <= ?3 or tries > 0)) \
    and due <= ?3";
const NEXT_DUE: &str = "with recursive recipients (recipient) as ( \
        select min(recipient) from messages indexed by waiting \
            where sink = ?1 and closed is null \
        union all \
        select (select min(recipient) from messages indexed by waiting \
            where sink = ?1 and closed is null and recipient > before.recipient) \
        from recipients as before where before.recipient is not null) \
    select min((select min(due) from messages as one indexed by waiting \
        where one.sink = ?1 and one.recipient = recipients.recipient and one.closed is null \
            and one.number <= coalesce((select min(number) from messages as tried \
                where tried.sink = ?1 and tried.recipient = recipients.recipient \
                    and tried.closed is null and tried.tries > 0), 9223372036854775807))) \
    from recipients where recipient is not null";
const TOLD: &str = "update messages set closed = ?2, told = 1 where number = ?1";
const LATER: &str =
    "update messages set tries = tries + 1, due = ?2, problem = ?3 where number = ?1";
const GIVE_UP: &str =
    "update messages set tries = tries + 1, closed = ?2, problem = ?3 where number = ?1";
const GIVE_UP_BEFORE: &str = "update messages indexed by waiting set closed = ?3, problem = ?4 \
    where sink = ?1 and closed is null and made < ?2";
const AGAIN: &str = "update messages set closed = null, told = null, tries = 0, problem = null, \
    batch = null, made = ?2, due = ?2 where number = ?1 and closed is not null";
const DROP: &str =
    "delete from messages where sink = ?1 and request = ?2 and closed is null and tries = 0";
const COUNT: &str = "select count(*) from messages indexed by waiting \
    where sink = ?1 and closed is null";
const WAITING: &str = "select count(*), min(made) from messages indexed by waiting \
    where sink = ?1 and closed is null";
const CLOSED: &str = "select coalesce(sum(told is not null), 0), coalesce(sum(told is null), 0) \
    from messages where sink = ?1 and closed is not null";
const PROBLEM: &str = "select problem from messages where sink = ?1 and problem is not null \
    and told is null order by coalesce(closed, due) desc limit 1";
const DOWN: &str = "update sinks set problem = ?2, since = coalesce(since, ?3) where name = ?1";
const UP: &str =
    "update sinks set problem = null, since = null where name = ?1 and since is not null";
const FORGET: &str = "delete from messages where closed < ?1";
const FORGET_REFERENCES: &str = "delete from names where made < ?1";
const MADE: &str = "select count(*) from messages where sink = ?1 and recipient = ?2 and made > ?3";
const HISTORY: &str = "select number, sink, id, recipient, made, due, tries, problem, closed, told \
    from messages where (?1 is null or sink = ?1) order by number desc limit ?2";
const SINKS: &str = "select name from sinks order by name";
const REFERENCE: &str = "select value from names where sink = ?1 and name = ?2";
const REFER: &str = "insert into names (sink, name, value, made) values (?1, ?2, ?3, ?4) \
    on conflict (sink, name) do update set value = excluded.value, made = excluded.made";

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
    /// Whether it may be sent in one with others of the recipient.
    pub together: bool,
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
    /// See [`Message::together`].
    pub together: bool,
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
    /// How many were told, as far as it is remembered.
    pub told: u64,
    /// How many were given up, as far as it is remembered.
    pub given_up: u64,
    /// What went wrong last.
    pub problem: Option<String>,
    /// Since when nothing can be told to anybody, if so.
    pub down: Option<Time>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in the outbox.
    pub number: i64,
    /// Which sink has it.
    pub sink: String,
    /// See [`Message::id`].
    pub id: String,
    /// See [`Message::recipient`].
    pub recipient: String,
    /// When it was put here.
    pub made: Time,
    /// From when on it may be sent.
    pub due: Time,
    /// How often it was tried in vain.
    pub tries: u32,
    /// What went wrong last.
    pub problem: Option<String>,
    /// What it is now.
    pub fate: Fate,
}

/// What a message is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is to be sent.
    Waiting,
    /// The recipient's side took it.
    Told {
        /// When.
        at: Time,
    },
    /// Nothing more is tried.
    GivenUp {
        /// When.
        at: Time,
    },
}

/// The messages of all sinks of a node.
#[derive(Debug)]
pub struct Outbox {
    put: Mutex<Connection>,
    mark: Mutex<Connection>,
}

impl Outbox {
    /// Opens the file, or makes it, for its owner alone.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = connect::create(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut put = connect::open(&path, flags)?;
        put.execute_batch(TO_PUT).map_err(refused)?;
        let transaction = put.transaction().map_err(refused)?;
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
        let mark = connect::open(&path, flags)?;
        mark.execute_batch(TO_MARK).map_err(refused)?;
        Ok(Self {
            put: Mutex::new(put),
            mark: Mutex::new(mark),
        })
    }

    /// The next entry that a sink reads; where it never began, it begins at `size`:
    /// nobody wants to hear of what was long ago.
    pub fn begin(&self, sink: &str, size: u64) -> Result<u64, StoreError> {
        let connection = lock(&self.put);
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
        let mut connection = lock(&self.put);
        let transaction = connection.transaction().map_err(refused)?;
        for message in messages {
            put(&transaction, sink, message, now)?;
        }
        transaction
            .prepare_cached(MOVE)
            .and_then(|mut statement| statement.execute(params![sink, signed(next)]))
            .map_err(refused)?;
        transaction.commit().map_err(refused)
    }

    /// How many more messages a sink may have waiting.
    pub fn room(&self, sink: &str) -> Result<u64, StoreError> {
        let waiting: i64 = lock(&self.mark)
            .query_row(COUNT, [sink], |row| row.get(0))
            .map_err(refused)?;
        Ok(MOST_WAITING.saturating_sub(unsigned(waiting)))
    }

    /// How many messages were put for a recipient after a time.
    pub fn made_since(&self, sink: &str, recipient: &str, since: Time) -> Result<u64, StoreError> {
        let made: i64 = lock(&self.mark)
            .query_row(MADE, params![sink, recipient, since.0], |row| row.get(0))
            .map_err(refused)?;
        Ok(unsigned(made))
    }

    /// What a sink is to send now: of each recipient the oldest message that is
    /// due, or that was tried and is not due yet: then none.
    pub fn due(&self, sink: &str, now: Time, most: u32) -> Result<Vec<Pending>, StoreError> {
        self.pending(HEADS, params![sink, now.0, most])
    }

    /// What a recipient is to get next, if that is due.
    pub fn next(
        &self,
        sink: &str,
        recipient: &str,
        now: Time,
    ) -> Result<Option<Pending>, StoreError> {
        let next = self.pending(HEAD, params![sink, recipient, now.0])?;
        Ok(next.into_iter().next())
    }

    /// What is sent to a recipient in one with this message: what may be now. Once
    /// that was asked, it is the same each time, so that a message which may have
    /// arrived is sent again as it was.
    pub fn gathered(
        &self,
        sink: &str,
        head: &Pending,
        now: Time,
        most: u32,
    ) -> Result<Vec<Pending>, StoreError> {
        let Pending {
            number, recipient, ..
        } = head;
        self.change(GATHER, params![sink, recipient, now.0, most, number])?;
        self.pending(GATHERED, [number])
    }

    fn pending(&self, of: &str, with: impl Params) -> Result<Vec<Pending>, StoreError> {
        let connection = lock(&self.mark);
        let mut statement = connection
            .prepare_cached(&format!("{PENDING}{of}"))
            .map_err(refused)?;
        let pending = statement.query_map(with, |row| {
            Ok(Pending {
                number: row.get(0)?,
                id: row.get(1)?,
                recipient: row.get(2)?,
                body: row.get(3)?,
                together: row.get(4)?,
                made: Time(row.get(5)?),
                tries: row.get(6)?,
            })
        });
        pending.and_then(Iterator::collect).map_err(refused)
    }

    /// When something is due next that nothing before it holds up.
    pub fn next_due(&self, sink: &str) -> Result<Option<Time>, StoreError> {
        let due: Option<i64> = lock(&self.mark)
            .query_row(NEXT_DUE, [sink], |row| row.get(0))
            .map_err(refused)?;
        Ok(due.map(Time))
    }

    /// Messages were taken: they are told.
    pub fn told(&self, numbers: &[i64], now: Time) -> Result<(), StoreError> {
        self.settle(numbers, |number, connection| {
            connection
                .prepare_cached(TOLD)?
                .execute(params![number, now.0])
        })
    }

    /// Messages were not taken, and are tried again.
    pub fn later(&self, numbers: &[i64], due: Time, problem: &str) -> Result<(), StoreError> {
        self.settle(numbers, |number, connection| {
            let with = params![number, due.0, problem];
            connection.prepare_cached(LATER)?.execute(with)
        })
    }

    /// Nothing more can be done for messages. They stay for a while, to be seen;
    /// those behind them go on.
    pub fn give_up(&self, numbers: &[i64], now: Time, problem: &str) -> Result<(), StoreError> {
        self.settle(numbers, |number, connection| {
            let with = params![number, now.0, problem];
            connection.prepare_cached(GIVE_UP)?.execute(with)
        })
    }

    /// Notes what became of messages that were sent in one: of all or of none.
    fn settle(
        &self,
        numbers: &[i64],
        note: impl Fn(i64, &Connection) -> rusqlite::Result<usize>,
    ) -> Result<(), StoreError> {
        let mut connection = lock(&self.mark);
        let transaction = connection.transaction().map_err(refused)?;
        for number in numbers {
            note(*number, &transaction).map_err(refused)?;
        }
        transaction.commit().map_err(refused)
    }

    /// Gives up whatever a sink was to send since before a time.
    pub fn give_up_before(
        &self,
        sink: &str,
        before: Time,
        now: Time,
        problem: &str,
    ) -> Result<(), StoreError> {
        self.change(GIVE_UP_BEFORE, params![sink, before.0, now.0, problem])?;
        Ok(())
    }

    /// Sends a message once more, told or given up; whether there is such a one.
    pub fn again(&self, number: i64, now: Time) -> Result<bool, StoreError> {
        Ok(self.change(AGAIN, params![number, now.0])? > 0)
    }

    /// Drops what asks somebody to decide a request, since it is decided. What was
    /// tried may have arrived, and stays.
    pub fn decided(&self, sink: &str, request: RequestId) -> Result<(), StoreError> {
        self.change(DROP, params![sink, request.to_string()])?;
        Ok(())
    }

    /// A sink can tell nothing to anybody.
    pub fn down(&self, sink: &str, problem: &str, now: Time) -> Result<(), StoreError> {
        self.change(DOWN, params![sink, problem, now.0])?;
        Ok(())
    }

    /// A sink can tell something again.
    pub fn up(&self, sink: &str) -> Result<(), StoreError> {
        self.change(UP, [sink])?;
        Ok(())
    }

    /// Forgets what was told or given up before a time, of all sinks.
    pub fn forget(&self, before: Time) -> Result<(), StoreError> {
        self.change(FORGET, [before.0])?;
        self.change(FORGET_REFERENCES, [before.0])?;
        Ok(())
    }

    /// What a sink was told to call something by.
    pub fn reference(&self, sink: &str, name: &str) -> Result<Option<String>, StoreError> {
        lock(&self.mark)
            .query_row(REFERENCE, [sink, name], |row| row.get(0))
            .optional()
            .map_err(refused)
    }

    /// Remembers what a sink was told to call something by.
    pub fn refer(&self, sink: &str, name: &str, value: &str, now: Time) -> Result<(), StoreError> {
        self.change(REFER, params![sink, name, value, now.0])?;
        Ok(())
    }

    /// The sinks that ever began.
    pub fn sinks(&self) -> Result<Vec<String>, StoreError> {
        let connection = lock(&self.mark);
        let mut statement = connection.prepare_cached(SINKS).map_err(refused)?;
        let sinks = statement.query_map([], |row| row.get(0));
        sinks.and_then(Iterator::collect).map_err(refused)
    }

    /// The newest messages, of one sink or of all.
    pub fn history(&self, sink: Option<&str>, most: u32) -> Result<Vec<Delivery>, StoreError> {
        let connection = lock(&self.mark);
        let mut statement = connection.prepare_cached(HISTORY).map_err(refused)?;
        let history = statement.query_map(params![sink, most], delivery);
        history.and_then(Iterator::collect).map_err(refused)
    }

    /// How a sink is doing.
    pub fn standing(&self, sink: &str) -> Result<Standing, StoreError> {
        let connection = lock(&self.mark);
        let begun = connection
            .query_row(
                "select next, problem, since from sinks where name = ?1",
                [sink],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()
            .map_err(refused)?;
        let (next, out, since): (Option<i64>, Option<String>, Option<i64>) = begun
            .map_or((None, None, None), |(next, out, since)| {
                (Some(next), out, since)
            });
        let (waiting, oldest): (i64, Option<i64>) = connection
            .query_row(WAITING, [sink], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(refused)?;
        let (told, given_up): (i64, i64) = connection
            .query_row(CLOSED, [sink], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(refused)?;
        let problem = connection
            .query_row(PROBLEM, [sink], |row| row.get(0))
            .optional()
            .map_err(refused)?;
        Ok(Standing {
            next: next.map(unsigned),
            waiting: unsigned(waiting),
            oldest: oldest.map(Time),
            told: unsigned(told),
            given_up: unsigned(given_up),
            problem: out.or(problem),
            down: since.map(Time),
        })
    }

    fn change(&self, sql: &str, with: impl Params) -> Result<usize, StoreError> {
        let connection = lock(&self.mark);
        let mut statement = connection.prepare_cached(sql).map_err(refused)?;
        statement.execute(with).map_err(refused)
    }
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
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
        together,
    } = message;
    let request = request.map(|request| request.to_string());
    let mut statement = transaction.prepare_cached(PUT).map_err(refused)?;
    let with = params![sink, id, recipient, request, body, together, now.0, due.0];
    statement.execute(with).map_err(refused)?;
    Ok(())
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let closed: Option<i64> = row.get(8)?;
    let told: Option<i64> = row.get(9)?;
    Ok(Delivery {
        number: row.get(0)?,
        sink: row.get(1)?,
        id: row.get(2)?,
        recipient: row.get(3)?,
        made: Time(row.get(4)?),
        due: Time(row.get(5)?),
        tries: row.get(6)?,
        problem: row.get(7)?,
        fate: match (closed.map(Time), told) {
            (None, _) => Fate::Waiting,
            (Some(at), Some(_)) => Fate::Told { at },
            (Some(at), None) => Fate::GivenUp { at },
        },
    })
}

/// SQLite's numbers have a sign; those here stay far below where it matters.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
