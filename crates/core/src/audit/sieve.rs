//! Which records are wanted.

use std::collections::{BTreeSet, VecDeque};

use crate::digest::Digest;
use crate::names::Pattern;
use crate::time::Time;
use crate::value::{Constraint, Value as Text};
use serde_json::Value;

use super::{About, Record};

/// Which records are wanted: those that all of this is true of.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// From when, included.
    pub from: Option<Time>,
    /// Until when, excluded.
    pub to: Option<Time>,
    /// One of these operations; `*` stands for anything.
    pub operations: Vec<String>,
    /// Said by one of these; `*` stands for anything.
    pub users: Vec<String>,
    /// About this task, or one of these: what names it, and what was decided and
    /// reported of its requests and runs.
    pub task: Option<Pattern>,
    /// Somewhere in it stands this text, in whatever case.
    pub text: Option<String>,
    /// Before this index: where the page before ended.
    pub before: Option<u64>,
}

/// Takes records, the newest first, and gives back the wanted ones in the same
/// order.
///
/// An approval names its request, and only the request names the task. So where a
/// task is wanted, what may be about it is held until the statement is seen that
/// says so, which is always an earlier one.
#[derive(Debug)]
pub struct Sieve {
    wanted: Wanted,
    held: VecDeque<Held>,
    /// The statements that something held waits for.
    expected: BTreeSet<Digest>,
    /// Whether all that may be wanted was seen.
    is_before: bool,
}

#[derive(Debug)]
struct Held {
    record: Record,
    turns_on: Option<Digest>,
}

impl Sieve {
    /// One for these.
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            held: VecDeque::new(),
            expected: BTreeSet::new(),
            is_before: false,
        }
    }

    /// Whether nothing that is still to be seen can change what is given back.
    pub fn is_done(&self) -> bool {
        self.is_before && self.expected.is_empty()
    }

    /// Takes the next record, which is older than all before.
    pub fn see(&mut self, record: Record) {
        if let About::Task(task) = &record.about
            && self.expected.remove(&record.digest)
        {
            let wanted = self.wanted.task.as_ref();
            let is_wanted = wanted.is_some_and(|wanted| wanted.covers(task));
            self.held.retain_mut(|held| match held.turns_on {
                Some(digest) if digest == record.digest => {
                    held.turns_on = None;
                    is_wanted
                }
                Some(_) | None => true,
            });
        }
        self.is_before |= self.wanted.from.is_some_and(|from| record.time < from);
        if self.is_before {
            return;
        }
        let turns_on = match self.wanted.fits(&record) {
            Fits::Yes => None,
            Fits::No => return,
            Fits::IfTaskOf(earlier) => Some(earlier),
        };
        self.expected.extend(turns_on);
        self.held.push_back(Held { record, turns_on });
    }

    /// The next one that is wanted, if it is known already.
    pub fn take(&mut self) -> Option<Record> {
        let is_known = self.held.front()?.turns_on.is_none();
        let held = is_known.then(|| self.held.pop_front()).flatten()?;
        Some(held.record)
    }

    /// There are no older records: what waits for one is about nothing.
    pub fn end(&mut self) {
        self.is_before = true;
        self.expected.clear();
        self.held.retain(|held| held.turns_on.is_none());
    }
}

/// Whether a record is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// If the task of this earlier statement is.
    IfTaskOf(Digest),
}

impl Wanted {
    /// Whether a record is wanted; not from when, and not before which index.
    pub fn fits(&self, record: &Record) -> Fits {
        if !self.fits_but_for_task(record) {
            return Fits::No;
        }
        let fits = match (&self.task, &record.about) {
            (None, _) => true,
            (Some(wanted), About::Task(task)) => wanted.covers(task),
            (Some(wanted), About::Policy(pattern)) => do_meet(wanted, pattern),
            (Some(_), About::Earlier(digest)) => return Fits::IfTaskOf(*digest),
            (Some(_), About::Nothing) => false,
        };
        match fits {
            true => Fits::Yes,
            false => Fits::No,
        }
    }

    fn fits_but_for_task(&self, record: &Record) -> bool {
        let is_found = |text: &String| {
            let text = text.to_lowercase();
            // Texts, numbers and lists of them can always be written.
            let data = serde_json::to_value(&record.data).unwrap_or_default();
            holds(&data, &text) || holds(&record.signed, &text)
        };
        self.to.is_none_or(|to| record.time < to)
            && is_one_of(&self.operations, &record.operations)
            && is_one_of(&self.users, std::slice::from_ref(&record.data.user_id))
            && self.text.as_ref().is_none_or(is_found)
    }
}

/// Whether one of some texts has one of these forms; with none, any has.
fn is_one_of(forms: &[String], texts: &[String]) -> bool {
    let fits = |form: &String, text: &String| {
        let text = Text::Text(text.to_lowercase());
        Constraint::Glob(form.to_lowercase()).allows(Some(&text))
    };
    forms.is_empty()
        || forms
            .iter()
            .any(|form| texts.iter().any(|text| fits(form, text)))
}

/// Whether a text, in lower case, stands in some text of a value.
fn holds(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(boolean) => boolean.to_string() == wanted,
        Value::Number(number) => number.to_string() == wanted,
        Value::String(text) => text.to_lowercase().contains(wanted),
        Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name.to_lowercase().contains(wanted) || holds(member, wanted)),
    }
}

/// Whether some task is covered by both.
fn do_meet(one: &Pattern, other: &Pattern) -> bool {
    let (first, second) = (one.prefix(), other.prefix());
    match (one.is_exact(), other.is_exact()) {
        (true, true) => first == second,
        (true, false) => first.starts_with(second),
        (false, true) => second.starts_with(first),
        (false, false) => first.starts_with(second) || second.starts_with(first),
    }
}
