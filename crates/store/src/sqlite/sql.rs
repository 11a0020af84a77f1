//! Every statement of SQL.
//!
//! A row's **facets** lie in the order of listings under each kind and value, so
//! that a page of any one facet is one short walk. A listing by several takes
//! that page of each, and then the newest of these: no row outside them can be
//! on the page. How far it walks grows with the rows that have the rarest facet
//! and are not wanted, never with the table.

pub(super) const JOURNAL_WAL: &str = "PRAGMA journal_mode = WAL";

/// `synchronous = FULL`: in WAL mode a commit returns when it is on the disk;
/// `fullfsync`: where a sync is not enough for that, more than a sync. Ids are
/// digests, so rows land anywhere: a larger cache (16 MiB) and rarer checkpoints
/// (each 32 MiB) write such a page once instead of many times.
pub(super) const WRITER: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA cell_size_check = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;
    PRAGMA wal_autocheckpoint = 8192;
    PRAGMA journal_size_limit = 67108864;
";

/// Each commit of the writer makes a reader forget its pages, and the system keeps
/// them anyway: a large cache (2 MiB here) would be held for nothing.
pub(super) const READER: &str = "
    PRAGMA query_only = ON;
    PRAGMA cell_size_check = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -2048;
";

/// Moves every commit into the file and empties the log beside it.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

pub(super) const APPLICATION_ID: &str = "PRAGMA application_id";

pub(super) const COUNT_TABLES: &str = "SELECT count(*) FROM sqlite_schema";

/// From no table to version 1, from 1 to 2, and so on; never edited once released.
pub(super) const UPGRADES: [&str; 2] = [
    "
    PRAGMA application_id = 0x57726974;

    CREATE TABLE meta (
        key   TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE entries (
        position  INTEGER NOT NULL PRIMARY KEY,
        digest    BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
        leaf      BLOB NOT NULL,
        leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
        facts     TEXT NOT NULL,
        reads     TEXT NOT NULL
    ) STRICT;

    CREATE TABLE rows (
        noun    TEXT NOT NULL,
        id      BLOB NOT NULL CHECK (length(id) = 32),
        created INTEGER NOT NULL,
        at      INTEGER NOT NULL,
        view    TEXT NOT NULL,
        PRIMARY KEY (noun, id)
    ) STRICT;
    CREATE INDEX rows_in_order ON rows (noun, created, id);

    CREATE TABLE facets (
        noun    TEXT NOT NULL,
        kind    TEXT NOT NULL,
        value   TEXT NOT NULL,
        created INTEGER NOT NULL,
        id      BLOB NOT NULL,
        PRIMARY KEY (noun, kind, value, created, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX facets_of_row ON facets (noun, id);

    CREATE TABLE blobs (
        digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
        bytes  BLOB NOT NULL
    ) STRICT;
",
    // In the order of rows: an index that grows at its end touches few pages.
    "
    DROP INDEX facets_of_row;
    CREATE INDEX facets_in_order ON facets (created, noun, id);
",
];

pub(super) const META: &str = "SELECT value FROM meta WHERE key = ?1";
pub(super) const SET_META: &str = "
    INSERT INTO meta (key, value) VALUES (?1, ?2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";
pub(super) const DELETE_META: &str = "DELETE FROM meta WHERE key = ?1";
/// Compare and set.
pub(super) const MOVE_META: &str = "UPDATE meta SET value = ?3 WHERE key = ?1 AND value = ?2";

pub(super) const ENTRIES: &str = "
    SELECT position, digest, leaf, leaf_hash, facts, reads FROM entries
    WHERE position >= ?1 AND position < ?2 ORDER BY position";
pub(super) const LEAF_HASHES: &str = "
    SELECT position, leaf_hash FROM entries
    WHERE position >= ?1 AND position < ?2 ORDER BY position";
pub(super) const FIND: &str = "SELECT position FROM entries WHERE digest = ?1";
pub(super) const ADD_ENTRY: &str = "
    INSERT INTO entries (position, digest, leaf, leaf_hash, facts, reads)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(super) const BLOB: &str = "SELECT bytes FROM blobs WHERE digest = ?1";
pub(super) const ADD_BLOB: &str = "
    INSERT INTO blobs (digest, bytes) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING";

/// Answers the place that the row has, which may not be the one asked for.
pub(super) const PUT_ROW: &str = "
    INSERT INTO rows (noun, id, created, at, view) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (noun, id) DO UPDATE SET at = excluded.at, view = excluded.view
    RETURNING created";
pub(super) const FACETS: &str = "
    SELECT kind, value FROM facets WHERE created = ?1 AND noun = ?2 AND id = ?3";
pub(super) const ADD_FACET: &str = "
    INSERT INTO facets (noun, kind, value, created, id) VALUES (?1, ?2, ?3, ?4, ?5)";
pub(super) const DELETE_FACET: &str = "
    DELETE FROM facets
    WHERE noun = ?1 AND kind = ?2 AND value = ?3 AND created = ?4 AND id = ?5";
pub(super) const DELETE_FACETS: &str = "DELETE FROM facets";
pub(super) const DELETE_ROWS: &str = "DELETE FROM rows";

pub(super) const ROW: &str = "
    SELECT id, created, at, view FROM rows WHERE noun = ?1 AND id = ?2";
pub(super) const BY_PREFIX: &str = "
    SELECT id, created, at, view FROM rows
    WHERE noun = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id LIMIT ?4";

/// Noun, id of the row before or an empty blob, limit.
pub(super) const ROWS: &str = "
    SELECT id, created, at, view FROM rows
    WHERE noun = ?1 AND id > ?2 ORDER BY id LIMIT ?3";

/// Noun, place and id of the row before, limit.
pub(super) const LIST_ALL: &str = "
    SELECT id, created, at, view FROM rows
    WHERE noun = ?1 AND (created, id) < (?2, ?3)
    ORDER BY created DESC, id DESC LIMIT ?4";

/// Whether a row that a facet belongs to is wanted: it has all of one list, and
/// any of the other unless there is none or it was found by it.
macro_rules! wanted {
    ($facet:literal) => {
        concat!(
            "NOT EXISTS (
                SELECT 1 FROM all_of WHERE NOT EXISTS (
                    SELECT 1 FROM facets AS h
                    WHERE h.noun = ?1 AND h.kind = all_of.kind AND h.value = all_of.value
                      AND h.created = ",
            $facet,
            ".created AND h.id = ",
            $facet,
            ".id))
              AND (lead.is_visible OR ?5 IS NULL OR EXISTS (
                SELECT 1 FROM any_of CROSS JOIN facets AS h
                WHERE h.noun = ?1 AND h.kind = any_of.kind AND h.value = any_of.value
                  AND h.created = ",
            $facet,
            ".created AND h.id = ",
            $facet,
            ".id))"
        )
    };
}

/// How many rows a facet would have us walk; beyond a thousand all are alike.
macro_rules! count {
    ($facet:literal) => {
        concat!(
            "(SELECT count(*) FROM (
                SELECT 1 FROM facets AS c
                WHERE c.noun = ?1 AND c.kind = ",
            $facet,
            ".kind AND c.value = ",
            $facet,
            ".value
                  AND (c.created, c.id) < (?2, ?3) LIMIT 1000))"
        )
    };
}

/// The same, and two lists of facets as JSON, `[[kind, value], …]`: a row has
/// any of the first, unless it is null, and all of the second.
///
/// The rarest filter leads, unless what is visible is rarer still. Of each facet
/// that leads the walk ends where its page does: that is what the inner look
/// finds. An outer limit alone would sort everything that has the facet.
pub(super) const LIST_BY_FACETS: &str = concat!(
    "
    WITH
    any_of (kind, value) AS MATERIALIZED (
        SELECT value ->> 0, value ->> 1 FROM json_each(?5)
    ),
    all_of (kind, value) AS MATERIALIZED (
        SELECT value ->> 0, value ->> 1 FROM json_each(?6)
    ),
    rarest (kind, value, many) AS MATERIALIZED (
        SELECT kind, value, ",
    count!("all_of"),
    " FROM all_of ORDER BY 3 LIMIT 1
    ),
    choice (is_visible) AS MATERIALIZED (
        SELECT ?5 IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM rarest
            WHERE many < (SELECT coalesce(sum(",
    count!("any_of"),
    "), 0) FROM any_of))
    ),
    lead (kind, value, is_visible) AS MATERIALIZED (
        SELECT kind, value, 1 FROM choice CROSS JOIN any_of WHERE is_visible
        UNION ALL
        SELECT kind, value, 0 FROM choice CROSS JOIN rarest WHERE NOT is_visible
    ),
    page (created, id) AS MATERIALIZED (
        SELECT DISTINCT f.created, f.id
        FROM lead CROSS JOIN facets AS f
        WHERE f.noun = ?1 AND f.kind = lead.kind AND f.value = lead.value
          AND (f.created, f.id) < (?2, ?3)
          AND f.created >= coalesce((
            SELECT g.created FROM facets AS g
            WHERE g.noun = ?1 AND g.kind = lead.kind AND g.value = lead.value
              AND (g.created, g.id) < (?2, ?3)
              AND ",
    wanted!("g"),
    "
            ORDER BY g.created DESC, g.id DESC LIMIT 1 OFFSET ?4 - 1), 0)
          AND ",
    wanted!("f"),
    "
        ORDER BY f.created DESC, f.id DESC LIMIT ?4
    )
    SELECT r.id, r.created, r.at, r.view
    FROM page CROSS JOIN rows AS r
      ON r.noun = ?1 AND r.id = page.id AND r.created = page.created
    ORDER BY page.created DESC, page.id DESC"
);

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, StatementStatus};

    use super::*;

    /// The statements that need the tables.
    const STATEMENTS: [&str; 22] = [
        META,
        SET_META,
        DELETE_META,
        MOVE_META,
        ENTRIES,
        LEAF_HASHES,
        FIND,
        ADD_ENTRY,
        BLOB,
        ADD_BLOB,
        PUT_ROW,
        FACETS,
        ADD_FACET,
        DELETE_FACET,
        DELETE_FACETS,
        DELETE_ROWS,
        ROW,
        BY_PREFIX,
        ROWS,
        LIST_ALL,
        LIST_BY_FACETS,
        COUNT_TABLES,
    ];

    /// `JOURNAL_WAL`, `WRITER`, `READER`, `CHECKPOINT`, `APPLICATION_ID`, `UPGRADES`.
    const OTHERS: usize = 6;

    fn store() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for step in UPGRADES {
            connection.execute_batch(step).unwrap();
        }
        connection
    }

    #[test]
    fn every_statement_prepares_and_none_selects_a_star() {
        let store = store();
        for sql in STATEMENTS {
            store.prepare(sql).unwrap();
            assert!(!sql.contains("SELECT *"), "{sql}");
        }
        let declared = include_str!("sql.rs")
            .matches("\npub(super) const ")
            .count();
        assert_eq!(
            declared,
            STATEMENTS.len() + OTHERS,
            "one is missing in this test"
        );
        for sql in [JOURNAL_WAL, WRITER, READER] {
            store.execute_batch(sql).unwrap();
        }
        for sql in [CHECKPOINT, APPLICATION_ID] {
            store.prepare(sql).unwrap();
        }
    }

    fn plan(store: &Connection, sql: &str) -> Vec<String> {
        let mut statement = store.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        for index in 1..=count {
            statement.raw_bind_parameter(index, 1).unwrap();
        }
        let mut rows = statement.raw_query();
        let mut plan = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get(3).unwrap());
        }
        plan
    }

    #[test]
    fn no_statement_walks_a_table() {
        let store = store();
        for sql in STATEMENTS {
            if [COUNT_TABLES, DELETE_FACETS, DELETE_ROWS].contains(&sql) {
                continue;
            }
            for step in plan(&store, sql) {
                for table in [
                    "meta", "entries", "rows", "facets", "blobs", "f", "g", "h", "r",
                ] {
                    let walk = format!("SCAN {table}");
                    let walks = step == walk || step.starts_with(&format!("{walk} "));
                    assert!(!walks, "{step}\n{sql}");
                }
            }
        }
    }

    #[test]
    fn a_page_is_found_by_its_place() {
        let store = store();
        assert_eq!(
            plan(&store, LIST_ALL),
            ["SEARCH rows USING INDEX rows_in_order (noun=? AND (created,id)<(?,?))"]
        );
        let plan = plan(&store, LIST_BY_FACETS);
        let place = "SEARCH f USING PRIMARY KEY \
             (noun=? AND kind=? AND value=? AND created>? AND (created,id)<(?,?))";
        assert!(plan.iter().any(|step| step == place), "{plan:#?}");
        let sorts = plan.iter().filter(|step| step.contains("TEMP B-TREE"));
        let sorts: Vec<_> = sorts.collect();
        // The page of each facet, put together; and the filters, by how rare they are.
        assert_eq!(
            sorts,
            [
                "USE TEMP B-TREE FOR ORDER BY",
                "USE TEMP B-TREE FOR DISTINCT"
            ],
            "{plan:#?}"
        );
    }

    /// Rows that all see, a tenth of them alice's, and three that are pending.
    fn fill(store: &Connection, rows: i64) {
        let numbers = format!(
            "WITH RECURSIVE n (n) AS (
            SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {rows} - 1)"
        );
        let id = "CAST(format('%032d', n) AS BLOB)";
        let facet = |kind: &str, value: &str, which: &str| {
            format!(
                "{numbers} INSERT INTO facets SELECT 'request', '{kind}', '{value}', n, {id}
             FROM n WHERE {which};"
            )
        };
        let sql = [
            format!("{numbers} INSERT INTO rows SELECT 'request', {id}, n, n, '{{}}' FROM n;"),
            facet("sees", "all", "true"),
            facet("sees", "some", "n % 2 = 0"),
            facet("sees", "alice", "n % 10 = 0"),
            facet("state", "Pending", "n IN (0, 20, 31)"),
            facet("state", "Ended", "n NOT IN (0, 20, 31)"),
        ];
        store
            .execute_batch(&format!("BEGIN; {} COMMIT;", sql.concat()))
            .unwrap();
    }

    /// How many steps of SQLite's machine a page of 20 takes, and its rows.
    fn cost(store: &Connection, visible: Option<&str>, with: &str, before: i64) -> (i32, usize) {
        let sql = match (visible, with) {
            (None, "[]") => LIST_ALL,
            _ => LIST_BY_FACETS,
        };
        let mut statement = store.prepare(sql).unwrap();
        for (index, value) in [(1, "request"), (5, visible.unwrap_or_default()), (6, with)] {
            let null = index == 5 && visible.is_none();
            if index <= statement.parameter_count() && !null {
                statement.raw_bind_parameter(index, value).unwrap();
            }
        }
        statement.raw_bind_parameter(2, before).unwrap();
        statement.raw_bind_parameter(3, [0xff_u8; 32]).unwrap();
        statement.raw_bind_parameter(4, 20).unwrap();
        let mut rows = statement.raw_query();
        let mut count = 0;
        while rows.next().unwrap().is_some() {
            count += 1;
        }
        drop(rows);
        (statement.get_status(StatementStatus::VmStep), count)
    }

    #[test]
    fn a_page_costs_the_same_however_many_rows_there_are() {
        let (small, large) = (store(), store());
        fill(&small, 20_000);
        fill(&large, 80_000);
        let all = r#"[["sees","all"]]"#;
        let three = r#"[["sees","all"],["sees","some"],["sees","alice"]]"#;
        let pending = r#"[["state","Pending"]]"#;
        let ended = r#"[["state","Ended"],["sees","alice"]]"#;
        for (visible, with, want) in [
            (None, "[]", 20),
            (None, pending, 3),
            (None, ended, 20),
            (Some(all), "[]", 20),
            (Some(three), "[]", 20),
            (Some(all), pending, 3),
            (Some(three), pending, 3),
            (Some(three), ended, 20),
        ] {
            for before in [i64::MAX, 3_000] {
                let (few, found) = cost(&small, visible, with, before);
                assert_eq!(found, want, "{visible:?} {with}");
                let (many, found) = cost(&large, visible, with, before);
                assert_eq!(found, want, "{visible:?} {with}");
                assert!(many < few * 3 / 2, "{few}, then {many}: {visible:?} {with}");
            }
        }
    }
}
