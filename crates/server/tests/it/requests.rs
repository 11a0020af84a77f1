//! Requests: who sees which, and how they are found.

use std::collections::BTreeSet;

use serde_json::json;
use writ_core::digest::{Digest, Index, RequestId};
use writ_core::record::Status;
use writ_core::statement::TreeHead;
use writ_core::view::{Page, RequestView, Seen};
use writ_store::{Batch, Row};

use crate::world::{ADMIN, ALICE, APPROVERS, AUDITOR, BOB, EVE, World, group};

async fn listed(world: &World, who: &str, query: &str) -> Vec<RequestId> {
    let page: Page<RequestView> = world
        .get(who, &format!("/v1/requests?{query}"))
        .await
        .json();
    assert_eq!(page.next, None);
    page.items.iter().map(|view| view.id).collect()
}

#[tokio::test]
async fn a_request_is_for_its_requester_and_its_possible_approvers() {
    let world = World::new().await;
    let request = world.request(ALICE).await;
    let path = format!("/v1/requests/{request}");
    for who in [ALICE, BOB, AUDITOR, ADMIN] {
        assert_eq!(world.shown(who, request).await.status, Status::Pending);
        assert_eq!(listed(&world, who, "scope=all").await, [request], "{who}");
    }
    // Absent and forbidden answer alike, up to the id asked for.
    let forbidden = world.get(EVE, &path).await;
    let nothing = Digest::of(b"nothing").to_string();
    let absent = world.get(EVE, &format!("/v1/requests/{nothing}")).await;
    assert_eq!(forbidden.problem(404), "not-found");
    assert_eq!(
        forbidden.text().replace(&request.to_string(), &nothing),
        absent.text()
    );
    assert!(listed(&world, EVE, "scope=all").await.is_empty());

    // A member of a member sees it, and no longer once the group has lost them.
    world.set(group("team@fabrikam.com", &[EVE])).await;
    world
        .set(group(APPROVERS, &[BOB, "team@fabrikam.com"]))
        .await;
    assert_eq!(listed(&world, EVE, "scope=all").await, [request]);
    world.set(group("team@fabrikam.com", &[])).await;
    assert_eq!(world.get(EVE, &path).await.problem(404), "not-found");
}

#[tokio::test]
async fn what_waits_for_me_is_what_i_could_approve() {
    let world = World::new().await;
    world.set(group(APPROVERS, &[ALICE, BOB])).await;
    let (alices, bobs) = (world.request(ALICE).await, world.request(BOB).await);
    assert_eq!(listed(&world, BOB, "scope=to-approve").await, [alices]);
    assert_eq!(listed(&world, ALICE, "scope=to-approve").await, [bobs]);
    assert!(listed(&world, EVE, "scope=to-approve").await.is_empty());
    assert!(listed(&world, ADMIN, "scope=to-approve").await.is_empty());
    assert!(world.approve(BOB, alices).await.receipt.accepted);
    assert!(listed(&world, BOB, "scope=to-approve").await.is_empty());
}

#[tokio::test]
async fn what_is_open_is_shown_from_state_and_what_has_ended_from_its_row() {
    let world = World::new().await;
    let request = world.grant(ALICE).await;
    let live = world.shown(ALICE, request).await;
    assert_eq!(live.status, Status::Live);
    assert_eq!(live.approvals[0].by.as_str(), BOB);
    let grants: Seen<Page<RequestView>> = world.get(ALICE, "/v1/grants").await.json();
    assert_eq!(grants.value.items, [live]);
    assert!(
        world
            .get(BOB, "/v1/grants")
            .await
            .json::<Seen<Page<RequestView>>>()
            .value
            .items
            .is_empty()
    );

    assert!(world.end(BOB, request, "enough").await.receipt.accepted);
    let revoked = world.shown(ALICE, request).await;
    assert_eq!(revoked.status, Status::Revoked);
    assert_eq!(revoked.ending.unwrap().comment.as_deref(), Some("enough"));
    assert_eq!(listed(&world, ALICE, "status=revoked").await, [request]);
    assert!(listed(&world, ALICE, "status=live").await.is_empty());
    assert_eq!(listed(&world, ALICE, r"task=host%5CSAY").await, [request]);
    assert!(listed(&world, ALICE, r"task=host%5Cother").await.is_empty());
}

/// A row that nobody's statement made.
async fn forge(world: &World, view: &RequestView, facets: Vec<(&'static str, String)>) {
    let store = world.engine.store();
    let head: TreeHead = store.head().await.unwrap();
    let row = Row {
        noun: "request",
        id: view.id.0,
        at: Index(0),
        created: Index(0),
        view: json!(view).to_string(),
        facets,
    };
    let batch = Batch {
        expect: head,
        after: head,
        entries: Vec::new(),
        rows: vec![row],
        blobs: Vec::new(),
    };
    store.append(batch).await.unwrap();
}

#[tokio::test]
async fn a_row_written_by_hand_opens_nothing() {
    let world = World::new().await;
    let request = world.request(ALICE).await;
    let mine = || vec![("by", EVE.to_owned())];

    // A request that nobody raised, made live.
    let mut invented = world.shown(ALICE, request).await;
    invented.id = RequestId(Digest::of(b"invented"));
    invented.status = Status::Live;
    invented.by = EVE.parse().unwrap();
    forge(&world, &invented, mine()).await;
    assert!(listed(&world, EVE, "").await.is_empty());
    let path = format!("/v1/requests/{}", invented.id);
    assert_eq!(world.get(EVE, &path).await.problem(404), "not-found");

    // A pending one shown as live, to somebody whom it is not for.
    let mut altered = world.shown(ALICE, request).await;
    altered.status = Status::Live;
    altered.by = EVE.parse().unwrap();
    forge(&world, &altered, mine()).await;
    assert!(listed(&world, EVE, "").await.is_empty());
    assert_eq!(world.shown(ALICE, request).await.status, Status::Pending);

    // A row of one request in the place of another's.
    world.end(ALICE, request, "never mind").await;
    let ended = world.shown(ALICE, request).await;
    let store = world.engine.store();
    let (head, view) = (store.head().await.unwrap(), json!(ended).to_string());
    let id = Digest::of(b"other");
    let (at, created) = (Index(0), Index(0));
    let row = Row {
        noun: "request",
        id,
        at,
        created,
        view,
        facets: mine(),
    };
    let batch = Batch {
        expect: head,
        after: head,
        entries: vec![],
        rows: vec![row],
        blobs: vec![],
    };
    store.append(batch).await.unwrap();
    let answer = world.get(EVE, &format!("/v1/requests/{id}")).await;
    assert_eq!(answer.problem(500), "internal");
    assert!(!answer.text().contains(ALICE));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = World::new().await;
    let mut raised = Vec::new();
    for number in 0..7 {
        raised.push(world.request_word(ALICE, Some(&number.to_string())).await);
    }
    raised.reverse();
    for limit in [1, 2, 3, 7, 200] {
        let (mut found, mut pages) = (Vec::new(), 0);
        let mut next = String::new();
        loop {
            let query = format!("/v1/requests?limit={limit}{next}");
            let page: Page<RequestView> = world.get(ALICE, &query).await.json();
            assert!(page.items.len() <= limit);
            found.extend(page.items.iter().map(|view| view.id));
            pages += 1;
            match page.next {
                Some(cursor) => next = format!("&after={cursor}"),
                None => break,
            }
        }
        assert_eq!(found, raised, "{limit}");
        assert_eq!(pages, 7_usize.div_ceil(limit));
    }
}

#[tokio::test]
async fn a_page_goes_on_past_rows_that_are_not_shown() {
    let world = World::new().await;
    world.set(group(APPROVERS, &[BOB, EVE])).await;
    // Three that still wait for Bob, the oldest; then three of his own.
    let mut waiting = Vec::new();
    for number in 0..3 {
        waiting.push(world.request_word(ALICE, Some(&number.to_string())).await);
    }
    for number in 0..3 {
        world.request_word(BOB, Some(&number.to_string())).await;
    }
    waiting.reverse();
    let page: Page<RequestView> = world
        .get(BOB, "/v1/requests?scope=to-approve&limit=2")
        .await
        .json();
    let found: Vec<_> = page.items.iter().map(|view| view.id).collect();
    assert_eq!(found, waiting[..2]);
    assert!(page.next.is_some());
}

/// A cursor says where to go on, and nothing of who may.
#[tokio::test]
async fn a_cursor_of_somebody_else_shows_nothing_of_theirs() {
    let world = World::new().await;
    let eves = world.request_word(EVE, Some("eve")).await;
    for word in ["1", "2", "3"] {
        world.request_word(ALICE, Some(word)).await;
    }
    let cursor = async |who: &str| {
        let page: Page<RequestView> = world
            .get(who, "/v1/requests?scope=all&limit=1")
            .await
            .json();
        assert_eq!(page.items.len(), 1);
        page.next.unwrap()
    };
    let query = format!("scope=all&after={}", cursor(ADMIN).await);
    assert_eq!(listed(&world, EVE, &query).await, [eves]);

    let query = format!("scope=all&after={}", cursor(BOB).await);
    assert_eq!(listed(&world, BOB, &query).await.len(), 3);
    world.set(group(APPROVERS, &[])).await;
    assert!(listed(&world, BOB, &query).await.is_empty());
}

#[tokio::test]
async fn an_id_may_be_shortened_while_it_is_unique() {
    let world = World::new().await;
    let request = world.request(ALICE).await;
    let hex = request.to_string();
    for id in [
        &hex[..4],
        &hex[..9],
        &request.short(),
        &request.short().to_uppercase(),
        &hex,
    ] {
        let view: RequestView = world.get(ALICE, &format!("/v1/requests/{id}")).await.json();
        assert_eq!(view.id, request, "{id}");
    }
    for bad in [&hex[..3], "zzzz", "....", "%20", &format!("{hex}0")] {
        let answer = world.get(ALICE, &format!("/v1/requests/{bad}")).await;
        assert_eq!(answer.problem(400), "bad-path", "{bad}");
    }

    // A second one that begins alike, ended so that its row is shown.
    let mut twin = world.shown(ALICE, request).await;
    let mut bytes = *request.0.as_bytes();
    bytes[31] ^= 1;
    twin.id = RequestId(Digest::from_bytes(bytes));
    twin.status = Status::Expired;
    forge(&world, &twin, vec![("by", ALICE.to_owned())]).await;
    let answer = world
        .get(ALICE, &format!("/v1/requests/{}", &hex[..12]))
        .await;
    assert_eq!(answer.problem(409), "ambiguous");
    assert!(answer.text().contains(&request.short()));
    assert_eq!(world.shown(ALICE, request).await.id, request);

    // What somebody may not see does not make their prefix ambiguous.
    let mut hidden = twin.clone();
    hidden.by = EVE.parse().unwrap();
    hidden.stages.clear();
    forge(&world, &hidden, vec![("by", EVE.to_owned())]).await;
    let view: RequestView = world
        .get(ALICE, &format!("/v1/requests/{}", &hex[..12]))
        .await
        .json();
    assert_eq!(view.id, request);
}

#[tokio::test]
async fn odd_queries_are_refused() {
    let world = World::new().await;
    let cursor_like = "A".repeat(54);
    for query in [
        "scope=everything",
        "scope=mine&scope=all",
        "status=open",
        "task=Host",
        "limit=0",
        "limit=201",
        "limit=-1",
        "after=x",
        "after=",
        &format!("after={cursor_like}A"),
        "page=2",
    ] {
        let answer = world.get(ALICE, &format!("/v1/requests?{query}")).await;
        assert_eq!(answer.problem(400), "bad-query", "{query}");
    }
    let queries: BTreeSet<_> = ["", "scope=mine", "status=pending", "limit=200"].into();
    for query in queries {
        assert!(listed(&world, ALICE, query).await.is_empty());
    }
}
