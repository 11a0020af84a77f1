//! Apps: who installs them, what they get, and what ends it.

use std::collections::BTreeMap;

use writ_core::dataset::{Wanted, difference};
use writ_core::digest::{ExecutionId, RequestId};
use writ_core::names::Name;
use writ_core::object::{Object, Person, PersonKind, Policy, Role};
use writ_core::record::Status;
use writ_core::state::Decided;
use writ_core::statement::{Approve, Invoke, Outcome, Request, Rows, RunResult};
use writ_core::testing::*;
use writ_core::time::Seconds;
use writ_core::value::{Constraint, Constraints, Value};
use writ_core::view::RequestView;

use crate::proof::every_yes_is_proved;
use crate::said::{no, refused};

const MAIL: &str = r"Data\Mail";
const HOUR: Seconds = Seconds(3_600);
const DAY: Seconds = Seconds(86_400);

pub(crate) fn all() {
    an_app_is_set_up_by_installers_and_has_what_apps_have();
    a_request_for_an_app_is_for_what_its_manifest_wants();
    what_was_denied_or_revoked_stays_so();
    an_app_asks_again_for_what_nobody_decided_once_a_day();
    an_app_gets_what_was_approved_and_nothing_else();
    a_dataset_is_read_by_apps_and_nobody_else();
    a_grant_goes_on_until_what_it_reads_is_defined_in_another_way();
}

/// Ivy installs apps; `insights` wants two columns of `Data\Mail`.
fn ready() -> World {
    let mut w = World::ready();
    let ivy = Person {
        role: Some(Role::Installer),
        ..person("ivy")
    };
    w.join_as(ivy, "ivy");
    w.set(data_workload("Data"));
    w.set(dataset(MAIL));
    w.set(Policy {
        max_duration_s: Seconds(4_320 * 3_600),
        ..manual(MAIL, &[])
    });
    let app = app("insights", "1.0", vec![wanted(MAIL, &["id", "kind"])]);
    w.join_as(app, "insights");
    w
}

fn usual() -> Request {
    asking_for("insights", &wanted(MAIL, &["id", "kind"]))
}

fn raise(w: &mut World, request: Request) -> RequestId {
    RequestId(w.yes("ivy", request).digest)
}

fn granted(w: &mut World) -> RequestId {
    let request = raise(w, usual());
    w.approve("bob", request);
    request
}

fn list(items: &[&str]) -> Value {
    Value::List(
        items
            .iter()
            .map(|text| Value::Text((*text).into()))
            .collect(),
    )
}

/// A run with lists for its parameters.
fn reading(given: &[(&str, &[&str])]) -> Invoke {
    Invoke {
        parameters: given
            .iter()
            .map(|(name, items)| (parameter(name), list(items)))
            .collect(),
        ..running(MAIL, &[])
    }
}

fn everything() -> Invoke {
    reading(&[("columns", &["id", "kind"]), ("scope", &["everybody"])])
}

fn limits(limits: &[(&str, Constraint)]) -> Constraints {
    let limit = |(name, constraint): &(&str, Constraint)| (parameter(name), constraint.clone());
    limits.iter().map(limit).collect()
}

fn texts(items: &[&str]) -> Vec<Value> {
    items
        .iter()
        .map(|text| Value::Text((*text).into()))
        .collect()
}

fn statuses(decided: &Decided) -> Vec<(RequestId, Status)> {
    let records = decided.facts.iter().filter_map(|fact| fact.request());
    records.map(|record| (record.id, record.status)).collect()
}

#[test]
fn an_app_is_set_up_by_installers_and_has_what_apps_have() {
    let mut w = ready();
    let new = || app("other", "1.0", Vec::new());
    let set = w.setting(new());
    w.yes("ivy", set);
    let set = w.setting(new());
    no(&mut w, "alice", set, "not-administrator");
    // An installer sets apps, and nobody else.
    for other in [
        person("frank"),
        Person {
            role: Some(Role::Administrator),
            ..person("ivy")
        },
    ] {
        let set = w.setting(other);
        no(&mut w, "ivy", set, "not-administrator");
    }
    let set = w.setting(Person {
        manifest: new().manifest,
        kind: PersonKind::App,
        ..person("alice")
    });
    no(&mut w, "ivy", set, "not-administrator");
    let cases: Vec<Object> = vec![
        Person {
            manifest: None,
            ..new()
        }
        .into(),
        Person {
            role: Some(Role::Auditor),
            ..new()
        }
        .into(),
        Person {
            kind: PersonKind::Human,
            ..new()
        }
        .into(),
        Person {
            manifest: new().manifest,
            ..person("frank")
        }
        .into(),
        Person {
            kind: PersonKind::App,
            manifest: new().manifest,
            ..person("alice")
        }
        .into(),
        Person {
            manifest: Some(BTreeMap::from([("publisher".into(), Value::Integer(1))])),
            ..new()
        }
        .into(),
        app("other", " ", Vec::new()).into(),
        app(
            "other",
            "1",
            vec![wanted(MAIL, &["id"]), wanted(r"data\mail", &["id"])],
        )
        .into(),
    ];
    for case in cases {
        let set = w.setting(case);
        no(&mut w, "admin", set, "app");
    }
}

#[test]
fn a_request_for_an_app_is_for_what_its_manifest_wants() {
    let mut w = ready();
    for who in ["alice", "bob"] {
        no(&mut w, who, usual(), "not-installer");
    }
    no(&mut w, "insights", asking(MAIL), "app-runs");
    for wrong in [
        asking_for("insights", &wanted(MAIL, &["id"])),
        asking_for("insights", &wanted(MAIL, &["id", "kind", "body"])),
        Request {
            parameters: BTreeMap::new(),
            ..usual()
        },
        Request {
            on_behalf_of: Some(upn("alice")),
            ..usual()
        },
    ] {
        no(&mut w, "ivy", wrong, "app");
    }
    let id = raise(&mut w, usual());
    let record = w.state.request(id).unwrap().clone();
    assert_eq!(record.duration_s, Seconds(4_320 * 3_600));
    assert_eq!(
        (&record.by, record.holder()),
        (&upn("ivy"), &upn("insights"))
    );
    let view = RequestView::from(record.as_ref());
    assert_eq!(view.service(), "Office365");
    assert_eq!(view.requested_access(), "Data Access Request");
    no(&mut w, "ivy", usual(), "already-pending");
    // Whoever has a part in it does not decide.
    let mut group = group("approvers", &["bob", "ivy", "insights"]);
    group.name = None;
    w.set(group);
    no(&mut w, "ivy", approving(id), "self-approval");
    no(&mut w, "insights", approving(id), "app-runs");
    assert!(!w.state.awaits(&record, &upn("insights"), w.now));
    w.approve("bob", id);
    assert_eq!(w.state.grants_of(&upn("insights")).count(), 1);
    assert_eq!(w.state.grants_of(&upn("ivy")).count(), 0);
    every_yes_is_proved(&w);
}

#[test]
fn what_was_denied_or_revoked_stays_so() {
    let mut w = ready();
    let id = raise(&mut w, usual());
    w.yes("bob", ending(id));
    no(&mut w, "ivy", usual(), "stays-so");
    no(&mut w, "admin", usual(), "stays-so");
    // Another version is asked for anew.
    w.set(app("insights", "1.1", vec![wanted(MAIL, &["id", "kind"])]));
    let id = granted(&mut w);
    w.yes("admin", ending(id));
    no(&mut w, "ivy", usual(), "stays-so");
    // And so is a dataset that is defined in another way.
    let mut other = dataset(MAIL);
    let relation = Value::Text("public.mails".into());
    other.template.insert("relation".into(), relation);
    w.set(other);
    let id = raise(&mut w, usual());
    // What its installer took back, they may ask for again.
    w.yes("ivy", ending(id));
    raise(&mut w, usual());
    every_yes_is_proved(&w);
}

#[test]
fn an_app_asks_again_for_what_nobody_decided_once_a_day() {
    let mut w = ready();
    no(&mut w, "insights", usual(), "installer-asks");
    w.set(Policy {
        pending_for_s: HOUR,
        ..manual(MAIL, &[])
    });
    raise(&mut w, usual());
    w.wait(HOUR);
    no(&mut w, "insights", usual(), "asked-today");
    w.wait(Seconds(DAY.0 - 3_600));
    let again = RequestId(w.yes("insights", usual()).digest);
    let record = w.state.request(again).unwrap();
    assert_eq!(record.by, upn("insights"));
    assert_eq!(record.app.as_ref().unwrap().installer, upn("ivy"));
    w.set(group("approvers", &["bob", "ivy"]));
    no(&mut w, "ivy", approving(again), "self-approval");
    w.wait(HOUR);
    no(&mut w, "insights", usual(), "asked-today");
    w.wait(DAY);
    let again = RequestId(w.yes("insights", usual()).digest);
    w.approve("bob", again);
    w.wait(HOUR);
    // It has it.
    no(&mut w, "insights", usual(), "already-pending");
    // Only for itself.
    w.join_as(app("other", "1.0", vec![wanted(MAIL, &["id"])]), "other");
    let other = asking_for("other", &wanted(MAIL, &["id"]));
    no(&mut w, "insights", other, "app-runs");
    every_yes_is_proved(&w);
}

#[test]
fn an_app_gets_what_was_approved_and_nothing_else() {
    let mut w = ready();
    no(&mut w, "insights", everything(), "not-consented");
    let id = raise(&mut w, usual());
    no(&mut w, "insights", everything(), "not-consented");
    let approve = Approve {
        duration_s: Some(DAY),
        parameters: limits(&[
            ("columns", Constraint::SubsetOf(texts(&["kind"]))),
            (
                "deny",
                Constraint::SupersetOf(texts(&["seniors@fabrikam.example"])),
            ),
        ]),
        ..approving(id)
    };
    // Nor is an app left with a grant that lets it read nothing.
    let nothing = Approve {
        parameters: limits(&[("columns", Constraint::SubsetOf(texts(&["body"])))]),
        ..approving(id)
    };
    no(&mut w, "bob", nothing, "parameters");
    w.yes("bob", approve);
    let deny: (&str, &[&str]) = ("deny", &["seniors@fabrikam.example"]);
    // Whoever leaves out one person more learns which rows are theirs.
    let more: (&str, &[&str]) = (
        "deny",
        &["seniors@fabrikam.example", "alice@fabrikam.example"],
    );
    let scope: (&str, &[&str]) = ("scope", &["everybody"]);
    let columns = |names: &'static [&'static str]| ("columns", names);
    for (wrong, code) in [
        (everything(), "not-consented"),
        (reading(&[columns(&["kind"]), scope]), "not-consented"),
        (reading(&[columns(&["id"]), scope, deny]), "not-consented"),
        (reading(&[columns(&["body"]), scope, deny]), "not-consented"),
        (
            reading(&[
                columns(&["kind"]),
                ("scope", &["staff@fabrikam.example"]),
                deny,
            ]),
            "not-consented",
        ),
        (
            reading(&[columns(&["kind"]), scope, deny, ("filter", &["kind = a"])]),
            "not-consented",
        ),
        (reading(&[columns(&["kind"]), scope, more]), "parameters"),
        // What the grant does not speak of, the dataset refuses.
        (
            reading(&[columns(&["kind", "kind"]), scope, deny]),
            "parameters",
        ),
        (reading(&[columns(&[]), scope, deny]), "parameters"),
        (
            reading(&[columns(&["kind"]), ("scope", &[]), deny]),
            "parameters",
        ),
        (
            reading(&[columns(&["kind"]), scope, deny, ("order", &["kind"])]),
            "parameters",
        ),
    ] {
        no(&mut w, "insights", wrong, code);
    }
    // To go on after a key that it does not read would tell of the key.
    let mut after = reading(&[columns(&["kind"]), scope, deny]);
    after
        .parameters
        .insert(parameter("after"), Value::Text("7".into()));
    no(&mut w, "insights", after, "parameters");
    let good = reading(&[columns(&["kind"]), scope, deny]);
    no(&mut w, "ivy", good.clone(), "insufficient");
    let run = ExecutionId(w.yes("insights", good).digest);
    let state = w.state.clone();
    let done = Outcome {
        rows: Some(Rows {
            asked: 10,
            delivered: 8,
            withheld: 2,
        }),
        ..outcome(run, RunResult::Succeeded)
    };
    w.yes("node", done);
    // The groups are looked up where the run begins, and again while it goes on.
    let published = writ_core::Published::durable(state.clone(), 0);
    let node = Name::parse("node1").unwrap();
    let permit = published
        .permit(run, &node, w.now, &BTreeMap::new())
        .unwrap();
    let subjects = permit.job().subjects.clone().unwrap();
    assert_eq!(subjects.only, None);
    let denied: Vec<_> = subjects.denied.iter().map(|one| one.upn.as_str()).collect();
    let expected = ["carol", "dave"].map(|name| format!("{name}@fabrikam.example"));
    assert_eq!(denied, expected);
    assert_eq!(state.may_go_on(run, &subjects, w.now), Ok(()));
    let mut later = w.clone();
    later.state = state;
    let mut left = later.clone();
    left.set(group("seniors", &["carol"]));
    assert!(left.state.may_go_on(run, &subjects, left.now).is_err());
    let mut revoked = later.clone();
    revoked.yes("bob", ending(id));
    assert!(
        revoked
            .state
            .may_go_on(run, &subjects, revoked.now)
            .is_err()
    );
    let mut gone = later.clone();
    gone.set(control(false, Some("approvers")));
    assert!(gone.state.may_go_on(run, &subjects, gone.now).is_err());
    assert!(
        later
            .state
            .may_go_on(run, &subjects, later.now.plus(DAY))
            .is_err()
    );
    every_yes_is_proved(&w);
}

#[test]
fn a_dataset_is_read_by_apps_and_nobody_else() {
    let mut w = ready();
    no(&mut w, "alice", asking(MAIL), "apps-only");
    let for_app = Request {
        on_behalf_of: Some(upn("insights")),
        ..asking(RESTART)
    };
    no(&mut w, "ivy", for_app, "not-a-dataset");
    let bot = Person {
        kind: PersonKind::Service,
        ..person("bot")
    };
    w.join_as(bot, "bot");
    let mut exempt = control(true, Some("approvers"));
    exempt
        .system_accounts
        .push(writ_core::object::SystemAccount {
            upn: upn("bot"),
            tasks: None,
            until: w.now.plus(DAY),
        });
    w.set(exempt);
    no(&mut w, "bot", everything(), "apps-only");
    // Whose policy says that it needs nobody, needs nobody here either.
    w.set(group("installers", &["ivy"]));
    w.set(auto(MAIL, "installers"));
    let id = raise(&mut w, usual());
    assert_eq!(w.state.request(id).unwrap().status, Status::Live);
    w.yes("insights", everything());
    w.set(group("installers", &["alice"]));
    no(&mut w, "insights", everything(), "not-requester");
}

#[test]
fn a_grant_goes_on_until_what_it_reads_is_defined_in_another_way() {
    let mut w = ready();
    let old = granted(&mut w);
    // More columns and other titles are nothing to it.
    let mut more = dataset(MAIL);
    let mut definition = writ_core::dataset::Dataset::read(&more.template).unwrap();
    let mut column = definition.columns[1].clone();
    column.name = "size".into();
    definition.columns.push(column);
    definition.columns[0].title = Some("Number".into());
    more.template = definition.template().unwrap();
    w.set(more);
    w.yes("insights", everything());

    // An upgrade asks anew, and the old goes on with what it had.
    let now = wanted(MAIL, &["id", "size"]);
    let pending = {
        w.set(app("insights", "2.0", vec![now.clone()]));
        let request = Request {
            parameters: now.constraints(&definition).unwrap(),
            ..usual()
        };
        raise(&mut w, request)
    };
    let asked = w.state.request(pending).unwrap();
    let before = asked.app.as_ref().unwrap().before.clone().unwrap();
    assert_eq!((before.request, before.version.as_str()), (old, "1.0"));
    let changes = difference(&before.limits, std::slice::from_ref(&asked.parameters));
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (&changes[0].added, &changes[0].removed),
        (&vec!["size".to_owned()], &vec!["kind".to_owned()])
    );
    w.yes("insights", everything());
    let sizes = reading(&[("columns", &["id", "size"]), ("scope", &["everybody"])]);
    no(&mut w, "insights", sizes.clone(), "not-consented");
    // What is pending goes when the manifest wants something else again.
    let set = w.setting(app("insights", "2.1", vec![now.clone()]));
    let decided = w.yes("ivy", set);
    assert_eq!(statuses(&decided), [(pending, Status::Superseded)]);
    let request = Request {
        parameters: now.constraints(&definition).unwrap(),
        ..usual()
    };
    let newer = raise(&mut w, request);
    let decided = w.approve("carol", newer);
    assert!(statuses(&decided).contains(&(old, Status::Ended)));
    w.yes("insights", sizes.clone());
    no(&mut w, "insights", everything(), "not-consented");

    // Another table under the same name is not what was approved.
    let mut other = dataset(MAIL);
    definition.relation = Some("private.messages".into());
    other.template = definition.template().unwrap();
    w.set(other);
    no(&mut w, "insights", sizes, "dataset-changed");
    every_yes_is_proved(&w);
}

#[test]
fn a_stage_each_may_deny_somebody_else() {
    let mut w = ready();
    w.set(manual(MAIL, &[("approvers", 2)]));
    let id = raise(&mut w, usual());
    for (who, denied) in [
        ("bob", "alice@fabrikam.example"),
        ("carol", "erin@fabrikam.example"),
    ] {
        let approve = Approve {
            parameters: limits(&[("deny", Constraint::SupersetOf(texts(&[denied])))]),
            ..approving(id)
        };
        w.yes(who, approve);
    }
    let grant = w.state.request(id).unwrap().grant.clone().unwrap();
    let most = Wanted::most(&grant.limits).unwrap();
    let run = Invoke {
        parameters: most.clone(),
        ..running(MAIL, &[])
    };
    assert_eq!(
        most.get(&parameter("deny")),
        Some(&list(&["alice@fabrikam.example", "erin@fabrikam.example"]))
    );
    w.yes("insights", run);
    let decided = w.say("insights", everything());
    refused(decided, "not-consented");
}
