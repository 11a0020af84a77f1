//! Handing mail to the organization's server.

use std::fmt::Display;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as From, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::address;
use super::config::{Config, Private};
use super::outcome::{self, No};
use super::render::Mail;
use super::wire::{Wire, ask_for_tls};
use crate::Failure;

/// How many connections there are at most.
const CONNECTIONS: usize = 4;

/// How long the mail server may take, and how long a connection is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To be reached, and to begin TLS.
    pub connect: Duration,
    /// To answer a command.
    pub command: Duration,
    /// To answer to a whole mail, which it may look through first.
    pub content: Duration,
    /// How long a connection is kept for the next mail.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            command: Duration::from_secs(30),
            content: Duration::from_secs(120),
            idle: Duration::from_secs(30),
        }
    }
}

/// The way to the mail server.
pub struct Transport {
    config: Arc<Config>,
    limits: Limits,
    places: Semaphore,
    idle: Arc<Mutex<Vec<Idle>>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// A mail that was not taken.
struct Lost {
    failure: Failure,
    /// The connection was gone before anything was said on it.
    was_gone: bool,
}

impl Transport {
    /// The way that was configured. It connects when there is something to send.
    pub fn new(config: Arc<Config>) -> Self {
        Self::with_limits(config, Limits::default())
    }

    /// The same, with other limits.
    pub fn with_limits(config: Arc<Config>, limits: Limits) -> Self {
        Self {
            config,
            limits,
            places: Semaphore::new(CONNECTIONS),
            idle: Arc::default(),
        }
    }

    /// Sends one mail to one address. It has arrived at the server when this is
    /// done, and may have when the answer was lost: then it goes again as it is.
    pub async fn send(&self, to: &str, mail: &Mail) -> Result<(), Failure> {
        let to = address(to).map_err(|why| {
            Failure::Never(format!("`{}` is no address: {why}", to.escape_debug()))
        })?;
        let _place = self.place().await;
        if let Some(kept) = self.kept() {
            match self.hand_over(kept, &to, mail).await {
                Err(lost) if lost.was_gone => {}
                Err(lost) => return Err(lost.failure),
                Ok(()) => return Ok(()),
            }
        }
        let connection = self.connect().await?;
        let sent = self.hand_over(connection, &to, mail).await;
        sent.map_err(|lost| lost.failure)
    }

    /// Connects and signs in, and sends nothing: whether the settings are right.
    pub async fn check(&self) -> Result<(), Failure> {
        let _place = self.place().await;
        let connection = self.connect().await?;
        self.keep(connection);
        Ok(())
    }

    async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.places.acquire().await.ok()
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let config = &*self.config;
        let server = &config.server;
        let dialled = TcpStream::connect((server.host.as_str(), server.port));
        let mut tcp = timeout(self.limits.connect, dialled)
            .await
            .unwrap_or_else(|_| Err(late()))
            .map_err(|error| outcome::not_reached(config, &error))?;
        let hello = hello(&tcp);
        let wire = match &server.private {
            Private::StartTls(connector) => {
                let asked = timeout(self.limits.command, ask_for_tls(&mut tcp, &hello)).await;
                asked
                    .unwrap_or_else(|_| Err(late().into()))
                    .map_err(|no| outcome::not_private(config, no))?;
                Wire::became_tls(self.shake(connector, tcp).await?)
            }
            Private::Tls(connector) => Wire::tls(self.shake(connector, tcp).await?),
            Private::Loopback => {
                is_here(&tcp).map_err(|error| outcome::not_reached(config, &error))?;
                Wire::plain(tcp)
            }
        };
        let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello);
        let mut connection = answer(self.limits.command, greeted)
            .await
            .map_err(|no| outcome::not_greeted(config, &no))?;
        self.sign_in(&mut connection).await?;
        Ok(connection)
    }

    /// Makes a connection TLS, with the server that was named and no other.
    async fn shake(
        &self,
        connector: &TlsConnector,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let shaken = connector.connect(self.config.server.name.clone(), tcp);
        timeout(self.limits.connect, shaken)
            .await
            .unwrap_or_else(|_| Err(late()))
            .map_err(|error| outcome::not_trusted(&self.config, &error))
    }

    async fn sign_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Failure> {
        let config = &*self.config;
        let Some(login) = &config.login else {
            return Ok(());
        };
        let known = [Mechanism::Plain, Mechanism::Login];
        if connection
            .server_info()
            .get_auth_mechanism(&known)
            .is_none()
        {
            return Err(outcome::no_way_to_sign_in(config));
        }
        let password = String::from_utf8_lossy(login.password.expose()).into_owned();
        let credentials = Credentials::new(login.user.clone(), password);
        answer(self.limits.command, connection.auth(&known, &credentials))
            .await
            .map_err(|no| outcome::not_signed_in(config, &no))?;
        Ok(())
    }

    async fn hand_over(
        &self,
        mut connection: AsyncSmtpConnection,
        to: &Address,
        mail: &Mail,
    ) -> Result<(), Lost> {
        let config = &*self.config;
        let sender = From::new(Some(config.from.email.clone()), Vec::new());
        if let Err(no) = self.command(&mut connection, sender).await {
            let was_gone = no.ends();
            let failure = outcome::of_sender(config, &no);
            self.clear(connection, &no).await;
            return Err(Lost { failure, was_gone });
        }
        let sent = self.said_whom(&mut connection, to, mail).await;
        match sent {
            Ok(()) => {
                self.keep(connection);
                Ok(())
            }
            Err((failure, no)) => {
                self.clear(connection, &no).await;
                Err(Lost {
                    failure,
                    was_gone: false,
                })
            }
        }
    }

    async fn said_whom(
        &self,
        connection: &mut AsyncSmtpConnection,
        to: &Address,
        mail: &Mail,
    ) -> Result<(), (Failure, No)> {
        let config = &*self.config;
        let recipient = Rcpt::new(to.clone(), Vec::new());
        self.command(connection, recipient)
            .await
            .map_err(|no| (outcome::of_recipient(config, to.as_ref(), &no), no))?;
        let content = |no: No| (outcome::of_content(config, &no), no);
        self.command(connection, Data).await.map_err(content)?;
        let said = connection.message(mail.bytes());
        answer(self.limits.content, said).await.map_err(content)?;
        Ok(())
    }

    async fn command(
        &self,
        connection: &mut AsyncSmtpConnection,
        command: impl Display,
    ) -> Result<(), No> {
        answer(self.limits.command, connection.command(command)).await?;
        Ok(())
    }

    /// Keeps a connection on which something was refused, if the server forgets that.
    async fn clear(&self, mut connection: AsyncSmtpConnection, no: &No) {
        if !no.ends() && self.command(&mut connection, Rset).await.is_ok() {
            self.keep(connection);
        }
    }

    fn kept(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.since.elapsed() < self.limits.idle);
        idle.pop().map(|idle| idle.connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { connection, since });
        drop(idle);
        tokio::spawn(leave(Arc::downgrade(&self.idle), self.limits));
    }
}

/// Says goodbye on what was kept long enough.
async fn leave(idle: Weak<Mutex<Vec<Idle>>>, limits: Limits) {
    sleep(limits.idle).await;
    let Some(idle) = idle.upgrade() else {
        return;
    };
    let old: Vec<_> = {
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |idle: &mut Idle| idle.since.elapsed() >= limits.idle;
        idle.extract_if(.., is_old).collect()
    };
    for Idle { mut connection, .. } in old {
        // What it answers changes nothing any more.
        let _ = answer(limits.command, connection.command(Quit)).await;
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it does not answer")
}

/// Whether nothing of a connection leaves this host, whatever its name led to.
fn is_here(tcp: &TcpStream) -> io::Result<()> {
    match tcp.peer_addr()?.ip().to_canonical().is_loopback() {
        true => Ok(()),
        false => Err(io::Error::other(
            "it is another host, and mail.tls is \"none\"",
        )),
    }
}

/// An answer, if it comes in time.
async fn answer<T>(
    most: Duration,
    asked: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, No> {
    match timeout(most, asked).await {
        Ok(answer) => answer.map_err(No::from),
        Err(_) => Err(No::late()),
    }
}

/// How this host names itself: by the address that it is seen by.
fn hello(tcp: &TcpStream) -> ClientId {
    match tcp.local_addr().map(|address| address.ip().to_canonical()) {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::default(),
    }
}
