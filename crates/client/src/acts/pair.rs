//! Pairing: a further device of somebody who has a key on another one.
//!
//! The new device makes its key and the whole `enrol`, its proof included, and
//! shows a **text**: what of it the old device cannot know. The old device puts
//! the statement together again, which only fits for the same person of the
//! same organization, signs it with its own live key and posts it. The secret
//! half of neither key ever travels.

use data_encoding::BASE64URL_NOPAD;
use tokio::time::{Duration, sleep};
use writ_core::digest::KeyId;
use writ_core::envelope::{Envelope, Kind, Passkey, PayloadType};
use writ_core::key::{Algorithm, Hex, PublicKey, SigningKey};
use writ_core::names::Upn;
use writ_core::statement::{
    Enrol, FRESH, MAX_SESSION, Payload, Principal, Session, Unverified, sign,
};
use writ_core::time::Time;
use writ_core::view::WhoAmI;

use crate::client::{Client, post, signed};
use crate::error::Error;
use crate::http::Http;
use crate::profile::{Account, Profile, Profiles};

/// The form of the text for a key that signs plainly; another first byte is
/// another form.
const PLAIN: u8 = 1;
/// The form for a passkey: its proof is a gesture, so what its authenticator
/// signed travels too.
const PASSKEY: u8 = 2;
/// The longest text that is read at all.
const MAX_TEXT: usize = 4_096;
/// How often to look whether the key was added.
const LOOK: Duration = Duration::from_secs(1);

/// A key that waits for another device to add it.
#[derive(Debug)]
pub struct Pairing {
    http: Http,
    account: Account,
    key: SigningKey,
    text: String,
    until: Time,
}

impl Pairing {
    pub(crate) fn new(
        http: Http,
        key: SigningKey,
        payload: &Payload<Enrol>,
    ) -> Result<Self, Error> {
        let no_organization = || Error::Untrusted("the server shows no organization".into());
        let account = Account {
            url: http.url().to_owned(),
            organization: payload.instance.ok_or_else(no_organization)?,
            upn: payload.body.person.clone(),
        };
        Ok(Self {
            http,
            account,
            key,
            text: written(payload),
            until: payload.at.plus(FRESH),
        })
    }

    /// What is typed on the other device.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Names the new key, so that it can be compared.
    pub fn key_id(&self) -> KeyId {
        self.key.public().id()
    }

    /// Waits until the key is added, and keeps the profile.
    pub async fn wait(self, profiles: &Profiles, name: &str) -> Result<Profile, Error> {
        let now = self.http.now();
        let until = now.plus(MAX_SESSION);
        let session = PayloadType::Session;
        let session = signed(&self.account, &self.key, session, now, Session { until })?;
        loop {
            match self
                .http
                .get::<WhoAmI>("/v1/whoami", &[], Some(&session))
                .await
            {
                Ok(_) => return profiles.keep(name, &self.account, &self.key),
                Err(Error::Refused { .. }) if self.http.now() < self.until => sleep(LOOK).await,
                Err(Error::Refused { .. }) => {
                    let Account { url, upn, .. } = &self.account;
                    return Err(Error::Usage(format!(
                        "nobody added this key within {FRESH}; repeat: writ login {url} --as {upn} --pair"
                    )));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Another device's key, as its text says it.
#[derive(Debug)]
pub struct Paired {
    enrol: Envelope,
    /// Names it, so that it can be compared.
    pub key: KeyId,
    /// What the other device calls it.
    pub label: String,
}

impl Client {
    /// Reads what another device of the same person shows.
    pub fn read_pairing(&self, text: &str) -> Result<Paired, Error> {
        let wrong = || {
            let Account { url, upn, .. } = self.account();
            Error::Usage(format!(
                "this text is not whole, or was not made for {upn} at {url}; copy all of what \
                 this shows: writ login {url} --as {upn} --pair"
            ))
        };
        let payload = self.read(text).ok_or_else(wrong)?;
        let enrol = sign(PayloadType::Statement(Kind::Enrol), &payload, self.key());
        let enrol = enrol.map_err(|_| wrong())?;
        // A label that hides something is refused before it is shown.
        let said = Unverified::read(enrol.clone().into()).map_err(|_| wrong())?;
        // The proof of the new key holds only for who and where it was made for.
        said.verify(&self.key().public()).map_err(|_| wrong())?;
        Ok(Paired {
            enrol,
            key: payload.body.key.id(),
            label: payload.body.label,
        })
    }

    /// Adds another device's key; answers it in words.
    pub async fn add_key(&self, paired: &Paired) -> Result<Vec<String>, Error> {
        // It also makes sure that this is the right organization.
        self.session().await?;
        Ok(post(&self.http, &paired.enrol, &[]).await?.facts)
    }

    /// The statement of a text, put together for this person here.
    fn read(&self, text: &str) -> Option<Payload<Enrol>> {
        let text: String = text.split_whitespace().collect();
        let text = Some(text).filter(|text| text.len() <= MAX_TEXT)?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (nonce, rest) = rest.split_first_chunk::<16>()?;
        let Account {
            organization, upn, ..
        } = self.account();
        let body = match *version {
            PLAIN => plain(upn, rest)?,
            PASSKEY => passkey(upn, rest)?,
            _ => return None,
        };
        let payload = Payload {
            at: Time(i64::from_be_bytes(*at)),
            body,
            by: Principal::Person(upn.clone()),
            instance: Some(*organization),
            nonce: Hex(nonce.to_vec()),
        };
        Some(payload)
    }
}

/// The rest of a text: the key, its proof, its name.
fn plain(upn: &Upn, rest: &[u8]) -> Option<Enrol> {
    let (public, rest) = rest.split_first_chunk::<32>()?;
    let (proof, label) = rest.split_first_chunk::<64>()?;
    enrol(upn, Algorithm::Ed25519, public, proof, label)
}

/// The rest of a passkey's text: the key, its proof, and each behind its length
/// its domain, its authenticator data and its client data; then its name.
fn passkey(upn: &Upn, rest: &[u8]) -> Option<Enrol> {
    let (public, rest) = rest.split_first_chunk::<65>()?;
    let (proof, rest) = rest.split_first_chunk::<64>()?;
    let (rp_id, rest) = behind_length(rest)?;
    let (authenticator_data, rest) = behind_length(rest)?;
    let (client_data, label) = behind_length(rest)?;
    Some(Enrol {
        passkey: true,
        rp_id: Some(String::from_utf8(rp_id.to_vec()).ok()?),
        assertion: Some(Passkey {
            authenticator_data: Hex(authenticator_data.to_vec()),
            client_data: Hex(client_data.to_vec()),
        }),
        ..enrol(upn, Algorithm::P256, public, proof, label)?
    })
}

fn behind_length(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn enrol(upn: &Upn, alg: Algorithm, public: &[u8], proof: &[u8], label: &[u8]) -> Option<Enrol> {
    Some(Enrol {
        person: upn.clone(),
        key: PublicKey {
            alg,
            public: Hex(public.to_vec()),
        },
        label: String::from_utf8(label.to_vec()).ok()?,
        passkey: false,
        rp_id: None,
        proof: Some(Hex(proof.to_vec())),
        assertion: None,
    })
}

/// What the old device cannot know: when, once, which key, its proof, its name.
fn written(payload: &Payload<Enrol>) -> String {
    let proof = payload.body.proof.iter().flat_map(|proof| &proof.0);
    let mut bytes = vec![PLAIN];
    bytes.extend_from_slice(&payload.at.0.to_be_bytes());
    bytes.extend_from_slice(&payload.nonce.0);
    bytes.extend_from_slice(&payload.body.key.public.0);
    bytes.extend(proof);
    bytes.extend_from_slice(payload.body.label.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

#[cfg(test)]
mod tests {
    use writ_core::digest::{Digest, OrganizationId};
    use writ_core::statement::possession;
    use writ_core::testing::Authenticator;

    use super::*;
    use crate::system::{new_key, now, random};

    fn client(upn: &str, organization: &[u8]) -> (Client, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::new(Some(folder.path().join("config"))).unwrap();
        let account = Account {
            url: "http://localhost:1".into(),
            organization: OrganizationId(Digest::of(organization)),
            upn: Upn::parse(upn).unwrap(),
        };
        let profile = profiles.keep("me", &account, &new_key()).unwrap();
        (Client::new(profile, None).unwrap(), folder)
    }

    /// The text of a new device of somebody.
    fn text(of: &Client, label: &str) -> (String, PublicKey) {
        let key = new_key();
        let Account {
            organization, upn, ..
        } = of.account().clone();
        let body = Enrol {
            person: upn.clone(),
            key: key.public(),
            label: label.into(),
            passkey: false,
            rp_id: None,
            proof: None,
            assertion: None,
        };
        let mut payload = Payload {
            at: now(),
            body,
            by: Principal::Person(upn),
            instance: Some(organization),
            nonce: Hex(random::<16>().to_vec()),
        };
        let proof = key.sign(&possession(&payload).unwrap());
        payload.body.proof = Some(Hex(proof));
        (written(&payload), key.public())
    }

    #[test]
    fn a_text_fits_for_its_person_and_organization_only() {
        let (alice, _folder) = client("alice@example.com", b"x");
        let (text, key) = text(&alice, "tablet");
        assert!(text.len() < 200, "{}", text.len());
        let (front, back) = text.split_at(70);
        for typed in [text.clone(), format!(" {front}\n  {back}\n")] {
            let paired = alice.read_pairing(&typed).unwrap();
            assert_eq!((paired.key, paired.label.as_str()), (key.id(), "tablet"));
            // What is posted is signed by the old key, and proved by the new one.
            let said = Unverified::read(paired.enrol.into()).unwrap();
            assert!(said.verify(&alice.key().public()).is_ok());
        }
        for (upn, organization) in [("bob@example.com", b"x"), ("alice@example.com", b"y")] {
            let (other, _folder) = client(upn, organization);
            assert!(other.read_pairing(&text).is_err(), "{upn}");
        }
    }

    /// The text of a passkey, as a browser writes it.
    fn passkey_text(of: &Client, label: &str) -> (String, PublicKey) {
        let authenticator = Authenticator::of(label);
        let Account {
            organization, upn, ..
        } = of.account().clone();
        let body = Enrol {
            person: upn.clone(),
            key: authenticator.public(),
            label: label.into(),
            passkey: true,
            rp_id: Some(authenticator.rp_id.clone()),
            proof: None,
            assertion: None,
        };
        let payload = Payload {
            at: now(),
            body,
            by: Principal::Person(upn),
            instance: Some(organization),
            nonce: Hex(random::<16>().to_vec()),
        };
        let (passkey, proof) = authenticator.gesture(&possession(&payload).unwrap());
        let mut bytes = vec![PASSKEY];
        bytes.extend_from_slice(&payload.at.0.to_be_bytes());
        bytes.extend_from_slice(&payload.nonce.0);
        bytes.extend_from_slice(&payload.body.key.public.0);
        bytes.extend(proof);
        for part in [
            authenticator.rp_id.as_bytes(),
            &passkey.authenticator_data.0,
            &passkey.client_data.0,
        ] {
            bytes.extend_from_slice(&u16::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(label.as_bytes());
        (BASE64URL_NOPAD.encode(&bytes), authenticator.public())
    }

    #[test]
    fn a_passkey_is_paired_by_its_gesture() {
        let (alice, _folder) = client("alice@example.com", b"x");
        let (text, key) = passkey_text(&alice, "phone");
        let paired = alice.read_pairing(&text).unwrap();
        assert_eq!((paired.key, paired.label.as_str()), (key.id(), "phone"));
        let (bob, _folder) = client("bob@example.com", b"x");
        assert!(bob.read_pairing(&text).is_err());
        for at in 0..text.len() {
            let mut typed = text.clone().into_bytes();
            typed[at] = if typed[at] == b'A' { b'B' } else { b'A' };
            let typed = String::from_utf8(typed).unwrap();
            assert!(alice.read_pairing(&typed).is_err(), "{at}");
        }
    }

    #[test]
    fn a_text_that_is_not_whole_is_refused() {
        let (alice, _folder) = client("alice@example.com", b"x");
        let (good, _) = text(&alice, "tablet");
        for at in 0..good.len() {
            let mut typed = good.clone().into_bytes();
            typed[at] = if typed[at] == b'A' { b'B' } else { b'A' };
            let typed = String::from_utf8(typed).unwrap();
            assert!(alice.read_pairing(&typed).is_err(), "{at}");
        }
        let cut = &good[..good.len() - 2];
        for bad in ["", "writ", cut, &good[4..], &"A".repeat(5_000)] {
            let said = alice.read_pairing(bad).unwrap_err().to_string();
            assert!(said.contains("--pair"), "{said}");
        }
        // A name that a terminal would obey.
        let (hostile, _) = text(&alice, "tablet\u{1b}[2J");
        assert!(alice.read_pairing(&hostile).is_err());
    }
}
