//! The objects of the vectors: of each noun one with as little as possible,
//! and one with every member.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use writ_core::digest::Digest;
use writ_core::names::{Address, Name, Pattern};
use writ_core::object::{
    Approval, Control, Group, Invitation, MailTo, Object, ObjectName, Others, Person, PersonKind,
    Policy, Preferences, Remind, Risk, Role, SecretVersion, Site, Stage, SystemAccount, Task,
    Workload,
};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};
use writ_core::value::{Constraint, Constraints, Range, Schema, Value, ValueType};

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn texts(items: &[&str]) -> Vec<Value> {
    items.iter().map(|item| text(item)).collect()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

fn addresses(names: &[&str]) -> BTreeSet<Address> {
    names.iter().map(|name| address(name)).collect()
}

/// A noun, and its objects by title.
pub(super) type Titled = (&'static str, Vec<(&'static str, Object)>);

pub(super) fn objects() -> Vec<Titled> {
    let site = Object::Site(Arc::new(Site::new(genesis().site, genesis().services)));
    let both = |minimal: Object, full: Object| vec![("minimal", minimal), ("full", full)];
    vec![
        ("site", vec![("full", site)]),
        (
            "control",
            both(control(false, None).into(), full_control().into()),
        ),
        ("person", both(person("alice").into(), full_person().into())),
        (
            "group",
            both(group("approvers", &[]).into(), full_group().into()),
        ),
        (
            "workload",
            both(minimal_workload().into(), full_workload().into()),
        ),
        (
            "task",
            both(
                Task::new(task_name(SAY), BTreeMap::new()).into(),
                full_task().into(),
            ),
        ),
        (
            "policy",
            both(manual("*", &[]).into(), full_policy().into()),
        ),
        (
            "preferences",
            both(
                Object::Preferences(Arc::new(Preferences {
                    digest: false,
                    quiet: None,
                    away_until: None,
                })),
                Object::Preferences(Arc::new(Preferences {
                    digest: true,
                    quiet: Some("22:00-07:00".into()),
                    away_until: Some(START.plus(Seconds::DAY)),
                })),
            ),
        ),
    ]
}

pub(super) fn removals() -> [(&'static str, ObjectName); 4] {
    [
        ("group", ObjectName::Group(address("approvers"))),
        ("workload", ObjectName::Workload(name("Host"))),
        ("task", ObjectName::Task(task_name(RESTART))),
        ("policy", ObjectName::Policy(pattern(r"Host\Get-*"))),
    ]
}

fn full_control() -> Control {
    Control {
        enabled: true,
        admin_group: Some(address("approvers")),
        system_accounts: vec![SystemAccount {
            upn: upn("backup"),
            tasks: Some(vec![pattern(r"Host\Get-*"), pattern(SAY)]),
            until: START.plus(Seconds(90 * 86_400)),
        }],
        stop_system_accounts: true,
    }
}

fn full_person() -> Person {
    Person {
        upn: upn("app"),
        kind: PersonKind::App,
        name: Some("Æon \"App\" 漢字".into()),
        mail: Some("owner@fabrikam.example".into()),
        role: Some(Role::Auditor),
        active: false,
        invitation: Some(Invitation {
            key: key("invitation").public(),
            until: START.plus(Seconds(7 * 86_400)),
        }),
        manifest: Some(BTreeMap::from([
            ("columns".to_owned(), Value::List(texts(&["a", "b"]))),
            ("limit".to_owned(), Value::Integer(-5)),
            ("live".to_owned(), Value::Boolean(true)),
            // Sorted by UTF-16 code units, U+1D11E stands before U+FF5E.
            (
                "table".to_owned(),
                Value::Table(BTreeMap::from([
                    ("\u{ff5e}".to_owned(), text("tilde")),
                    ("\u{1d11e}".to_owned(), text("clef")),
                ])),
            ),
            (
                "text".to_owned(),
                text("\"\\/\u{1}\u{8}\u{c}\n\r\t\u{1f}\u{7f}"),
            ),
        ])),
    }
}

fn full_group() -> Group {
    Group {
        name: Some("Who approves".into()),
        members: addresses(&["bob", "carol", "seniors"]),
        mail_to: MailTo::Address,
        remind: Some(Remind {
            after_s: Seconds::HOUR,
            every_s: Seconds::DAY,
        }),
        escalate_to: Some(address("seniors")),
        ..group("approvers", &[])
    }
}

fn minimal_workload() -> Workload {
    Workload {
        name: name("Host"),
        connector: name("command"),
        settings: BTreeMap::new(),
        origin: None,
        secrets: BTreeMap::new(),
        open_tasks: false,
    }
}

fn full_workload() -> Workload {
    let secret = SecretVersion {
        version: 2,
        digest: Digest::of(b"sealed bytes"),
    };
    Workload {
        settings: BTreeMap::from([("directory".to_owned(), text("/srv"))]),
        origin: Some("https://host.fabrikam.example".into()),
        secrets: BTreeMap::from([(name("token"), secret)]),
        open_tasks: true,
        ..minimal_workload()
    }
}

/// One parameter of every type; `full` says everything that can be said of one.
fn full_task() -> Task {
    let args = texts(&["--job-mode={mode}", "--", "{unit}", "{{literal}}"]);
    let template = BTreeMap::from([
        ("program".to_owned(), text("/usr/bin/systemctl")),
        ("args".to_owned(), Value::List(args)),
    ]);
    let full = Schema {
        value_type: ValueType::Integer,
        required: true,
        one_of: Some(vec![Value::Integer(1), Value::Integer(5)]),
        min: Some(-1),
        max: Some(9),
        max_length: 64,
        multiline: true,
        leading_dash: true,
        title: Some("How often".into()),
    };
    let types = [
        ("flag", ValueType::Boolean),
        ("list", ValueType::List),
        ("mode", ValueType::String),
        ("pin", ValueType::Secret),
        ("table", ValueType::Table),
        ("unit", ValueType::String),
    ];
    let plain = types.map(|(name, value_type)| (parameter(name), Schema::of(value_type)));
    Task {
        title: Some("Restart a service".into()),
        risk: Risk::High,
        parameters: BTreeMap::from(plain)
            .into_iter()
            .chain([(parameter("full"), full)])
            .collect(),
        open: true,
        deadline_s: Seconds(60),
        output_cap: 65_536,
        ..Task::new(task_name(RESTART), template)
    }
}

/// One constraint of every kind.
pub(super) fn constraints() -> Constraints {
    let range = Range {
        min: Some(1),
        max: Some(9),
    };
    [
        ("count", Constraint::Range(range)),
        ("flag", Constraint::Equals(Value::Boolean(true))),
        ("list", Constraint::SubsetOf(texts(&["a", "b"]))),
        ("most", Constraint::SupersetOf(texts(&["a"]))),
        ("mode", Constraint::OneOf(texts(&["fail", "replace"]))),
        ("pin", Constraint::Absent),
        ("unit", Constraint::Glob("nginx*".into())),
    ]
    .map(|(name, constraint)| (parameter(name), constraint))
    .into()
}

fn full_policy() -> Policy {
    let stage = |group: &str, approvals| Stage {
        group: address(group),
        approvals: NonZeroU32::new(approvals).unwrap(),
    };
    Policy {
        task: pattern(r"Host\Restart-*"),
        approval: Approval::Manual,
        stages: vec![stage("approvers", 2), stage("seniors", 1)],
        requesters: Some(address("staff")),
        max_duration_s: Seconds(28_800),
        pending_for_s: Seconds(7_200),
        parameters: constraints(),
        others: Others::Refuse,
        max_runs: Some(10),
        passkey: true,
        kill_on_end: true,
        output_readers: addresses(&["auditors", "seniors"]),
    }
}

/// A time that no other member has.
pub(super) const fn later(seconds: u64) -> Time {
    START.plus(Seconds(seconds))
}
