//! What must hold after every step, whatever went wrong: the invariants of the
//! security design that can be seen from outside a node, by their numbers.
//!
//! I8 and I9 are not here: what cannot be verified does not get into such a
//! world, and it has no credentials.

use std::collections::BTreeMap;
use std::fmt;

use writ_connect::Ended;
use writ_core::digest::ExecutionId;
use writ_core::refusal::TurnedAway;
use writ_core::statement::{Body, Outcome, Principal, RunResult};
use writ_engine::Engine;

use super::checker::Checker;
use super::journal::{Event, Seen, Start, size_of};

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) invariant: &'static str,
    pub(super) what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

pub(super) fn broken<T>(invariant: &'static str, what: impl fmt::Display) -> Result<T, Broken> {
    let what = what.to_string();
    Err(Broken { invariant, what })
}

/// What holds of the log and of what was seen.
type Invariant = fn(&Checker, &Seen) -> Result<(), String>;

const INVARIANTS: [(&str, Invariant); 10] = [
    (
        "I1 a run starts after its entry is on disk and signed for",
        intent_comes_first,
    ),
    (
        "I2 a run starts once and has one effect at most",
        one_effect,
    ),
    (
        "I3 what was acknowledged is in the log as it was said",
        acknowledged_is_there,
    ),
    (
        "I3 what was turned away is not in the log",
        turned_away_is_not_there,
    ),
    ("I3 a receipt stays the answer", receipts_stay),
    (
        "I4 I10 a run is authorised under a live grant",
        authorised_by_a_grant,
    ),
    (
        "I4 I10 a run starts under a live grant",
        started_under_a_grant,
    ),
    (
        "I4 nothing starts without regard to what was acknowledged",
        starts_know_what_was_acknowledged,
    ),
    ("I5 every head is of this log", heads_are_of_this_log),
    (
        "I6 a run has one outcome, and a true one",
        outcomes_are_true,
    ),
];

/// Whether everything holds of a log, of what was seen from outside, and of the
/// node that lives now.
pub(super) fn check(log: &Checker, seen: &Seen, engine: &Engine) -> Result<(), Broken> {
    for (invariant, holds) in INVARIANTS {
        if let Err(what) = holds(log, seen) {
            return broken(invariant, what);
        }
    }
    let published = engine.published();
    let moment = log.after(published.size());
    match moment.is_some_and(|moment| moment.state == *published.state()) {
        true => Ok(()),
        false => broken("published State is the replay of the log", published.size()),
    }
}

fn ensure(holds: bool, what: impl fmt::Debug) -> Result<(), String> {
    match holds {
        true => Ok(()),
        false => Err(format!("{what:?}")),
    }
}

fn starts(seen: &Seen) -> impl Iterator<Item = &Start> {
    seen.events.iter().filter_map(|event| match event {
        Event::Started(start) => Some(start),
        Event::Life | Event::Effect(_) | Event::Ended(..) | Event::Answered(..) => None,
    })
}

fn intent_comes_first(log: &Checker, seen: &Seen) -> Result<(), String> {
    for start in starts(seen) {
        let place = log.place(start.execution.0).ok_or("it has no entry")? as u64;
        let is_accepted = log.entry(place).is_some_and(|(_, entry)| entry.accepted);
        let known = start.stored.min(start.published).min(start.signed);
        ensure(is_accepted && place < known, start)?;
    }
    Ok(())
}

fn one_effect(_: &Checker, seen: &Seen) -> Result<(), String> {
    let mut counts: BTreeMap<ExecutionId, (u32, u32)> = BTreeMap::new();
    for event in &seen.events {
        match event {
            Event::Started(start) => counts.entry(start.execution).or_default().0 += 1,
            Event::Effect(id) => counts.entry(*id).or_default().1 += 1,
            Event::Life | Event::Ended(..) | Event::Answered(..) => {}
        }
    }
    let mut counts = counts.into_iter();
    let odd = counts.find(|(_, (starts, effects))| *starts != 1 || *effects > 1);
    ensure(odd.is_none(), odd)
}

/// Also: the checkpoint that comes with a receipt is of this log, and holds it.
fn acknowledged_is_there(log: &Checker, seen: &Seen) -> Result<(), String> {
    for event in &seen.events {
        let Event::Answered(number, Ok(posted)) = event else {
            continue;
        };
        let receipt = &posted.receipt;
        let (digest, entry) = log.entry(receipt.index.0).ok_or("there is no such entry")?;
        let is_it = digest == receipt.digest && digest == seen.said[*number].digest;
        let as_said = (entry.accepted, &entry.code, entry.time)
            == (receipt.accepted, &receipt.code, receipt.time);
        let size = size_of(&posted.checkpoint);
        let holds_it = receipt.index.0 < size && is_of(log, &posted.checkpoint);
        ensure(is_it && as_said && holds_it, posted)?;
    }
    Ok(())
}

/// Whether a signed note is the checkpoint of the log at its size.
fn is_of(log: &Checker, note: &str) -> bool {
    let moment = log.after(size_of(note));
    let checkpoint = moment.and_then(|moment| moment.checkpoint.as_ref());
    checkpoint.is_some_and(|checkpoint| note.starts_with(&checkpoint.text()))
}

fn turned_away_is_not_there(log: &Checker, seen: &Seen) -> Result<(), String> {
    let away = |answer: &Option<_>| matches!(answer, Some(Err(_)));
    let mut away = seen.said.iter().filter(|said| away(&said.answer));
    let there = away.find(|said| log.place(said.digest).is_some());
    ensure(there.is_none(), there)
}

fn receipts_stay(_: &Checker, seen: &Seen) -> Result<(), String> {
    let mut receipts = BTreeMap::new();
    for event in &seen.events {
        let Event::Answered(number, answer) = event else {
            continue;
        };
        let before = receipts.get(number).copied();
        let stays = match (before, answer) {
            (None, Ok(posted)) => {
                receipts.insert(number, &posted.receipt);
                true
            }
            (None, Err(_)) => true,
            (Some(before), Ok(posted)) => before == &posted.receipt,
            (Some(_), Err(TurnedAway::Unknown {} | TurnedAway::Stopping {})) => true,
            (Some(_), Err(_)) => false,
        };
        ensure(stays, (before, answer))?;
    }
    Ok(())
}

fn authorised_by_a_grant(log: &Checker, _: &Seen) -> Result<(), String> {
    for (before, entry, said) in log.accepted() {
        if let (Body::Invoke(invoke), Principal::Person(by)) = (&said.body, &said.by) {
            let may = before.grants.let_run(by, &invoke.task, entry.time);
            ensure(may, (by, &invoke.task, entry.time))?;
        }
    }
    Ok(())
}

fn started_under_a_grant(log: &Checker, seen: &Seen) -> Result<(), String> {
    for start in starts(seen) {
        let moment = log.after(start.published).ok_or("more than there is")?;
        let request = start.request.ok_or("nobody is exempt here")?;
        ensure(moment.grants.is_live(request, start.now), start)?;
    }
    Ok(())
}

/// So a revocation, an end or a disabling whose receipt was given counts.
fn starts_know_what_was_acknowledged(_: &Checker, seen: &Seen) -> Result<(), String> {
    let mut acknowledged = 0;
    for event in &seen.events {
        match event {
            Event::Answered(_, Ok(posted)) => {
                acknowledged = acknowledged.max(posted.receipt.index.0 + 1);
            }
            Event::Started(start) => {
                ensure(start.published >= acknowledged, (start, acknowledged))?;
            }
            Event::Life | Event::Effect(_) | Event::Ended(..) | Event::Answered(_, Err(_)) => {}
        }
    }
    Ok(())
}

fn heads_are_of_this_log(log: &Checker, seen: &Seen) -> Result<(), String> {
    let mut heads = seen.heads.iter();
    let other = heads.find(|head| !is_of(log, head));
    ensure(
        other.is_none(),
        other.map(|head| head.trim_end_matches('\0')),
    )
}

/// What was seen of a run.
#[derive(Clone, Debug, Default)]
struct Course {
    started: bool,
    had_effect: bool,
    /// What the target said, and no node died since.
    ended: Option<Ended>,
}

fn outcomes_are_true(log: &Checker, seen: &Seen) -> Result<(), String> {
    let mut courses: BTreeMap<ExecutionId, Course> = BTreeMap::new();
    for event in &seen.events {
        match event {
            Event::Life => courses.values_mut().for_each(|course| course.ended = None),
            Event::Started(start) => courses.entry(start.execution).or_default().started = true,
            Event::Effect(id) => courses.entry(*id).or_default().had_effect = true,
            Event::Ended(id, ended) => {
                courses.entry(*id).or_default().ended = Some(ended.clone());
            }
            Event::Answered(..) => {}
        }
    }
    let mut outcomes: BTreeMap<ExecutionId, &Outcome> = BTreeMap::new();
    for outcome in log.outcomes() {
        let another = outcomes.insert(outcome.execution, outcome);
        let course = courses.entry(outcome.execution).or_default();
        ensure(another.is_none(), (outcome, another))?;
        ensure(is_true(course, outcome), (outcome, course))?;
    }
    Ok(())
}

/// Whether an outcome says what happened; that it is not known is true where the
/// target never said, or a node died with it.
fn is_true(course: &Course, outcome: &Outcome) -> bool {
    let note = outcome.note.as_deref().unwrap_or_default();
    match outcome.result {
        RunResult::Succeeded => course.had_effect,
        RunResult::Failed if note.starts_with("not started: the target") => !course.had_effect,
        RunResult::Failed if note.starts_with("not started") => !course.started,
        RunResult::Failed => course.started && !course.had_effect,
        RunResult::Unknown => matches!(course.ended, None | Some(Ended::Unknown { .. })),
    }
}
