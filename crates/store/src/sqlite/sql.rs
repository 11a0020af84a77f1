//! Every statement of SQL.
//!
//! A row's **facets** lie in the order of listings under each kind and value, so
//! that a page of any one facet is one short walk. A listing by several takes
//! that page of each, and then the newest of these: no row outside them can be
//! on the page.

pub(super) const JOURNAL_WAL: &str = "PRAGMA journal_mode = WAL";

/// `synchronous = FULL`: in WAL mode a commit returns when it is on the disk;
/// `fullfsync`: where a sync is not enough for that, more than a sync.
pub(super) const WRITER: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA cell_size_check = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA journal_size_limit = 67108864;
";

pub(super) const READER: &str = "
    PRAGMA query_only = ON;
    PRAGMA cell_size_check = ON;
    PRAGMA temp_store = MEMORY;
";

/// Moves every commit into the file and empties the log beside it.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

pub(super) const APPLICATION_ID: &str = "PRAGMA application_id";

pub(super) const COUNT_TABLES: &str = "SELECT count(*) FROM sqlite_schema";

/// From no table to version 1, from 1 to 2, and so on; never edited once released.
pub(super) const UPGRADES: [&str; 1] = ["
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
"];

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
pub(super) const FACETS: &str = "SELECT kind, value FROM facets WHERE noun = ?1 AND id = ?2";
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

/// Noun, place and id of the row before, limit.
pub(super) const LIST_ALL: &str = "
    SELECT id, created, at, view FROM rows
    WHERE noun = ?1 AND (created, id) < (?2, ?3)
    ORDER BY created DESC, id DESC LIMIT ?4";

/// The same, and two lists of facets as JSON, `[[kind, value], …]`: a row has
/// any of the first and all of the second.
///
/// The inner look finds where the page of one facet ends, so that the walk stops
/// there: an outer limit alone would sort everything that has any of the facets.
pub(super) const LIST_BY_FACETS: &str = "
    WITH
    any_of (kind, value) AS MATERIALIZED (
        SELECT value ->> 0, value ->> 1 FROM json_each(?5)
    ),
    all_of (kind, value) AS MATERIALIZED (
        SELECT value ->> 0, value ->> 1 FROM json_each(?6)
    ),
    page (created, id) AS MATERIALIZED (
        SELECT DISTINCT f.created, f.id
        FROM any_of CROSS JOIN facets AS f
        WHERE f.noun = ?1 AND f.kind = any_of.kind AND f.value = any_of.value
          AND (f.created, f.id) < (?2, ?3)
          AND f.created >= coalesce((
            SELECT g.created FROM facets AS g
            WHERE g.noun = ?1 AND g.kind = any_of.kind AND g.value = any_of.value
              AND (g.created, g.id) < (?2, ?3)
              AND NOT EXISTS (
                SELECT 1 FROM all_of WHERE NOT EXISTS (
                    SELECT 1 FROM facets AS h
                    WHERE h.noun = ?1 AND h.kind = all_of.kind AND h.value = all_of.value
                      AND h.created = g.created AND h.id = g.id))
            ORDER BY g.created DESC, g.id DESC LIMIT 1 OFFSET ?4 - 1), 0)
          AND NOT EXISTS (
            SELECT 1 FROM all_of WHERE NOT EXISTS (
                SELECT 1 FROM facets AS h
                WHERE h.noun = ?1 AND h.kind = all_of.kind AND h.value = all_of.value
                  AND h.created = f.created AND h.id = f.id))
        ORDER BY f.created DESC, f.id DESC LIMIT ?4
    )
    SELECT r.id, r.created, r.at, r.view
    FROM page CROSS JOIN rows AS r ON r.noun = ?1 AND r.id = page.id
    ORDER BY page.created DESC, page.id DESC";
