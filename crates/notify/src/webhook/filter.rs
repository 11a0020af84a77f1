//! Which news an endpoint wants.

use std::collections::BTreeSet;

use writ_core::names::Pattern;
use writ_core::object::Noun;
use writ_core::recorded::RecordedFact;
use writ_core::statement::RunResult;

/// What may be asked for beside a kind itself.
const GROUPS: [&str; 4] = ["*", "request-*", "execution-*", "object-*"];

/// Which news an endpoint wants.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    kinds: BTreeSet<&'static str>,
    /// Of these tasks only, where it is about a request or a run.
    tasks: Vec<Pattern>,
    /// Of runs that ended only those that somebody must look at, and nothing of what
    /// people choose for themselves.
    only_trouble: bool,
}

impl Filter {
    /// Everything: what a program sorts out for itself.
    pub(super) fn everything() -> Self {
        Self {
            kinds: RecordedFact::KINDS.into_iter().collect(),
            tasks: Vec::new(),
            only_trouble: false,
        }
    }

    /// What people in a channel read: requests, changes, and runs that went wrong.
    pub(super) fn for_people() -> Self {
        let wanted = |kind: &&str| {
            kind.starts_with("request-")
                || kind.starts_with("object-")
                || ["keys-changed", "execution-ended", "recovered"].contains(kind)
        };
        Self {
            kinds: RecordedFact::KINDS.into_iter().filter(wanted).collect(),
            tasks: Vec::new(),
            only_trouble: true,
        }
    }

    /// These kinds and no others.
    pub(super) fn only(self, kinds: BTreeSet<&'static str>) -> Self {
        Self {
            kinds,
            only_trouble: false,
            ..self
        }
    }

    /// Of these tasks only.
    pub(super) fn of(self, tasks: Vec<Pattern>) -> Self {
        Self { tasks, ..self }
    }

    /// Whether it is wanted.
    pub(super) fn admits(&self, fact: &RecordedFact) -> bool {
        if !self.kinds.contains(fact.kind()) {
            return false;
        }
        let task = match fact {
            RecordedFact::Request { record, .. } => &record.task,
            RecordedFact::Execution { record } => {
                let ended = record.outcome.as_ref().map(|outcome| outcome.result);
                if self.only_trouble && ended == Some(RunResult::Succeeded) {
                    return false;
                }
                &record.task
            }
            RecordedFact::ObjectSet { object, .. } => {
                return !(self.only_trouble && object.noun() == Noun::Preferences);
            }
            RecordedFact::Founded { .. }
            | RecordedFact::Recovered { .. }
            | RecordedFact::ObjectRemoved { .. }
            | RecordedFact::Keys { .. }
            | RecordedFact::SignedOut { .. } => return true,
        };
        self.tasks.is_empty() || self.tasks.iter().any(|pattern| pattern.covers(task))
    }
}

/// The kinds that a text asks for; else the sentence that says what is meant.
pub(super) fn kinds(text: &str) -> Result<Vec<&'static str>, String> {
    let all = RecordedFact::KINDS.into_iter();
    let found: Vec<_> = match text.strip_suffix('*') {
        Some(start) => all.filter(|kind| kind.starts_with(start)).collect(),
        None => all.filter(|kind| *kind == text).collect(),
    };
    if !found.is_empty() {
        return Ok(found);
    }
    let known = RecordedFact::KINDS.into_iter().chain(GROUPS);
    let nearest = known.min_by_key(|known| distance(text, known));
    let nearest = nearest.unwrap_or_default();
    Err(format!(
        "there is no event `{}`; the nearest is `{nearest}`",
        text.escape_debug()
    ))
}

/// How many letters must be put in, taken out or changed to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.chars().take(64).enumerate() {
        let mut left = row + 1;
        let mut now = vec![left];
        for (pair, wanted) in above.windows(2).zip(&other) {
            let [corner, up] = pair else { continue };
            left = (corner + usize::from(letter != *wanted))
                .min(up + 1)
                .min(left + 1);
            now.push(left);
        }
        above = now;
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_named_whole_or_by_their_beginning() {
        assert_eq!(kinds("request-raised").unwrap(), ["request-raised"]);
        assert_eq!(kinds("object-*").unwrap(), ["object-set", "object-removed"]);
        assert_eq!(kinds("*").unwrap(), RecordedFact::KINDS);
        for (text, nearest) in [
            ("request-raise", "request-raised"),
            ("Request-Raised", "request-raised"),
            ("requests-*", "request-*"),
            ("keychanged", "keys-changed"),
            ("execution_ended", "execution-ended"),
        ] {
            let error = kinds(text).unwrap_err();
            let wanted = format!("there is no event `{text}`; the nearest is `{nearest}`");
            assert_eq!(error, wanted);
        }
    }
}
