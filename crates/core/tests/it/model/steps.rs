//! Steps: what may happen next in a small organization, and how it is said.

use std::fmt;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use writ_core::digest::{ExecutionId, RequestId};
use writ_core::names::Pattern;
use writ_core::object::{Approval, ObjectName, Others, Person, Policy, Risk, Task};
use writ_core::state::Decided;
use writ_core::statement::{Approve, End, Invoke, Request, RunResult};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};
use writ_core::value::{Constraint, Schema, Value, ValueType, Values};

/// The three tasks; the last one is of high risk.
pub(crate) const TASKS: [&str; 3] = [r"Host\Restart", r"Host\Reset", r"Disk\Wipe"];
/// What policies cover, in no particular order.
pub(crate) const PATTERNS: [&str; 7] = [
    r"Host\Restart",
    r"Host\Reset",
    r"Disk\Wipe",
    r"Host\Res*",
    r"Host\Re*",
    "Host*",
    "*",
];
/// Each may contain any of the groups before it.
pub(crate) const GROUPS: [&str; 3] = ["approvers", "seniors", "everybody"];

/// What is said of the one parameter: which of a few texts it is.
pub(crate) type Fixed = Option<u8>;

/// A policy, as far as the steps vary it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) auto: bool,
    /// Groups and how many of each; the default group if none.
    pub(crate) stages: Vec<(usize, u32)>,
    pub(crate) requesters: Option<usize>,
    pub(crate) max_minutes: u64,
    pub(crate) pending_minutes: u64,
    pub(crate) max_runs: Option<u64>,
    pub(crate) fixed: Fixed,
    pub(crate) others_refused: bool,
}

/// Something that happens. People are numbers into [`PEOPLE`]; requests and
/// runs are numbers into those that were raised and authorised so far.
#[derive(Clone)]
pub(crate) enum Step {
    Wait(i64),
    Control(bool, Option<usize>),
    Group(usize, Vec<usize>, Vec<usize>),
    Policy(usize, Terms),
    RemovePolicy(usize),
    Active(usize, bool),
    Request(usize, usize, Ask),
    Approve(usize, usize, Option<u64>, Fixed),
    End(usize, usize, bool),
    Invoke(usize, usize, Fixed, Option<usize>),
    Outcome(usize, RunResult),
}

/// What a request asks for.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) minutes: Option<u64>,
    pub(crate) fixed: Fixed,
    pub(crate) ahead_minutes: Option<i64>,
    pub(crate) runs: Option<u64>,
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            minutes,
            fixed,
            ahead_minutes,
            runs,
        } = self;
        write!(
            f,
            "for {minutes:?} with {fixed:?} in {ahead_minutes:?} runs {runs:?}"
        )
    }
}

impl fmt::Debug for Step {
    /// One line each, so that a failing walk can be read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait(seconds) => write!(f, "wait {seconds} s"),
            Self::Control(on, group) => write!(f, "control {on} {:?}", group.map(|g| GROUPS[g])),
            Self::Group(group, people, groups) => {
                let people: Vec<_> = people.iter().map(|p| PEOPLE[*p]).collect();
                let groups: Vec<_> = groups.iter().map(|g| GROUPS[*g]).collect();
                write!(f, "{} = {people:?} {groups:?}", GROUPS[*group])
            }
            Self::Policy(pattern, terms) => write!(f, "{} {terms:?}", PATTERNS[*pattern]),
            Self::RemovePolicy(pattern) => write!(f, "no {}", PATTERNS[*pattern]),
            Self::Active(who, active) => write!(f, "{} active {active}", PEOPLE[*who]),
            Self::Request(who, task, ask) => {
                write!(f, "{} asks for {} {ask:?}", PEOPLE[*who], TASKS[*task])
            }
            Self::Approve(who, nth, minutes, fixed) => {
                write!(
                    f,
                    "{} approves #{nth} for {minutes:?} with {fixed:?}",
                    PEOPLE[*who]
                )
            }
            Self::End(who, nth, says_why) => {
                write!(f, "{} ends #{nth}, comment {says_why}", name(*who))
            }
            Self::Invoke(who, task, fixed, nth) => {
                write!(
                    f,
                    "{} runs {} with {fixed:?} under {nth:?}",
                    PEOPLE[*who], TASKS[*task]
                )
            }
            Self::Outcome(nth, result) => write!(f, "run {nth} {result:?}"),
        }
    }
}

/// A person, or the administrator one past them.
pub(crate) fn name(who: usize) -> &'static str {
    PEOPLE.get(who).copied().unwrap_or("admin")
}

fn terms() -> impl Strategy<Value = Terms> {
    (
        prop::bool::weighted(0.2),
        vec((0..GROUPS.len(), 1..3_u32), 0..3),
        weighted(0.2, 0..GROUPS.len()),
        prop_oneof![Just(30_u64), Just(120), Just(600)],
        prop_oneof![Just(10_u64), Just(60), Just(1_440)],
        weighted(0.3, 1..3_u64),
        weighted(0.2, 0..2_u8),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(
                auto,
                stages,
                requesters,
                max_minutes,
                pending_minutes,
                max_runs,
                fixed,
                others_refused,
            )| {
                Terms {
                    auto,
                    stages: if auto { Vec::new() } else { stages },
                    requesters: if auto {
                        Some(requesters.unwrap_or(2))
                    } else {
                        requesters
                    },
                    max_minutes,
                    pending_minutes,
                    max_runs,
                    fixed,
                    others_refused,
                }
            },
        )
}

fn ask() -> impl Strategy<Value = Ask> {
    let minutes = prop_oneof![Just(0_u64), Just(1), Just(20), Just(30), Just(300)];
    (
        of(minutes),
        weighted(0.3, 0..2_u8),
        weighted(0.15, prop_oneof![2 => -1..30_i64, 1 => Just(50_000)]),
        weighted(0.3, 1..4_u64),
    )
        .prop_map(|(minutes, fixed, ahead_minutes, runs)| Ask {
            minutes,
            fixed,
            ahead_minutes,
            runs,
        })
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE.len();
    // Few ask and few are asked, or hardly anything would ever come of it.
    let asker = prop_oneof![5 => Just(0_usize), 1 => person.clone()];
    let approver = prop_oneof![5 => 1..4_usize, 1 => person.clone()];
    let task = prop_oneof![3 => Just(0_usize), 1 => 0..TASKS.len()];
    // The newest are the most interesting.
    let nth = prop_oneof![3 => Just(0_usize), 2 => 1..3_usize, 1 => 3..12_usize];
    let minutes = prop_oneof![Just(0_u64), Just(1), Just(10), Just(25), Just(400)];
    let result = prop_oneof![
        Just(RunResult::Succeeded),
        Just(RunResult::Failed),
        Just(RunResult::Unknown)
    ];
    let wait = prop_oneof![
        4 => 1..120_i64,
        3 => (1..40_i64).prop_map(|m| m * 60),
        1 => Just(7_200_i64),
        1 => -200..0_i64,
        1 => Just(-400_i64),
    ];
    prop_oneof![
        6 => wait.prop_map(Step::Wait),
        1 => (prop::bool::weighted(0.8), weighted(0.8, 0..2_usize))
            .prop_map(|(on, group)| Step::Control(on, group)),
        1 => (0..GROUPS.len(), vec(person.clone(), 0..4), vec(0..2_usize, 0..2))
            .prop_map(|(group, people, groups)| Step::Group(
                group,
                people,
                groups.into_iter().filter(|g| *g < group).collect()
            )),
        2 => (0..PATTERNS.len(), terms()).prop_map(|(pattern, terms)| Step::Policy(pattern, terms)),
        1 => (0..PATTERNS.len()).prop_map(Step::RemovePolicy),
        1 => (person.clone(), prop::bool::weighted(0.7)).prop_map(|(who, on)| Step::Active(who, on)),
        6 => (asker.clone(), task.clone(), ask())
            .prop_map(|(who, task, ask)| Step::Request(who, task, ask)),
        10 => (approver, nth.clone(), weighted(0.2, minutes), weighted(0.2, 0..2_u8))
            .prop_map(|(who, nth, minutes, fixed)| Step::Approve(who, nth, minutes, fixed)),
        2 => (0..=PEOPLE.len(), nth.clone(), prop::bool::weighted(0.7))
            .prop_map(|(who, nth, why)| Step::End(who, nth, why)),
        10 => (asker, task, of(0..2_u8), weighted(0.3, nth.clone()))
            .prop_map(|(who, task, fixed, nth)| Step::Invoke(who, task, fixed, nth)),
        3 => (nth, result).prop_map(|(nth, result)| Step::Outcome(nth, result)),
    ]
}

/// A walk: step after step.
pub(crate) fn walk() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..120)
}

/// Where every walk begins: three tasks with one optional parameter, three
/// groups, privileged access enabled, a policy on everything.
pub(crate) fn beginning() -> World {
    let mut w = World::founded();
    w.signs = false;
    for person in PEOPLE {
        w.join(person);
    }
    w.set(group(GROUPS[0], &["bob", "carol"]));
    w.set(group(GROUPS[1], &["carol", "dave"]));
    w.set(group(GROUPS[2], &["alice", GROUPS[0], GROUPS[1]]));
    for name in ["Host", "Disk"] {
        w.set(workload(name));
    }
    for (at, name) in TASKS.into_iter().enumerate() {
        let schema = Schema::of(ValueType::String);
        w.set(Task {
            parameters: [(parameter("unit"), schema)].into(),
            risk: if at == 2 { Risk::High } else { Risk::Low },
            ..task(name, "/bin/true", &[])
        });
    }
    w.set(control(true, Some(GROUPS[0])));
    w.set(manual("*", &[]));
    w
}

fn text(value: u8) -> Value {
    Value::Text(format!("unit{value}"))
}

fn constraints(fixed: Fixed) -> writ_core::value::Constraints {
    let equals = |value| (parameter("unit"), Constraint::Equals(text(value)));
    fixed.map(equals).into_iter().collect()
}

fn given(fixed: Fixed) -> Values {
    fixed
        .map(|value| (parameter("unit"), text(value)))
        .into_iter()
        .collect()
}

/// The policy that terms describe.
fn policy(pattern: usize, terms: &Terms) -> Policy {
    let stages: Vec<_> = terms
        .stages
        .iter()
        .map(|(group, count)| (GROUPS[*group], *count))
        .collect();
    let approval = if terms.auto {
        Approval::Auto
    } else {
        Approval::Manual
    };
    Policy {
        approval,
        requesters: terms.requesters.map(|group| address(GROUPS[group])),
        max_duration_s: Seconds(terms.max_minutes * 60),
        pending_for_s: Seconds(terms.pending_minutes * 60),
        max_runs: terms.max_runs,
        parameters: constraints(terms.fixed),
        others: if terms.others_refused {
            Others::Refuse
        } else {
            Others::Allow
        },
        ..manual(PATTERNS[pattern], &stages)
    }
}

/// Says it. The `nth` request or run counts from the newest.
pub(crate) fn say(
    w: &mut World,
    step: &Step,
    request: RequestId,
    run: ExecutionId,
) -> Option<Decided> {
    let decided = match step {
        Step::Wait(seconds) => {
            w.now = Time(w.now.0 + seconds * 1_000);
            return None;
        }
        Step::Control(on, group) => {
            let set = w.setting(control(*on, group.map(|g| GROUPS[g])));
            w.say("admin", set)
        }
        Step::Group(at, people, groups) => {
            let people = people.iter().map(|p| PEOPLE[*p]);
            let members: Vec<_> = people.chain(groups.iter().map(|g| GROUPS[*g])).collect();
            let set = w.setting(group(GROUPS[*at], &members));
            w.say("admin", set)
        }
        Step::Policy(pattern, terms) => {
            let set = w.setting(policy(*pattern, terms));
            w.say("admin", set)
        }
        Step::RemovePolicy(pattern) => {
            let pattern = Pattern::parse(PATTERNS[*pattern]).unwrap();
            let set = w.removing(ObjectName::Policy(pattern));
            w.say("admin", set)
        }
        Step::Active(who, active) => {
            let before = w.state.person(&upn(PEOPLE[*who])).unwrap();
            let after = Person {
                active: *active,
                ..Person::clone(before)
            };
            let set = w.setting(after);
            w.say("admin", set)
        }
        Step::Request(who, task, ask) => {
            let start = ask.ahead_minutes.map(|m| Time(w.now.0 + m * 60_000));
            let asked = Request {
                duration_s: ask.minutes.map(|m| Seconds(m * 60)),
                parameters: constraints(ask.fixed),
                start,
                runs: ask.runs,
                ..asking(TASKS[*task])
            };
            w.say(PEOPLE[*who], asked)
        }
        Step::Approve(who, _, minutes, fixed) => {
            let approve = Approve {
                duration_s: minutes.map(|m| Seconds(m * 60)),
                parameters: constraints(*fixed),
                ..approving(request)
            };
            w.say(PEOPLE[*who], approve)
        }
        Step::End(who, _, says_why) => {
            let comment = says_why.then(|| "enough".to_owned());
            w.say(
                name(*who),
                End {
                    comment,
                    ..ending(request)
                },
            )
        }
        Step::Invoke(who, task, fixed, nth) => {
            let invoke = Invoke {
                parameters: given(*fixed),
                request: nth.map(|_| request),
                ..running(TASKS[*task], &[])
            };
            w.say(PEOPLE[*who], invoke)
        }
        Step::Outcome(_, result) => w.say("node", outcome(run, *result)),
    };
    Some(decided)
}
