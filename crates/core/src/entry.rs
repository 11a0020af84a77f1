//! Entries: statements in the log.
//!
//! An **entry** is an envelope with the time, the node and the **verdict**: yes
//! or no, and the code that was said then. Its **leaf** is canonical JSON, built
//! once by the node that appends it, and bytes from then on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::envelope::Envelope;
use crate::json::{self, JsonError};
use crate::names::Name;
use crate::time::Time;

/// The largest leaf, in bytes: entry bundles count leaves in 16 bits.
pub const MAX_LEAF: usize = 60 * 1024;

/// A statement in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Yes or no.
    pub accepted: bool,
    /// Why not, as it was said then.
    pub code: Option<Arc<str>>,
    /// The statement.
    pub envelope: Arc<Envelope>,
    /// The node that appended it.
    pub node: Name,
    /// When.
    pub time: Time,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    accepted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<Arc<str>>,
    envelope: Arc<Envelope>,
    node: Name,
    time: Time,
}

impl Entry {
    /// The bytes of its leaf.
    pub fn to_leaf(&self) -> Result<Vec<u8>, JsonError> {
        let Self {
            accepted,
            code,
            envelope,
            node,
            time,
        } = self.clone();
        json::write(&Wire {
            accepted,
            code,
            envelope,
            node,
            time,
        })
    }

    /// Reads a leaf: canonical or not at all.
    pub fn parse(leaf: &[u8]) -> Result<Self, JsonError> {
        let Wire {
            accepted,
            code,
            envelope,
            node,
            time,
        } = json::read(leaf)?;
        Ok(Self {
            accepted,
            code,
            envelope,
            node,
            time,
        })
    }
}
