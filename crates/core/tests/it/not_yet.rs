//! What waits for a later version is refused by name, never half done.

use std::collections::BTreeMap;
use std::sync::Arc;

use writ_core::digest::Digest;
use writ_core::key::{Algorithm, Hex, PublicKey};
use writ_core::object::{
    Object, Person, PersonKind, Policy, Preferences, SecretVersion, Site, Workload,
};
use writ_core::statement::{End, Enrol, Genesis, Invoke, Recover, Request, RunResult, TreeHead};
use writ_core::testing::*;
use writ_core::value::{Schema, ValueType};

use crate::said::{no, refused};

pub(crate) fn all() {
    objects_that_wait();
    statements_that_wait();
    keys_that_wait();
}

#[test]
fn objects_that_wait() {
    let mut w = World::ready();
    let host: Workload = w
        .state
        .workload(&"Host".parse().unwrap())
        .unwrap()
        .as_ref()
        .clone();
    let site: Site = w.state.site().unwrap().as_ref().clone();
    let secret = SecretVersion {
        version: 1,
        digest: Digest::of(b"sealed"),
    };
    let mut typed = task(SAY, "/bin/echo", &["word"]);
    typed
        .parameters
        .insert(parameter("pin"), Schema::of(ValueType::Secret));
    let objects: Vec<Object> = vec![
        Person {
            kind: PersonKind::App,
            ..person("app")
        }
        .into(),
        Person {
            manifest: Some(BTreeMap::new()),
            ..person("app")
        }
        .into(),
        Workload {
            secrets: BTreeMap::from([("token".parse().unwrap(), secret)]),
            ..host.clone()
        }
        .into(),
        Workload {
            open_tasks: true,
            ..host
        }
        .into(),
        typed.into(),
        Policy {
            passkey: true,
            ..manual(RESTART, &[])
        }
        .into(),
        Policy {
            kill_on_end: true,
            ..manual(RESTART, &[])
        }
        .into(),
        Object::Preferences(Arc::new(Preferences {
            digest: true,
            quiet: None,
            away_until: None,
        })),
        Object::Site(Arc::new(Site {
            services: writ_core::object::Services {
                runner: key("another").public(),
                ..site.services.clone()
            },
            ..site
        })),
    ];
    for object in objects {
        let set = w.setting(object);
        no(&mut w, "admin", set, "not-yet");
    }
}

#[test]
fn statements_that_wait() {
    let mut w = World::ready();
    let head = TreeHead {
        size: 1,
        root: Digest::of(b"root"),
    };
    no(
        &mut w,
        "admin",
        Recover {
            lost: head,
            kept: head,
        },
        "not-yet",
    );
    let ticket = Request {
        ticket: Some("INC-1".into()),
        ..asking(SAY)
    };
    no(&mut w, "alice", ticket, "not-yet");
    let on_behalf_of = Request {
        on_behalf_of: Some(upn("bob")),
        ..asking(SAY)
    };
    no(&mut w, "alice", on_behalf_of, "not-yet");
    let id = w.request("alice", RESTART);
    let kill = End {
        kill: true,
        ..ending(id)
    };
    no(&mut w, "alice", kill, "not-yet");
    w.approve("bob", id);
    let on_a_node = Invoke {
        node: Some("node1".parse().unwrap()),
        ..running(RESTART, &[("unit", "x")])
    };
    no(&mut w, "alice", on_a_node, "not-yet");
    let run = w.invoke("alice", RESTART, &[("unit", "x")]);
    no(&mut w, "admin", outcome(run, RunResult::Failed), "not-yet");
}

/// The base point of P-256: a sound key that nobody here holds.
fn p256() -> PublicKey {
    let point = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                 4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    PublicKey {
        alg: Algorithm::P256,
        public: Hex::try_from(point.to_owned()).unwrap(),
    }
}

#[test]
fn keys_that_wait() {
    let mut w = World::ready();
    w.signs = false;
    let enrol = || Enrol {
        person: upn("alice"),
        key: key("tablet").public(),
        label: "tablet".into(),
        passkey: false,
        rp_id: None,
        proof: None,
    };
    for enrol in [
        Enrol {
            passkey: true,
            ..enrol()
        },
        Enrol {
            rp_id: Some("localhost".into()),
            ..enrol()
        },
        Enrol {
            key: p256(),
            ..enrol()
        },
    ] {
        no(&mut w, "alice", enrol, "not-yet");
    }
    let mut founding = genesis();
    founding.recovery = p256();
    let mut w = World::empty();
    let decided = w.say::<Genesis>("admin", founding);
    refused(decided, "not-yet");
    assert_eq!(w.state.organization(), None);
}
