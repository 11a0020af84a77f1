//! `writ.toml`: what one node is told about itself.
//!
//! Every line of the file that `init` writes is a comment: it works as it is.
//! An error names the file, the line and the key.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use writ_connect::{Isolation, Limits, RunAs};
use writ_core::digest::Digest;
use writ_core::names::Name;
use writ_notify::{Wrong, mail, webhook};
use writ_server::{MetricsAddress, Reach, Tls, TlsFile, listen_address};

use super::NodeError;
use super::telling::Sinks;

/// What `init` writes.
pub(crate) const TEMPLATE: &str = r#"# Writ: the configuration of this node. Every line is a comment; the defaults work.
# Restart `writ serve` after a change. Check a change with: writ check-config

# The node's name in the log. Do not change it while runs are in flight.
# node = "main"

# Where it listens. Anywhere but on loopback it needs TLS: its own or a proxy's.
# listen = "127.0.0.1:8420"

# Set it where every call comes through a reverse proxy that speaks TLS: who
# calls is then read from X-Forwarded-For, which is ignored otherwise.
# behind_proxy = false

# How many runs it has in flight at most.
# max_runs = 64

# Figures about this node in the text format of Prometheus, at /metrics. They name
# nobody and ask for no session, so they are for this host, unless a network keeps
# others out and beyond_loopback says so. Without this table there are none.
# [metrics]
# listen = "127.0.0.1:9464"
# beyond_loopback = false

# Mail for whoever is asked, and whoever else is to know. Without this table nobody
# is told by mail. docs/notifications.md says who is told what.
# [mail]
# host = "mail.example.com"
# from = "Writ <writ@example.com>"
# port = 587
# tls = "starttls"
# user = "writ"
# password_file = "mail-password"
# time_zone = "UTC"
# digest_at = "08:00"

# Programs that are told, one table each; Slack and Teams too.
# [[webhook]]
# name = "tickets"
# url = "https://hooks.example.com/writ"
# secret_files = ["webhook-key"]

# TLS of its own: a certificate chain and its key, both PEM. They are read again
# when they change, without a restart.
# [tls]
# certificate = "/etc/writ/certificate.pem"
# key = "/etc/writ/key.pem"

# The programs that tasks of a workload with the connector `command` may run:
# absolute paths. A task only chooses among them.
# [command]
# programs = ["/bin/echo"]

# What those programs may do. A node that is root runs them as a user whom nobody
# else is, or as the one named here; "node" means: as the node itself.
# user = "writ-run"

# They cannot open the files of this node, and write nothing but a private
# directory of each run and what is named here: absolute paths that exist.
# write = []

# Isolation to go without where the host cannot give it: the node does not start
# otherwise. There is "landlock".
# without = []

# The most that a program may use: processes and threads; own memory, open files
# and seconds of computing of each process.
# [command.limits]
# processes = 256
# memory_mib = 2048
# files = 1024
# cpu_s = 3600

# Where the rows of datasets are: a database of PostgreSQL by its socket or on
# loopback, or a folder of CSV files. A dataset only chooses among them.
# [data.sources.mail.postgres]
# host = "/run/postgresql"
# database = "mail"
# user = "writ"
# password_file = "/etc/writ/mail.password"

# [data.sources.files]
# folder = "/srv/writ"
"#;

/// What one node is told about itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Its name in the log.
    pub(crate) node: Name,
    /// Where it listens.
    pub(crate) listen: String,
    /// Whether every call comes through a proxy that speaks TLS.
    pub(crate) behind_proxy: bool,
    /// How many runs it has in flight at most.
    pub(crate) max_runs: u32,
    /// TLS of its own.
    tls: Option<TlsFiles>,
    /// Figures for whoever watches over it.
    metrics: Option<Metrics>,
    /// Mail for whoever is to be told of something.
    mail: Option<mail::Settings>,
    /// Programs that are told.
    webhook: Vec<webhook::Settings>,
    /// The connector `command`.
    pub(crate) command: Command,
    /// The connector `data`.
    pub(crate) data: Data,
    /// Where this was read, for errors that show later.
    #[serde(skip)]
    source: Source,
}

/// The files of a pair.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFiles {
    certificate: Spanned<PathBuf>,
    key: Spanned<PathBuf>,
}

/// The connector `data`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Data {
    /// What datasets may choose among.
    pub(crate) sources: writ_data::Sources,
}

/// Where figures are served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metrics {
    listen: Spanned<String>,
    #[serde(default)]
    beyond_loopback: bool,
}

/// The connector `command`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Command {
    /// The programs that tasks may choose among.
    pub(crate) programs: Vec<PathBuf>,
    /// As whom they run.
    user: Option<String>,
    /// What they may write.
    write: Vec<PathBuf>,
    /// Which isolation to go without.
    without: Vec<Part>,
    /// How much they may use.
    limits: Limits,
}

/// A part of the isolation of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    Landlock,
}

impl Command {
    /// What programs cannot do, in a node whose own files are here.
    pub(crate) fn isolation(&self, data: &Path) -> Isolation {
        let user = match self.user.as_deref() {
            None => RunAs::Nobody(nobody(data)),
            Some("node") => RunAs::Node,
            Some(name) => RunAs::Named(name.to_owned()),
        };
        Isolation {
            user,
            write: self.write.clone(),
            hidden: vec![data.to_owned()],
            without_wall: self.without.contains(&Part::Landlock),
            limits: self.limits,
        }
    }
}

/// A user whom nobody else is: one for each data directory, out of the range that
/// systemd gives to services without a user of their own.
fn nobody(data: &Path) -> u32 {
    let digest = Digest::of(data.as_os_str().as_encoded_bytes());
    let [first, second, ..] = *digest.as_bytes();
    61_184 + u32::from(u16::from_be_bytes([first, second])) % 4_336
}

/// The file and its text.
#[derive(Clone, Debug, Default)]
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Something that is wrong at one place of it.
    fn wrong(&self, at: Range<usize>, key: &str, problem: &dyn fmt::Display) -> NodeError {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let path = self.path.display();
        NodeError::new(format!("{path}: line {line}: {key}: {problem}"))
    }
}

/// What is checked beyond its form.
#[derive(Deserialize)]
struct Checked {
    max_runs: Option<Spanned<u32>>,
}

impl Default for Config {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant that is a name")]
        let node = Name::parse("main").expect("a name");
        Self {
            node,
            listen: "127.0.0.1:8420".into(),
            behind_proxy: false,
            max_runs: 64,
            tls: None,
            metrics: None,
            mail: None,
            webhook: Vec::new(),
            command: Command::default(),
            data: Data::default(),
            source: Source::default(),
        }
    }
}

impl Config {
    /// Reads a file; the error says where and what.
    pub(crate) fn read(path: &Path) -> Result<Self, NodeError> {
        let bad = |error: &dyn fmt::Display| NodeError::new(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
        let path = path.to_owned();
        Self::parse(Source { path, text })
    }

    fn parse(source: Source) -> Result<Self, NodeError> {
        let bad = |error| NodeError::new(format!("{}: {error}", source.path.display()));
        let config: Self = toml::from_str(&source.text).map_err(bad)?;
        let checked: Checked = toml::from_str(&source.text).map_err(bad)?;
        let odd = |runs: &Spanned<u32>| !(1..=10_000).contains(runs.get_ref());
        if let Some(runs) = checked.max_runs.filter(odd) {
            return Err(source.wrong(runs.span(), "max_runs", &"from 1 to 10000"));
        }
        Ok(Self { source, ..config })
    }

    /// How the API is reached.
    pub(crate) fn reach(&self) -> Result<Reach, NodeError> {
        let tls = self.tls.as_ref().map(|files| self.open(files));
        Ok(Reach {
            tls: tls.transpose()?,
            behind_proxy: self.behind_proxy,
        })
    }

    /// Where figures are served, if they are.
    pub(crate) fn metrics(&self) -> Result<Option<MetricsAddress>, NodeError> {
        let Some(metrics) = &self.metrics else {
            return Ok(None);
        };
        let address = listen_address(metrics.listen.get_ref())
            .and_then(|address| MetricsAddress::admit(address, metrics.beyond_loopback));
        let wrong = |error| {
            self.source
                .wrong(metrics.listen.span(), "metrics.listen", &error)
        };
        address.map(Some).map_err(wrong)
    }

    /// Who tells people, with all that it takes.
    pub(crate) fn sinks(&self) -> Result<Sinks, NodeError> {
        let folder = self.source.path.parent().unwrap_or(Path::new(""));
        let wrong = |Wrong { at, key, problem }: Wrong| self.source.wrong(at, &key, &problem);
        let mail = self.mail.as_ref().map(|mail| mail.check(folder));
        Ok(Sinks {
            mail: mail.transpose().map_err(wrong)?.map(Arc::new),
            webhooks: webhook::check_all(&self.webhook, folder).map_err(wrong)?,
        })
    }

    /// The file with the certificate to show, if it shows one.
    pub(crate) fn certificate(&self) -> Option<PathBuf> {
        self.tls
            .as_ref()
            .map(|files| self.beside(&files.certificate))
    }

    /// The file with the key that belongs to it.
    pub(crate) fn certificate_key(&self) -> Option<PathBuf> {
        self.tls.as_ref().map(|files| self.beside(&files.key))
    }

    /// Paths start where writ.toml lies.
    fn beside(&self, file: &Spanned<PathBuf>) -> PathBuf {
        let folder = self.source.path.parent().unwrap_or(Path::new(""));
        folder.join(file.get_ref())
    }

    fn open(&self, files: &TlsFiles) -> Result<Tls, NodeError> {
        let (certificate, key) = (self.beside(&files.certificate), self.beside(&files.key));
        Tls::open(&certificate, &key).map_err(|error| {
            let (at, key) = match error.file() {
                TlsFile::Certificate => (&files.certificate, "tls.certificate"),
                TlsFile::Key => (&files.key, "tls.key"),
            };
            self.source.wrong(at.span(), key, &error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let (path, text) = ("/etc/writ.toml".into(), text.to_owned());
        Config::parse(Source { path, text }).map_err(|error| error.to_string())
    }

    #[test]
    fn the_template_is_all_comments_and_says_the_defaults() {
        let plain = parse(TEMPLATE).unwrap();
        let uncommented: String = TEMPLATE
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.contains(" = ") || line.starts_with('['))
            .map(|line| format!("{line}\n"))
            .collect();
        let spelled = parse(&uncommented).unwrap();
        assert_eq!(plain.node, spelled.node);
        assert_eq!(plain.listen, spelled.listen);
        assert_eq!(plain.max_runs, spelled.max_runs);
        assert_eq!(plain.behind_proxy, spelled.behind_proxy);
        assert!(plain.tls.is_none() && spelled.tls.is_some());
        assert_eq!(plain.metrics().unwrap(), None);
        let here = "127.0.0.1:9464".parse().unwrap();
        let here = MetricsAddress::admit(here, false).unwrap();
        assert_eq!(spelled.metrics().unwrap(), Some(here));
        assert_eq!(spelled.command.programs, [PathBuf::from("/bin/echo")]);
        assert_eq!(plain.command.limits, spelled.command.limits);
        assert_eq!(plain.command.write, spelled.command.write);
        assert_eq!(plain.command.without, spelled.command.without);
        let isolation = |config: &Config| config.command.isolation(Path::new("/data")).user;
        assert!(matches!(isolation(&plain), RunAs::Nobody(61_184..=65_519)));
        assert_eq!(isolation(&spelled), RunAs::Named("writ-run".into()));
    }

    #[test]
    fn errors_name_file_line_and_key() {
        for (text, words) in [
            (
                "node = \"main\"\nmax_run = 3\n",
                &["/etc/writ.toml: ", "line 2", "max_run"][..],
            ),
            (
                "\nmax_runs = 0",
                &["/etc/writ.toml: line 2: max_runs: from 1 to 10000"],
            ),
            ("node = \"a b\"", &["line 1", "a b"]),
            (
                "[tls]\ncertificate = \"c.pem\"\n",
                &["/etc/writ.toml: ", "line 1", "`key`"],
            ),
        ] {
            let error = parse(text).unwrap_err();
            for word in words {
                assert!(error.contains(word), "{word}: {error}");
            }
        }
        let config = parse("[metrics]\nlisten = \"0.0.0.0:9464\"\n").unwrap();
        let error = config.metrics().unwrap_err().to_string();
        let start = "/etc/writ.toml: line 2: metrics.listen: refusing";
        assert!(error.starts_with(start), "{error}");
        let config = parse("[metrics]\nlisten = \"0.0.0.0:1\"\nbeyond_loopback = true\n");
        assert!(config.unwrap().metrics().unwrap().is_some());
        let config = parse("[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n").unwrap();
        let error = config.reach().unwrap_err().to_string();
        let start = "/etc/writ.toml: line 2: tls.certificate: /etc/c.pem: ";
        assert!(error.starts_with(start), "{error}");
    }
}
