//! The last part of the story: an app, and what it reads.

use writ_core::digest::{ExecutionId, RequestId};
use writ_core::object::{Person, Policy, Role};
use writ_core::statement::{Approve, Invoke, Outcome, Rows, RunResult};
use writ_core::testing::*;
use writ_core::time::Seconds;
use writ_core::value::{Constraint, Value};

use crate::said::no;

const MAIL: &str = r"Data\Mail";

fn list(text: &str) -> Vec<Value> {
    vec![Value::Text(text.into())]
}

pub(super) fn told(w: &mut World) {
    w.set(control(true, Some("approvers")));
    w.set(group("approvers", &["bob", "carol"]));
    let ivy = Person {
        role: Some(Role::Installer),
        ..person("ivy")
    };
    w.join_as(ivy, "ivy");
    w.set(data_workload("Data"));
    w.set(dataset(MAIL));
    w.set(Policy {
        pending_for_s: Seconds(3_600),
        ..manual(MAIL, &[])
    });
    let wanted = wanted(MAIL, &["id", "kind"]);
    let bare = Person {
        manifest: None,
        ..app("insights", "1", Vec::new())
    };
    let set = w.setting(bare);
    no(w, "ivy", set, "app");
    w.join_as(app("insights", "1", vec![wanted.clone()]), "insights");
    let ask = asking_for("insights", &wanted);

    no(w, "alice", asking(MAIL), "apps-only");
    no(w, "alice", ask.clone(), "not-installer");
    no(w, "insights", asking(MAIL), "app-runs");
    no(w, "insights", ask.clone(), "installer-asks");
    w.yes("ivy", ask.clone());
    w.wait(Seconds(7_200));
    no(w, "insights", ask.clone(), "asked-today");
    w.wait(Seconds(86_400));
    let again = RequestId(w.yes("insights", ask.clone()).digest);
    let run = Invoke {
        parameters: [
            (parameter("columns"), Value::List(list("kind"))),
            (parameter("scope"), Value::List(list("everybody"))),
            (
                parameter("deny"),
                Value::List(list("staff@fabrikam.example")),
            ),
        ]
        .into(),
        ..running(MAIL, &[])
    };
    no(w, "insights", run.clone(), "not-consented");
    let narrowed = Approve {
        parameters: [(
            parameter("deny"),
            Constraint::SupersetOf(list("staff@fabrikam.example")),
        )]
        .into(),
        ..approving(again)
    };
    w.yes("bob", narrowed);
    let read = ExecutionId(w.yes("insights", run.clone()).digest);
    let rows = Rows {
        asked: 12,
        delivered: 10,
        withheld: 2,
    };
    let done = Outcome {
        rows: Some(rows),
        ..outcome(read, RunResult::Succeeded)
    };
    w.yes("node", done);

    // An upgrade asks anew, and replaces what was granted.
    w.set(app("insights", "2", vec![wanted.clone()]));
    let newer = RequestId(w.yes("ivy", ask.clone()).digest);
    w.set(app("insights", "3", vec![wanted]));
    no(w, "bob", approving(newer), "not-pending");
    let newest = RequestId(w.yes("ivy", ask.clone()).digest);
    w.approve("carol", newest);
    let mut other = dataset(MAIL);
    let relation = Value::Text("public.mails".into());
    other.template.insert("relation".into(), relation);
    w.set(other);
    no(w, "insights", run, "dataset-changed");
    w.set(dataset(MAIL));
    w.yes("carol", ending(newest));
    no(w, "ivy", ask, "stays-so");
}
