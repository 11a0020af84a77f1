//! TLS: the certificate that the server shows, and its exchange while serving.
//!
//! A **pair** is a certificate chain and the private key that belongs to it,
//! read from two PEM files. The files are read again every few seconds, so
//! whoever renews certificates need not restart anything. A new pair that
//! cannot be used is logged once, and the one before stays.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::server::TlsStream;
use writ_core::digest::Digest;

/// How often the files are read again.
const LOOK: Duration = Duration::from_secs(10);

/// Which of the two files is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFile {
    /// The certificate chain.
    Certificate,
    /// The private key.
    Key,
}

/// Why a pair cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    file: TlsFile,
    path: PathBuf,
    problem: String,
}

impl TlsError {
    /// Which file is wrong.
    pub const fn file(&self) -> TlsFile {
        self.file
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for TlsError {}

/// What became of a look at the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// They are as they were when they were last looked at.
    Same,
    /// From now on the new pair is shown.
    Exchanged,
    /// They changed and cannot be used; the pair before is still shown.
    Kept(TlsError),
}

/// A pair on disk, and the one that is shown now.
#[derive(Clone)]
pub struct Tls {
    source: Arc<Source>,
    acceptor: TlsAcceptor,
}

struct Source {
    files: Files,
    provider: Arc<CryptoProvider>,
    shown: RwLock<Shown>,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What was in both files at one look.
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

struct Shown {
    /// Names the last look, whether it gave a pair or not.
    look: Digest,
    pair: Arc<CertifiedKey>,
}

impl Tls {
    /// Reads a pair from its files.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let contents = files.read()?;
        let pair = Arc::new(files.pair(&contents, &provider)?);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| files.wrong(TlsFile::Certificate, &error))?;
        let look = contents.digest();
        let source = Arc::new(Source {
            files,
            provider,
            shown: RwLock::new(Shown { look, pair }),
        });
        let resolver: Arc<dyn ResolvesServerCert> = source.clone();
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { source, acceptor })
    }

    /// Looks at the files, and shows their pair from now on if it is a new one.
    pub fn refresh(&self) -> Refreshed {
        self.source.refresh()
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Refreshes until the server stops.
    pub(crate) async fn keep_fresh(self, mut stopping: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = sleep(LOOK) => {}
            }
            let source = Arc::clone(&self.source);
            match tokio::task::spawn_blocking(move || source.refresh()).await {
                Ok(Refreshed::Exchanged) => tracing::info!("a new certificate is shown"),
                Ok(Refreshed::Kept(error)) => {
                    tracing::warn!(%error, "the new certificate cannot be used; the old one stays");
                }
                Ok(Refreshed::Same) | Err(_) => {}
            }
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.source.files.certificate.display())
    }
}

impl Source {
    fn refresh(&self) -> Refreshed {
        let read = self.files.read();
        let look = match &read {
            Ok(contents) => contents.digest(),
            Err(error) => Digest::of(error.to_string().as_bytes()),
        };
        if self.shown(|shown| shown.look) == look {
            return Refreshed::Same;
        }
        let pair = read.and_then(|contents| self.files.pair(&contents, &self.provider));
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        shown.look = look;
        match pair {
            Ok(pair) => {
                shown.pair = Arc::new(pair);
                Refreshed::Exchanged
            }
            Err(error) => Refreshed::Kept(error),
        }
    }

    fn shown<T>(&self, f: impl FnOnce(&Shown) -> T) -> T {
        f(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Source {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown(|shown| Arc::clone(&shown.pair)))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl Contents {
    fn digest(&self) -> Digest {
        let (certificate, key) = (Digest::of(&self.certificate), Digest::of(&self.key));
        Digest::of_parts(&[certificate.as_bytes(), key.as_bytes()])
    }
}

impl Files {
    fn read(&self) -> Result<Contents, TlsError> {
        let read = |file| fs::read(self.path(file)).map_err(|error| self.wrong(file, &error));
        Ok(Contents {
            certificate: read(TlsFile::Certificate)?,
            key: read(TlsFile::Key)?,
        })
    }

    fn pair(
        &self,
        contents: &Contents,
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, TlsError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&contents.certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| self.wrong(TlsFile::Certificate, &error))?;
        if chain.is_empty() {
            let problem = "there is no certificate in it; PEM is expected";
            return Err(self.wrong(TlsFile::Certificate, &problem));
        }
        let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|_| {
            let problem = "there is no private key in it; PEM without a passphrase is expected";
            self.wrong(TlsFile::Key, &problem)
        })?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            let problem = format!("it does not go with the certificate: {error}");
            self.wrong(TlsFile::Key, &problem)
        })
    }

    fn path(&self, file: TlsFile) -> &Path {
        match file {
            TlsFile::Certificate => &self.certificate,
            TlsFile::Key => &self.key,
        }
    }

    fn wrong(&self, file: TlsFile, problem: &dyn fmt::Display) -> TlsError {
        TlsError {
            file,
            path: self.path(file).to_owned(),
            problem: problem.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(certificate: &Path, key: &Path) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(certificate, made.cert.pem()).unwrap();
        fs::write(key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn the_files_are_looked_at_again_until_the_server_stops() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        let first = write(&certificate, &key);
        let tls = Tls::open(&certificate, &key).unwrap();
        let shown = || tls.source.shown(|shown| shown.pair.cert[0].clone());
        let stop = watch::Sender::new(false);
        let keeping = tokio::spawn(tls.clone().keep_fresh(stop.subscribe()));

        let second = write(&certificate, &key);
        assert_eq!(shown(), first);
        sleep(LOOK * 2).await;
        assert_eq!(shown(), second);

        stop.send_replace(true);
        keeping.await.unwrap();
        write(&certificate, &key);
        sleep(LOOK * 2).await;
        assert_eq!(shown(), second);
    }
}
