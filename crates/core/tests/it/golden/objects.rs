//! The first half of the story: keys, sessions and objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use writ_core::digest::Digest;
use writ_core::object::{
    Object, ObjectName, Person, Preferences, Remind, Role, SecretVersion, Site, Workload,
};
use writ_core::statement::{Recover, RevokeKey, Set, Signout, TreeHead};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};

use super::{as_it_is, not_set};
use crate::said::{no, refused};

pub(super) fn told(w: &mut World) {
    founding(w);
    keys(w);
    sessions(w);
    people(w);
    groups(w);
    site_and_workloads(w);
    with_care(w);
}

fn founding(w: &mut World) {
    let mut again = w.payload("admin", genesis());
    again.instance = None;
    let again = w.sign(&again, "admin");
    refused(w.apply(again, "admin"), "genesis-twice");
    let mut elsewhere = w.payload("alice", asking(SAY));
    elsewhere.instance = Some(writ_core::digest::OrganizationId(Digest::of(b"another")));
    let elsewhere = w.sign(&elsewhere, "alice");
    refused(w.apply(elsewhere, "alice"), "wrong-instance");
    let mut late = w.payload("alice", asking(SAY));
    late.at = Time(w.now.0 - 300_001);
    let late = w.sign(&late, "alice");
    refused(w.apply(late, "alice"), "stale");
    let twice = w.envelope("erin", "erin", asking(SAY));
    refused(w.apply(twice.clone(), "erin"), "not-requester");
    refused(w.apply(twice, "erin"), "replayed");
}

fn revoke(who: &str, label: &str) -> RevokeKey {
    RevokeKey {
        person: upn(who),
        key: key(label).public().id(),
    }
}

fn keys(w: &mut World) {
    refused(w.enrol("stranger", "alice", "tablet"), "key-not-live");
    assert!(w.enrol("alice", "alice", "tablet").entry.accepted);
    refused(w.enrol("alice", "alice", "tablet"), "key-exists");
    no(w, "bob", revoke("alice", "tablet"), "not-yours");
    w.yes("alice", revoke("alice", "tablet"));
    no(w, "alice", revoke("alice", "tablet"), "unknown-key");
    // Grace lost her key: a new invitation replaces it.
    w.join("grace");
    let grace = |until| Person {
        invitation: Some(invitation("code", until)),
        ..person("grace")
    };
    w.set(grace(w.now.plus(Seconds::HOUR)));
    assert!(w.enrol("code", "grace", "grace's phone").entry.accepted);
    let again = grace(w.now.plus(Seconds::DAY));
    not_set(w, again, "invitation-ended");
    for at in 1..writ_core::MAX_KEYS {
        let device = format!("device {at}");
        assert!(w.enrol("dave", "dave", &device).entry.accepted);
    }
    refused(w.enrol("dave", "dave", "one more"), "key-limit");
    w.yes("admin", revoke("dave", "device 1"));
}

fn sessions(w: &mut World) {
    let session = w.session("alice", w.now.plus(Seconds::HOUR)).digest();
    for session in [Some(session), None] {
        let person = upn("alice");
        w.yes("alice", Signout { person, session });
    }
}

fn people(w: &mut World) {
    let last = |change: Person| Person {
        upn: upn("admin"),
        ..change
    };
    not_set(w, last(person("admin")), "last-administrator");
    let set = w.setting(person("frank"));
    no(w, "alice", set, "not-administrator");
    w.set(person("frank"));
    let stale = Set {
        seen: 0,
        ..w.setting(person("frank"))
    };
    no(w, "admin", stale, "changed");
    w.set(Person {
        name: Some("Frank".into()),
        mail: Some("frank@elsewhere.example".into()),
        role: Some(Role::Auditor),
        active: false,
        ..person("frank")
    });
    no(w, "frank", asking(SAY), "inactive");
    not_set(w, person("staff"), "name-taken");
}

fn groups(w: &mut World) {
    not_set(w, group("alice", &[]), "name-taken");
    not_set(w, group("new", &["nobody"]), "unknown-object");
    for at in (1..=8).rev() {
        let below = match at {
            8 => "erin".to_owned(),
            _ => format!("g{}", at + 1),
        };
        w.set(group(&format!("g{at}"), &[&below]));
    }
    not_set(w, group("g8", &["g3"]), "group-cycle");
    not_set(w, group("g0", &["g1"]), "group-depth");
    let mut told = group("told", &["bob", "g8"]);
    told.name = Some("Whom it concerns".into());
    told.escalate_to = Some(address("seniors"));
    told.remind = Some(Remind {
        after_s: Seconds::HOUR,
        every_s: Seconds::DAY,
    });
    w.set(told);
    w.remove(ObjectName::Group(address("g1")));
}

fn site_and_workloads(w: &mut World) {
    let site: Site = as_it_is(w.state.site());
    let with = |rules, origin: &str| {
        Object::Site(Arc::new(Site {
            rules,
            origins: vec![origin.into()],
            ..site.clone()
        }))
    };
    not_set(w, with(2, "https://writ.fabrikam.example"), "rules-unknown");
    w.set(with(1, "https://writ.fabrikam.example"));

    let host: Workload = as_it_is(w.state.workload(&"Host".parse().unwrap()));
    w.set(Workload {
        name: "Mail".parse().unwrap(),
        origin: Some("https://mail.fabrikam.example".into()),
        ..host
    });
    not_set(w, task(r"Nowhere\Go", "/bin/go", &[]), "unknown-object");
    w.set(task(r"Mail\Send", "/bin/mail", &["to"]));
    w.set(manual(r"Mail\*", &[("approvers", 1)]));
    w.remove(ObjectName::Task(task_name(r"Mail\Send")));
    w.remove(ObjectName::Workload("mail".parse().unwrap()));
    w.remove_policy(r"Mail\*");
}

/// A secret stays with its target, and its versions count up.
fn secrets(w: &mut World, host: &Workload) {
    let with = |version, origin: Option<&str>| Workload {
        origin: origin.map(Into::into),
        secrets: BTreeMap::from([(
            "token".parse().unwrap(),
            SecretVersion {
                version,
                digest: Digest::of(&[version as u8]),
            },
        )]),
        ..host.clone()
    };
    not_set(w, with(2, None), "secret-version");
    w.set(with(1, None));
    not_set(w, with(1, Some("https://b.example")), "other-target");
    w.set(with(2, Some("https://b.example")));
    w.set(host.clone());
}

/// A task that nobody set, of a workload with open tasks; and closed again.
fn open_tasks(w: &mut World) {
    let mail = |open_tasks| Workload {
        open_tasks,
        ..workload("Mail")
    };
    w.set(mail(true));
    w.set(manual(r"Mail\*", &[]));
    w.yes("alice", asking(r"Mail\Get-Mailbox"));
    w.set(mail(false));
    w.remove_policy(r"Mail\*");
}

/// What is done with care.
fn with_care(w: &mut World) {
    let host: Workload = as_it_is(w.state.workload(&"Host".parse().unwrap()));
    let site: Site = as_it_is(w.state.site());
    secrets(w, &host);
    let mut services = site.services.clone();
    services.runner = key("another runner").public();
    services.log = key("another log").public();
    let both = Object::Site(Arc::new(Site { services, ..site }));
    not_set(w, both, "one-key");
    open_tasks(w);
    let head = |size: u64| TreeHead {
        size,
        root: Digest::of(b"root"),
    };
    let recover = Recover {
        lost: head(2),
        kept: head(1),
    };
    no(w, "admin", recover, "other-log");
    let preferences = Object::Preferences(Arc::new(Preferences {
        digest: true,
        quiet: None,
        away_until: None,
    }));
    let set = w.setting(preferences);
    w.yes("alice", set);
}
