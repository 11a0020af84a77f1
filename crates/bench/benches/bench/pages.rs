//! P10: a page of a listing, however much there is and however deep it lies.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use writ_bench::{Bound, Figure, median};
use writ_core::digest::{Digest, Index, OrganizationId};
use writ_server::{Reach, TellsNobody};
use writ_store::{Backend, Listing, Rebuild, Row, Sqlite};

use crate::Tier;
use crate::null::{Null, Tally, counting};
use crate::place::{self, bearer};
use crate::rounds::figure;
use crate::wire::{Wire, get};

/// How many times a page is read.
const TIMES: usize = 60;

/// How often the store is asked for one page of the API. Each question is one
/// statement of SQL.
pub(crate) async fn questions(directory: &Path, organization: OrganizationId) -> Figure {
    let tally = Arc::new(Tally::default());
    let store = Sqlite::open(&place::database(directory)).unwrap();
    let store = counting(store, &tally);
    let engine = place::open(directory, Arc::new(store), Null::blind(), place::USUAL).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let reach = Reach {
        tls: None,
        behind_proxy: false,
    };
    let never = std::future::pending();
    let serving = tokio::spawn(writ_server::serve(
        engine.clone(),
        listener,
        reach,
        Arc::new(TellsNobody),
        never,
    ));
    let mut wire = Wire::open(std::net::Ipv4Addr::LOCALHOST, address)
        .await
        .unwrap();
    let mut figure = figure(
        "P10",
        "SQL statements of one page of requests, and of runs",
        Bound::AtMost(6.0),
        Bound::AtMost(3.0),
    );
    for who in ["admin", "u0"] {
        let session = bearer(organization, who);
        for path in ["/v1/requests?limit=50", "/v1/executions?limit=50"] {
            let before = tally.counts().reads;
            let (status, body) = wire.call(&get(path, Some(&session))).await.unwrap();
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            figure.values.push(f64::from(
                u32::try_from(tally.counts().reads - before).unwrap(),
            ));
        }
    }
    figure.made_of = "as an administrator and as a requester".into();
    engine.stop(std::time::Duration::ZERO).await;
    serving.abort();
    figure
}

/// How long the store takes for a page, in seconds.
async fn page(store: &Sqlite, before: Option<(Index, Digest)>) -> f64 {
    let query = Listing {
        noun: "execution",
        visible: Some(vec![("by", "u1".into())]),
        with: Vec::new(),
        before,
        limit: 50,
    };
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let start = std::time::Instant::now();
        assert_eq!(store.list(&query).await.unwrap().len(), 50);
        times.push(start.elapsed().as_secs_f64());
    }
    median(&times).unwrap()
}

/// A store with so many rows, half of them of one person.
async fn filled(path: &Path, rows: u64) -> Sqlite {
    let store = Sqlite::open(path).unwrap();
    store.rebuild(Rebuild::Begin).await.unwrap();
    let row = |number: u64| Row {
        noun: "execution",
        id: Digest::of(&number.to_be_bytes()),
        at: Index(number),
        created: Index(number),
        view: format!("{{\"number\":{number},\"filler\":\"{}\"}}", "x".repeat(400)),
        facets: vec![
            ("by", format!("u{}", number % 2)),
            ("status", "succeeded".into()),
        ],
    };
    let mut next = 0;
    while next < rows {
        let until = rows.min(next + 10_000);
        let some = (next..until).map(row).collect();
        store.rebuild(Rebuild::Rows(some)).await.unwrap();
        next = until;
    }
    store
}

/// A deep page to the first, and the first among many to the first among few.
pub(crate) async fn growth(tier: Tier, directory: &Path) -> Vec<Figure> {
    let (few, many) = (2_000, tier.pick(100_000, 2_000_000));
    let small = filled(&directory.join("few.db"), few).await;
    let large = filled(&directory.join("many.db"), many).await;
    let deep = Some((Index(100), Digest::from_bytes([0xff; 32])));
    let mut depth = figure(
        "P10",
        &format!("the last page of {many} rows, to the first"),
        Bound::AtMost(1.3),
        Bound::AtMost(1.1),
    );
    let mut size = figure(
        "P10",
        &format!("a page among {many} rows, to one among {few}"),
        Bound::AtMost(1.5),
        Bound::AtMost(1.2),
    );
    let (mut firsts, mut smalls) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let (first, last) = (page(&large, None).await, page(&large, deep).await);
        let among_few = page(&small, None).await;
        depth.values.push(last / first);
        size.values.push(first / among_few);
        firsts.push(first);
        smalls.push(among_few);
    }
    depth.restless = writ_bench::is_restless(&firsts);
    size.restless = writ_bench::is_restless(&smalls);
    let made_of = format!(
        "{:.0} us and {:.0} us in the store",
        median(&firsts).unwrap_or(0.0) * 1e6,
        median(&smalls).unwrap_or(0.0) * 1e6
    );
    (depth.made_of, size.made_of) = (made_of.clone(), made_of);
    vec![depth, size]
}
