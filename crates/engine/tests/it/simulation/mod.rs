//! The simulation: the real engine in a world of chance, with a fault at every
//! step.
//!
//! Everything but the engine is simulated: the store and the target (each call
//! of which may go wrong), the clock, the people, and how the node dies. Two
//! ways of going through it: one story with every **single fault** at every
//! call, and **seeds**, of which each is a story of its own with any number of
//! faults. After each step the [`invariants`] must hold.
//!
//! A seed always tells the same story. The one that fails is printed with the
//! command that tells it again; `WRIT_SEEDS` says how many are tried.

mod checker;
mod faults;
mod grants;
mod invariants;
mod journal;
mod people;
mod store;
mod story;
mod tally;
mod target;
mod template;
mod world;

use std::any::Any;
use std::collections::BTreeSet;
use std::env;
use std::fmt::Debug;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use faults::{Call, Fate, Fault};
use story::Dice;
use tally::Tally;
use world::Simulation;

/// How many seeds are tried, unless `WRIT_SEEDS` says otherwise.
const SEEDS: u64 = 2_000;

/// The story that is always the same, with one fault at one call.
fn with(at: Option<(usize, Fault)>) -> Result<Simulation, String> {
    let fault = move |number, _| at.and_then(|(n, fault)| (n == number).then_some(fault));
    tell(|| Simulation::new("fixed", story::fixed(), Fate::new(fault), false))
}

/// The story of a seed.
fn of(seed: u64) -> Result<Simulation, String> {
    let fate = Fate::new(story::troubles(seed));
    let remembers = Dice::new(seed).one_in(2);
    tell(|| Simulation::new(&seed.to_string(), story::random(seed), fate, remembers))
}

/// Tells a story to its end, or says what was wrong with it.
fn tell(world: impl FnOnce() -> Simulation) -> Result<Simulation, String> {
    let told = catch_unwind(AssertUnwindSafe(|| world().run()));
    match told {
        Ok(told) => told.map_err(|broken| broken.to_string()),
        Err(panic) => Err(said(&*panic)),
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic".to_owned())
}

/// Tells many stories, on all processors, until one goes wrong.
fn tell_all<T: Copy + Debug + Send>(
    stories: Vec<T>,
    one: impl Fn(T) -> Result<Simulation, String> + Sync,
) -> Result<Tally, (T, String)> {
    let stories = Mutex::new(stories.into_iter());
    let (tally, wrong) = (Mutex::new(Tally::default()), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while wrong.lock().unwrap().is_none() {
                    let Some(story) = stories.lock().unwrap().next() else {
                        break;
                    };
                    match one(story) {
                        Ok(world) => tally.lock().unwrap().add(&world),
                        Err(problem) => *wrong.lock().unwrap() = Some((story, problem)),
                    }
                }
            });
        }
    });
    match wrong.into_inner().unwrap() {
        None => Ok(tally.into_inner().unwrap()),
        Some(wrong) => Err(wrong),
    }
}

/// Every fault at every call of the fixed story, one at a time.
#[test]
fn with_any_single_fault_every_invariant_holds() {
    let calls = with(None)
        .unwrap_or_else(|problem| panic!("{problem}"))
        .fate
        .calls();
    let at = |(number, (call, _)): (usize, &(Call, Option<Fault>))| {
        let fits = Fault::HONEST.into_iter().filter(|fault| fault.fits(*call));
        fits.map(move |fault| Some((number, fault)))
            .collect::<Vec<_>>()
    };
    let cases: Vec<_> = calls.iter().enumerate().flat_map(at).collect();
    let count = cases.len();
    match tell_all(cases, with) {
        Ok(tally) => assert_eq!(tally.faults.values().sum::<usize>(), count, "each happened"),
        Err((case, problem)) => panic!("{case:?}: {problem}"),
    }
}

fn seeds() -> Range<u64> {
    let number = |name| env::var(name).ok().map(|text| text.parse().unwrap());
    match (number("WRIT_SEED"), number("WRIT_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(SEEDS),
    }
}

#[test]
fn whatever_happens_every_invariant_holds() {
    let seeds = seeds();
    let tally = tell_all(seeds.clone().collect(), of).unwrap_or_else(|(seed, problem)| {
        panic!(
            "seed {seed}: {problem}\ntell it again: WRIT_SEED={seed} cargo test --release -p \
             writ-engine --test it simulation::whatever"
        )
    });
    if seeds.end - seeds.start < SEEDS {
        return;
    }
    // So many stories have something of everything in them.
    let (calls, faults): (BTreeSet<_>, BTreeSet<_>) = tally.faults.keys().copied().unzip();
    assert!(CALLS.iter().all(|call| calls.contains(call)), "{calls:?}");
    assert_eq!(faults, BTreeSet::from(Fault::HONEST));
    for what in HAPPENS {
        let times = tally.happened.get(what).copied().unwrap_or(0);
        assert!(times >= 20, "seldom: {what}");
    }
}

/// What must have happened in the course of many stories.
const HAPPENS: [&str; 13] = [
    "a life",
    "accepted",
    "refused",
    "turned away",
    "started",
    "an effect",
    "succeeded",
    "failed",
    "not started",
    "killed",
    "restarted",
    "deadline",
    "unknown",
];

/// What a node calls while it works.
const CALLS: [Call; 9] = [
    Call::Append,
    Call::Rebuild,
    Call::Execute,
    Call::Probe,
    Call::Read("head"),
    Call::Read("entries"),
    Call::Read("find"),
    Call::Read("blob"),
    Call::Read("projector"),
];

#[test]
fn a_seed_always_tells_the_same_story() {
    for seed in 0..50 {
        let [one, two] = [(); 2].map(|()| of(seed).unwrap_or_else(|problem| panic!("{problem}")));
        assert_eq!(one.fate.calls(), two.fate.calls(), "{seed}");
        assert_eq!(one.checker.head(), two.checker.head(), "{seed}");
    }
}

/// The simulation can fail: a store that says that it wrote what it did not is
/// found out wherever it does so, and so is a target that does its work twice.
#[test]
fn whoever_lies_is_found_out() {
    let calls = with(None).unwrap_or_else(|problem| panic!("{problem}"));
    let calls = calls.fate.calls();
    let at = |wanted| (0..calls.len()).filter(move |number| calls[*number].0 == wanted);
    let appends: Vec<_> = at.clone()(Call::Append).collect();
    assert!(appends.len() > 20, "{appends:?}");
    for number in appends {
        let problem = with(Some((number, Fault::Lie))).err().unwrap_or_default();
        assert_ne!(problem, "", "{number}");
    }
    let first = at(Call::Execute).next().unwrap();
    let problem = with(Some((first, Fault::Twice))).err().unwrap_or_default();
    assert!(problem.starts_with("I2 "), "{problem}");
}
