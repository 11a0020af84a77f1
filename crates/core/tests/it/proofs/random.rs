//! Random logs: whatever was accepted is proved by what its decision read.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use writ_core::digest::Digest;
use writ_core::envelope::{Kind, PayloadType};
use writ_core::fact::Fact;
use writ_core::names::Pattern;
use writ_core::object::{Object, ObjectName, Person, Role, Site};
use writ_core::proof::{WritFile, check};
use writ_core::statement::{Recover, RevokeKey, RunResult, Signout, Tick, TreeHead};
use writ_core::testing::*;
use writ_core::time::Seconds;

static READY: LazyLock<World> = LazyLock::new(World::ready);

fn pick<T>(from: impl IntoIterator<Item = T>, number: u8) -> Option<T> {
    let from: Vec<T> = from.into_iter().collect();
    let number = usize::from(number) % from.len().max(1);
    from.into_iter().nth(number)
}

/// Somebody says something, or time goes by; some of it is refused.
fn act(w: &mut World, (kind, who, which): (u8, u8, u8)) {
    let bit = |n: u8| which & (1 << n) != 0;
    let who = PEOPLE[usize::from(who) % PEOPLE.len()];
    // The key of their name, or one that they enrolled later.
    let second = format!("{who}'s second");
    let label = if bit(7) && bit(6) { &*second } else { who };
    let wanted = if bit(0) { SAY } else { RESTART };
    let request = pick(w.state.requests().map(|r| r.id), which >> 2);
    let groups = ["approvers", "seniors", "staff"];
    let group_name = groups[usize::from(which) % 3];
    match kind % 24 {
        0 | 1 => drop(w.say_with(label, who, asking(wanted))),
        2..=4 => {
            if let Some(request) = request {
                w.say_with(label, who, approving(request));
            }
        }
        5 => {
            if let Some(request) = request {
                w.say(if bit(0) { "admin" } else { who }, ending(request));
            }
        }
        6..=8 => {
            // Whoever has a grant, for what it is of; and now and then somebody else.
            let grants = w.state.requests().filter(|r| r.grant.is_some());
            let grant = pick(grants.map(|r| (r.by.to_string(), r.task.clone())), which);
            let (by, of) = grant.unwrap_or_else(|| (upn(who).to_string(), task_name(wanted)));
            let by = by.split('@').next().unwrap();
            let given = if of == task_name(SAY) { "word" } else { "unit" };
            let by = if which % 8 == 0 { who } else { by };
            w.say(by, running(of.as_str(), &[(given, "x")]));
        }
        9 => {
            let node = w.node.clone();
            let open: Vec<_> = w.state.open_executions(&node).map(|r| r.id).collect();
            let results = [RunResult::Succeeded, RunResult::Failed, RunResult::Unknown];
            if let Some(run) = pick(open, which) {
                w.say("node", outcome(run, results[usize::from(which) % 3]));
            }
        }
        10 | 11 => {
            let mut members: Vec<&str> = (0..5)
                .filter(|n| bit(*n))
                .map(|n| PEOPLE[usize::from(n)])
                .collect();
            let inner = groups[usize::from(which / 3) % 3];
            members.extend((bit(5) && inner != group_name).then_some(inner));
            let set = w.setting(group(group_name, &members));
            w.say("admin", set);
        }
        12 => {
            let pattern = [RESTART, SAY, r"Host\*", "*"][usize::from(which) % 4];
            let policy = match which % 5 {
                0 => auto(pattern, group_name),
                1 => manual(pattern, &[]),
                2 => manual(pattern, &[(group_name, 2)]),
                3 => manual(pattern, &[("seniors", 1), (group_name, 1)]),
                _ => {
                    let mut policy = manual(pattern, &[(group_name, 1)]);
                    policy.requesters = Some(address("staff"));
                    policy.max_runs = Some(1);
                    policy
                }
            };
            let set = w.setting(policy);
            w.say("admin", set);
        }
        13 => {
            let name = match which % 8 {
                0 => ObjectName::Group(address(group_name)),
                1 => ObjectName::Task(task_name(wanted)),
                _ => ObjectName::Policy(Pattern::parse(wanted).unwrap()),
            };
            let remove = w.removing(name);
            w.say("admin", remove);
        }
        14 => {
            let set = match bit(0) {
                true => w.setting(control(bit(1) || bit(2), Some(group_name))),
                false => w.setting(task(RESTART, "/bin/true", &["unit"])),
            };
            w.say(if bit(3) { who } else { "admin" }, set);
        }
        15 => {
            let set = w.setting(Person {
                active: which % 8 != 0,
                role: bit(3).then_some(Role::Administrator),
                ..person(who)
            });
            w.say(
                if bit(4) {
                    pick(PEOPLE, which).unwrap()
                } else {
                    "admin"
                },
                set,
            );
        }
        16 => drop(w.enrol(label, who, &second)),
        17 => {
            let key = key(if bit(0) { who } else { &second }).public().id();
            let person = upn(who);
            w.say_with(label, who, RevokeKey { person, key });
        }
        18 => {
            let session = None;
            w.say(
                who,
                Signout {
                    person: upn(who),
                    session,
                },
            );
        }
        19 => {
            // A lost key is replaced: a new invitation, then a new key.
            let code = format!("invitation {} of {who}", w.size());
            let set = w.setting(Person {
                invitation: Some(invitation(&code, w.now.plus(Seconds::DAY))),
                ..person(who)
            });
            w.say("admin", set);
            w.enrol(&code, who, if bit(0) { who } else { &second });
        }
        20 => {
            let set = w.setting(control(true, Some("approvers")));
            w.say("admin", set);
        }
        21 => {
            let set = match bit(0) {
                true => w.setting(auto(SAY, "staff")),
                false => w.setting(manual(RESTART, &[])),
            };
            w.say("admin", set);
        }
        22 => {
            let set = match bit(0) {
                true => w.setting(group("staff", &["alice", "bob", "carol", "dave"])),
                false => w.setting(group("approvers", &["bob", "carol"])),
            };
            w.say("admin", set);
        }
        23 if which % 16 == 0 => {
            let head = |size: u64| TreeHead {
                size,
                root: Digest::of(b"any"),
            };
            let (lost, kept) = (head(w.size() + 1), head(w.size()));
            w.say(if bit(4) { who } else { "admin" }, Recover { lost, kept });
        }
        23 if which % 16 == 1 => {
            let mut site: Site = w.state.site().unwrap().as_ref().clone();
            site.services.log = key("log 2").public();
            let set = w.setting(Object::Site(Arc::new(site)));
            w.say("admin", set);
        }
        _ => {
            w.wait(Seconds(u64::from(which) * 30));
            let turned_away = u64::from(which);
            w.say_with(w.log_label(), "node", Tick { turned_away });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_accepted_entry_is_proved_by_its_closure(
        acts in proptest::collection::vec(any::<(u8, u8, u8)>(), 0..90)
    ) {
        let mut w = READY.clone();
        for said in acts {
            act(&mut w, said);
        }
        for decided in w.log.iter().filter(|decided| decided.entry.accepted) {
            let index = decided.index;
            let file = w.prove(index);
            let bytes = file.to_bytes();
            prop_assert_eq!(WritFile::parse(&bytes).unwrap(), file.clone());
            let story = check(&bytes, w.organization());
            let story = story.map_err(|error| TestCaseError::fail(format!("{index}: {error}")))?;
            // What ends many requests at once does not read them: those that have
            // no part in its proof are not in its story.
            let has_part = |fact: &&Fact| {
                fact.request().is_none_or(|record| {
                    let said = w.log.iter().find(|d| d.digest == record.id.0).unwrap();
                    file.leaves.contains_key(&said.index)
                })
            };
            let own = decided.facts.iter().skip(decided.passed).filter(has_part);
            let own: Vec<_> = own.map(ToString::to_string).collect();
            prop_assert_eq!(&story.became[..own.len()], &own[..], "entry {}", index);
            let execution = decided.facts.iter().find_map(|fact| fact.execution());
            let view = execution.map(|record| record.as_ref().into());
            prop_assert_eq!(&story.execution, &view, "entry {}", index);
        }
    }
}

/// What the logs above are made of: if most of it were refused, they would show
/// little.
#[test]
fn random_logs_hold_what_matters() {
    let mut w = READY.clone();
    let mut number = 7_u32;
    let mut next = || {
        number = number.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        number.to_be_bytes()[1]
    };
    w.signs = false;
    for _ in 0..6_000 {
        act(&mut w, (next(), next(), next()));
    }
    let accepted = |kind: Kind| {
        let of_kind = PayloadType::Statement(kind);
        let is = |d: &&writ_core::state::Decided| {
            d.entry.accepted && d.entry.envelope.payload_type == of_kind
        };
        w.log.iter().filter(is).count()
    };
    for (kind, least) in [
        (Kind::Set, 100),
        (Kind::Enrol, 5),
        (Kind::RevokeKey, 5),
        (Kind::Request, 50),
        (Kind::Approve, 10),
        (Kind::End, 20),
        (Kind::Invoke, 20),
        (Kind::Outcome, 20),
        (Kind::Tick, 100),
        (Kind::Signout, 5),
        (Kind::Recover, 2),
    ] {
        assert!(accepted(kind) >= least, "{kind}: {}", accepted(kind));
    }
}
