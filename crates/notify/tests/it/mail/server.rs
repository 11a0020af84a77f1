//! A real mail server on loopback, for one test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

/// As scripts/aiosmtpd.txt has it.
const VERSION: &str = "1.4.6";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mail/server.py");

/// The Python that has aiosmtpd.
pub(crate) fn python() -> PathBuf {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(home)
        .unwrap();
    let ours = cache.join(format!("writ/aiosmtpd-{VERSION}/bin/python"));
    let python = env::var_os("WRIT_TEST_SMTP").map_or(ours, PathBuf::from);
    assert!(
        Command::new(&python).arg("--version").output().is_ok(),
        "aiosmtpd is missing, and no test of mail is left out for that: run \
         scripts/aiosmtpd --install"
    );
    python
}

/// What a test wants of its server.
pub(crate) enum Wanted {
    /// It speaks in the clear, and offers nothing else.
    Clear,
    /// It becomes TLS, with a certificate for this name.
    StartTls(&'static str),
    /// It is TLS, with a certificate for this name.
    Tls(&'static str),
}

pub(crate) struct Server {
    child: Child,
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start(wanted: &Wanted) -> Self {
        Self::with(wanted, serde_json::json!({}))
    }

    /// With a user `writ` whose password is `correct horse`.
    pub(crate) fn with_password(wanted: &Wanted) -> Self {
        Self::with(
            wanted,
            serde_json::json!({ "user": "writ", "password": "correct horse" }),
        )
    }

    fn with(wanted: &Wanted, mut asked: serde_json::Value) -> Self {
        let folder = TempDir::new().unwrap();
        asked["folder"] = folder.path().to_str().into();
        let (tls, name) = match wanted {
            Wanted::Clear => (None, None),
            Wanted::StartTls(name) => (Some("starttls"), Some(name)),
            Wanted::Tls(name) => (Some("tls"), Some(name)),
        };
        if let Some(name) = name {
            certify(folder.path(), name);
            asked["tls"] = tls.into();
            asked["certificate"] = folder.path().join("server.pem").to_str().into();
            asked["key"] = folder.path().join("key.pem").to_str().into();
        }
        let errors = folder.path().join("errors");
        let mut child = Command::new(python())
            .args([SCRIPT, &asked.to_string()])
            .stderr(fs::File::create(&errors).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| {
            panic!("it did not begin: {}", fs::read_to_string(&errors).unwrap())
        });
        Self {
            child,
            folder,
            port,
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The commands that it heard.
    pub(crate) fn heard(&self) -> Vec<String> {
        let journal = fs::read_to_string(self.file("journal")).unwrap_or_default();
        journal.lines().map(str::to_owned).collect()
    }

    /// How many times it heard one.
    pub(crate) fn count(&self, command: &str) -> usize {
        let of = |line: &String| line.split(' ').next() == Some(command);
        self.heard().iter().filter(|line| of(line)).count()
    }

    /// A mail that it took.
    pub(crate) fn taken(&self, number: usize) -> Vec<u8> {
        fs::read(self.file(&format!("{number}.eml"))).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// Writes an authority, a certificate of it for a name, and its key.
pub(crate) fn certify(folder: &Path, name: &str) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params =
        CertificateParams::new(vec![name.trim_start_matches("expired.").to_owned()]).unwrap();
    if name.starts_with("expired.") {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("server.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}
