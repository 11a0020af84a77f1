//! `writ emulator`: stand-ins of systems that Writ reaches, on this machine alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;
use writ_emulator::{BANNER, Certificate, Emulator, Settings};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_fields, print_json};

/// Stand in for a system that Writ reaches, to try things without one
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Stand in for Exchange Online: an imitation for tests, not by Microsoft
    Exchange {
        /// Where to listen, on this machine alone; port 0 takes any free one
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8421")]
        listen: SocketAddr,
        /// A certificate of the app, PEM; may be repeated
        #[arg(long, value_name = "FILE")]
        certificate: Vec<PathBuf>,
        /// How many mailboxes there are beside the named ones
        #[arg(long, value_name = "COUNT", default_value_t = 0)]
        more_mailboxes: usize,
    },
}

/// What one needs to know to reach it.
#[derive(Serialize)]
struct Listening<'a> {
    url: &'a str,
    tenant: &'a str,
    client_id: &'a str,
    /// The same everywhere, so nothing to keep.
    client_secret: &'a str,
    emulator: &'a str,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Args::Exchange {
        listen,
        certificate,
        more_mailboxes,
    } = args;
    let mut settings = Settings {
        more_mailboxes,
        ..Settings::default()
    };
    for path in certificate {
        let bad =
            |why: &dyn std::fmt::Display| Failure::usage(format!("{}: {why}", path.display()));
        let pem = std::fs::read_to_string(&path).map_err(|error| bad(&error))?;
        let read = Certificate::from_pem(&pem).map_err(|error| bad(&error))?;
        settings.certificates.push(read);
    }
    let emulator = Emulator::start(listen, settings)
        .await
        .map_err(|error| Failure::usage(format!("cannot listen on {listen}: {error}")))?;
    let settings = emulator.settings();
    let listening = Listening {
        url: emulator.url(),
        tenant: &settings.tenant,
        client_id: &settings.client_id,
        client_secret: settings.client_secret.as_deref().unwrap_or_default(),
        emulator: BANNER,
    };
    if context.is_json() {
        print_json(&listening);
    } else {
        print_fields(&[
            ("emulator", BANNER.to_owned()),
            ("url", listening.url.to_owned()),
            ("tenant", listening.tenant.to_owned()),
            ("client id", listening.client_id.to_owned()),
            ("client secret", listening.client_secret.to_owned()),
        ]);
        print(&format!(
            "\nNext, as an administrator:\n  writ workload set Exchange --connector exchange \
             --tenant {} --client-id {} --emulator {}\n  writ secret set Exchange client-secret\n\
             Ctrl-C stops it, and everything in it is gone.",
            listening.tenant, listening.client_id, listening.url
        ));
    }
    tokio::select! {
        () = emulator.serve() => {}
        // Without signals it ends with the process all the same.
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Done)
}
