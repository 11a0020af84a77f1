//! Who may read what: the table, as it was reviewed.

use writ_core::object::{Group, Person, Role};
use writ_core::sight::{Resource, may_read};
use writ_core::state::State;
use writ_core::testing::*;
use writ_core::view::{ExecutionView, RequestView};

const TABLE: &str = include_str!("../sight.txt");

/// Readers, and what they are to alice's request and run.
const READERS: [(&str, &str); 11] = [
    ("nobody", ""),
    ("unknown", "mallory"),
    ("inactive-admin", "ivan"),
    ("stranger", "erin"),
    ("requester", "alice"),
    ("approver", "bob"),
    ("output-reader", "olga"),
    ("installer", "ivy"),
    ("app", "insights"),
    ("auditor", "audrey"),
    ("administrator", "admin"),
];

/// Alice asked and ran; `approvers` are asked, a group within `readers` may
/// read what it put out.
fn story() -> (World, RequestView, ExecutionView) {
    let mut w = World::ready();
    for (name, role) in [
        ("olga", None),
        ("audrey", Some(Role::Auditor)),
        ("ivy", Some(Role::Installer)),
    ] {
        w.join_as(
            Person {
                role,
                ..person(name)
            },
            name,
        );
    }
    w.set(Person {
        role: Some(Role::Administrator),
        active: false,
        ..person("ivan")
    });
    w.join_as(app("insights", "1.0", Vec::new()), "insights");
    w.set(group("inner", &["olga"]));
    w.set(group("readers", &["inner"]));
    let mut policy = manual(RESTART, &[("approvers", 1)]);
    policy.output_readers = [address("readers")].into();
    w.set(policy);
    let request = w.grant();
    let record = w.state.request(request).unwrap();
    let shown = RequestView::from(record.as_ref());
    let run = w.invoke("alice", RESTART, &[("unit", "nginx")]);
    let record = w.state.execution(run).unwrap();
    let execution = ExecutionView::from(record.as_ref());
    (w, shown, execution)
}

fn resources(w: &World) -> impl Fn(&RequestView, &ExecutionView) -> Vec<(&'static str, Resource)> {
    let state = w.state.clone();
    move |request, run| {
        vec![
            ("public", Resource::Public),
            ("shared", Resource::Shared),
            ("settings", Resource::Settings),
            ("people", Resource::People),
            ("person", Resource::Person(upn("alice"))),
            ("app", Resource::App(upn("insights"))),
            ("other-app", Resource::App(upn("another"))),
            (
                "app-asks",
                Resource::Request {
                    by: upn("insights"),
                    app: Some(upn("insights")),
                    installer: Some(upn("ivy")),
                    asked: vec![address("approvers")],
                },
            ),
            ("request", Resource::request(request)),
            ("execution", Resource::execution(run)),
            ("output", Resource::output(&state, run)),
            ("log", Resource::Log),
            ("figures", Resource::Figures),
        ]
    }
}

fn line(state: &State, name: &str, resource: &Resource) -> String {
    let cells = READERS.map(|(title, reader)| {
        let reader = Some(reader).filter(|name| !name.is_empty()).map(upn);
        let mark = match may_read(state, reader.as_ref(), resource) {
            true => "yes",
            false => "-",
        };
        format!("{mark:<width$}", width = title.len())
    });
    format!("{name:<10} {}", cells.join("  "))
        .trim_end()
        .to_owned()
}

#[test]
fn the_table_of_readers_and_resources_is_as_it_was_reviewed() {
    let (w, request, run) = story();
    let titles = READERS.map(|(title, _)| title).join("  ");
    let all = resources(&w)(&request, &run);
    let lines = all.iter().map(|(name, r)| line(&w.state, name, r));
    let head = format!("{:<10} {titles}", "");
    let lines: Vec<_> = std::iter::once(head).chain(lines).collect();
    let table = format!("{}\n", lines.join("\n"));
    assert_eq!(
        table, TABLE,
        "review, then change tests/sight.txt to:\n{table}"
    );
}

#[test]
fn who_leaves_a_group_sees_no_more() {
    let (mut w, request, run) = story();
    let sees =
        |w: &World, name: &str, resource: &Resource| may_read(&w.state, Some(&upn(name)), resource);
    let asked = Resource::request(&request);
    assert!(sees(&w, "bob", &asked));
    w.set(group("approvers", &["carol"]));
    assert!(!sees(&w, "bob", &asked) && sees(&w, "carol", &asked));
    // Output follows the policy of now.
    assert!(sees(&w, "olga", &Resource::output(&w.state, &run)));
    w.set(manual(RESTART, &[("approvers", 1)]));
    assert!(!sees(&w, "olga", &Resource::output(&w.state, &run)));
}

#[test]
fn who_is_told_that_a_group_is_slow_sees_the_request_and_no_more() {
    let (mut w, request, run) = story();
    let asked = Resource::request(&request);
    let sees = |w: &World, resource: &Resource| may_read(&w.state, Some(&upn("dave")), resource);
    w.set(group("seniors", &["dave"]));
    assert!(!sees(&w, &asked));
    w.set(Group {
        escalate_to: Some(address("seniors")),
        ..group("approvers", &["bob"])
    });
    assert!(sees(&w, &asked));
    assert!(!sees(&w, &Resource::execution(&run)));
    assert!(!sees(&w, &Resource::output(&w.state, &run)));
}

#[test]
fn a_group_is_not_read_as_the_person_of_the_same_name() {
    let (w, _, _) = story();
    let asked = Resource::Request {
        by: upn("bob"),
        app: None,
        installer: None,
        asked: vec![address("alice")],
    };
    assert!(!may_read(&w.state, Some(&upn("alice")), &asked));
}
