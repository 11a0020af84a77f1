//! Objects, from State, with the size of the log that they are of.

use data_encoding::BASE64;
use serde_json::Value as Json;
use writ_core::entry::Entry;
use writ_core::log::leaf_hash;
use writ_core::object::{Control, Group, Policy, Task, Workload};
use writ_core::view::{EntryView, OrganizationView, Page, PersonView, Seen, StatusView};

use crate::world::{ADMIN, ALICE, AUDITOR, BOB, World, upn};

#[tokio::test]
async fn anybody_can_check_the_organization() {
    let world = World::new().await;
    let found: OrganizationView = world.get_with(None, "/v1/organization").await.json();
    let leaf = BASE64.decode(found.genesis.as_bytes()).unwrap();
    assert_eq!(leaf_hash(&leaf), found.id.0);
    assert_eq!(found.organization.as_str(), "fabrikam.com");
    assert!(Entry::parse(&leaf).unwrap().accepted);

    let note = world.get_with(None, "/v1/log/checkpoint").await;
    assert_eq!(note.status, 200);
    assert!(note.header("content-type").starts_with("text/plain"));
    assert_eq!(note.text(), world.engine.checkpoint());
    assert_eq!(world.get_with(None, "/healthz").await.status, 200);
    assert_eq!(world.get_with(None, "/readyz").await.status, 200);
}

#[tokio::test]
async fn listings_are_sorted_and_single_objects_are_found_in_any_case() {
    let world = World::new().await;
    let size = world.engine.published().size();
    let groups: Seen<Page<Group>> = world.get(ALICE, "/v1/groups").await.json();
    assert_eq!(groups.seen, size);
    let names: Vec<_> = groups
        .value
        .items
        .iter()
        .map(|group| group.address.as_str())
        .collect();
    assert_eq!(names, ["approvers@fabrikam.com", "readers@fabrikam.com"]);

    let group: Seen<Group> = world
        .get(ALICE, "/v1/groups/Approvers@Fabrikam.com")
        .await
        .json();
    assert_eq!(group.value, groups.value.items[0]);
    let task: Seen<Task> = world.get(ALICE, "/v1/tasks/HOST%5Csay").await.json();
    assert_eq!(task.value.name.as_str(), r"Host\Say");
    let tasks: Seen<Page<Task>> = world.get(ALICE, "/v1/tasks").await.json();
    assert_eq!(tasks.value.items, [task.value]);
    let policy: Seen<Policy> = world.get(ALICE, "/v1/policies/Host%5CSay").await.json();
    let policies: Seen<Page<Policy>> = world.get(ALICE, "/v1/policies").await.json();
    assert_eq!(policies.value.items, [policy.value]);
    let control: Seen<Option<Control>> = world.get(ALICE, "/v1/control").await.json();
    assert!(control.value.unwrap().enabled);
    let status: StatusView = world.get(ALICE, "/v1/status").await.json();
    assert_eq!((status.log_size, status.rules), (size, 1));

    for (path, code) in [
        ("/v1/groups/none@fabrikam.com", 404),
        ("/v1/tasks/Host%5CNone", 404),
        ("/v1/policies/*", 404),
        ("/v1/workloads/None", 404),
        ("/v1/tasks/Host", 400),
        ("/v1/groups/a%20b", 400),
        ("/v1/groups/%ff", 400),
    ] {
        let problem = world.get(ALICE, path).await.problem(code);
        let expected = match code {
            404 => "unknown-object",
            _ => "bad-path",
        };
        assert_eq!(problem, expected, "{path}");
    }
}

#[tokio::test]
async fn nothing_is_set_in_a_new_organization() {
    let world = World::founded().await;
    let control: Seen<Option<Control>> = world.get(ADMIN, "/v1/control").await.json();
    assert_eq!((control.seen, control.value), (1, None));
    let tasks: Seen<Page<Task>> = world.get(ADMIN, "/v1/tasks").await.json();
    assert!(tasks.value.items.is_empty());
    let status: Json = world.get(ADMIN, "/v1/status").await.json();
    assert!(status.get("control").is_none());
}

#[tokio::test]
async fn settings_of_workloads_are_for_auditors() {
    let world = World::new().await;
    for (who, sees) in [(ALICE, false), (AUDITOR, true), (ADMIN, true)] {
        let one: Seen<Workload> = world.get(who, "/v1/workloads/host").await.json();
        let all: Seen<Page<Workload>> = world.get(who, "/v1/workloads").await.json();
        assert_eq!(!one.value.settings.is_empty(), sees, "{who}");
        assert_eq!(all.value.items, [one.value]);
    }
}

#[tokio::test]
async fn people_are_for_auditors_and_oneself_for_oneself() {
    let world = World::new().await;
    let people: Seen<Page<PersonView>> = world.get(AUDITOR, "/v1/people").await.json();
    assert_eq!(people.value.items.len(), 5);
    let me: Seen<PersonView> = world
        .get(ALICE, &format!("/v1/people/{ALICE}"))
        .await
        .json();
    assert_eq!((me.value.upn, me.value.keys.len()), (upn(ALICE), 1));
    assert!(me.value.invited_until.is_none());

    // Absent and forbidden answer alike, up to the name asked for.
    let forbidden = world.get(ALICE, &format!("/v1/people/{BOB}")).await;
    let absent = world.get(ALICE, "/v1/people/nobody@fabrikam.com").await;
    assert_eq!(forbidden.problem(404), "unknown-object");
    assert_eq!(
        forbidden.text().replace(BOB, "nobody@fabrikam.com"),
        absent.text()
    );
    assert_eq!(
        world.get(ADMIN, &format!("/v1/people/{BOB}")).await.status,
        200
    );
}

#[tokio::test]
async fn the_log_is_read_in_pieces() {
    let world = World::new().await;
    let size = world.engine.published().size();
    let all: Vec<EntryView> = world.get(AUDITOR, "/v1/log/entries").await.json();
    assert_eq!(all.len() as u64, size);
    let some: Vec<EntryView> = world
        .get(AUDITOR, "/v1/log/entries?from=2&max=3")
        .await
        .json();
    assert_eq!(some, all[2..5]);
    for path in [
        format!("/v1/log/entries?from={size}"),
        format!("/v1/log/entries?from={}", u64::MAX),
        "/v1/log/entries?max=0".to_owned(),
    ] {
        let none: Vec<EntryView> = world.get(AUDITOR, &path).await.json();
        assert!(none.is_empty(), "{path}");
    }
    for query in ["from=-1", "from=1&from=2", "max=x", "until=3"] {
        let answer = world
            .get(AUDITOR, &format!("/v1/log/entries?{query}"))
            .await;
        assert_eq!(answer.problem(400), "bad-query", "{query}");
    }
}
