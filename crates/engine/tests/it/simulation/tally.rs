//! The tally: what happened in many stories, so that none of it is missing.

use std::collections::BTreeMap;

use writ_core::statement::RunResult;

use super::faults::{Call, Fault};
use super::journal::Event;
use super::world::Simulation;

/// What happened in some stories, taken together.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// At which calls what went wrong, and how often.
    pub(super) faults: BTreeMap<(Call, Fault), usize>,
    /// What else happened, and how often.
    pub(super) happened: BTreeMap<&'static str, usize>,
}

impl Tally {
    /// One more story.
    pub(super) fn add(&mut self, world: &Simulation) {
        for (call, fault) in world.fate.calls() {
            if let Some(fault) = fault {
                *self.faults.entry((call, fault)).or_default() += 1;
            }
        }
        self.answers(world);
        self.events(world);
        self.outcomes(world);
    }

    fn count(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    fn answers(&mut self, world: &Simulation) {
        for said in &world.journal.seen().said {
            match &said.answer {
                Some(Ok(posted)) if posted.receipt.accepted => self.count("accepted"),
                Some(Ok(_)) => self.count("refused"),
                Some(Err(_)) => self.count("turned away"),
                None => self.count("never answered"),
            }
        }
    }

    fn events(&mut self, world: &Simulation) {
        for event in &world.journal.seen().events {
            match event {
                Event::Life => self.count("a life"),
                Event::Started(_) => self.count("started"),
                Event::Effect(_) => self.count("an effect"),
                Event::Ended(..) | Event::Answered(..) => {}
            }
        }
    }

    fn outcomes(&mut self, world: &Simulation) {
        for outcome in world.checker.outcomes() {
            self.count(match outcome.result {
                RunResult::Succeeded => "succeeded",
                RunResult::Failed => "failed",
                RunResult::Unknown => "unknown",
            });
            let note = outcome.note.as_deref().unwrap_or_default();
            for what in ["not started", "killed", "restarted", "deadline"] {
                if note.contains(what) {
                    self.count(what);
                }
            }
        }
    }
}
