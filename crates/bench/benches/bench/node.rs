//! A real node: the engine and the server, as the binary opens them, and the
//! webhooks that a file beside them names.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use writ_engine::{Engine, SystemClock};
use writ_notify::webhook::{Hook, Net, Settings, check_all};
use writ_notify::{Notifier, Pace, Sink};
use writ_server::{Reach, TellsNobody};
use writ_store::{Outbox, Sqlite};

use crate::null::{Null, Tally, counting};
use crate::place;

/// Says whom the node tells, if it is there.
pub(crate) const TELLING: &str = "telling.toml";

#[derive(Deserialize)]
struct Telling {
    webhook: Vec<Settings>,
}

/// Lets its webhooks follow the log.
fn tell(engine: &Engine, directory: &Path) -> Option<Notifier> {
    let text = fs::read_to_string(directory.join(TELLING)).ok()?;
    let telling: Telling = toml::from_str(&text).unwrap();
    let outbox = Arc::new(Outbox::open(&directory.join("outbox.db")).unwrap());
    let configs = check_all(&telling.webhook, directory).unwrap();
    let hook = |config| {
        let hook = Hook::new(
            config,
            outbox.clone(),
            Arc::new(SystemClock),
            Net::default(),
        );
        Arc::new(hook.unwrap()) as Arc<dyn Sink>
    };
    let sinks = configs.into_iter().map(hook).collect();
    Some(Notifier::start(engine, outbox.clone(), sinks, &Pace::default()).unwrap())
}

/// Serves until its input is closed, then says what it did.
pub(crate) async fn serve(directory: &Path) {
    let database = place::database(directory);
    let tally = Arc::new(Tally::default());
    let store = counting(Sqlite::open(&database).unwrap(), &tally);
    let watched = Sqlite::open_read_only(&database).unwrap();
    let connector = Null::watching(&tally, watched);
    let engine = place::open(directory, Arc::new(store), connector, place::USUAL).await;
    let notifier = tell(&engine, directory);
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
    if let Some(notifier) = notifier {
        notifier.stop().await;
    }
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
