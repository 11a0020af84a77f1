//! What a store keeps beside its log: the rows of listings, and blobs.
//!
//! Neither has authority: nothing runs because of a row. But whoever can write to
//! the database could make listings lie, or take an output away. So a log that is
//! verified from its first entry says what should be there, and that is compared
//! with what is.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use thiserror::Error;
use writ_core::digest::{Digest, Index};
use writ_core::object::Object;
use writ_core::state::Decided;
use writ_core::statement::{Body, Change, Statement, Unverified};
use writ_store::{Backend, Row, StoreError, WholeRow};

use crate::ledger::Corrupt;
use crate::project::{NOUNS, rows};

/// How many rows are read at once.
const PAGE: usize = 500;

/// What the log makes of rows and blobs.
#[derive(Clone, Debug, Default)]
pub struct Derived {
    rows: HashMap<(&'static str, Digest), Made>,
    blobs: Vec<Named>,
    size: u64,
}

/// A row as the log makes it.
#[derive(Clone, Debug)]
struct Made {
    created: Index,
    at: Index,
    what: Digest,
}

/// A blob that an entry names.
#[derive(Clone, Debug)]
struct Named {
    digest: Digest,
    by: Index,
    /// A sealed box is kept sealed anew, under the digest that it came with.
    is_sealed: bool,
}

/// What is as the log has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Rows of listings.
    pub rows: u64,
    /// Rows that the database says are newer than what was verified, as a node
    /// makes them while it serves: they were not looked at.
    pub newer: u64,
    /// Outputs and long texts, to the byte.
    pub texts: u64,
    /// Sealed boxes: that they are there.
    pub sealed: u64,
}

/// What is not as the log has it.
#[derive(Debug, Error)]
pub enum Differs {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row of a listing.
    #[error(
        "the log verifies, but the listings do not say what it says: {noun} {}: {problem}. \
         Nothing runs because of a listing. Stop the node, make them anew with `writ log rebuild`, \
         and find out who could write to the database", id.short()
    )]
    Row {
        /// Of what.
        noun: &'static str,
        /// Which.
        id: Digest,
        /// What is wrong with it.
        problem: RowProblem,
    },
    /// A blob.
    #[error(
        "the log verifies, but what entry {by} names by the digest {digest} {problem}: restore \
         it from a backup of the database, and find out who could write to it"
    )]
    Blob {
        /// The entry that names it.
        by: Index,
        /// Its digest.
        digest: Digest,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowProblem {
    /// It is not there.
    Missing,
    /// No entry made it.
    Invented,
    /// It says something else than the entry that made it.
    Changed(Index),
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("its row is missing"),
            Self::Invented => f.write_str("no entry made its row"),
            Self::Changed(at) => write!(f, "its row is not what entry {at} made it"),
        }
    }
}

impl Derived {
    /// Takes in what one entry makes; every entry, in order.
    pub(crate) fn saw(&mut self, decided: &Decided) -> Result<(), Corrupt> {
        for row in rows(decided.index, &decided.facts) {
            let what = what(
                &row.view,
                row.facets.iter().map(|(kind, value)| (*kind, value)),
            );
            let made = Made {
                created: row.created,
                at: row.at,
                what,
            };
            let Row { noun, id, .. } = row;
            self.rows
                .entry((noun, id))
                .and_modify(|before| {
                    (before.at, before.what) = (made.at, made.what);
                })
                .or_insert(made);
        }
        if decided.entry.accepted {
            let said = Unverified::read(decided.entry.envelope.clone());
            let said = said.map_err(|error| Corrupt {
                index: decided.index,
                problem: error.to_string(),
            })?;
            self.blobs.extend(named(decided.index, said.statement()));
        }
        self.size = decided.index.0.saturating_add(1);
        Ok(())
    }

    /// Compares with what the store has, also while a node goes on writing to it.
    pub async fn compare(
        mut self,
        store: &dyn Backend,
        mut told: impl FnMut(u64),
    ) -> Result<Compared, Differs> {
        let mut compared = Compared::default();
        for noun in NOUNS {
            let mut after = None;
            loop {
                let page = store.rows(noun, after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.row.id);
                let head = store.head().await?.size;
                for row in &page {
                    match self.compare_row(noun, row, head)? {
                        true => compared.rows += 1,
                        false => compared.newer += 1,
                    }
                }
                told(compared.rows);
            }
        }
        if let Some(((noun, id), _)) = self.rows.into_iter().next() {
            let problem = RowProblem::Missing;
            return Err(Differs::Row { noun, id, problem });
        }
        for Named {
            digest,
            by,
            is_sealed,
        } in self.blobs
        {
            let odd = |problem| Differs::Blob {
                by,
                digest,
                problem,
            };
            let blob = store.blob(digest).await?.ok_or_else(|| odd("is missing"))?;
            if is_sealed {
                compared.sealed += 1;
            } else if Digest::of(&blob) == digest {
                compared.texts += 1;
            } else {
                return Err(odd("is not what was signed for"));
            }
            told(compared.rows + compared.texts + compared.sealed);
        }
        Ok(compared)
    }

    /// Whether it was compared, and is the same.
    fn compare_row(
        &mut self,
        noun: &'static str,
        stored: &WholeRow,
        head: u64,
    ) -> Result<bool, Differs> {
        let WholeRow { row, facets } = stored;
        let made = self.rows.remove(&(noun, row.id));
        // What a node wrote since is verified the next time.
        if (self.size..head).contains(&row.at.0) {
            return Ok(false);
        }
        let differs = |problem| {
            let id = row.id;
            Err(Differs::Row { noun, id, problem })
        };
        let Some(made) = made else {
            return differs(RowProblem::Invented);
        };
        let facets = facets.iter().map(|(kind, value)| (kind.as_str(), value));
        let is_same = made.at == row.at
            && made.created == row.created
            && made.what == what(&row.view, facets);
        match is_same {
            true => Ok(true),
            false => differs(RowProblem::Changed(made.at)),
        }
    }
}

/// What a row says and what finds it, as one digest.
fn what<'a>(view: &str, facets: impl Iterator<Item = (&'a str, &'a String)>) -> Digest {
    let mut facets: Vec<_> = facets.collect();
    facets.sort_unstable();
    facets.dedup();
    let mut all = Digest::of(view.as_bytes()).as_bytes().to_vec();
    for (kind, value) in facets {
        all.extend(Digest::of(kind.as_bytes()).as_bytes());
        all.extend(Digest::of(value.as_bytes()).as_bytes());
    }
    Digest::of(&all)
}

/// The blobs that a statement names.
fn named(by: Index, statement: &Statement) -> Vec<Named> {
    let name = |digest, is_sealed| Named {
        digest,
        by,
        is_sealed,
    };
    match &statement.body {
        Body::Invoke(invoke) => {
            let texts = invoke
                .attached
                .values()
                .map(|text| name(text.digest, false));
            let sealed = invoke.sealed.values().map(|said| name(said.digest, true));
            texts.chain(sealed).collect()
        }
        Body::Outcome(outcome) => outcome
            .output
            .map(|output| name(output.digest, false))
            .into_iter()
            .collect(),
        Body::Set(set) => match set.change() {
            Some(Change::Object(Object::Workload(workload))) => {
                let secrets = workload.secrets.values();
                secrets.map(|said| name(said.digest, true)).collect()
            }
            Some(Change::Object(_) | Change::Remove(_)) | None => Vec::new(),
        },
        Body::Genesis(_)
        | Body::Enrol(_)
        | Body::RevokeKey(_)
        | Body::Signout(_)
        | Body::Request(_)
        | Body::Approve(_)
        | Body::End(_)
        | Body::Recover(_)
        | Body::Tick(_) => Vec::new(),
    }
}
