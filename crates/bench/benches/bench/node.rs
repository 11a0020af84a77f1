//! A real node: the engine and the server, as the binary opens them.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use writ_server::{Reach, TellsNobody};
use writ_store::Sqlite;

use crate::null::{Null, Tally, counting};
use crate::place;

/// Serves until its input is closed, then says what it did.
pub(crate) async fn serve(directory: &Path) {
    let database = place::database(directory);
    let tally = Arc::new(Tally::default());
    let store = counting(Sqlite::open(&database).unwrap(), &tally);
    let watched = Sqlite::open_read_only(&database).unwrap();
    let connector = Null::watching(&tally, watched);
    let engine = place::open(directory, Arc::new(store), connector, place::USUAL).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let (stop, told) = oneshot::channel::<()>();
    let until = async {
        let _ = told.await;
    };
    let reach = Reach {
        tls: None,
        behind_proxy: false,
    };
    let serving = tokio::spawn(writ_server::serve(
        engine.clone(),
        listener,
        reach,
        Arc::new(TellsNobody),
        until,
    ));
    input_closed().await;
    engine.stop(Duration::from_secs(10)).await;
    drop(stop);
    serving.abort();
    println!("{}", serde_json::to_string(&tally.counts()).unwrap());
}

/// Returns when whoever started this process wants its end.
pub(crate) async fn input_closed() {
    // Either way there is nobody there any more.
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
}
