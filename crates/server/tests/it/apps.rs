//! What an app is told of what it may read, and asking again.

use std::sync::Arc;

use writ_core::envelope::Kind;
use writ_core::object::{Approval, Object, Person, Policy};
use writ_core::record::Status;
use writ_core::statement::{Approve, End, Request};
use writ_core::testing::{app, asking_for, data_workload, dataset, wanted};
use writ_core::time::Seconds;
use writ_core::value::{Constraint, Value};
use writ_core::view::{AccessView, DatasetAccess, RequestView};

use super::world::{ADMIN, ALICE, Ahead, BOB, Setting, World, upn};

const MAIL: &str = r"Data\Mail";
const APP: &str = "insights@fabrikam.com";
const HOUR: Seconds = Seconds(3_600);

/// The request for the app, for what its manifest wants.
fn request() -> Request {
    Request {
        on_behalf_of: Some(upn(APP)),
        ..asking_for("insights", &wanted(MAIL, &["id", "kind"]))
    }
}

async fn world(clock: Ahead) -> World {
    let setting = Setting {
        clock,
        ..Setting::default()
    };
    let world = World::with(setting).await;
    world
        .set(Object::Workload(Arc::new(data_workload("Data"))))
        .await;
    world.set(Object::Task(Arc::new(dataset(MAIL)))).await;
    let policy = Policy::new(MAIL.parse().unwrap(), Approval::Manual);
    world.set(Object::Policy(Arc::new(policy))).await;
    let app = app("insights", "1.0", vec![wanted(MAIL, &["id", "kind"])]);
    let app = Person {
        upn: upn(APP),
        ..app
    };
    world.join(app).await;
    world
}

/// What the app is told of its one dataset.
async fn access(world: &World) -> DatasetAccess {
    let answer = world.get(APP, "/v1/data").await;
    let AccessView { app, mut datasets } = answer.json();
    assert_eq!((app.as_str(), datasets.len()), (APP, 1));
    datasets.remove(0)
}

#[tokio::test]
async fn an_app_is_told_when_it_may_ask_again_and_asks() {
    let clock = Ahead::default();
    let world = world(clock.clone()).await;
    // Nobody asked yet, and the first to ask is no app.
    let nothing = access(&world).await;
    assert_eq!((nothing.status, nothing.again), (None, None));
    let early = world.say(APP, Kind::Request, request()).await;
    assert_eq!(early.receipt.code.as_deref(), Some("installer-asks"));
    let first = world.say(ADMIN, Kind::Request, request()).await;
    assert!(first.receipt.accepted, "{first:?}");
    let pending = access(&world).await;
    assert_eq!(
        (pending.status, pending.again),
        (Some(Status::Pending), None)
    );

    clock.pass(Seconds(24 * HOUR.0 + 1));
    let expired = access(&world).await;
    assert_eq!((expired.status, expired.request), (None, None));
    let again = expired.again.unwrap();
    assert_eq!(again.parameters, request().parameters);
    assert!(again.from <= world.engine.now());
    let repeated = Request {
        parameters: again.parameters,
        ..request()
    };
    let second = world.say(APP, Kind::Request, repeated).await;
    assert!(second.receipt.accepted, "{second:?}");
    let pending = access(&world).await;
    assert_eq!(pending.status, Some(Status::Pending));

    // What becomes of it the app may read, and of others nothing.
    let own = format!("/v1/requests/{}", pending.request.unwrap());
    let own: RequestView = world.get(APP, &own).await.json();
    assert_eq!(own.app.unwrap().upn, upn(APP));
    let other = world.request(ALICE).await;
    let other = world.get(APP, &format!("/v1/requests/{other}")).await;
    assert_eq!(other.problem(404), "not-found");

    // What was denied is not asked for again.
    let deny = End {
        request: pending.request.unwrap(),
        comment: Some("No".to_owned()),
        kill: false,
    };
    assert!(world.say(BOB, Kind::End, deny).await.receipt.accepted);
    clock.pass(Seconds(24 * HOUR.0 + 1));
    let denied = access(&world).await;
    assert_eq!((denied.status, denied.again), (None, None));
    let refused = world.say(APP, Kind::Request, request()).await;
    assert_eq!(refused.receipt.code.as_deref(), Some("stays-so"));
}

#[tokio::test]
async fn an_app_is_told_what_it_gets_after_it_was_narrowed() {
    let world = world(Ahead::default()).await;
    let asked = world.say(ADMIN, Kind::Request, request()).await;
    assert!(asked.receipt.accepted, "{asked:?}");
    let request = access(&world).await.request.unwrap();
    let columns = Constraint::SubsetOf(vec![Value::Text("id".to_owned())]);
    let approve = Approve {
        request,
        comment: None,
        duration_s: None,
        parameters: [("columns".parse().unwrap(), columns)].into(),
    };
    let said = world.say(BOB, Kind::Approve, approve).await;
    assert!(said.receipt.accepted, "{said:?}");
    let live = access(&world).await;
    assert_eq!((live.status, live.problem), (Some(Status::Live), None));
    assert_eq!(live.key.as_deref(), Some("id"));
    let parameters = serde_json::to_value(live.parameters.unwrap()).unwrap();
    assert_eq!(parameters["columns"], serde_json::json!(["id"]));

    // Whoever repairs the definition means all who read it.
    let mut other = dataset(MAIL);
    let relation = Value::Text("public.mails".to_owned());
    other.template.insert("relation".into(), relation);
    world.set(Object::Task(Arc::new(other))).await;
    let changed = access(&world).await;
    assert!(changed.problem.is_some() && changed.parameters.is_none());
}

#[tokio::test]
async fn nobody_else_is_told_what_an_app_may_read() {
    let world = world(Ahead::default()).await;
    for name in [ALICE, ADMIN] {
        assert_eq!(
            world.get(name, "/v1/data").await.problem(404),
            "unknown-object"
        );
    }
    assert_eq!(world.get_with(None, "/v1/data").await.status, 401);
    // And an app learns nothing of who works here.
    for path in ["/v1/people", "/v1/groups", "/v1/policies"] {
        let answer = world.get(APP, path).await;
        assert_ne!(answer.status, 200, "{path}: {}", answer.text());
    }
}
