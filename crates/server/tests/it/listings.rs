//! Listings: what each may be narrowed to, and how its pages follow each other.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use writ_core::digest::RequestId;
use writ_core::object::{Group, Policy, Task, Workload};
use writ_core::view::{ExecutionView, Page, PersonView, RequestView, Seen};

use crate::world::{ADMIN, ALICE, APPROVERS, AUDITOR, BOB, EVE, READERS, World, group};

async fn objects<T: DeserializeOwned>(world: &World, path: &str) -> Vec<T> {
    let seen: Seen<Page<T>> = world.get(AUDITOR, path).await.json();
    assert_eq!(seen.seen, world.engine.published().size());
    seen.value.items
}

async fn requests(world: &World, who: &str, query: &str) -> Vec<RequestId> {
    let path = format!("/v1/requests?{query}");
    let page: Page<RequestView> = world.get(who, &path).await.json();
    page.items.iter().map(|view| view.id).collect()
}

/// The names of all objects of a listing, in pages of so many.
async fn paged(world: &World, path: &str, name: &str, limit: usize) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let query = format!("{path}?limit={limit}{after}");
        let seen: Seen<Page<Json>> = world.get(AUDITOR, &query).await.json();
        assert!(seen.value.items.len() <= limit);
        let items = seen.value.items.iter();
        names.extend(items.map(|item| item[name].as_str().unwrap().to_owned()));
        match seen.value.next {
            Some(next) => after = format!("&after={}", next.replace('\\', "%5C")),
            None => return names,
        }
    }
}

#[tokio::test]
async fn pages_of_objects_follow_each_other() {
    let world = World::new().await;
    for name in ["c", "a", "b"] {
        world
            .set(group(&format!("{name}@fabrikam.com"), &[ALICE]))
            .await;
    }
    for (path, name, count) in [
        ("/v1/groups", "address", 5),
        ("/v1/people", "upn", 5),
        ("/v1/workloads", "name", 1),
        ("/v1/tasks", "name", 1),
        ("/v1/policies", "task", 1),
    ] {
        let all = paged(&world, path, name, 200).await;
        assert_eq!(all.len(), count, "{path}");
        assert!(all.is_sorted(), "{path}: {all:?}");
        for limit in 1..=count {
            assert_eq!(
                paged(&world, path, name, limit).await,
                all,
                "{path} by {limit}"
            );
        }
    }
    // A page goes on after a name, whether or not it is still there.
    let after = "/v1/groups?after=bb@fabrikam.com&limit=1";
    let found: Vec<Group> = objects(&world, after).await;
    assert_eq!(found[0].address.as_str(), "c@fabrikam.com");
}

#[tokio::test]
async fn objects_are_narrowed_by_what_they_say() {
    let world = World::new().await;
    world.set(group("outer@fabrikam.com", &[APPROVERS])).await;
    let groups: Vec<Group> = objects(&world, &format!("/v1/groups?member={BOB}")).await;
    let names: Vec<_> = groups.iter().map(|group| group.address.as_str()).collect();
    assert_eq!(names, [APPROVERS, "outer@fabrikam.com"]);
    for (query, count) in [
        ("role=auditor", 1),
        ("role=administrator&active=true", 1),
        ("active=false", 0),
        ("kind=service", 0),
        ("kind=human", 5),
        ("group=outer@fabrikam.com", 1),
        ("group=nobody@fabrikam.com", 0),
    ] {
        let people: Vec<PersonView> = objects(&world, &format!("/v1/people?{query}")).await;
        assert_eq!(people.len(), count, "{query}");
    }
    for (query, count) in [
        ("workload=HOST", 1),
        ("workload=Other", 0),
        ("risk=high", 0),
    ] {
        let tasks: Vec<Task> = objects(&world, &format!("/v1/tasks?{query}")).await;
        assert_eq!(tasks.len(), count, "{query}");
    }
    for (query, count) in [("connector=command", 1), ("connector=ssh", 0)] {
        let found: Vec<Workload> = objects(&world, &format!("/v1/workloads?{query}")).await;
        assert_eq!(found.len(), count, "{query}");
    }
    for (query, count) in [("approval=manual", 1), ("approval=auto", 0)] {
        let found: Vec<Policy> = objects(&world, &format!("/v1/policies?{query}")).await;
        assert_eq!(found.len(), count, "{query}");
    }
}

#[tokio::test]
async fn requests_and_executions_are_narrowed_by_person_task_and_time() {
    let world = World::new().await;
    world.set(group(APPROVERS, &[BOB, EVE])).await;
    let first = world.grant(ALICE).await;
    let execution = world.run(ALICE).await;
    world.finish(execution, b"x").await;
    let between = world.shown(ALICE, first).await.raised.0 + 1;
    while world.engine.now().0 <= between {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let second = world.request_word(ALICE, Some("two")).await;
    let third = world.request(BOB).await;

    assert_eq!(
        requests(&world, AUDITOR, "scope=all").await,
        [third, second, first]
    );
    let alice = format!("scope=all&by={ALICE}");
    assert_eq!(requests(&world, AUDITOR, &alice).await, [second, first]);
    let since = format!("scope=all&since={between}");
    assert_eq!(requests(&world, AUDITOR, &since).await, [third, second]);
    let both = format!("{alice}&since={between}&task=host%5Csay&status=pending");
    assert_eq!(requests(&world, AUDITOR, &both).await, [second]);
    // A page that ends where the time does has no next one.
    let path = format!("/v1/requests?{since}&limit=2");
    let page: Page<RequestView> = world.get(AUDITOR, &path).await.json();
    assert_eq!((page.items.len(), page.next), (2, None));
    // To ask for somebody's is not to see them.
    let others = format!("scope=all&by={ADMIN}");
    assert!(requests(&world, EVE, &others).await.is_empty());

    for (query, count) in [
        (format!("scope=all&by={ALICE}"), 1),
        (format!("scope=all&by={BOB}"), 0),
        ("scope=all&task=Host%5CSay".to_owned(), 1),
        ("scope=all&task=Host%5COther".to_owned(), 0),
        (format!("scope=all&since={}", i64::MAX), 0),
        ("scope=all&since=0".to_owned(), 1),
    ] {
        let path = format!("/v1/executions?{query}");
        let page: Page<ExecutionView> = world.get(AUDITOR, &path).await.json();
        assert_eq!(page.items.len(), count, "{query}");
    }
}

#[tokio::test]
async fn grants_are_listed_for_whom_they_may_be_seen() {
    let world = World::new().await;
    let mut granted = Vec::new();
    for word in ["one", "two", "three"] {
        let request = world.request_word(ALICE, Some(word)).await;
        world.approve(BOB, request).await;
        granted.push(request);
    }
    let path = format!("/v1/grants?by={ALICE}");
    for (who, sees) in [(ALICE, 3), (BOB, 3), (AUDITOR, 3), (EVE, 0)] {
        let seen: Seen<Page<RequestView>> = world.get(who, &path).await.json();
        assert_eq!(seen.value.items.len(), sees, "{who}");
    }
    let own: Seen<Page<RequestView>> = world.get(BOB, "/v1/grants").await.json();
    assert!(own.value.items.is_empty());

    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/grants?limit=1{after}");
        let seen: Seen<Page<RequestView>> = world.get(ALICE, &path).await.json();
        found.extend(seen.value.items.iter().map(|view| view.id));
        match seen.value.next {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(found.len(), 3);
    found.sort();
    granted.sort();
    assert_eq!(found, granted);
}

#[tokio::test]
async fn what_a_listing_does_not_know_is_refused() {
    let world = World::new().await;
    for path in [
        "/v1/groups?member=x",
        "/v1/groups?owner=x",
        "/v1/groups?after=x%20y",
        "/v1/people?role=king",
        "/v1/people?active=maybe",
        "/v1/people?limit=0",
        "/v1/tasks?risk=",
        "/v1/policies?approval=none",
        "/v1/workloads?connector=a&connector=b",
        "/v1/grants?status=live",
        "/v1/grants?after=x",
        "/v1/requests?since=yesterday",
        "/v1/requests?before=x",
        "/v1/executions?person=x",
        &format!("/v1/executions?group={READERS}"),
    ] {
        let answer = world.get(AUDITOR, path).await;
        assert_eq!(answer.problem(400), "bad-query", "{path}");
    }
}
