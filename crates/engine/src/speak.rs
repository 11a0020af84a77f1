//! What a node says: ticks with the log's key, outcomes with the runner's.

use std::sync::Arc;

use serde::Serialize;
use writ_core::digest::OrganizationId;
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::json::JsonError;
use writ_core::key::{Hex, SigningKey};
use writ_core::statement::{Payload, Principal, Tick, Unverified, Verified, sign};
use writ_core::time::Time;

use crate::clock::Entropy;

/// Says something as `node`, at `at`.
pub(crate) fn envelope<B: Serialize>(
    kind: Kind,
    body: B,
    key: &SigningKey,
    instance: Option<OrganizationId>,
    at: Time,
    entropy: &dyn Entropy,
) -> Result<Envelope, JsonError> {
    let mut nonce = vec![0; 16];
    entropy.fill(&mut nonce);
    let payload = Payload {
        at,
        body,
        by: Principal::Node,
        instance,
        nonce: Hex(nonce),
    };
    sign(PayloadType::Statement(kind), &payload, key)
}

/// A tick, ready for the sequencer. None only if it could not be written.
pub(crate) fn tick(
    turned_away: u64,
    key: &SigningKey,
    instance: OrganizationId,
    at: Time,
    entropy: &dyn Entropy,
) -> Option<Verified> {
    let tick = Tick { turned_away };
    let envelope = envelope(Kind::Tick, tick, key, Some(instance), at, entropy).ok()?;
    Unverified::read(Arc::new(envelope))
        .ok()?
        .verify(&key.public())
        .ok()
}
