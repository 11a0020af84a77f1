//! P14: a page of the portal among many requests, and what a browser loads first.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::response::Html;
use axum::routing::get as answer;
use tokio::net::TcpListener;
use writ_bench::{Bound, Figure, is_restless, median};
use writ_core::digest::{Digest, Index, OrganizationId};
use writ_server::{Reach, TellsNobody};
use writ_store::{Backend, Listing, Rebuild, Row, Sqlite};

use crate::Tier;
use crate::load::{Done, Plan, What};
use crate::null::{Counts, Null};
use crate::place::{self, bearer};
use crate::process::{Role, work};
use crate::rounds::figure;
use crate::wire::{Wire, get};

/// How many times a page is read in one round, and how many rounds there are.
const TIMES: usize = 40;
const ROUNDS: usize = 5;
/// About as many live grants as `quick` leaves.
const LIVE: usize = 10_000;
const PAGE: &str = "/requests?scope=all";

/// The page and nothing else, for whoever looks with a profiler.
pub(crate) async fn alone(directory: &Path, organization: OrganizationId) -> Vec<Figure> {
    let node = Role::start("node", directory);
    for (what, count) in [(What::Lifecycles, LIVE), (What::Effects, 1)] {
        let plan = Plan {
            address: node.address,
            organization,
            what,
            clients: 16,
            count,
            rate: None,
        };
        let _: Done = work("load", &plan);
    }
    let _: Counts = node.end();
    pages(Tier::Quick, directory, organization).await
}

/// A page among many requests, to L0 with a body of the same bytes; and the
/// first load.
pub(crate) async fn pages(
    tier: Tier,
    directory: &Path,
    organization: OrganizationId,
) -> Vec<Figure> {
    let store = Arc::new(Sqlite::open(&place::database(directory)).unwrap());
    let engine = place::open(directory, store.clone(), Null::blind(), place::USUAL).await;
    let rows = tier.pick(100_000, 1_000_000);
    fill(store.as_ref(), rows).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let reach = Reach::default();
    let never = std::future::pending();
    let serving = tokio::spawn(writ_server::serve(
        engine.clone(),
        listener,
        reach,
        Arc::new(TellsNobody),
        never,
    ));

    let session = bearer(organization, "admin");
    let call = get(PAGE, Some(&session));
    let (status, body) = open(address).await.call(&call).await.unwrap();
    let text = String::from_utf8(body).unwrap();
    assert_eq!(status, 200, "{text}");
    assert_eq!(text.matches("data-row ").count(), 50, "{text}");
    let times = times(rows, address, &session, text).await;
    let first = first_load(address, &session).await;
    engine.stop(std::time::Duration::ZERO).await;
    serving.abort();
    [times, first].concat()
}

/// So many requests, in place of all rows: copies of one that has ended.
async fn fill(store: &Sqlite, rows: u64) {
    let query = Listing {
        noun: "request",
        visible: None,
        with: vec![("status", "revoked".into())],
        before: None,
        limit: 1,
    };
    let one = store.list(&query).await.unwrap().remove(0);
    let copy = |number: u64| {
        let id = Digest::of(&number.to_be_bytes());
        Row {
            noun: query.noun,
            id,
            at: one.at,
            created: Index(one.created.0 + number),
            view: one.view.replace(&one.id.to_string(), &id.to_string()),
            facets: vec![("status", "revoked".into())],
        }
    };
    store.rebuild(Rebuild::Begin).await.unwrap();
    let mut next = 1;
    while next <= rows {
        let until = (next + 10_000).min(rows + 1);
        let some = (next..until).map(copy).collect();
        store.rebuild(Rebuild::Rows(some)).await.unwrap();
        next = until;
    }
}

async fn open(address: SocketAddr) -> Wire {
    Wire::open(Ipv4Addr::LOCALHOST, address).await.unwrap()
}

/// One page again and again, which is made of rows that are at hand, and then
/// the whole listing page by page, where each is new.
async fn times(rows: u64, address: SocketAddr, session: &str, text: String) -> Vec<Figure> {
    let bytes = text.clone();
    let router = axum::Router::new().route("/requests", answer(async move || Html(bytes)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let baseline = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let (mut portal, mut null) = (open(address).await, open(baseline).await);
    let mut figures = Vec::new();
    for what in ["a page of requests", "a page that nobody has read yet,"] {
        let mut figure = figure(
            "P14",
            &format!("{what} among {rows}, to L0 with the same bytes"),
            Bound::AtMost(6.0),
            Bound::AtMost(3.0),
        );
        let is_new = !figures.is_empty();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut path = PAGE.to_owned();
        for _ in 0..ROUNDS {
            let page = seconds(&mut portal, session, &mut path, is_new).await;
            let nothing = seconds(&mut null, session, &mut PAGE.to_owned(), false).await;
            figure.values.push(page / nothing);
            ours.push(page);
            theirs.push(nothing);
        }
        figure.restless = is_restless(&theirs);
        figure.made_of = format!(
            "{:.0} us; L0 {:.0} us",
            median(&ours).unwrap_or(0.0) * 1e6,
            median(&theirs).unwrap_or(0.0) * 1e6
        );
        figures.push(figure);
    }
    serving.abort();
    figures
}

/// What one call takes, of the same page or of one after the other.
async fn seconds(wire: &mut Wire, session: &str, path: &mut String, onward: bool) -> f64 {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let call = get(path, Some(session));
        let start = std::time::Instant::now();
        let (status, body) = wire.call(&call).await.unwrap();
        times.push(start.elapsed().as_secs_f64());
        assert_eq!(status, 200);
        if onward {
            *path = older(&String::from_utf8(body).unwrap());
        }
    }
    median(&times).unwrap()
}

/// Where a page says that the next one is.
fn older(page: &str) -> String {
    let (before, _) = page.split_once("\" rel=\"next\"").unwrap();
    let (_, path) = before.rsplit_once('"').unwrap();
    path.replace("&#38;", "&")
}

/// What a browser loads that was never here: the page and all that it names.
async fn first_load(address: SocketAddr, session: &str) -> Vec<Figure> {
    let (_, page) = open(address)
        .await
        .call(&get("/", Some(session)))
        .await
        .unwrap();
    let page = String::from_utf8(page).unwrap();
    let named = page.split('"').filter(|part| part.starts_with("/assets/"));
    let named: BTreeSet<&str> = named.collect();
    let mut bytes = 0;
    for path in ["/"].into_iter().chain(named.iter().copied()) {
        let plain = get(path, Some(session));
        let end = plain.len() - 2;
        let call = [&plain[..end], b"accept-encoding: gzip\r\n\r\n"].concat();
        let (status, body) = open(address).await.call(&call).await.unwrap();
        assert_eq!(status, 200, "{path}");
        bytes += body.len();
    }
    let mut size = figure(
        "P14",
        "the first load, compressed, kB",
        Bound::AtMost(100.0),
        Bound::AtMost(50.0),
    );
    size.values.push(bytes as f64 / 1000.0);
    let mut requests = figure(
        "P14",
        "requests of the first load, the stream of events included",
        Bound::AtMost(8.0),
        Bound::AtMost(5.0),
    );
    requests.values.push((named.len() + 2) as f64);
    requests.made_of = "modules apart, as browsers load them; all but the page are kept".into();
    vec![size, requests]
}
