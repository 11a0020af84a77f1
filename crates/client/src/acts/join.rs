//! Joining an organization with a code, and leaving a session.

use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::key::{Hex, SigningKey};
use writ_core::names::{Domain, Upn};
use writ_core::statement::{Enrol, Payload, Principal, Signout, possession, sign};
use writ_core::view::{OrganizationView, WhoAmI};

use super::pair::Pairing;
use crate::client::{Client, post};
use crate::code::Code;
use crate::error::Error;
use crate::http::Http;
use crate::profile::{Account, Pending, Profile, Profiles};
use crate::system;

/// Somebody on the way into an organization.
#[derive(Debug)]
pub struct Joining {
    http: Http,
    view: OrganizationView,
    upn: Upn,
}

impl Joining {
    /// Asks a server for its organization.
    pub async fn begin(profiles: &Profiles, url: &str, upn: &Upn) -> Result<Self, Error> {
        let http = Http::new(url, profiles.authorities())?;
        let view = http.organization().await?;
        Ok(Self {
            http,
            view,
            upn: upn.clone(),
        })
    }

    /// The organization that was found there.
    pub const fn organization(&self) -> &Domain {
        &self.view.organization
    }

    fn account(&self) -> Account {
        Account {
            url: self.http.url().to_owned(),
            organization: self.view.id,
            upn: self.upn.clone(),
        }
    }

    /// Whether a profile of this name may be made or replaced by this login.
    pub fn check_profile(&self, existing: &Profile) -> Result<(), Error> {
        let (old, new) = (existing.account(), self.account());
        let name = existing.name();
        if old.url == new.url && old.organization != new.organization {
            return Err(Error::Untrusted(format!(
                "{} shows another organization than when the profile `{name}` was made: {} then, \
                 {} now. If that is meant, remove {} first",
                new.url,
                old.organization,
                new.organization,
                existing.folder().display()
            )));
        }
        if old.organization != new.organization || old.upn != new.upn {
            return Err(Error::Usage(format!(
                "the profile `{name}` is of {} at {}; name another one: writ --profile NAME login …",
                old.upn, old.url
            )));
        }
        Ok(())
    }

    /// Whether a code was made for this organization.
    pub fn check_code(&self, code: &Code) -> Result<(), Error> {
        match code.is_for(self.view.id) {
            true => Ok(()),
            false => Err(Error::Usage(format!(
                "this code is not for the organization {} ({}); check the address of the server, \
                 or ask who invited you",
                self.view.organization, self.view.id
            ))),
        }
    }

    /// Finishes a login whose answer was lost, if there was one.
    pub async fn resume(&self, profiles: &Profiles, name: &str) -> Result<Option<Profile>, Error> {
        let Some(pending) = profiles.pending(name)? else {
            return Ok(None);
        };
        if pending.account != self.account() {
            return Ok(None);
        }
        match post(&self.http, &pending.enrol, &[]).await {
            Ok(_) => profiles
                .keep(name, &pending.account, &pending.key)
                .map(Some),
            Err(lost @ Error::Unreachable(_)) => Err(lost),
            // It was never recorded, and is too old or its code was replaced.
            Err(_) => profiles.forget_pending(name).map(|()| None),
        }
    }

    /// Makes this machine's key, enrols it by the code, and keeps the profile.
    pub async fn enrol(
        &self,
        profiles: &Profiles,
        name: &str,
        code: &Code,
        label: &str,
    ) -> Result<Profile, Error> {
        self.check_code(code)?;
        let key = system::new_key();
        let enrol = self.statement(&code.key(self.view.id, &self.upn), &key, label)?;
        let pending = Pending {
            account: self.account(),
            key,
            enrol,
        };
        profiles.keep_pending(name, &pending)?;
        match post(&self.http, &pending.enrol, &[]).await {
            Ok(_) => profiles.keep(name, &pending.account, &pending.key),
            Err(lost @ Error::Unreachable(_)) => Err(lost),
            Err(refused) => {
                profiles.forget_pending(name)?;
                Err(refused)
            }
        }
    }

    /// The `enrol`, signed by the code's key and proved by the new one.
    fn statement(
        &self,
        signer: &SigningKey,
        key: &SigningKey,
        label: &str,
    ) -> Result<Envelope, Error> {
        let payload = self.payload(key, label)?;
        sign(PayloadType::Statement(Kind::Enrol), &payload, signer).map_err(odd)
    }

    /// What an `enrol` says, proved by the new key.
    fn payload(&self, key: &SigningKey, label: &str) -> Result<Payload<Enrol>, Error> {
        let mut payload = Payload {
            at: self.http.now(),
            body: Enrol {
                person: self.upn.clone(),
                key: key.public(),
                label: label.to_owned(),
                passkey: false,
                rp_id: None,
                proof: None,
                assertion: None,
            },
            by: Principal::Person(self.upn.clone()),
            instance: Some(self.view.id),
            nonce: Hex(system::random::<16>().to_vec()),
        };
        let proof = key.sign(&possession(&payload).map_err(odd)?);
        payload.body.proof = Some(Hex(proof));
        Ok(payload)
    }

    /// Makes this machine's key, to be added by another device of the same
    /// person, where they have a key already.
    pub fn pair(self, label: &str) -> Result<Pairing, Error> {
        let key = system::new_key();
        let payload = self.payload(&key, label)?;
        Pairing::new(self.http, key, &payload)
    }
}

fn odd(error: writ_core::json::JsonError) -> Error {
    Error::Usage(error.to_string())
}

impl Profile {
    /// Uses the key that is here already, if the server still knows it, for a
    /// new session: the one before may have been ended elsewhere.
    pub async fn log_in_again(self) -> Result<Option<Self>, Error> {
        self.forget_session()?;
        let client = Client::of(self.clone())?;
        match client.who_am_i().await {
            Ok(_) => Ok(Some(self)),
            Err(Error::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Client {
    /// Who one is, as the server sees it.
    pub async fn who_am_i(&self) -> Result<WhoAmI, Error> {
        self.get("/v1/whoami", &[]).await
    }

    /// Ends this session, or all of one's sessions everywhere.
    pub async fn log_out(&self, everywhere: bool) -> Result<(), Error> {
        let session = match everywhere {
            true => None,
            false => Some(self.session().await?.digest()),
        };
        let signout = Signout {
            person: self.upn().clone(),
            session,
        };
        self.say(Kind::Signout, signout, &[]).await?;
        self.profile.log_out()
    }
}
