//! People and their keys.

use writ_core::digest::KeyId;
use writ_core::envelope::Kind;
use writ_core::names::Upn;
use writ_core::object::{Invitation, Object, Person, PersonKind, Role};
use writ_core::statement::RevokeKey;
use writ_core::time::{Seconds, Time};
use writ_core::view::{PersonView, Seen};

use crate::client::Client;
use crate::code::Code;
use crate::error::Error;
use crate::http::Listing;

/// How long an invitation lasts: 7 days.
const INVITED: Seconds = Seconds(7 * 86_400);

/// Somebody to be invited; what is absent stays as it is.
#[derive(Clone, Debug)]
pub struct Invitee {
    /// Who.
    pub upn: Upn,
    /// What kind of person, if they are new here.
    pub kind: PersonKind,
    /// As people call them.
    pub name: Option<String>,
    /// Where mail goes.
    pub mail: Option<String>,
    /// What they may do from then on; `Some(None)` takes a role away.
    pub role: Option<Option<Role>>,
}

/// An invitation that was made.
#[derive(Debug)]
pub struct Invited {
    /// What the person types at login; shown once.
    pub code: Code,
    /// When it ends.
    pub until: Time,
    /// Whether they had keys, which end when they use it.
    pub replaces_keys: bool,
}

impl Client {
    /// Everybody.
    pub async fn people(&self) -> Result<Seen<Vec<PersonView>>, Error> {
        self.objects(&Listing::ALL).await
    }

    /// One person.
    pub async fn person(&self, upn: &Upn) -> Result<Seen<PersonView>, Error> {
        self.seen(&format!("/v1/people/{}", segment(upn.as_str())))
            .await
    }

    /// Invites somebody: to join, or to replace the keys they lost.
    pub async fn invite(&self, invitee: &Invitee) -> Result<Invited, Error> {
        let people = self.people().await?;
        let found = people.value.iter().find(|person| person.upn == invitee.upn);
        let replaces_keys = found.is_some_and(|person| !person.keys.is_empty());
        let new = || Person {
            kind: invitee.kind,
            ..Person::new(invitee.upn.clone())
        };
        let mut person = found.map_or_else(new, person_of);
        if person.kind != invitee.kind {
            let (upn, kind) = (&person.upn, person.kind.name());
            return Err(Error::Usage(format!(
                "{upn} is a {kind} already; choose another name, or see: writ person show {upn}"
            )));
        }
        let code = Code::invitation(self.account().organization);
        let key = code.key(self.account().organization, &invitee.upn);
        let until = self.http.now().plus(INVITED);
        person.name = invitee.name.clone().or(person.name);
        person.mail = invitee.mail.clone().or(person.mail);
        person.role = invitee.role.unwrap_or(person.role);
        person.active = true;
        person.invitation = Some(Invitation {
            key: key.public(),
            until,
        });
        self.set(Object::Person(person.into()), people.seen).await?;
        Ok(Invited {
            code,
            until,
            replaces_keys,
        })
    }

    /// Takes all power from somebody, at once.
    pub async fn disable_person(&self, upn: &Upn) -> Result<(), Error> {
        let Seen { seen, value } = self.person(upn).await?;
        let person = Person {
            active: false,
            invitation: None,
            ..person_of(&value)
        };
        self.set(Object::Person(person.into()), seen).await
    }

    /// Takes a key from somebody.
    pub async fn revoke_key(&self, person: &Upn, key: KeyId) -> Result<(), Error> {
        let person = person.clone();
        let revoke = RevokeKey { person, key };
        self.say(Kind::RevokeKey, revoke, &[]).await.map(drop)
    }
}

/// What an administrator may set of a person, as it is.
fn person_of(view: &PersonView) -> Person {
    Person {
        kind: view.kind,
        name: view.name.clone(),
        mail: view.mail.clone(),
        role: view.role,
        active: view.active,
        manifest: view.manifest.clone(),
        ..Person::new(view.upn.clone())
    }
}

/// A name as one part of a path.
pub(crate) fn segment(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-._~@".contains(&b) => text.push(char::from(b)),
            b => text.push_str(&format!("%{b:02X}")),
        }
    }
    text
}
