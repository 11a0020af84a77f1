//! Stories: one that is always the same, and one for each seed.

use writ_core::testing::{RESTART, SAY};

use super::faults::{Call, Fault, Loss};
use super::people::What;
use super::target::{BAD, LONG, QUICK};

/// One step of a story.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Somebody says something, in so many copies at once, and nobody waits for
    /// the answer.
    Say(&'static str, What, usize),
    /// Somebody says again what was recorded before.
    Again(usize),
    /// Everybody gets an answer, and every run ends.
    Settle,
    /// So many seconds pass.
    Wait(u64),
    /// The clock jumps by so many seconds.
    Jump(i64),
    /// The node ends between two calls.
    Crash(Loss),
    /// The node is stopped and starts again. In between somebody tries to start
    /// it on a log that lost so many entries at its end.
    Restart(u64),
}

use Step::{Again, Crash, Jump, Restart, Say, Settle, Wait};

/// A story in which everything happens once that can go wrong.
pub(super) fn fixed() -> impl Iterator<Item = Step> + 'static {
    let (ask, yes) = (What::Request(RESTART), What::Approve(0));
    let run = What::Run(RESTART, QUICK);
    [
        Say("alice", ask, 1),
        Settle,
        // Her own, a stranger's, and the one that counts.
        Say("alice", yes, 1),
        Say("dave", yes, 1),
        Say("bob", yes, 1),
        Settle,
        Say("alice", run, 2),
        Settle,
        Say("alice", What::Run(RESTART, BAD), 1),
        Say("alice", What::RunBeside(LONG), 1),
        Settle,
        Again(1),
        // Killed in flight.
        Say("alice", What::Run(RESTART, LONG), 1),
        Wait(1),
        Say("carol", What::End(0, true), 1),
        Settle,
        Say("alice", run, 1),
        Settle,
        // Lost in flight.
        Say("bob", What::Request(SAY), 1),
        Say("alice", ask, 1),
        Settle,
        Say("bob", What::Run(SAY, LONG), 1),
        Wait(1),
        Crash(Loss::Process),
        Say("carol", yes, 1),
        Settle,
        // Said and taken away in one breath.
        Say("alice", What::RunBeside(QUICK), 1),
        Say("admin", What::Enable(false), 1),
        Settle,
        Say("alice", run, 1),
        Settle,
        Say("admin", What::Enable(true), 1),
        Settle,
        Restart(3),
        Again(4),
        Say("alice", run, 1),
        Settle,
        // Its time is up, and nobody says so.
        Jump(700),
        Wait(2),
        Say("alice", run, 1),
        Settle,
        Again(0),
        Settle,
    ]
    .into_iter()
}

/// Numbers that look random, the same for the same seed: SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.roll() % sides as u64).unwrap()
    }

    pub(super) fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// How many scenes a random story has.
const SCENES: usize = 30;
/// How many faults it has at most, so that it comes to an end.
const FAULTS: usize = 12;

/// A story for a seed.
pub(super) fn random(seed: u64) -> impl Iterator<Item = Step> + 'static {
    let mut dice = Dice::new(seed);
    (0..SCENES).flat_map(move |_| scene(&mut dice))
}

/// A few steps that often belong together, and often not.
fn scene(dice: &mut Dice) -> Vec<Step> {
    let who = dice.pick(&["alice", "alice", "alice", "bob", "dave"]);
    let approver = dice.pick(&["bob", "carol", who]);
    let ask = |task| Say(who, What::Request(task), 1);
    let yes = |which| Say(approver, What::Approve(which), 1);
    match dice.below(16) {
        0 | 1 => vec![ask(RESTART), yes(0)],
        2 => vec![ask(RESTART), Settle, yes(0), pause(dice)],
        3 => vec![ask(dice.pick(&[RESTART, SAY]))],
        4 => vec![yes(dice.pick(&[0, 1, 2]))],
        5..8 => vec![run(dice, who), pause(dice)],
        8 => vec![run(dice, who), run(dice, "alice"), pause(dice)],
        9 => {
            let long = Say(who, What::Run(RESTART, LONG), 1);
            vec![long, Wait(dice.pick(&[0, 1, 2])), end(dice), pause(dice)]
        }
        10 => vec![run(dice, who), end(dice), pause(dice)],
        11 => {
            let enable = Say("admin", What::Enable(!dice.one_in(3)), 1);
            vec![run(dice, who), enable, pause(dice)]
        }
        12 => {
            let activate = What::Activate(dice.pick(&["alice", "bob"]), !dice.one_in(3));
            vec![Say("admin", activate, 1), pause(dice)]
        }
        13 => vec![Again(dice.below(100)), Again(dice.below(100)), Settle],
        14 => {
            let seconds = dice.pick(&[1, 60, 60, 301, 700, 90_000, -60, -4_000]);
            vec![Jump(seconds), pause(dice)]
        }
        _ => match dice.below(4) {
            0 | 1 => vec![Restart(dice.pick(&[0, 1, 5, 1_000]))],
            2 => vec![run(dice, who), Wait(1), Crash(Loss::Process)],
            _ => vec![run(dice, who), Crash(Loss::Power)],
        },
    }
}

fn pause(dice: &mut Dice) -> Step {
    dice.pick(&[Settle, Settle, Settle, Wait(0), Wait(1), Wait(5)])
}

fn run(dice: &mut Dice, who: &'static str) -> Step {
    let text = dice.pick(&[QUICK, QUICK, LONG, LONG, BAD]);
    let what = match dice.below(4) {
        0 => What::RunBeside(text),
        1 => What::Run(SAY, text),
        _ => What::Run(RESTART, text),
    };
    Say(who, what, if dice.one_in(4) { 2 } else { 1 })
}

fn end(dice: &mut Dice) -> Step {
    let what = What::End(dice.pick(&[0, 0, 0, 1]), dice.one_in(2));
    Say(
        dice.pick(&["bob", "carol", "bob", "alice", "dave"]),
        what,
        1,
    )
}

/// What goes wrong in a random story: often, seldom or never, and oftener at
/// what is seldom called.
pub(super) fn troubles(seed: u64) -> impl FnMut(usize, Call) -> Option<Fault> + Send + 'static {
    let mut dice = Dice::new(!seed);
    let rate = dice.pick(&[0, 1, 2, 5]);
    let mut left = FAULTS;
    move |_, call| {
        let weight = match call {
            Call::Append | Call::Rebuild | Call::Read("entries" | "head") => 1,
            Call::Read(_) | Call::Execute | Call::Probe => 4,
        };
        let fits: Vec<_> = Fault::HONEST
            .into_iter()
            .filter(|fault| fault.fits(call))
            .collect();
        let fault = dice.pick(&fits);
        let happens = dice.below(80) < rate * weight && left > 0;
        left -= usize::from(happens);
        happens.then_some(fault)
    }
}
