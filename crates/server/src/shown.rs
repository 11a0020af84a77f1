//! Requests and executions, as they are shown and found.
//!
//! What is open is shown from State. What has ended is only in its **row**. A
//! row that says it is open while State does not know it is not shown: State is
//! looked at first, so either the row is newer than that look, or somebody
//! wrote it by hand.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::sight::Resource;
use writ_core::state::State;
use writ_core::time::Time;
use writ_core::view::{ExecutionView, RequestView, RunStatus};
use writ_store::{Backend, Listed};

use crate::app::App;
use crate::failure::Failure;
use crate::lists::Lists;

/// How many rows are looked at to find the one that is meant.
const MAX_CANDIDATES: usize = 100;
/// How many of them an answer names.
const MAX_NAMED: usize = 8;

/// Something that has a row and, while it is open, a place in State.
pub(crate) trait Shown: DeserializeOwned + Send + Sync + 'static {
    /// As rows and sentences spell it.
    const NOUN: &'static str;
    /// Its name.
    fn id(&self) -> Digest;
    /// As the question of who may read it has it.
    fn resource(&self) -> Resource;
    /// When its first entry was appended.
    fn made(&self) -> Time;
    /// Whether nothing more comes of it, as far as it says.
    fn is_over(&self) -> bool;
    /// The one that State holds.
    fn of_state(state: &State, id: Digest) -> Option<Self>;
    /// Where lists of such are kept.
    fn lists(app: &App) -> &Lists<Self>;
}

impl Shown for RequestView {
    const NOUN: &'static str = "request";
    fn id(&self) -> Digest {
        self.id.0
    }
    fn resource(&self) -> Resource {
        Resource::request(self)
    }
    fn made(&self) -> Time {
        self.raised
    }
    fn is_over(&self) -> bool {
        !self.status.is_open()
    }
    fn of_state(state: &State, id: Digest) -> Option<Self> {
        state
            .request(RequestId(id))
            .map(|record| Self::from(record.as_ref()))
    }
    fn lists(app: &App) -> &Lists<Self> {
        app.requests()
    }
}

impl Shown for ExecutionView {
    const NOUN: &'static str = "execution";
    fn id(&self) -> Digest {
        self.id.0
    }
    fn resource(&self) -> Resource {
        Resource::execution(self)
    }
    fn made(&self) -> Time {
        self.authorized
    }
    fn is_over(&self) -> bool {
        self.status != RunStatus::Authorized
    }
    fn of_state(state: &State, id: Digest) -> Option<Self> {
        state
            .execution(ExecutionId(id))
            .map(|record| Self::from(record.as_ref()))
    }
    fn lists(app: &App) -> &Lists<Self> {
        app.executions()
    }
}

/// What a row stands for, if it can be shown.
pub(crate) fn shown<V: Shown>(state: &State, row: &Listed) -> Result<Option<V>, Failure> {
    if let Some(open) = V::of_state(state, row.id) {
        return Ok(Some(open));
    }
    let odd = |problem: &dyn fmt::Display| Failure::Internal {
        cause: format!("the row of {} {}: {problem}", V::NOUN, row.id),
    };
    let view: V = serde_json::from_str(&row.view).map_err(|error| odd(&error))?;
    if view.id() != row.id {
        return Err(odd(&"it shows another one"));
    }
    Ok(Some(view).filter(V::is_over))
}

/// How people name requests and executions: the first digits, 4 at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdPrefix(String);

impl FromStr for IdPrefix {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.replace('-', "").to_ascii_lowercase();
        let is_prefix =
            (4..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match is_prefix {
            true => Ok(Self(digits)),
            false => Err(format!(
                "`{}` is not an id; give it whole, or at least its first 4 digits",
                text.chars().take(80).collect::<String>().escape_debug()
            )),
        }
    }
}

impl IdPrefix {
    /// The whole id.
    pub(crate) fn of(id: Digest) -> Self {
        Self(id.to_string())
    }
}

/// The one that is meant, among those that `may_read` lets through. State is
/// one that was published before the call.
pub(crate) async fn find<V: Shown>(
    state: &State,
    store: &dyn Backend,
    id: &IdPrefix,
    may_read: impl Fn(&V) -> bool,
) -> Result<V, Failure> {
    let rows = store.by_prefix(V::NOUN, &id.0, MAX_CANDIDATES + 1).await?;
    let is_cut = rows.len() > MAX_CANDIDATES;
    let mut found = Vec::new();
    for row in rows.iter().take(MAX_CANDIDATES) {
        found.extend(shown::<V>(state, row)?.filter(&may_read));
    }
    if rows.is_empty() {
        // What is open needs no row, if it is named whole.
        let whole = id.0.parse().ok();
        let open = whole.and_then(|whole| V::of_state(state, whole));
        found.extend(open.filter(&may_read));
    }
    let candidates = names(&found);
    let id = id.0.clone();
    let noun = V::NOUN;
    let Some(only) = found.pop() else {
        return Err(Failure::NotFound { noun, id });
    };
    match found.is_empty() && !is_cut {
        true => Ok(only),
        false => Err(Failure::Ambiguous {
            noun,
            id,
            candidates,
        }),
    }
}

fn names<V: Shown>(found: &[V]) -> String {
    let named: Vec<_> = found
        .iter()
        .take(MAX_NAMED)
        .map(|v| v.id().short())
        .collect();
    let more = match found.len() > MAX_NAMED {
        true => " and more",
        false => "",
    };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_named_by_its_first_digits() {
        for (text, digits) in [
            ("1a2b", "1a2b"),
            ("1A2B3C4D-5e6f", "1a2b3c4d5e6f"),
            (&"ab".repeat(32), &"ab".repeat(32)),
            (
                &Digest::of(b"x").short(),
                &Digest::of(b"x").to_string()[..32],
            ),
        ] {
            assert_eq!(text.parse(), Ok(IdPrefix(digits.to_owned())));
        }
        for bad in [
            "",
            "abc",
            "a-b-c",
            "xyz1",
            "1a2b ",
            "%",
            &"a".repeat(65),
            "１２３４",
        ] {
            assert!(bad.parse::<IdPrefix>().is_err(), "{bad}");
        }
    }
}
