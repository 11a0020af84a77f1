//! Who is told what: one story, and every letter in it.

use std::fmt::Write as _;
use std::num::NonZeroU32;

use writ_core::APP_DURATION;
use writ_core::dataset::Dataset;
use writ_core::digest::{ExecutionId, RequestId};
use writ_core::object::{Group, Person, Policy, Remind, Risk, Role, Stage, Task};
use writ_core::recorded::Recorded;
use writ_core::state::Decided;
use writ_core::statement::{Approve, End, Request, RevokeKey, RunResult, Tick};
use writ_core::testing::{
    RESTART, World, address, app, approving, asking, data_workload, dataset, ending, equals, group,
    invitation, key, manual, outcome, person, running, task, task_name, upn, wanted,
};
use writ_core::time::Seconds;
use writ_core::value::{Constraint, Constraints, Value};
use writ_notify::post::{Addressed, Letters, Times};

const HOUR: Seconds = Seconds(3_600);

struct Story {
    world: World,
    letters: Letters,
    told: String,
}

impl Story {
    fn new() -> Self {
        let mut world = World::ready();
        for (name, role) in [("olga", Role::Auditor), ("ann", Role::Administrator)] {
            let person = Person {
                role: Some(role),
                ..person(name)
            };
            world.join_as(person, name);
        }
        let letters = Letters::new(Times::default(), &world.state);
        Self {
            world,
            letters,
            told: String::new(),
        }
    }

    /// What happened, and the letters because of it.
    fn then(&mut self, what: &str, decided: &Decided) -> Vec<Addressed> {
        assert!(decided.entry.accepted, "{what}: {:?}", decided.refusal);
        let facts = serde_json::to_string(&decided.facts).unwrap();
        let recorded = Recorded::read(decided.index, &decided.leaf, &facts).unwrap();
        let letters = self
            .letters
            .of(&recorded, &self.world.state, self.world.now);
        self.tell(what, &letters);
        letters
    }

    /// Time goes on, and what is found then.
    fn wait(&mut self, what: &str, time: Seconds) -> Vec<Addressed> {
        self.world.wait(time);
        let letters = self.letters.at(&self.world.state, self.world.now);
        self.tell(what, &letters);
        letters
    }

    fn tell(&mut self, what: &str, letters: &[Addressed]) {
        let text = &mut self.told;
        writeln!(text, "# {what}\n").unwrap();
        for letter in letters {
            let Addressed {
                id,
                to,
                decides,
                due,
                together,
                letter,
            } = letter;
            let wait = (due.0 - self.world.now.0) / 1_000;
            writeln!(text, "To {to}, id {id}").unwrap();
            if wait > 0 || *together {
                writeln!(text, "(in {wait} s, with others: {together})").unwrap();
            }
            if decides.is_some() {
                writeln!(text, "(dropped once it is decided)").unwrap();
            }
            writeln!(text, "Subject: {}\n{}", letter.subject, letter.headline).unwrap();
            for row in &letter.rows {
                writeln!(text, "  {}: {}", row.label, row.value).unwrap();
            }
            writeln!(text, "  {}: {}", letter.open, letter.page).unwrap();
            for way in &letter.ways {
                writeln!(text, "  {}> {}", way.surface, way.command).unwrap();
            }
            writeln!(text, "  {}\n", letter.because).unwrap();
        }
    }

    fn ask(&mut self, what: &str, who: &str, body: Request) -> RequestId {
        let decided = self.world.yes(who, body);
        self.then(what, &decided);
        RequestId(decided.digest)
    }
}

fn two_stages() -> Policy {
    let stage = |group: &str| Stage {
        group: address(group),
        approvals: NonZeroU32::MIN,
    };
    Policy {
        stages: vec![stage("approvers"), stage("seniors")],
        ..manual(RESTART, &[])
    }
}

#[test]
fn every_letter_of_a_story() {
    let mut story = Story::new();

    let asked = Request {
        reason: "mail does not arrive since <b>8</b>, see the ticket".into(),
        ticket: Some("INC-4711".into()),
        parameters: equals("unit", "postfix"),
        duration_s: Some(Seconds(4 * 3_600)),
        ..asking(RESTART)
    };
    let id = story.ask(
        "Alice asks; Bob and Carol can approve",
        "alice",
        asked.clone(),
    );
    let approve = Approve {
        comment: Some("Go ahead".into()),
        ..approving(id)
    };
    let decided = story.world.yes("bob", approve);
    story.then("Bob approves", &decided);
    let letters = story.wait("Nothing, an hour later", HOUR);
    assert!(letters.is_empty());
    story.wait("Half an hour before the end", Seconds(9_000));

    let run = |result, story: &mut Story| {
        let decided = story
            .world
            .yes("alice", running(RESTART, &[("unit", "postfix")]));
        let letters = story.then("Alice runs it", &decided);
        assert!(letters.is_empty(), "she sees it");
        let mut outcome = outcome(ExecutionId(decided.digest), result);
        outcome.exit = (result == RunResult::Failed).then_some(5);
        story.world.yes("node", outcome)
    };
    let decided = run(RunResult::Succeeded, &mut story);
    assert!(story.then("It succeeds", &decided).is_empty());
    let decided = run(RunResult::Failed, &mut story);
    story.then("It fails", &decided);
    let decided = run(RunResult::Unknown, &mut story);
    story.then("Nobody knows what became of it", &decided);
    let decided = story.world.yes(
        "bob",
        End {
            kill: true,
            ..ending(id)
        },
    );
    story.then("Bob revokes it", &decided);

    let id = story.ask("Alice asks again", "alice", asked.clone());
    let decided = story.world.yes("carol", ending(id));
    story.then("Carol denies it", &decided);
    let id = story.ask("And again", "alice", asked.clone());
    let decided = story.world.yes("alice", ending(id));
    let letters = story.then("Alice cancels it herself", &decided);
    assert!(letters.is_empty(), "she did it");

    let group = Group {
        remind: Some(Remind {
            after_s: HOUR,
            every_s: Seconds(7_200),
        }),
        escalate_to: Some(address("seniors")),
        ..group("approvers", &["bob", "carol"])
    };
    let decided = story.world.set(group);
    story.then("The group wants to be reminded", &decided);
    let id = story.ask("Alice asks a third time", "alice", asked.clone());
    assert!(story.wait("Half an hour", Seconds(1_800)).is_empty());
    story.wait("The first reminder, and Dave hears of it", Seconds(1_800));
    let decided = story.world.set(two_stages());
    let letters = story.then("Another policy", &decided);
    assert!(
        letters
            .iter()
            .any(|it| it.id.starts_with(&format!("ended/{id}")))
    );

    let id = story.ask("Alice asks for two approvals", "alice", asked);
    let decided = story.world.yes("bob", approving(id));
    story.then("Bob approves; now Carol or Dave", &decided);
    let decided = {
        story.world.wait(Seconds(90_000));
        story.world.yes("node", Tick { turned_away: 0 })
    };
    story.then("Nobody else does", &decided);

    let decided = story.world.set(Person {
        name: Some("Eve".into()),
        ..invited(&story.world, "eve")
    });
    story.then("Eve is invited", &decided);
    let revoke = RevokeKey {
        person: upn("dave"),
        key: key("dave").public().id(),
    };
    let decided = story.world.yes("admin", revoke);
    story.then("A key of Dave is revoked", &decided);
    let decided = story.world.remove_policy(RESTART);
    story.then("The policy is removed", &decided);
    insta::assert_snapshot!(story.told);
}

/// Who pastes the command of a letter runs what was approved.
#[test]
fn the_command_has_the_values_that_were_approved() {
    let mut story = Story::new();
    let set = Task {
        risk: Risk::High,
        ..task(RESTART, "/usr/bin/systemctl", &["unit"])
    };
    let decided = story.world.set(set);
    story.then("The task is of high risk", &decided);
    for (parameters, wanted, chosen) in [
        (
            equals("unit", "it's @home"),
            r"--param 'unit=it'\''s @home'",
            false,
        ),
        (equals("unit", "@home"), "--param 'unit=@@home'", false),
        (Constraints::new(), "--param 'unit=VALUE'", true),
    ] {
        let asked = Request {
            parameters,
            ..asking(RESTART)
        };
        let decided = story.world.yes("alice", asked);
        let id = RequestId(decided.digest);
        let letters = story.then("Alice asks", &decided);
        let subject = &letters[0].letter.subject;
        assert!(subject.starts_with("High risk: alice@"), "{subject}");
        let decided = story.world.yes("bob", approving(id));
        let letters = story.then("Bob approves", &decided);
        let letter = &letters
            .iter()
            .find(|it| it.id.starts_with("granted/"))
            .unwrap()
            .letter;
        assert_eq!(
            letter.ways[0].command,
            format!("writ run 'Host\\Restart-Service' {wanted}")
        );
        let says = letter
            .rows
            .iter()
            .any(|row| row.label == "You choose" && row.value == "unit");
        assert_eq!(says, chosen);
    }
}

#[test]
fn every_letter_of_an_app() {
    let mut story = Story::new();
    let messages = r"Data\Messages";
    story.world.set(data_workload("Data"));
    let mut archive = dataset(messages);
    archive.title = Some("The mail archive".into());
    story.world.set(archive);
    story.world.set(Policy {
        max_duration_s: Seconds(4_320 * 3_600),
        ..manual(messages, &[])
    });
    let ivy = Person {
        role: Some(Role::Installer),
        ..person("ivy")
    };
    story.world.join_as(ivy, "ivy");
    let install = |version: &str, columns: &[&str], story: &mut Story| {
        let wants = wanted(messages, columns);
        let person = app("insights", version, vec![wants.clone()]);
        let person = Person {
            name: Some("Insights".into()),
            ..person
        };
        match version {
            "1.0" => story.world.join_as(person, "insights"),
            _ => drop(story.world.set(person)),
        }
        let task = story.world.state.task(&task_name(messages)).unwrap();
        let dataset = Dataset::read(&task.template).unwrap();
        let asks = Request {
            parameters: wants.constraints(&dataset).unwrap(),
            duration_s: Some(APP_DURATION),
            on_behalf_of: Some(upn("insights")),
            ..asking(messages)
        };
        story.ask("Ivy asks for the app", "ivy", asks)
    };
    let id = install("1.0", &["id", "sender", "body"], &mut story);
    let list = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| Value::Text((*text).into()))
            .collect()
    };
    let limit = |name: &str, constraint| (name.parse().unwrap(), constraint);
    let approve = Approve {
        parameters: Constraints::from([
            limit("columns", Constraint::SubsetOf(list(&["id", "sender"]))),
            limit(
                "deny",
                Constraint::SupersetOf(list(&["carol@fabrikam.example"])),
            ),
        ]),
        ..approving(id)
    };
    let decided = story.world.yes("bob", approve);
    let letters = story.then("Bob approves less, and the installer hears of it", &decided);
    assert!(letters.iter().all(|it| it.to == "ivy@fabrikam.example"));
    story.wait("A day before the end", Seconds(4_320 * 3_600 - 86_400));
    let newer = install("2.0", &["id", "body"], &mut story);
    let decided = story.world.yes("bob", ending(newer));
    story.then("Bob denies it", &decided);
    let decided = story.world.yes("bob", ending(id));
    story.then("And revokes the other", &decided);
    insta::assert_snapshot!(story.told);
}

fn invited(world: &World, name: &str) -> Person {
    let until = world.now.plus(Seconds(7 * 86_400));
    Person {
        invitation: Some(invitation(name, until)),
        ..person(name)
    }
}
