//! A **world** for tests: an organization with its people, keys, clock and log
//! in one value.
//!
//! Everything in it is determined: keys come from labels, nonces are counted,
//! and the clock stands until it is told to go on. What somebody **says** takes
//! the whole way: it is filled in, signed, read, verified and applied as the
//! next entry.
//!
//! People are called by short names: `alice` is `alice@fabrikam.example`, and
//! so are groups. `node` is the organization's own services.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests use this; a test fails by panicking"
)]

mod authenticator;
mod build;
mod prove;

use std::sync::Arc;

use serde::Serialize;

pub use authenticator::Authenticator;
pub use build::*;

use crate::digest::{Digest, ExecutionId, Index, OrganizationId, RequestId};
use crate::envelope::{Envelope, Kind, PayloadType, Signature};
use crate::json;
use crate::key::{Hex, SigningKey};
use crate::names::{Name, Pattern};
use crate::object::{Object, ObjectName, Person, Role};
use crate::state::{Decided, State};
use crate::statement::{
    Approve, End, Enrol, Genesis, Invoke, Outcome, Payload, Principal, Recover, Request, RevokeKey,
    Session, Set, Signout, Tick, Unverified, possession,
};
use crate::time::{Seconds, Time};

/// Whatever can be said: the body of a statement of some kind.
pub trait Say: Clone + Serialize {
    /// The kind.
    const KIND: Kind;
    /// Whose key signs where the services say it.
    const SERVICE: &'static str = "runner";
    /// Fills in what only the new key of an `enrol` can say.
    fn prove(_: &mut Payload<Self>, _: &SigningKey) {}
}

macro_rules! say {
    ($($body:ident)*) => { $( impl Say for $body { const KIND: Kind = Kind::$body; } )* };
}
say! { Genesis Set RevokeKey Signout Request Approve End Invoke Outcome Recover }

impl Say for Tick {
    const KIND: Kind = Kind::Tick;
    const SERVICE: &'static str = "log";
}

impl Say for Enrol {
    const KIND: Kind = Kind::Enrol;
    fn prove(payload: &mut Payload<Self>, new: &SigningKey) {
        let bare = possession(payload).unwrap();
        if !payload.body.passkey {
            payload.body.proof = Some(Hex(new.sign(&bare)));
            return;
        }
        // Passkeys may be of Ed25519 too: the same gesture, by that key.
        let (assertion, _) = Authenticator::of("any").gesture(&bare);
        let client_data = Digest::of(&assertion.client_data.0);
        let signed = [&*assertion.authenticator_data.0, client_data.as_bytes()].concat();
        payload.body.proof = Some(Hex(new.sign(&signed)));
        payload.body.assertion = Some(assertion);
    }
}

/// An organization, its clock and its log.
#[derive(Clone, Debug)]
pub struct World {
    /// What is so now.
    pub state: State,
    /// What time it is.
    pub now: Time,
    /// The node that appends.
    pub node: Name,
    /// Every entry so far, refused ones too.
    pub log: Vec<Decided>,
    /// Whether signatures are made and checked. A world that only asks about
    /// rules is several times faster without.
    pub signs: bool,
    nonce: u64,
}

impl World {
    /// A world in which nothing was said yet.
    pub fn empty() -> Self {
        Self {
            state: State::default(),
            now: START,
            node: Name::parse("node1").unwrap(),
            log: Vec::new(),
            signs: true,
            nonce: 0,
        }
    }

    /// A world whose organization was founded by `admin`, and nothing more.
    pub fn founded() -> Self {
        let mut world = Self::empty();
        world.yes("admin", genesis());
        world
    }

    /// A founded world with [`PEOPLE`] who have keys of their names, groups
    /// (`approvers`: bob, carol; `seniors`: carol, dave; `staff`: alice, bob,
    /// carol, dave), the workload `Host` and its tasks [`RESTART`] and [`SAY`].
    ///
    /// Erin is in no group. Privileged access was never enabled, and there is
    /// no policy.
    #[expect(clippy::new_without_default, reason = "a world is made on purpose")]
    pub fn new() -> Self {
        let mut world = Self::founded();
        for name in PEOPLE {
            world.join(name);
        }
        world.set(group("approvers", &["bob", "carol"]));
        world.set(group("seniors", &["carol", "dave"]));
        world.set(group("staff", &["alice", "bob", "carol", "dave"]));
        world.set(workload("Host"));
        world.set(task(RESTART, "/usr/bin/systemctl", &["unit"]));
        world.set(task(SAY, "/bin/echo", &["word"]));
        world
    }

    /// [`World::new`], enabled with `approvers` as default group, where
    /// [`RESTART`] needs one approval of theirs and [`SAY`] is approved by
    /// itself for `staff`.
    pub fn ready() -> Self {
        let mut world = Self::new();
        world.set(control(true, Some("approvers")));
        world.set(manual(RESTART, &[]));
        world.set(auto(SAY, "staff"));
        world
    }

    /// Lets time go by.
    pub fn wait(&mut self, time: Seconds) -> &mut Self {
        self.now = self.now.plus(time);
        self
    }

    /// The size of the log.
    pub fn size(&self) -> u64 {
        self.log.len() as u64
    }

    /// The leaves of the log, in order.
    pub fn leaves(&self) -> impl Iterator<Item = &[u8]> {
        self.log.iter().map(|decided| decided.leaf.as_slice())
    }

    /// The organization's id.
    pub fn organization(&self) -> OrganizationId {
        self.state.organization().unwrap()
    }

    /// The payload around a body, said now, with the next nonce.
    pub fn payload<B>(&mut self, who: &str, body: B) -> Payload<B> {
        self.nonce += 1;
        let by = match who {
            "node" => Principal::Node,
            person => Principal::Person(upn(person)),
        };
        let nonce = Digest::of(&self.nonce.to_be_bytes()).as_bytes()[..16].to_vec();
        Payload {
            at: self.now,
            body,
            by,
            instance: self.state.organization(),
            nonce: Hex(nonce),
        }
    }

    /// An envelope with a body, signed with the key of this label; not applied.
    pub fn envelope<B: Say>(&mut self, who: &str, label: &str, body: B) -> Envelope {
        let payload = self.payload(who, body);
        self.sign(&payload, label)
    }

    /// Signs a payload that was made by hand.
    pub fn sign<B: Say>(&self, payload: &Payload<B>, label: &str) -> Envelope {
        let bytes = json::write(payload).unwrap();
        let payload_type = PayloadType::Statement(B::KIND);
        match self.signs {
            true => Envelope::sign(payload_type, bytes, &key(label)),
            false => Envelope {
                payload_type,
                payload: bytes,
                signature: Signature {
                    keyid: key(label).public().id(),
                    sig: Vec::new(),
                    passkey: None,
                },
            },
        }
    }

    /// Applies an envelope as the next entry.
    ///
    /// Its signature is checked with the key that [`State::key_for`] knows. For
    /// one that it does not know the door would turn the statement away; a
    /// world lets it in with the key of this label, so that the rules are asked.
    pub fn apply(&mut self, envelope: Envelope, label: &str) -> Decided {
        let read = Unverified::read(Arc::new(envelope)).unwrap();
        let said = match self.signs {
            true => {
                let known = self.state.key_for(&read, self.now);
                let key = known.unwrap_or_else(|| key(label).public());
                read.verify(&key).unwrap()
            }
            false => read.trust_the_root(),
        };
        let at = Index(self.size());
        let (state, decided) = self.state.apply(at, self.now, &self.node, &said);
        self.state = state;
        self.log.push(decided.clone());
        decided
    }

    /// Somebody says something with their own key.
    pub fn say<B: Say>(&mut self, who: &str, body: B) -> Decided {
        let label = if who == "node" { B::SERVICE } else { who };
        self.say_with(label, who, body)
    }

    /// Somebody says something with the key of this label.
    pub fn say_with<B: Say>(&mut self, label: &str, who: &str, body: B) -> Decided {
        let envelope = self.envelope(who, label, body);
        self.apply(envelope, label)
    }

    /// Somebody says something and it is accepted.
    #[track_caller]
    pub fn yes<B: Say>(&mut self, who: &str, body: B) -> Decided {
        let decided = self.say(who, body);
        match &decided.refusal {
            None => decided,
            Some(no) => panic!("{who} was refused ({}): {no}", no.code()),
        }
    }

    /// Somebody says something and it is refused: the code.
    #[track_caller]
    pub fn no<B: Say>(&mut self, who: &str, body: B) -> &'static str {
        match self.say(who, body).refusal {
            Some(no) => no.code(),
            None => panic!("{who} was not refused"),
        }
    }

    /// A `set` of an object, seen now.
    pub fn setting(&self, object: impl Into<Object>) -> Set {
        Set {
            object: Some(object.into()),
            remove: None,
            seen: self.size(),
        }
    }

    /// A `set` that removes an object, seen now.
    pub fn removing(&self, name: ObjectName) -> Set {
        Set {
            object: None,
            remove: Some(name),
            seen: self.size(),
        }
    }

    /// The administrator sets an object.
    #[track_caller]
    pub fn set(&mut self, object: impl Into<Object>) -> Decided {
        let set = self.setting(object);
        self.yes("admin", set)
    }

    /// The administrator removes an object.
    #[track_caller]
    pub fn remove(&mut self, name: ObjectName) -> Decided {
        let set = self.removing(name);
        self.yes("admin", set)
    }

    /// The administrator removes a policy.
    #[track_caller]
    pub fn remove_policy(&mut self, pattern: &str) -> Decided {
        self.remove(ObjectName::Policy(Pattern::parse(pattern).unwrap()))
    }

    /// A person is invited, and enrols the key of their name.
    #[track_caller]
    pub fn join(&mut self, name: &str) {
        let person = person(name);
        self.join_as(person, name);
    }

    /// A person is invited, and enrols the key of this label.
    #[track_caller]
    pub fn join_as(&mut self, person: Person, label: &str) {
        let upn = person.upn.clone();
        let code = format!("invitation of {upn} for {label}");
        let until = self.now.plus(Seconds(7 * 86_400));
        self.set(Person {
            invitation: Some(invitation(&code, until)),
            ..person
        });
        let decided = self.enrol(&code, upn.as_str(), label);
        assert!(decided.entry.accepted, "{:?}", decided.refusal);
    }

    /// The envelope by which a person enrols the key `new`, signed with another.
    pub fn enrolling(&mut self, signed_with: &str, who: &str, new: &str) -> Envelope {
        let (person, new) = (upn(who), key(new));
        let body = Enrol {
            person,
            key: new.public(),
            label: "a device".into(),
            passkey: false,
            rp_id: None,
            proof: None,
            assertion: None,
        };
        let mut payload = self.payload(who, body);
        if self.signs {
            Enrol::prove(&mut payload, &new);
        }
        self.sign(&payload, signed_with)
    }

    /// A person enrols the key `new`, signing with another.
    pub fn enrol(&mut self, signed_with: &str, who: &str, new: &str) -> Decided {
        let envelope = self.enrolling(signed_with, who, new);
        self.apply(envelope, signed_with)
    }

    /// The envelope by which a person enrols a passkey, signed with another key.
    pub fn enrolling_passkey(
        &mut self,
        signed_with: &str,
        who: &str,
        new: &Authenticator,
    ) -> Envelope {
        let body = Enrol {
            person: upn(who),
            key: new.public(),
            label: "a passkey".into(),
            passkey: true,
            rp_id: Some(new.rp_id.clone()),
            proof: None,
            assertion: None,
        };
        let mut payload = self.payload(who, body);
        let (assertion, proof) = new.gesture(&possession(&payload).unwrap());
        payload.body.proof = Some(Hex(proof));
        payload.body.assertion = Some(assertion);
        self.sign(&payload, signed_with)
    }

    /// A person enrols a passkey, signing with another key.
    pub fn enrol_passkey(&mut self, signed_with: &str, who: &str, new: &Authenticator) -> Decided {
        let envelope = self.enrolling_passkey(signed_with, who, new);
        self.apply(envelope, signed_with)
    }

    /// The envelope of what somebody says by the gesture of a passkey.
    pub fn gesture<B: Say>(&mut self, who: &str, passkey: &Authenticator, body: B) -> Envelope {
        let payload = self.payload(who, body);
        let bytes = json::write(&payload).unwrap();
        passkey.envelope(PayloadType::Statement(B::KIND), bytes)
    }

    /// Somebody says something by the gesture of a passkey.
    pub fn say_by_gesture<B: Say>(
        &mut self,
        who: &str,
        passkey: &Authenticator,
        body: B,
    ) -> Decided {
        let envelope = self.gesture(who, passkey, body);
        self.apply(envelope, who)
    }

    /// Somebody asks for a task and may.
    #[track_caller]
    pub fn request(&mut self, who: &str, task: &str) -> RequestId {
        RequestId(self.yes(who, asking(task)).digest)
    }

    /// Somebody approves a request and may.
    #[track_caller]
    pub fn approve(&mut self, who: &str, request: RequestId) -> Decided {
        self.yes(who, approving(request))
    }

    /// Alice's live grant for [`RESTART`], approved by bob.
    #[track_caller]
    pub fn grant(&mut self) -> RequestId {
        let request = self.request("alice", RESTART);
        self.approve("bob", request);
        request
    }

    /// Somebody runs a task and may.
    #[track_caller]
    pub fn invoke(&mut self, who: &str, task: &str, given: &[(&str, &str)]) -> ExecutionId {
        ExecutionId(self.yes(who, running(task, given)).digest)
    }

    /// A session of somebody from now on, not an entry.
    pub fn session(&mut self, who: &str, until: Time) -> Envelope {
        let payload = self.payload(who, Session { until });
        let bytes = json::write(&payload).unwrap();
        Envelope::sign(PayloadType::Session, bytes, &key(who))
    }

    /// The role of administrator for somebody, with a key of their name.
    #[track_caller]
    pub fn promote(&mut self, name: &str) {
        let person = Person {
            role: Some(Role::Administrator),
            ..person(name)
        };
        self.set(person);
    }
}
