//! Who may call what: the table, and every route tried by everyone.

use writ_core::digest::Digest;

use crate::world::{ADMIN, ALICE, AUDITOR, World};

const TABLE: &str = include_str!("../permissions.txt");

#[test]
fn the_table_of_permissions_is_as_it_was_reviewed() {
    let lines: Vec<_> = writ_server::permissions()
        .iter()
        .map(ToString::to_string)
        .collect();
    let table = format!("{}\n", lines.join("\n"));
    assert_eq!(
        table, TABLE,
        "review, then change tests/permissions.txt to:\n{table}"
    );
}

#[tokio::test]
async fn every_route_answers_each_role_as_the_table_says() {
    let world = World::new().await;
    let request = world.grant(ALICE).await;
    let execution = world.run(ALICE).await;
    world.finish(execution, b"hello\n").await;
    let version = world.get_with(None, "/sign-in").await.text();
    let (_, version) = version.split_once("/assets/").unwrap();
    let (version, _) = version.split_once('/').unwrap();
    for line in writ_server::permissions() {
        let id = match line.path.contains("executions") {
            true => execution.to_string(),
            false => request.to_string(),
        };
        let path = line
            .path
            .replace("{upn}", ALICE)
            .replace("{address}", "approvers@fabrikam.com")
            .replace(
                "{name}",
                match line.path.contains("tasks") {
                    true => "host%5Csay",
                    false => "host",
                },
            )
            .replace("{pattern}", "Host%5CSay")
            .replace("{index}", "0")
            .replace("{*tile}", "0/000.p/1")
            .replace("{*part}", "000.p/1")
            .replace("/inclusion", "/inclusion?index=0&size=1")
            .replace("/consistency", "/consistency?from=1&to=2")
            .replace("{execution}", &execution.to_string())
            .replace("{version}", version)
            .replace("{file}", "portal.css")
            .replace("/audit/export", "/audit/export?format=csv")
            .replace("/run", &format!("/run?request={request}"))
            .replace("{id}", &id);
        for (who, rank) in [
            (None, 0),
            (Some(ALICE), 1),
            (Some(AUDITOR), 2),
            (Some(ADMIN), 3),
        ] {
            let session = who.map(|who| world.session(who));
            let answer = match line.method {
                "GET" => world.get_with(session.as_deref(), &path).await,
                _ => {
                    let mut call = world.client().post(world.url(&path)).body("{}");
                    // A statement needs none: its signature speaks for it.
                    if let Some(session) = session.filter(|_| line.who != "anonymous") {
                        call = call.header("authorization", session);
                    }
                    world
                        .send(call.header("content-type", "application/json"))
                        .await
                }
            };
            let needed = match line.who {
                "anonymous" => 0,
                "anyone" | "signed-in" => 1,
                "auditor" => 2,
                "administrator" => 3,
                other => panic!("{other}"),
            };
            let expected = match (rank >= needed, who, line.method) {
                // Only pages of this very origin post there.
                _ if line.path.starts_with("/session") => 403,
                // What is of an app is not there for people, nor a page of one of them.
                (true, _, "GET") if line.path.starts_with("/v1/data") => 404,
                (true, _, "GET") if line.path == "/apps/{upn}" => 404,
                (true, _, "GET") => 200,
                (true, _, _) => 422,
                (false, None, _) => 401,
                // A page that is not for somebody is not there.
                (false, Some(_), _) if !line.path.starts_with("/v1/") => 404,
                (false, Some(_), _) => 403,
            };
            assert_eq!(
                answer.status,
                expected,
                "{line} as {who:?}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn who_may_not_read_is_told_nothing_and_what_to_do() {
    let world = World::new().await;
    let none = world.get_with(None, "/v1/whoami").await;
    assert_eq!(none.problem(401), "no-session");
    assert_eq!(none.header("www-authenticate"), "Writ");
    assert!(none.text().contains("writ login URL --as UPN"));

    let forbidden = world.get(ALICE, "/v1/log/entries").await;
    assert_eq!(forbidden.problem(403), "forbidden");
    assert!(forbidden.text().contains("auditors and administrators"));

    // Without a session nothing tells a good path or query from a bad one.
    for path in [
        "/v1/requests/zz",
        "/v1/requests?limit=0",
        &format!("/v1/requests/{}", Digest::of(b"x")),
    ] {
        assert_eq!(world.get_with(None, path).await.problem(401), "no-session");
    }
}
