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

mod sql;
mod types;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Params, Row, Transaction, TransactionBehavior, params,
};
use writ_core::digest::RequestId;
use writ_core::time::Time;

use self::sql::{
    AGAIN, ASKING, CLOSED, COUNT, DOWN, DROP, FATE, FORGET, FORGET_REFERENCES, FORGET_WAITING,
    GATHER, GATHERED, GIVE_UP, GIVE_UP_BEFORE, HEAD, HEADS, HELD, HISTORY, HOLD, HURRY, LATER,
    MADE, MOVE, NEXT, NEXT_DUE, PENDING, PROBLEM, PUT, REFER, REFERENCE, SCHEMA, SINCE, SINKS,
    TO_MARK, TO_PUT, TOLD, UP, WAITING,
};
pub use self::types::{Delivery, Fate, Held, Message, Pending, Standing};
use super::connect;
use super::error::refused;
use crate::StoreError;

/// The form of the file.
const FORM: i64 = 1;
/// How many messages a sink may have waiting. It reads no further until some
/// are gone, and the log keeps the rest.
const MOST_WAITING: u64 = 10_000;

/// What the log is called that a sink reads. It is never forgotten.
const THE_LOG: &str = "the log";
/// Under what it is kept where the pages are; of no sink, and never forgotten.
const THE_SITE: &str = "the site";
const NOBODY: &str = "";

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

    /// The next entry that a sink reads of a log of this name and size. Where it never
    /// began, it begins at the end: nobody wants to hear of what was long ago. Where
    /// the log went on under another name after a restore, `kept` entries are those
    /// that it read, and it reads what came instead of the others.
    pub fn begin(&self, sink: &str, log: &str, size: u64, kept: u64) -> Result<u64, StoreError> {
        let mut connection = lock(&self.put);
        let transaction = writing(&mut connection)?;
        let known: Option<i64> = transaction
            .query_row(NEXT, [sink], |row| row.get(0))
            .optional()
            .map_err(refused)?;
        let read: Option<String> = transaction
            .query_row(REFERENCE, [sink, THE_LOG], |row| row.get(0))
            .optional()
            .map_err(refused)?;
        let next = match known.map(unsigned) {
            None => size,
            Some(next) if read.is_none_or(|read| read == log) && next <= size => next,
            Some(next) => next.min(kept),
        };
        transaction
            .execute(MOVE, params![sink, signed(next)])
            .map_err(refused)?;
        transaction
            .execute(REFER, params![sink, THE_LOG, log, i64::MAX])
            .map_err(refused)?;
        transaction.commit().map_err(refused)?;
        Ok(next)
    }

    /// Puts what a sink found, and moves its cursor past it: both or neither. Nobody
    /// is asked for a decision twice at once: while one message that asks for it
    /// waits, another one is not put.
    pub fn put(
        &self,
        sink: &str,
        next: u64,
        messages: &[Message],
        now: Time,
    ) -> Result<(), StoreError> {
        let mut connection = lock(&self.put);
        let transaction = writing(&mut connection)?;
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

    /// How many messages that ask a recipient to decide something were put after a
    /// time.
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
        let transaction = writing(&mut connection)?;
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

    /// What waiting messages ask somebody to decide.
    pub fn asking(&self, sink: &str) -> Result<Vec<RequestId>, StoreError> {
        let connection = lock(&self.mark);
        let mut statement = connection.prepare_cached(ASKING).map_err(refused)?;
        let asking = statement.query_map([sink], |row| row.get::<_, String>(0));
        let asking: Vec<String> = asking.and_then(Iterator::collect).map_err(refused)?;
        // Only ids were ever written there.
        Ok(asking.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Drops what asks somebody to decide a request, since it is decided. What was
    /// gathered with others stays: they may have arrived with it, and what goes again
    /// is the same.
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

    /// What is held back for a recipient until later than now, and was not tried yet.
    pub fn held(&self, sink: &str, recipient: &str, now: Time) -> Result<Vec<Held>, StoreError> {
        let connection = lock(&self.mark);
        let mut statement = connection.prepare_cached(HELD).map_err(refused)?;
        let held = statement.query_map(params![sink, recipient, now.0], |row| {
            let request: Option<String> = row.get(2)?;
            Ok(Held {
                number: row.get(0)?,
                id: row.get(1)?,
                request: request.and_then(|id| id.parse().ok()),
            })
        });
        held.and_then(Iterator::collect).map_err(refused)
    }

    /// Holds messages back until other times, by their numbers.
    pub fn hold(&self, until: &[(i64, Time)]) -> Result<(), StoreError> {
        let mut connection = lock(&self.mark);
        let transaction = writing(&mut connection)?;
        for (number, due) in until {
            transaction
                .prepare_cached(HOLD)
                .and_then(|mut statement| statement.execute(params![number, due.0]))
                .map_err(refused)?;
        }
        transaction.commit().map_err(refused)
    }

    /// What became of a message, if it is known.
    pub fn fate(&self, sink: &str, id: &str) -> Result<Option<Fate>, StoreError> {
        lock(&self.mark)
            .query_row(FATE, [sink, id], |row| Ok(fate(row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(refused)
    }

    /// Whether a sink can tell nothing to anybody.
    pub fn is_down(&self, sink: &str) -> Result<bool, StoreError> {
        let since = lock(&self.mark)
            .query_row(SINCE, [sink], |row| row.get::<_, Option<i64>>(0))
            .optional()
            .map_err(refused)?;
        Ok(since.flatten().is_some())
    }

    /// A sink that was down is repaired: what was tried in vain is due at once. Says
    /// how many messages wait.
    pub fn hurry(&self, sink: &str, now: Time) -> Result<u64, StoreError> {
        self.change(HURRY, params![sink, now.0])?;
        self.up(sink)?;
        Ok(MOST_WAITING.saturating_sub(self.room(sink)?))
    }

    /// Forgets what was told or given up before a time, of all sinks, and what still
    /// waits since before it: for a sink that there is no more.
    pub fn forget(&self, before: Time) -> Result<(), StoreError> {
        self.change(FORGET, [before.0])?;
        self.change(FORGET_WAITING, [before.0])?;
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

    /// Where the pages of the installation are, as a node knew it last.
    pub fn site(&self) -> Result<Option<String>, StoreError> {
        self.reference(NOBODY, THE_SITE)
    }

    /// Remembers where the pages are.
    pub fn set_site(&self, site: &str) -> Result<(), StoreError> {
        self.refer(NOBODY, THE_SITE, site, Time(i64::MAX))
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

/// A transaction that writes. It waits for others from its beginning on: one that
/// reads first and writes then would be refused at once.
fn writing(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    begun.map_err(refused)
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
        fate: fate(closed, told),
    })
}

fn fate(closed: Option<i64>, told: Option<i64>) -> Fate {
    match (closed.map(Time), told) {
        (None, _) => Fate::Waiting,
        (Some(at), Some(_)) => Fate::Told { at },
        (Some(at), None) => Fate::GivenUp { at },
    }
}

/// SQLite's numbers have a sign; those here stay far below where it matters.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
