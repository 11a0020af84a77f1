//! A **workload**: a system that tasks belong to, reached through a connector.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::is_false;
use crate::digest::Digest;
use crate::names::Name;
use crate::value::Value;

/// A system that tasks belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The name; `Writ` is reserved.
    pub name: Name,
    /// Which connector reaches it: `command`, …
    pub connector: Name,
    /// What that connector needs to know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Value>,
    /// Where its credentials may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Its credentials, by name; never their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<Name, SecretVersion>,
    /// Whether its tasks need not be set one by one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open_tasks: bool,
}

/// Which sealed value a secret has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretVersion {
    /// Counts up.
    pub version: u64,
    /// Of the sealed bytes.
    pub digest: Digest,
}

/// How many secrets a workload may have.
const MAX_SECRETS: usize = 32;

impl Workload {
    /// Whether another reaches the same target: what a secret was given for.
    pub fn has_target_of(&self, other: &Self) -> bool {
        self.connector == other.connector && self.origin == other.origin
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self.name.key() {
            "writ" => Err("the workload `Writ` is reserved".into()),
            _ if self.secrets.len() > MAX_SECRETS => Err(format!("secrets: at most {MAX_SECRETS}")),
            _ if self.secrets.values().any(|secret| secret.version == 0) => {
                Err("secrets: versions begin with 1".into())
            }
            _ => Ok(()),
        }
    }
}
