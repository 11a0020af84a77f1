//! A stand-in of Exchange Online: something to try Writ on, and to test its
//! connector against, without a tenant of Microsoft's.
//!
//! It imitates what the connector speaks with: the **token endpoint** of Entra
//! ID (client credentials, with a secret or a certificate's assertion that is
//! really verified) and the admin API's `InvokeCommand`, over a small **tenant**
//! that keeps what cmdlets do to it, in memory.
//!
//! It is built from public descriptions, not from the service, and says so in a
//! header of every answer ([`BANNER`]). What a real tenant does in a case that
//! nobody described, this does not know; `docs/exchange.md` lists what it leaves
//! out. Faults are **injected** by library calls or over its own control paths
//! below `/emulator/`, which no imitated path begins with; a **journal** holds
//! every call and whether it changed anything.

mod assertion;
mod clock;
mod cmdlet;
mod control;
mod envelope;
mod fault;
mod http;
mod invoke;
mod journal;
mod tenant;
mod token;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use assertion::{Certificate, CertificateError};
pub use cmdlet::names as cmdlets;
pub use fault::{Fault, Injection, Place, Within};
pub use journal::{Call, Endpoint};

use fault::Faults;
use journal::Journal;
use tenant::Tenant;
use token::Tokens;

/// What every answer says in the header [`BANNER_HEADER`].
pub const BANNER: &str = "an imitation for tests; not Exchange Online, and not by Microsoft";
/// The header that every answer has.
pub const BANNER_HEADER: &str = "x-writ-emulator";

/// What the emulator imitates.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The tenant's id, a GUID.
    pub tenant: String,
    /// The tenant's domain, which names it as well.
    pub domain: String,
    /// The id of the app that may ask for tokens, a GUID.
    pub client_id: String,
    /// The app's secret, if it has one.
    pub client_secret: Option<String>,
    /// The certificates that are registered for the app.
    pub certificates: Vec<Certificate>,
    /// How many mailboxes there are beside the named ones.
    pub more_mailboxes: usize,
    /// Cmdlets that the app's roles leave out: they are as unknown.
    pub not_permitted: Vec<String>,
    /// How long a token lives, in seconds.
    pub token_life_s: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tenant: "72f988bf-0000-4000-8000-2d7cd011db47".into(),
            domain: "fabrikam.onmicrosoft.com".into(),
            client_id: "1b730954-0000-4000-8000-04b07795ee0a".into(),
            client_secret: Some("emulated-client-secret".into()),
            certificates: Vec::new(),
            more_mailboxes: 0,
            not_permitted: Vec::new(),
            token_life_s: 3_599,
        }
    }
}

/// The stand-in; [`start`](Self::start) it.
#[derive(Debug)]
pub struct Emulator;

/// A running emulator. It stops when this is dropped.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    world: Arc<World>,
    serving: JoinHandle<()>,
}

/// Everything that calls share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) url: String,
    pub(crate) tokens: Tokens,
    inside: Mutex<Inside>,
}

/// What calls change.
#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) tenant: Tenant,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

impl World {
    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a path names the tenant, by its id or its domain.
    pub(crate) fn is_tenant(&self, named: &str) -> bool {
        named.eq_ignore_ascii_case(&self.settings.tenant)
            || named.eq_ignore_ascii_case(&self.settings.domain)
    }
}

impl Emulator {
    /// Listens on a loopback address; port 0 takes any free one.
    ///
    /// Anywhere else is refused: its secrets are known, and its answers are made up.
    pub async fn start(address: SocketAddr, settings: Settings) -> io::Result<Handle> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{address} is not a loopback address, and the emulator listens on no other"
                ),
            ));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let inside = Inside {
            tenant: Tenant::seeded(&settings),
            faults: Faults::default(),
            journal: Journal::default(),
        };
        let world = Arc::new(World {
            tokens: Tokens::new(settings.token_life_s),
            settings,
            url: format!("http://{address}"),
            inside: Mutex::new(inside),
        });
        let serving = tokio::spawn(http::serve(listener, world.clone()));
        Ok(Handle {
            address,
            world,
            serving,
        })
    }
}

impl Handle {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of all its addresses.
    pub fn url(&self) -> &str {
        &self.world.url
    }

    /// What it imitates.
    pub fn settings(&self) -> &Settings {
        &self.world.settings
    }

    /// Lets something go wrong with calls to come.
    pub fn inject(&self, injection: Injection) {
        self.world.inside().faults.add(injection);
    }

    /// Lets nothing go wrong any more.
    pub fn heal(&self) {
        self.world.inside().faults.clear();
    }

    /// Every call so far, in the order in which they came.
    pub fn calls(&self) -> Vec<Call> {
        self.world.inside().journal.calls()
    }

    /// The calls of one cmdlet.
    pub fn calls_of(&self, cmdlet: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| call.cmdlet.as_deref() == Some(cmdlet));
        calls
    }

    /// No token that was given so far is good any more.
    pub fn expire_tokens(&self) {
        self.world.tokens.expire();
    }

    /// Serves until the process ends.
    pub async fn serve(mut self) {
        // It only ends if it is aborted, which is what dropping does.
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
