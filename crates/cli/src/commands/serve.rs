//! `writ serve`: the node and its API.

use std::time::Duration;

use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use writ_server::Listeners;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::remark;

/// How long runs in flight may go on after the server was asked to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serve the organization of the data directory
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Every call comes through a reverse proxy that speaks TLS
    #[arg(long)]
    behind_proxy: bool,
}

/// Serves until it is told to stop.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let data = context.data()?;
    log_to_stderr();
    writ_connect::isolation::hide_this_process().map_err(Failure::broken)?;
    let config = data.config()?;
    let address = args.listen.as_ref().unwrap_or(&config.listen);
    let address = writ_server::listen_address(address).map_err(Failure::usage)?;
    let mut reach = config.reach()?;
    reach.behind_proxy |= args.behind_proxy;
    let address = reach.admit(address).map_err(Failure::usage)?;
    let metrics = config.metrics()?;
    let sinks = config.sinks()?;
    // From here on, also while it starts.
    let asked = asked_to_stop();
    // The lock first: a second node here must not be sent to another port.
    let local = data.take()?;
    // Then the port: replaying a long log for nothing helps nobody.
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::usage(format!(
            "cannot listen on {address}: {error}; choose another with --listen ADDRESS:PORT"
        ))
    })?;
    let metrics = match metrics {
        Some(address) => Some(address.listen().await.map_err(|error| {
            Failure::usage(format!(
                "cannot serve metrics on {address}: {error}; choose another in writ.toml: \
                 [metrics] listen"
            ))
        })?),
        None => None,
    };
    let engine = data.open(local, &config).await?;
    let (notifier, telling) = data.tell(&engine, sinks)?;
    let published = engine.published();
    let domain = published
        .state()
        .domain()
        .map(ToString::to_string)
        .unwrap_or_default();
    let scheme = reach.tls.as_ref().map_or("http", |_| "https");
    remark(&format!(
        "writ serves {domain} on {scheme}://{} ({} entries); Ctrl-C stops it",
        listener.local_addr().unwrap_or(address),
        published.size()
    ));
    if let Some(address) = metrics.as_ref().and_then(|m| m.local_addr().ok()) {
        remark(&format!("metrics are at http://{address}/metrics"));
    }
    let listeners = Listeners {
        api: listener,
        metrics,
    };

    let (stop, told) = tokio::sync::oneshot::channel::<()>();
    let until = async {
        // Either way it is time to stop.
        let _ = told.await;
    };
    let mut serving = tokio::spawn(writ_server::serve(
        engine.clone(),
        listeners,
        reach,
        telling,
        until,
    ));
    let ended = tokio::select! {
        () = asked => {
            remark(&format!("stopping; runs in flight have {} seconds", PATIENCE.as_secs()));
            None
        }
        () = engine.ended() => Some("the log cannot be followed any more; see the messages above".to_owned()),
        served = &mut serving => Some(match served {
            Ok(Ok(())) => "the server ended by itself".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        }),
    };
    engine.stop(PATIENCE).await;
    notifier.stop().await;
    data.leave();
    drop(stop);
    if !serving.is_finished() {
        // Connections that are still open have had their time.
        let _ = tokio::time::timeout(Duration::from_secs(2), serving).await;
    }
    match ended {
        None => Ok(Exit::Done),
        Some(problem) => Err(Failure::broken(problem)),
    }
}

/// What the server has to say goes to standard error; `RUST_LOG` chooses how much.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // It was set already, in a test.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .try_init();
}

/// Ctrl-C, or the signal that service managers send; listened for from now on.
fn asked_to_stop() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async {
        let interrupted = async {
            // Without signals there is only the hard way.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        #[cfg(unix)]
        match terminated {
            Ok(mut terminated) => tokio::select! {
                () = interrupted => {}
                _ = terminated.recv() => {}
            },
            Err(_) => interrupted.await,
        }
        #[cfg(not(unix))]
        interrupted.await;
    }
}
