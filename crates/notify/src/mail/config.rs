//! Settings that were checked.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use writ_core::secret::Secret;

/// More is not read of a file with a password or with authorities.
const MOST: u64 = 1 << 20;

/// How mail is sent, and what all of it has in common.
pub struct Config {
    pub(super) server: Server,
    pub(super) login: Option<Login>,
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) zone: TimeZone,
    pub(super) digest_at: civil::Time,
}

/// Where mail is handed over.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) name: ServerName<'static>,
    pub(super) port: u16,
    pub(super) private: Private,
}

/// What keeps others from reading it on its way there.
pub(super) enum Private {
    /// It becomes TLS.
    StartTls(TlsConnector),
    /// It is TLS.
    Tls(TlsConnector),
    /// It does not leave this host.
    Loopback,
}

/// As whom.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) file: PathBuf,
}

impl Config {
    /// The time zone that letters tell times in.
    pub const fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When digests are sent, in that zone.
    pub const fn digest_at(&self) -> civil::Time {
        self.digest_at
    }

    /// The address that mail comes from.
    pub fn from(&self) -> &str {
        self.from.email.as_ref()
    }

    /// Where mail is handed over: `mail.contoso.com:587`.
    pub fn at(&self) -> String {
        self.server.to_string()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("at", &self.at())
            .field("from", &self.from())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// What makes connections TLS: the authorities that this host trusts, and these.
pub(super) fn connector(more: Vec<CertificateDer<'static>>) -> Result<TlsConnector, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(more, Arc::clone(&provider))
        .map_err(|error| error.to_string())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The certificates of a PEM file.
pub(super) fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let (_, text) = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)".into());
    }
    Ok(certificates)
}

/// The password in a file: its one line.
pub(super) fn password(path: &Path) -> Result<Secret, String> {
    let (metadata, mut bytes) = read(path)?;
    if is_open_to_others(&metadata) {
        return Err(format!(
            "others may read it, so the password may be known; take that away: chmod 600 {}",
            path.display()
        ));
    }
    for end in [b'\n', b'\r'] {
        bytes.pop_if(|last| *last == end);
    }
    let secret = Secret::new(bytes);
    let text = std::str::from_utf8(secret.expose()).unwrap_or("\0");
    match text.is_empty() || text.chars().any(char::is_control) {
        true => Err("it does not hold one line with a password".into()),
        false => Ok(secret),
    }
}

fn read(path: &Path) -> Result<(Metadata, Vec<u8>), String> {
    let read = |path: &Path| {
        // Whatever else it is could make whoever opens it wait.
        if !path.metadata()?.is_file() {
            return Err(std::io::Error::other("it is not a file"));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes)?;
        Ok((metadata, bytes))
    };
    read(path).map_err(|error| error.to_string())
}

#[cfg(unix)]
fn is_open_to_others(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
const fn is_open_to_others(_: &Metadata) -> bool {
    false
}
