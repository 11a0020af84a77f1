//! The statements of the outbox.

/// What was read is not read again: it must be here when the cursor has moved.
pub(super) const TO_PUT: &str = "pragma journal_mode = wal; pragma synchronous = full;";
/// Telling once more does no harm.
pub(super) const TO_MARK: &str = "pragma synchronous = normal;";

pub(super) const SCHEMA: &str = "
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
    create index asking on messages (sink, request)
        where closed is null and request is not null;
    create index made on messages (sink, recipient, made);
    create index failed on messages (sink, coalesce(closed, due))
        where problem is not null and told is null;
    create table names (
        sink text not null,
        name text not null,
        value text not null,
        made integer not null,
        primary key (sink, name)
    ) strict, without rowid;
";

pub(super) const NEXT: &str = "select next from sinks where name = ?1";
pub(super) const MOVE: &str = "insert into sinks (name, next) values (?1, ?2) \
    on conflict (name) do update set next = excluded.next where next <> excluded.next";
pub(super) const PUT: &str = "insert into messages (sink, id, recipient, request, body, together, made, due) \
    select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 where not exists ( \
        select 1 from messages indexed by asking \
            where sink = ?1 and request = ?4 and recipient = ?3 and closed is null) \
    on conflict (sink, id) do nothing";
pub(super) const PENDING: &str =
    "select number, id, recipient, body, together, made, tries from messages ";
// What still waits is found by its own index, and recipient by recipient: a sink
// may have told very much, and one that is down has much to tell to few. SQLite
// knows neither, so it is said.

pub(super) const HEADS: &str = "where due <= ?2 and number in ( \
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
pub(super) const GATHER: &str = "update messages set batch = ?5 where number in ( \
        select number from messages where sink = ?1 and recipient = ?2 and closed is null \
            and due <= ?3 and together and batch is null order by number limit ?4) \
    and exists (select 1 from messages where number = ?5 and batch is null)";
pub(super) const GATHERED: &str = "where batch = (select batch from messages where number = ?1) \
    and closed is null order by number";
pub(super) const HEAD: &str = "where number = (select min(number) from messages \
        where sink = ?1 and recipient = ?2 and closed is null and (due <= ?3 or tries > 0)) \
    and due <= ?3";
pub(super) const NEXT_DUE: &str = "with recursive recipients (recipient) as ( \
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
pub(super) const TOLD: &str = "update messages set closed = ?2, told = 1 where number = ?1";
pub(super) const LATER: &str =
    "update messages set tries = tries + 1, due = ?2, problem = ?3 where number = ?1";
pub(super) const GIVE_UP: &str =
    "update messages set tries = tries + 1, closed = ?2, problem = ?3 where number = ?1";
pub(super) const GIVE_UP_BEFORE: &str = "update messages indexed by waiting set closed = ?3, problem = ?4 \
    where sink = ?1 and closed is null and made < ?2";
pub(super) const AGAIN: &str = "update messages set closed = null, told = null, tries = 0, problem = null, \
    batch = null, made = ?2, due = ?2 where number = ?1 and closed is not null";
pub(super) const DROP: &str =
    "delete from messages where sink = ?1 and request = ?2 and closed is null and batch is null";
pub(super) const ASKING: &str = "select distinct request from messages \
    where sink = ?1 and request is not null and closed is null";
pub(super) const COUNT: &str = "select count(*) from messages indexed by waiting \
    where sink = ?1 and closed is null";
pub(super) const WAITING: &str = "select count(*), min(made) from messages indexed by waiting \
    where sink = ?1 and closed is null";
pub(super) const CLOSED: &str = "select coalesce(sum(told is not null), 0), coalesce(sum(told is null), 0) \
    from messages where sink = ?1 and closed is not null";
pub(super) const PROBLEM: &str = "select problem from messages where sink = ?1 and problem is not null \
    and told is null order by coalesce(closed, due) desc limit 1";
pub(super) const DOWN: &str =
    "update sinks set problem = ?2, since = coalesce(since, ?3) where name = ?1";
pub(super) const UP: &str =
    "update sinks set problem = null, since = null where name = ?1 and since is not null";
pub(super) const SINCE: &str = "select since from sinks where name = ?1";
pub(super) const HURRY: &str = "update messages indexed by waiting set due = ?2 \
    where sink = ?1 and closed is null and tries > 0 and due > ?2";
pub(super) const HELD: &str = "select number, id, request from messages indexed by waiting \
    where sink = ?1 and recipient = ?2 and closed is null and due > ?3 and tries = 0 \
        and batch is null";
pub(super) const HOLD: &str = "update messages set due = ?2 where number = ?1 and closed is null";
pub(super) const FATE: &str = "select closed, told from messages where sink = ?1 and id = ?2";
pub(super) const FORGET: &str =
    "delete from messages where sink in (select name from sinks) and closed < ?1";
pub(super) const FORGET_WAITING: &str = "delete from messages where closed is null and made < ?1";
pub(super) const FORGET_REFERENCES: &str = "delete from names where made < ?1";
pub(super) const MADE: &str = "select count(*) from messages \
    where sink = ?1 and recipient = ?2 and made > ?3 and request is not null";
pub(super) const HISTORY: &str = "select number, sink, id, recipient, made, due, tries, problem, closed, told \
    from messages where (?1 is null or sink = ?1) order by number desc limit ?2";
pub(super) const SINKS: &str = "select name from sinks order by name";
pub(super) const REFERENCE: &str = "select value from names where sink = ?1 and name = ?2";
pub(super) const REFER: &str = "insert into names (sink, name, value, made) values (?1, ?2, ?3, ?4) \
    on conflict (sink, name) do update set value = excluded.value, made = excluded.made";

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::{Connection, params_from_iter};

    /// What is done for each message may not become slower with each that was told.
    #[test]
    fn what_waits_is_found_without_reading_what_was_told() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let of_pending = [HEADS, HEAD, GATHERED].map(|of| format!("{PENDING}{of}"));
        let others = [
            PUT, GATHER, NEXT_DUE, TOLD, LATER, GIVE_UP, DROP, COUNT, HURRY, HELD, HOLD,
        ];
        let all = of_pending.iter().map(String::as_str).chain(others);
        for sql in all {
            let explain = format!("explain query plan {sql}");
            let mut plan = connection.prepare(&explain).unwrap();
            let nothing = params_from_iter(vec![None::<i64>; plan.parameter_count()]);
            let steps = plan.query_map(nothing, |row| row.get("detail")).unwrap();
            for step in steps {
                let step: String = step.unwrap();
                let is_told = ["INDEX made", "INDEX closed", "SCAN messages"];
                assert!(!is_told.iter().any(|it| step.contains(it)), "{step}\n{sql}");
            }
        }
    }
}
