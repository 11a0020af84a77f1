//! What every answer has, whatever was asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use writ_server::{Reach, TellsNobody};

use crate::world::{ADMIN, ALICE, Answer, World};

fn is_dressed(answer: &Answer) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.header(name), value);
    }
    assert!(!answer.header("x-request-id").is_empty());
    assert!(answer.header("date").ends_with("GMT"));
    assert!(
        !answer
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control"))
    );
}

#[tokio::test]
async fn every_answer_is_dressed_and_has_its_own_id() {
    let world = World::new().await;
    let mut ids = BTreeSet::new();
    for path in [
        "/healthz",
        "/v1/organization",
        "/v1/whoami",
        "/nowhere",
        "/v1/groups/x",
        "/",
    ] {
        let call = world
            .client()
            .get(world.url(path))
            .header("origin", "null")
            .header("x-request-id", "mine");
        let answer = world.send(call).await;
        is_dressed(&answer);
        assert!(ids.insert(answer.header("x-request-id").to_owned()));
    }
    assert!(!ids.contains("mine"));
}

#[tokio::test]
async fn the_framework_speaks_our_words() {
    let world = World::new().await;
    for path in [
        "/nowhere",
        "/v1",
        "/v1/",
        "/v1/requests/",
        "/v1/statements/x",
        "/V1/status",
    ] {
        let answer = world.get(ALICE, path).await;
        assert_eq!(answer.problem(404), "no-such-path", "{path}");
    }
    for (method, path, allow) in [
        (Method::POST, "/v1/status", "GET,HEAD"),
        (Method::OPTIONS, "/v1/status", "GET,HEAD"),
        (Method::DELETE, "/v1/requests/abcd", "GET,HEAD"),
        (Method::PATCH, "/v1/requests/abcd", "GET,HEAD"),
        (Method::GET, "/v1/statements", "POST"),
    ] {
        let call = world
            .client()
            .request(method, world.url(path))
            .header("x-http-method-override", "GET");
        let answer = world.send(call).await;
        assert_eq!(answer.problem(405), "wrong-method", "{path}");
        assert_eq!(answer.header("allow"), allow);
        is_dressed(&answer);
    }
}

#[tokio::test]
async fn a_parameter_that_no_route_knows_is_refused_by_each() {
    let world = World::new().await;
    for line in writ_server::permissions() {
        // The path is not looked at before the query is.
        let path = line.path.replace(['{', '}', '*'], "");
        let method = line.method.parse().unwrap();
        let call = world
            .client()
            .request(method, world.url(&format!("{path}?surprise=1")))
            .header("authorization", world.session(ADMIN))
            .header("content-type", "application/json");
        let answer = world.send(call).await;
        let code = answer.problem(400);
        assert!(["bad-query", "bad-path"].contains(&code.as_str()), "{line}");
        if !line.path.contains('{') {
            assert_eq!(code, "bad-query", "{line}");
        }
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let world = World::new().await;
    for (path, status) in [
        ("/healthz", 200),
        ("/v1/status", 200),
        ("/v1/requests?limit=1", 200),
        ("/v1/requests?limit=0", 400),
        ("/v1/groups/none@fabrikam.com", 404),
        ("/nowhere", 404),
        ("/v1/statements", 405),
    ] {
        let call = world
            .client()
            .request(Method::HEAD, world.url(path))
            .header("authorization", world.session(ALICE));
        let answer = world.send(call).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.is_empty(), "{path}");
        is_dressed(&answer);
    }
}

async fn raw(world: &World, text: &str) -> String {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_call_has_one_length_and_one_end() {
    let world = World::new().await;
    let post = "POST /v1/statements HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    // RFC 9112 §6.3: the chunks count, and nothing after them is read as a call.
    for head in [
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let smuggled = format!("{post}{head}GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        let answer = raw(&world, &smuggled).await;
        assert!(answer.contains("connection: close"), "{head:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{head:?}: {answer}");
    }
    for head in [
        "content-length: 5\r\ncontent-length: 6\r\n\r\n{}   ",
        "content-length: +5\r\n\r\n{}   ",
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "x-folded: a\r\n b\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let answer = raw(&world, &format!("{post}{head}")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{head:?}: {answer}");
    }
    let answer = raw(&world, "GET /healthz HTTP/1.1\r\n\r\n").await;
    assert!(answer.contains("bad-host"), "{answer}");
    let many: String = (0..100).map(|n| format!("x-{n}: y\r\n")).collect();
    let answer = raw(
        &world,
        &format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let good = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(raw(&world, good).await.ends_with("ok\n"));
}

#[tokio::test]
async fn a_call_names_one_host() {
    let world = World::new().await;
    let get = |target: &str, headers: &str| {
        format!("GET {target} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n")
    };
    for good in [
        get("/healthz", "host: x\r\n"),
        get("http://X:80/healthz", "host: x:80\r\n"),
        "GET /healthz HTTP/1.0\r\n\r\n".to_owned(),
        // HTTP/2 is not taken up.
        get(
            "/healthz",
            "host: x\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
        ),
    ] {
        let answer = raw(&world, &good).await;
        assert!(answer.contains(" 200 OK\r\n"), "{good}: {answer}");
    }
    for bad in [
        get("/healthz", ""),
        get("/healthz", "host: \r\n"),
        get("/healthz", "host: x\r\nhost: x\r\n"),
        get("/healthz", "host: x\r\nhost: y\r\n"),
        get("/healthz", "host: x, y\r\n"),
        get("/healthz", "host: a@x\r\n"),
        get("/healthz", "host: x/healthz\r\n"),
        get("http://y/healthz", "host: x\r\n"),
        get("http://y/healthz", ""),
    ] {
        let answer = raw(&world, &bad).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{bad}: {answer}");
        assert!(answer.contains("\"code\":\"bad-host\""), "{bad}: {answer}");
    }
    for bad in [
        "GET /healthz HTTP/1.1\r\nho st: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost : x\r\n\r\n",
        "GET /health\0z HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nhost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let answer = raw(&world, bad).await;
        let refused = answer.starts_with("HTTP/1.1 4") || answer.is_empty();
        assert!(refused, "{bad}: {answer}");
        assert!(!answer.contains(" 200 "), "{bad}: {answer}");
    }
}

#[tokio::test]
async fn nothing_is_served_to_other_hosts_in_the_clear() {
    let world = World::new().await;
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let reach = Reach::default();
    let refused = writ_server::serve(
        world.engine.clone(),
        listener,
        reach,
        Arc::new(TellsNobody),
        async {},
    )
    .await;
    assert!(refused.unwrap_err().to_string().contains("--behind-proxy"));
}
