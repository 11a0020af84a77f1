//! Sessions: who is reading.
//!
//! A **session** is an envelope that a person's key signed, saying until when;
//! it comes as `Authorization: Writ <base64url of its JSON>`, or from a browser
//! as a cookie with the same text, and is never an entry. It lets its bearer read and nothing else. Its **signature** never
//! changes, so it is checked once; everything else is asked of State **at every
//! read**: whether the key is live, the person active, the time not over,
//! nobody signed out.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use data_encoding::BASE64URL_NOPAD;
use writ_core::digest::{Digest, KeyId};
use writ_core::envelope::Envelope;
use writ_core::key::PublicKey;
use writ_core::names::Upn;
use writ_core::object::Role;
use writ_core::state::State;
use writ_core::statement::{Session, read_payload};
use writ_core::time::Time;

use crate::failure::Failure;
use crate::listen::Reach;
use crate::portal;

/// How many sessions are remembered as good, and how many as ended.
const MAX_KEPT: usize = 8_192;
/// The longest token that is read at all; a session is well below 1 KiB.
const MAX_TOKEN: usize = 4_096;

/// A session as it was sent. Says nothing yet.
#[derive(Debug)]
pub(crate) struct Bearer {
    envelope: Envelope,
    token: Digest,
}

/// Who is reading, by a session that counts.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) upn: Upn,
    pub(crate) role: Option<Role>,
    pub(crate) key: KeyId,
}

impl Bearer {
    /// Reads the one session of a call: of its header, or else of a browser's
    /// cookie.
    pub(crate) fn of(headers: &HeaderMap, reach: &Reach) -> Result<Self, Failure> {
        if !headers.contains_key(AUTHORIZATION) {
            let token = portal::token(headers, reach).ok_or(Failure::NoSession)?;
            return Self::read(token).ok_or(Failure::SessionOver);
        }
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Failure::NoSession);
        };
        let text = value.to_str().map_err(|_| Failure::NoSession)?;
        let (scheme, token) = text.split_once(' ').ok_or(Failure::NoSession)?;
        if !scheme.eq_ignore_ascii_case("writ") {
            return Err(Failure::NoSession);
        }
        Self::read(token).ok_or(Failure::SessionOver)
    }

    pub(crate) fn read(token: &str) -> Option<Self> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        Some(Self {
            envelope: Envelope::parse(&bytes).ok()?,
            token: Digest::of(token.as_bytes()),
        })
    }

    /// Names the session.
    pub(crate) fn digest(&self) -> Digest {
        self.envelope.digest()
    }

    /// When it opened, and when it ends.
    pub(crate) fn period(&self) -> Option<(Time, Time)> {
        let payload = read_payload::<Session>(&self.envelope.payload).ok()?;
        Some((payload.at, payload.body.until))
    }

    /// Whose session it is, if it counts in this State at this time.
    pub(crate) fn holder(
        &self,
        state: &State,
        now: Time,
        checked: &Checked,
    ) -> Result<Who, Failure> {
        let session = state.session(&self.envelope, now);
        let (upn, key) = session.ok_or(Failure::SessionOver)?;
        if checked.is_ended(self) || !checked.holds(self, &key) {
            return Err(Failure::SessionOver);
        }
        Ok(Who {
            role: state.person(&upn).and_then(|person| person.role),
            upn,
            key: key.id(),
        })
    }
}

/// What this node remembers of sessions, oldest forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Those whose signatures were found good, by the digest of the whole token.
    /// The digest of the envelope would not do: the signature is no part of it,
    /// so a second token with the same words and no signature would pass for the
    /// first.
    good: Mutex<Kept>,
    /// Those that a browser ended, by the digest of the envelope: whatever else
    /// stands in the token, it is the same session.
    ended: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    digests: BTreeSet<Digest>,
    order: VecDeque<Digest>,
}

impl Checked {
    /// Whether this key signed the session: looked up, or checked and kept.
    fn holds(&self, bearer: &Bearer, key: &PublicKey) -> bool {
        if kept(&self.good).digests.contains(&bearer.token) {
            return true;
        }
        let holds = bearer.envelope.is_signed_by(key);
        if holds {
            kept(&self.good).add(bearer.token);
        }
        holds
    }

    /// Ends a session that counts, at this node and until it starts again. What
    /// ends one everywhere and for good is a `signout`.
    pub(crate) fn end(&self, bearer: &Bearer) {
        kept(&self.ended).add(bearer.digest());
    }

    fn is_ended(&self, bearer: &Bearer) -> bool {
        kept(&self.ended).digests.contains(&bearer.digest())
    }
}

fn kept(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn add(&mut self, digest: Digest) {
        if !self.digests.insert(digest) {
            return;
        }
        self.order.push_back(digest);
        if self.order.len() > MAX_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.digests.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use writ_core::envelope::PayloadType;
    use writ_core::json;
    use writ_core::key::SigningKey;
    use zeroize::Zeroizing;

    use super::*;

    fn signed() -> (Envelope, SigningKey) {
        let key = SigningKey::from_seed(Zeroizing::new([7; 32]));
        (
            Envelope::sign(PayloadType::Session, b"{}".to_vec(), &key),
            key,
        )
    }

    fn token(envelope: &Envelope) -> String {
        BASE64URL_NOPAD.encode(&json::write(envelope).unwrap())
    }

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_call_has_one_session_of_our_scheme() {
        let token = token(&signed().0);
        let good = format!("Writ {token}");
        let here = Reach::default();
        assert!(Bearer::of(&headers(&[&good]), &here).is_ok());
        assert!(Bearer::of(&headers(&[&good.replace("Writ", "writ")]), &here).is_ok());
        for bad in [
            &[][..],
            &[good.as_str(), good.as_str()],
            &["Writ"],
            &[token.as_str()],
            &[good.replace("Writ", "Bearer").as_str()],
        ] {
            let refused = Bearer::of(&headers(bad), &here).unwrap_err();
            assert_eq!(refused, Failure::NoSession, "{bad:?}");
        }
        for bad in [
            format!("Writ {token}="),
            format!("Writ  {token}"),
            format!("Writ {}", "A".repeat(MAX_TOKEN + 4)),
            "Writ e30".to_owned(),
            "Writ ".to_owned(),
        ] {
            let refused = Bearer::of(&headers(&[&bad]), &here).unwrap_err();
            assert_eq!(refused, Failure::SessionOver, "{bad}");
        }
    }

    #[test]
    fn a_signature_counts_for_its_own_token_only() {
        let (envelope, key) = signed();
        let checked = Checked::default();
        let good = Bearer::read(&token(&envelope)).unwrap();
        assert!(checked.holds(&good, &key.public()));
        assert!(checked.holds(&good, &key.public()));

        let mut forged = envelope;
        forged.signature.sig = vec![0; 64];
        assert_eq!(forged.digest(), good.envelope.digest());
        let forged = Bearer::read(&token(&forged)).unwrap();
        assert!(!checked.holds(&forged, &key.public()));
    }

    #[test]
    fn the_memory_of_sessions_is_bounded() {
        let mut kept = Kept::default();
        for number in 0..=MAX_KEPT {
            kept.add(Digest::of(&number.to_le_bytes()));
            kept.add(Digest::of(&number.to_le_bytes()));
        }
        assert_eq!(kept.digests.len(), MAX_KEPT);
        assert_eq!(kept.order.len(), MAX_KEPT);
        assert!(!kept.digests.contains(&Digest::of(&0_usize.to_le_bytes())));
    }
}
