//! The portal over TCP: the session of a browser, and what a page may be.

use writ_core::envelope::Kind;
use writ_core::object::Role;
use writ_core::statement::{Request, Signout};
use writ_core::time::{Seconds, Time};

use crate::world::{ADMIN, ALICE, AUDITOR, Answer, BOB, EVE, Setting, World, asking, upn};

/// A world whose client goes nowhere by itself.
async fn world() -> World {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    World::with(Setting {
        client,
        ..Setting::default()
    })
    .await
}

/// The token of a session of somebody, without its scheme.
fn token(world: &World, name: &str) -> String {
    let header = world.session(name);
    header.split_once(' ').unwrap().1.to_owned()
}

fn cookie(world: &World, name: &str) -> String {
    format!("writ-session={}", token(world, name))
}

/// Posts JSON to some path, with more headers.
async fn post_to(world: &World, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let call = world.client().post(world.url(path)).body(body);
    let mut call = call.header("content-type", "application/json");
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    world.send(call).await
}

/// Opens a page with these cookies, as a browser does.
async fn open_page(world: &World, cookies: &str, path: &str) -> Answer {
    let call = world.client().get(world.url(path));
    let call = call.header("accept", "text/html").header("cookie", cookies);
    world.send(call).await
}

fn opened(token: &str) -> Vec<u8> {
    format!(r#"{{"token":"{token}"}}"#).into_bytes()
}

#[tokio::test]
async fn a_session_begins_only_from_a_page_of_this_origin() {
    let world = world().await;
    let body = opened(&token(&world, ALICE));
    let here = world.url("");
    for origin in ["null", "http://evil.example", "http://127.0.0.1:1"] {
        let answer = post_to(&world, "/session", &[("origin", origin)], body.clone()).await;
        assert_eq!(answer.problem(403), "not-from-here", "{origin}");
    }
    let answer = post_to(&world, "/session", &[], body.clone()).await;
    assert_eq!(answer.problem(403), "not-from-here");

    let answer = post_to(&world, "/session", &[("origin", &here)], body).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let set = answer.header("set-cookie");
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Lax"),
        "{set}"
    );
    let pair = set.split(';').next().unwrap();
    let page = open_page(&world, pair, "/").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(ALICE), "{}", page.text());
}

#[tokio::test]
async fn what_is_no_session_begins_none() {
    let world = world().await;
    let here = world.url("");
    let good = token(&world, ALICE);
    let forged = good.replace(&good[40..44], "AAAA");
    for bad in ["", "e30", &forged, &good[..good.len() - 4]] {
        let answer = post_to(&world, "/session", &[("origin", &here)], opened(bad)).await;
        assert_eq!(answer.problem(401), "session-over", "{bad}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    for odd in [
        &b"{}"[..],
        b"[]",
        b"{\"token\":1}",
        b"{\"token\":\"\",\"x\":1}",
        b"",
    ] {
        let answer = post_to(&world, "/session", &[("origin", &here)], odd.to_vec()).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    let long = opened(&"A".repeat(20_000));
    let answer = post_to(&world, "/session", &[("origin", &here)], long).await;
    assert_eq!(answer.problem(413), "too-big");
}

#[tokio::test]
async fn a_page_without_a_session_leads_to_where_one_gets_one() {
    let world = world().await;
    for (path, to) in [
        ("/", "/sign-in?to=/"),
        (
            "/requests?scope=all&by=a%2Bb",
            "/sign-in?to=/requests?scope=all%26by=a%252Bb",
        ),
    ] {
        let page = open_page(&world, "", path).await;
        assert_eq!((page.status, page.header("location")), (303, to), "{path}");
    }
    // Who asks for data gets a problem.
    assert_eq!(
        world.get_with(None, "/requests").await.problem(401),
        "no-session"
    );
}

#[tokio::test]
async fn one_goes_on_to_no_other_host() {
    let world = world().await;
    for to in [
        "//evil.example",
        "https://evil.example/",
        "/%5Cevil.example",
        "javascript:alert(1)",
    ] {
        let page = open_page(&world, "", &format!("/sign-in?to={to}"))
            .await
            .text();
        assert!(page.contains(r#"data-to="/""#), "{to}: {page}");
    }
    let page = open_page(&world, "", "/sign-in?to=/requests").await.text();
    assert!(page.contains(r#"data-to="/requests""#), "{page}");
}

#[tokio::test]
async fn a_page_is_kept_by_no_cache_and_framed_by_nobody_and_runs_nothing_inline() {
    let world = world().await;
    for (cookies, path) in [(cookie(&world, ALICE), "/"), (String::new(), "/sign-in")] {
        let page = open_page(&world, &cookies, path).await;
        assert_eq!(page.header("cache-control"), "no-store");
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let text = page.text();
        for inline in ["<style", " style=", " onclick", "javascript:", "<script>"] {
            assert!(!text.contains(inline), "{inline} in {text}");
        }
    }
}

#[tokio::test]
async fn every_text_of_others_is_shown_as_text() {
    let world = world().await;
    let hostile =
        r#"<script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*7}} javascript:alert(1)"#;
    let request = Request {
        reason: hostile.into(),
        ticket: Some(hostile.into()),
        ..asking()
    };
    let id = world
        .say(ALICE, Kind::Request, request)
        .await
        .receipt
        .digest;
    for (who, path) in [
        (ALICE, "/".to_owned()),
        (BOB, "/approvals".to_owned()),
        (BOB, format!("/requests/{id}")),
        (ADMIN, "/requests?scope=all".to_owned()),
        (
            ALICE,
            format!("/requests/new?task=Host%5CSay&reason={}", "%3Cscript%3E"),
        ),
    ] {
        let page = open_page(&world, &cookie(&world, who), &path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        let text = page.text();
        assert!(
            !text.contains("<script>alert") && !text.contains("<img src=x"),
            "{path}: {text}"
        );
        assert!(
            text.contains("script&") || text.contains("&#60;script"),
            "{path}: {text}"
        );
    }
}

/// A page without the time at which it was made.
fn timeless(page: &str) -> String {
    let (before, rest) = page.split_once("data-now=\"").unwrap();
    let (now, after) = rest.split_once('"').unwrap();
    let second = now.parse().map(Time).unwrap().to_string();
    format!("{before}{after}")
        .replace(now, "")
        .replace(&second, "")
}

#[tokio::test]
async fn what_is_not_ones_own_is_as_if_it_were_not_there() {
    let world = world().await;
    let request = world.grant(ALICE).await;
    let execution = world.run(ALICE).await;
    world.finish(execution, b"hello\n").await;
    let nothing = "00".repeat(32);
    for (foreign, absent) in [
        (
            format!("/requests/{request}"),
            format!("/requests/{nothing}"),
        ),
        (
            format!("/executions/{execution}"),
            format!("/executions/{nothing}"),
        ),
        (
            format!("/run?request={request}"),
            format!("/run?request={nothing}"),
        ),
    ] {
        let eve = cookie(&world, EVE);
        let (foreign_page, absent_page) = (
            open_page(&world, &eve, &foreign).await,
            open_page(&world, &eve, &absent).await,
        );
        assert_eq!(foreign_page.status, 404, "{foreign}");
        let (one, other) = (
            timeless(&foreign_page.text()),
            timeless(&absent_page.text()),
        );
        let id = foreign.rsplit(['/', '=']).next().unwrap();
        assert_eq!(one.replace(id, &nothing), other);
        let own = open_page(&world, &cookie(&world, ALICE), &foreign).await;
        assert_eq!(own.status, 200, "{foreign}: {}", own.text());
    }
}

#[tokio::test]
async fn a_session_that_was_signed_out_opens_no_page() {
    let world = world().await;
    let cookies = cookie(&world, ALICE);
    assert_eq!(open_page(&world, &cookies, "/").await.status, 200);
    let all = Signout {
        person: upn(ALICE),
        session: None,
    };
    assert!(world.say(ALICE, Kind::Signout, all).await.receipt.accepted);
    let page = open_page(&world, &cookies, "/").await;
    assert_eq!(page.status, 303);

    // A header is what counts, where there is one.
    let expired = world.session_of(
        BOB,
        world.engine.now().minus(Seconds::HOUR),
        world.engine.now(),
    );
    let both = world.get_with(Some(&expired), "/").await;
    assert_eq!(both.problem(401), "session-over");
}

#[tokio::test]
async fn a_copy_of_a_session_that_a_browser_ended_opens_nothing() {
    let world = world().await;
    let (mine, others) = (cookie(&world, ALICE), cookie(&world, BOB));
    let here = world.url("");
    let end = [("origin", here.as_str()), ("cookie", mine.as_str())];
    // Not from another page, whatever cookie comes with it.
    let elsewhere = [("origin", "http://evil.example"), ("cookie", &mine)];
    let answer = post_to(&world, "/session/end", &elsewhere, b"{}".to_vec()).await;
    assert_eq!(answer.problem(403), "not-from-here");
    assert_eq!(open_page(&world, &mine, "/").await.status, 200);

    let answer = post_to(&world, "/session/end", &end, b"{}".to_vec()).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(open_page(&world, &mine, "/").await.status, 303);
    let bearer = mine.split_once('=').unwrap().1;
    let header = format!("Writ {bearer}");
    let header = world.get_with(Some(&header), "/v1/whoami").await;
    assert_eq!(header.problem(401), "session-over");
    assert_eq!(open_page(&world, &others, "/").await.status, 200);
}

#[tokio::test]
async fn the_menu_has_what_a_role_may_read() {
    let world = world().await;
    for (who, role) in [
        (ALICE, None),
        (AUDITOR, Some(Role::Auditor)),
        (ADMIN, Some(Role::Administrator)),
    ] {
        let page = open_page(&world, &cookie(&world, who), "/").await.text();
        assert_eq!(page.contains(r#"href="/audit""#), role.is_some(), "{who}");
    }
}

#[tokio::test]
async fn assets_are_kept_for_good_and_only_under_their_version() {
    let world = world().await;
    let page = open_page(&world, "", "/sign-in").await.text();
    let start = page.find("/assets/").unwrap();
    let path: String = page[start..]
        .chars()
        .take_while(|letter| *letter != '"')
        .collect();
    let asset = open_page(&world, "", &path).await;
    assert_eq!(asset.status, 200);
    assert!(asset.header("cache-control").contains("immutable"));
    for other in [
        "/assets/0/portal.css",
        "/assets/0/../portal.css",
        "/assets/x/..%2f..%2fCargo.toml",
    ] {
        assert_eq!(open_page(&world, "", other).await.status, 404, "{other}");
    }
}
