//! Keys of people: enrolling, revoking, signing out.
//!
//! An **invitation** is a key that may enrol one other key, once. Enrolling by
//! invitation ends whatever keys the person had: it is also how a lost key is
//! replaced. A live key may enrol further keys beside itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decide::{Signer, signer};
use crate::digest::KeyId;
use crate::fact::{Fact, KeyEvent};
use crate::key::Algorithm;
use crate::names::Upn;
use crate::reading::Reading;
use crate::record::{Credentials, DeviceKey};
use crate::refusal::Refusal;
use crate::statement::{Enrol, RevokeKey, Signout};

/// How many keys a person may have.
pub const MAX_KEYS: usize = 32;

/// Adds a key. That its holder signed the proof was checked with the signature.
pub(crate) fn enrol(
    r: &Reading<'_>,
    by: &Upn,
    signed_with: KeyId,
    enrol: &Enrol,
) -> Result<Vec<Fact>, Refusal> {
    if enrol.person != *by {
        return Err(Refusal::NotYours {
            person: enrol.person.clone(),
        });
    }
    if enrol.passkey || enrol.rp_id.is_some() {
        return Err(Refusal::NotYet { what: "a passkey" });
    }
    if enrol.key.alg != Algorithm::Ed25519 {
        return Err(Refusal::NotYet {
            what: "a P-256 key",
        });
    }
    r.active(by)?;
    let before = r.credentials(by).cloned().unwrap_or_default();
    let invited = before
        .invitation
        .as_ref()
        .is_some_and(|invitation| invitation.key.id() == signed_with);
    if invited {
        let is_over = before
            .invitation
            .as_ref()
            .is_none_or(|i| i.until <= r.now());
        if is_over {
            return Err(Refusal::InvitationEnded { person: by.clone() });
        }
    } else {
        signer(r, by, signed_with)?;
    }

    let id = enrol.key.id();
    let is_invitation = before
        .invitation
        .as_ref()
        .is_some_and(|i| i.key == enrol.key);
    if before.keys.contains_key(&id) || is_invitation {
        return Err(Refusal::KeyExists { key: id });
    }
    let mut keys = match invited {
        true => BTreeMap::new(),
        false => before.keys.clone(),
    };
    if keys.len() >= MAX_KEYS {
        return Err(Refusal::KeyLimit { person: by.clone() });
    }
    let (key, label) = (enrol.key.clone(), enrol.label.clone());
    keys.insert(
        id,
        DeviceKey {
            key,
            label,
            passkey: false,
            since: r.now(),
        },
    );
    let invitation = match invited {
        true => None,
        false => before.invitation.clone(),
    };
    let recovery = invited && !before.keys.is_empty();
    Ok(vec![changed(
        by,
        KeyEvent::Enrolled { key: id, recovery },
        Credentials { keys, invitation },
    )])
}

/// Takes a key away. Works also while privileged access is disabled.
pub(crate) fn revoke(
    r: &Reading<'_>,
    signer: &Signer,
    revoke: &RevokeKey,
) -> Result<Vec<Fact>, Refusal> {
    let person = &revoke.person;
    concerns(signer, person)?;
    let unknown = || Refusal::UnknownKey {
        key: revoke.key,
        person: person.clone(),
    };
    let mut credentials = r.credentials(person).ok_or_else(unknown)?.as_ref().clone();
    credentials.keys.remove(&revoke.key).ok_or_else(unknown)?;
    let is_last = credentials.keys.is_empty()
        && r.person(person).is_some_and(|person| person.administers())
        && r.other_administrator(person).is_none();
    if is_last {
        return Err(Refusal::LastAdministrator {
            person: person.clone(),
        });
    }
    Ok(vec![changed(
        person,
        KeyEvent::Revoked { key: revoke.key },
        credentials,
    )])
}

/// Ends sessions. Works also while privileged access is disabled.
pub(crate) fn sign_out(
    r: &Reading<'_>,
    signer: &Signer,
    signout: &Signout,
) -> Result<Vec<Fact>, Refusal> {
    concerns(signer, &signout.person)?;
    Ok(vec![Fact::SignedOut {
        person: signout.person.clone(),
        session: signout.session,
        at: r.now(),
    }])
}

/// Only oneself and administrators.
fn concerns(signer: &Signer, person: &Upn) -> Result<(), Refusal> {
    match signer.upn == *person || signer.is_administrator() {
        true => Ok(()),
        false => Err(Refusal::NotYours {
            person: person.clone(),
        }),
    }
}

pub(crate) fn changed(person: &Upn, event: KeyEvent, credentials: Credentials) -> Fact {
    Fact::Keys {
        person: person.clone(),
        event,
        credentials: Arc::new(credentials),
    }
}
