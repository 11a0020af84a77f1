//! Sources: what the node's operator lets datasets choose among.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// The sources of a node, by name.
pub type Sources = BTreeMap<String, Source>;

/// Where rows are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Source {
    /// A database.
    Postgres(Postgres),
    /// A folder of files of comma-separated values, each with a line of names.
    Folder(PathBuf),
}

/// A database of PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// The folder of its socket, or an address on loopback.
    pub host: String,
    /// Its port.
    #[serde(default = "port")]
    pub port: u16,
    /// Which database.
    pub database: String,
    /// As whom: somebody who may read what apps may, and nothing else.
    pub user: String,
    /// The file that holds that user's password, if there is one.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

const fn port() -> u16 {
    5432
}

impl Postgres {
    /// What is wrong with it, if anything is. Rows leave no host unencrypted.
    pub fn check(&self) -> Result<(), String> {
        let is_here = self.host.starts_with('/')
            || ["localhost", "127.0.0.1", "::1"].contains(&self.host.as_str());
        match is_here {
            true => Ok(()),
            false => Err(format!(
                "host `{}` is neither a socket's folder nor on loopback; lead a tunnel here",
                self.host.escape_debug()
            )),
        }
    }
}
