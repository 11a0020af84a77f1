//! Keys of people: enrolling, revoking, signing out.
//!
//! An **invitation** is a key that may enrol one other key, once. Enrolling by
//! invitation ends whatever keys the person had: it is also how a lost key is
//! replaced. A live key may enrol further keys beside itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decide::{Signer, signer};
use crate::fact::{Fact, KeyEvent};
use crate::names::Upn;
use crate::object::Site;
use crate::passkey::Assertion;
use crate::reading::Reading;
use crate::record::{Credentials, DeviceKey};
use crate::refusal::Refusal;
use crate::statement::{Enrol, RevokeKey, Signout, Verified};

/// How many keys a person may have.
pub const MAX_KEYS: usize = 32;

/// Adds a key. That its holder signed the proof was checked with the signature.
pub(crate) fn enrol(
    r: &Reading<'_>,
    by: &Upn,
    said: &Verified,
    enrol: &Enrol,
) -> Result<Vec<Fact>, Refusal> {
    if enrol.person != *by {
        return Err(Refusal::NotYours {
            person: enrol.person.clone(),
        });
    }
    r.active(by)?;
    let before = r.credentials(by).cloned().unwrap_or_default();
    let invited = before
        .invitation
        .as_ref()
        .is_some_and(|invitation| invitation.key.id() == said.keyid());
    if invited {
        let is_over = before
            .invitation
            .as_ref()
            .is_none_or(|i| i.until <= r.now());
        if is_over {
            return Err(Refusal::InvitationEnded { person: by.clone() });
        }
        if said.assertion().is_some() {
            return Err(Refusal::PasskeyMismatch { key: said.keyid() });
        }
    } else {
        signer(r, by, said)?;
    }
    if let (Some(rp_id), Some(assertion)) = (&enrol.rp_id, said.new_passkey()) {
        let site = r.site()?;
        if *rp_id != site.rp_id {
            return Err(Refusal::PasskeyDomain {
                rp_id: rp_id.clone(),
            });
        }
        used_here(site, rp_id, assertion)?;
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
            rp_id: enrol.rp_id.clone(),
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

/// Whether a key signed as it was enrolled to: a passkey by a gesture, on a page
/// of the site as it is now and for its own domain; any other key plainly.
pub(crate) fn as_enrolled(
    r: &Reading<'_>,
    device: &DeviceKey,
    assertion: Option<&Assertion>,
) -> Result<(), Refusal> {
    match (&device.rp_id, assertion) {
        (None, None) => Ok(()),
        (Some(rp_id), Some(assertion)) => used_here(r.site()?, rp_id, assertion),
        (Some(_), None) | (None, Some(_)) => Err(Refusal::PasskeyMismatch {
            key: device.key.id(),
        }),
    }
}

fn used_here(site: &Site, rp_id: &str, assertion: &Assertion) -> Result<(), Refusal> {
    if !assertion.is_for(rp_id) {
        let rp_id = rp_id.to_owned();
        return Err(Refusal::PasskeyDomain { rp_id });
    }
    let origin = assertion.origin();
    match site.origins.iter().any(|known| known == origin) {
        true => Ok(()),
        false => Err(Refusal::PasskeyOrigin {
            origin: origin.escape_debug().take(200).collect(),
        }),
    }
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
