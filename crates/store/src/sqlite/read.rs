//! What is read, each call in one consistent look.

use rusqlite::{Connection, OptionalExtension, Params, Row};
use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;

use super::error::{corrupt, refused};
use super::sql;
use crate::backend::prefix_range;
use crate::{Listed, Listing, MAX_READ, StoreError, StoredEntry, WholeRow};

pub(super) const HEAD: &str = "head";
pub(super) const PROJECTOR: &str = "projector";

/// The head as it is stored: size, blank, root.
pub(super) fn head_text(head: &TreeHead) -> String {
    format!("{} {}", head.size, head.root)
}

pub(super) fn head(connection: &Connection) -> Result<TreeHead, StoreError> {
    let text = meta(connection, HEAD)?.unwrap_or_default();
    text.split_once(' ')
        .and_then(|(size, root)| {
            let (size, root) = (size.parse().ok()?, root.parse().ok()?);
            Some(TreeHead { size, root })
        })
        .ok_or_else(|| corrupt(format!("`{text}` is not a head")))
}

pub(super) fn projector(connection: &Connection) -> Result<Option<u32>, StoreError> {
    // What is no number is no version: the rows are made anew.
    Ok(meta(connection, PROJECTOR)?.and_then(|text| text.parse().ok()))
}

fn meta(connection: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    optional(connection, sql::META, [key], |row| row.get(0))
}

pub(super) fn entries(
    connection: &Connection,
    from: Index,
    max: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let mut bytes = 0;
    each(connection, sql::ENTRIES, from, max, |row| {
        let entry = entry(row)?;
        bytes += entry.leaf.len() + entry.facts.len();
        // The first one comes whatever its size.
        let is_first = entry.index == from;
        Ok((
            entry.index,
            (is_first || bytes <= MAX_READ).then_some(entry),
        ))
    })
}

pub(super) fn leaf_hashes(
    connection: &Connection,
    from: Index,
    max: usize,
) -> Result<Vec<Digest>, StoreError> {
    each(connection, sql::LEAF_HASHES, from, max, |row| {
        let index = index(row, 0).map_err(refused)?;
        let hash = digest(row, 1).map_err(|error| corrupt(format!("entry {index}: {error}")))?;
        Ok((index, Some(hash)))
    })
}

/// What is read of each entry of a range, as long as something is. A missing
/// entry is named.
fn each<T>(
    connection: &Connection,
    sql: &str,
    from: Index,
    max: usize,
    mut read: impl FnMut(&Row<'_>) -> Result<(Index, Option<T>), StoreError>,
) -> Result<Vec<T>, StoreError> {
    // Head and entries in one look, so that a missing last entry shows.
    let look = connection.unchecked_transaction().map_err(refused)?;
    let max = u64::try_from(max).unwrap_or(u64::MAX);
    let end = head(&look)?.size.min(from.0.saturating_add(max));
    if from.0 >= end {
        return Ok(Vec::new());
    }
    let mut statement = look.prepare_cached(sql).map_err(refused)?;
    let mut rows = statement
        .query((number(from)?, number(Index(end))?))
        .map_err(refused)?;
    let mut found = Vec::new();
    for next in from.0..end {
        let row = rows.next().map_err(refused)?.map(&mut read).transpose()?;
        match row.filter(|(index, _)| index.0 == next) {
            None => return Err(corrupt(format!("entry {next} is missing"))),
            Some((_, None)) => break,
            Some((_, Some(entry))) => found.push(entry),
        }
    }
    Ok(found)
}

fn entry(row: &Row<'_>) -> Result<StoredEntry, StoreError> {
    let index = index(row, 0).map_err(refused)?;
    let column = |error| corrupt(format!("entry {index}: {error}"));
    let reads: String = row.get(5).map_err(column)?;
    let reads = serde_json::from_str(&reads)
        .map_err(|error| corrupt(format!("entry {index}: reads: {error}")))?;
    Ok(StoredEntry {
        index,
        digest: digest(row, 1).map_err(column)?,
        leaf: row.get(2).map_err(column)?,
        leaf_hash: digest(row, 3).map_err(column)?,
        facts: row.get(4).map_err(column)?,
        reads,
    })
}

pub(super) fn find(connection: &Connection, digest: Digest) -> Result<Option<Index>, StoreError> {
    optional(connection, sql::FIND, [digest.as_bytes()], |row| {
        index(row, 0)
    })
}

pub(super) fn blob(connection: &Connection, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
    optional(connection, sql::BLOB, [digest.as_bytes()], |row| row.get(0))
}

pub(super) fn row(
    connection: &Connection,
    noun: &str,
    id: Digest,
) -> Result<Option<Listed>, StoreError> {
    optional(connection, sql::ROW, (noun, id.as_bytes()), listed)
}

pub(super) fn by_prefix(
    connection: &Connection,
    noun: &str,
    hex_prefix: &str,
    limit: usize,
) -> Result<Vec<Listed>, StoreError> {
    let Some((first, last)) = prefix_range(hex_prefix) else {
        return Ok(Vec::new());
    };
    let parameters = (noun, first.as_bytes(), last.as_bytes(), at_most(limit));
    many(connection, sql::BY_PREFIX, parameters)
}

pub(super) fn rows(
    connection: &Connection,
    noun: &str,
    after: Option<Digest>,
    max: usize,
) -> Result<Vec<WholeRow>, StoreError> {
    // Rows and facets in one look: they change together.
    let look = connection.unchecked_transaction().map_err(refused)?;
    let after = after.map_or(Vec::new(), |id| id.as_bytes().to_vec());
    let rows = many(&look, sql::ROWS, (noun, after, at_most(max)))?;
    let mut statement = look.prepare_cached(sql::FACETS).map_err(refused)?;
    rows.into_iter()
        .map(|row| {
            let facets = statement
                .query_map((number(row.created)?, noun, row.id.as_bytes()), |facet| {
                    Ok((facet.get(0)?, facet.get(1)?))
                });
            let facets = facets.and_then(Iterator::collect).map_err(refused)?;
            Ok(WholeRow { row, facets })
        })
        .collect()
}

pub(super) fn list(connection: &Connection, query: &Listing) -> Result<Vec<Listed>, StoreError> {
    if query.limit == 0 {
        return Ok(Vec::new());
    }
    let (created, id) = match query.before {
        Some((created, id)) => (number(created)?, id),
        None => (i64::MAX, Digest::from_bytes([0xff; 32])),
    };
    let (noun, limit) = (query.noun, at_most(query.limit));
    if query.visible.is_none() && query.with.is_empty() {
        let parameters = (noun, created, id.as_bytes(), limit);
        return many(connection, sql::LIST_ALL, parameters);
    }
    let any_of = query.visible.as_deref().map(facets).transpose()?;
    let all_of = facets(&query.with)?;
    let parameters = (noun, created, id.as_bytes(), limit, any_of, all_of);
    many(connection, sql::LIST_BY_FACETS, parameters)
}

fn facets(facets: &[(&str, String)]) -> Result<String, StoreError> {
    serde_json::to_string(facets).map_err(|error| corrupt(format!("the listing: {error}")))
}

fn many(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<Listed>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(refused)?;
    let rows = statement.query_map(parameters, listed).map_err(refused)?;
    rows.collect::<Result<_, _>>().map_err(refused)
}

fn optional<R>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<R>,
) -> Result<Option<R>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(refused)?;
    let found = statement.query_row(parameters, read);
    found.optional().map_err(refused)
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        id: digest(row, 0)?,
        created: index(row, 1)?,
        at: index(row, 2)?,
        view: row.get(3)?,
    })
}

fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    row.get(column).map(Digest::from_bytes)
}

fn index(row: &Row<'_>, column: usize) -> rusqlite::Result<Index> {
    let number: i64 = row.get(column)?;
    u64::try_from(number)
        .map(Index)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// An index as SQLite holds it.
pub(super) fn number(index: Index) -> Result<i64, StoreError> {
    i64::try_from(index.0).map_err(|_| corrupt(format!("{index} is beyond any log")))
}

fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
