//! TLS of the server's own: shown, exchanged, and kept when the new one is bad.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use writ_server::{Reach, Refreshed, Tls, TlsFile};

use crate::world::{Setting, World};

/// An authority of the test's own, and the files of a pair that it vouches for.
struct Pair {
    authority: String,
    certificate: PathBuf,
    key: PathBuf,
}

impl Pair {
    fn new(folder: &Path) -> Self {
        let pair = Self {
            authority: String::new(),
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
        };
        pair.renewed()
    }

    /// Another pair of another authority, in the same files.
    fn renewed(&self) -> Self {
        let (authority, certificate, key) = issue();
        fs::write(&self.certificate, certificate).unwrap();
        fs::write(&self.key, key).unwrap();
        Self {
            authority,
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        }
    }

    fn open(&self) -> Tls {
        Tls::open(&self.certificate, &self.key).unwrap()
    }

    /// A client that trusts this authority and no other.
    fn client(&self) -> reqwest::Client {
        let authority = reqwest::Certificate::from_pem(self.authority.as_bytes()).unwrap();
        reqwest::Client::builder()
            .tls_certs_only([authority])
            .build()
            .unwrap()
    }
}

/// An authority's certificate, and a chain and a key for 127.0.0.1, all PEM.
fn issue() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let leaf = CertificateParams::new(names).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    (authority, leaf.pem(), key.serialize_pem())
}

async fn is_served(world: &World, pair: &Pair) -> bool {
    let call = pair.client().get(world.url("/healthz")).send().await;
    call.is_ok_and(|answer| answer.status() == 200)
}

async fn world(pair: &Pair, tls: &Tls) -> World {
    let reach = Reach {
        tls: Some(tls.clone()),
        ..Reach::default()
    };
    World::open(Setting {
        reach,
        client: pair.client(),
        ..Setting::default()
    })
    .await
}

#[tokio::test]
async fn the_api_is_served_over_tls_and_says_to_come_back_so() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::new(folder.path());
    let world = world(&pair, &pair.open()).await;
    let answer = world.get_with(None, "/v1/organization").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000"
    );
    assert!(is_served(&world, &pair).await);

    // Whoever does not trust the authority, or speaks in the clear, gets nothing.
    let (other, _, _) = issue();
    let stranger = Pair {
        authority: other,
        ..pair
    };
    assert!(!is_served(&world, &stranger).await);
    let mut clear = TcpStream::connect(world.address).await.unwrap();
    clear
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut said = Vec::new();
    // An alert or a reset, and no HTTP.
    let _ = clear.read_to_end(&mut said).await;
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
}

#[tokio::test]
async fn without_tls_nothing_says_to_come_back_over_it() {
    let world = World::founded().await;
    let answer = world.get_with(None, "/healthz").await;
    assert!(!answer.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_new_pair_is_shown_without_a_restart_and_a_bad_one_never() {
    let folder = tempfile::tempdir().unwrap();
    let first = Pair::new(folder.path());
    let tls = first.open();
    let world = world(&first, &tls).await;
    assert_eq!(tls.refresh(), Refreshed::Same);

    // Half of a renewal: the key does not go with the certificate.
    let (_, certificate, _) = issue();
    fs::write(&first.certificate, certificate).unwrap();
    let Refreshed::Kept(error) = tls.refresh() else {
        panic!("a pair that is none was taken");
    };
    assert_eq!(error.file(), TlsFile::Key);
    assert!(error.to_string().contains("key.pem"), "{error}");
    // It is said once, and the old pair is still shown.
    assert_eq!(tls.refresh(), Refreshed::Same);
    assert!(is_served(&world, &first).await);

    fs::remove_file(&first.certificate).unwrap();
    assert!(matches!(tls.refresh(), Refreshed::Kept(_)));
    assert!(is_served(&world, &first).await);

    let second = first.renewed();
    assert_eq!(tls.refresh(), Refreshed::Exchanged);
    assert!(is_served(&world, &second).await);
    assert!(!is_served(&world, &first).await);
}

#[tokio::test]
async fn a_pair_that_is_none_is_named_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::new(folder.path());
    let (_, _, other) = issue();
    for (file, bytes, words) in [
        (TlsFile::Certificate, "", "no certificate"),
        (TlsFile::Key, "", "no private key"),
        (TlsFile::Key, other.as_str(), "does not go with"),
        (
            TlsFile::Certificate,
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            "certificate.pem",
        ),
    ] {
        let pair = pair.renewed();
        let path = match file {
            TlsFile::Certificate => &pair.certificate,
            TlsFile::Key => &pair.key,
        };
        fs::write(path, bytes).unwrap();
        let error = Tls::open(&pair.certificate, &pair.key).unwrap_err();
        assert_eq!(error.file(), file, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    fs::remove_file(&pair.key).unwrap();
    let error = Tls::open(&pair.certificate, &pair.key).unwrap_err();
    assert!(error.to_string().contains("key.pem: "), "{error}");
}
