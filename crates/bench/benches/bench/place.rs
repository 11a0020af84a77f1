//! The organization that is measured: many people, one task that approves
//! itself, one that is approved, one that nothing covers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use writ_connect::Connectors;
use writ_core::digest::{Digest, OrganizationId};
use writ_core::envelope::{Envelope, PayloadType};
use writ_core::key::Hex;
use writ_core::names::Name;
use writ_core::object::{Object, Person, Workload};
use writ_core::statement::{Enrol, Genesis, Payload, Principal, Session, Set, sign};
use writ_core::testing::{
    Say, asking, auto, control, genesis, group, invitation, key, manual, person, task, upn,
    workload,
};
use writ_core::time::Seconds;
use writ_data::{DataConnector, Sources};
use writ_engine::{
    Clock, Engine, LocalState, Options, PER_PERSON, Rate, Submission, SystemClock, SystemEntropy,
    found_organization,
};
use writ_store::{Backend, Sqlite};

use crate::null::Null;

/// Approves itself.
pub(crate) const AUTO: &str = r"Null\Do";
/// Needs an approval.
pub(crate) const ASK: &str = r"Null\Ask";
/// Nothing covers it.
pub(crate) const BARE: &str = r"Null\Bare";
/// How many people ask and run.
pub(crate) const PEOPLE: usize = 384;
/// How many approve.
pub(crate) const APPROVERS: usize = 64;

static NONCE: AtomicU64 = AtomicU64::new(0);

pub(crate) fn requester(number: usize) -> String {
    format!("u{}", number % PEOPLE)
}

pub(crate) fn approver(number: usize) -> String {
    format!("a{}", number % APPROVERS)
}

pub(crate) fn name(name: &str) -> Name {
    Name::parse(name).unwrap()
}

/// Fills in what somebody says now.
fn payload<B>(organization: Option<OrganizationId>, who: &str, body: B) -> Payload<B> {
    // Nobody else says anything: a process and a count make it new.
    let number = NONCE.fetch_add(1, Ordering::Relaxed);
    let nonce = Digest::of(format!("{} {number}", std::process::id()).as_bytes());
    Payload {
        at: SystemClock.now(),
        body,
        by: Principal::Person(upn(who)),
        instance: organization,
        nonce: Hex(nonce.as_bytes()[..16].to_vec()),
    }
}

/// What somebody says now, signed with their key.
pub(crate) fn said<B: Say>(organization: OrganizationId, who: &str, body: B) -> Envelope {
    let payload = payload(Some(organization), who, body);
    sign(PayloadType::Statement(B::KIND), &payload, &key(who)).unwrap()
}

/// A session to read with, as a header carries it.
pub(crate) fn bearer(organization: OrganizationId, who: &str) -> String {
    let until = SystemClock.now().plus(Seconds(3_600));
    let payload = payload(Some(organization), who, Session { until });
    let session = sign(PayloadType::Session, &payload, &key(who)).unwrap();
    let bytes = writ_core::json::write(&session).unwrap();
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}

pub(crate) fn database(directory: &Path) -> PathBuf {
    directory.join("writ.db")
}

/// Says where datasets are, if it is there.
pub(crate) const SOURCES: &str = "sources.toml";

fn sources(directory: &Path) -> Sources {
    let text = fs::read_to_string(directory.join(SOURCES)).unwrap_or_default();
    toml::from_str(&text).unwrap()
}

/// Opens a node as the binary does, with the null connector and datasets.
pub(crate) async fn open(
    directory: &Path,
    store: Arc<dyn Backend>,
    connector: Null,
    per_person: Rate,
) -> Engine {
    let options = Options {
        node: name("main"),
        max_runs: 1_024,
        per_person,
    };
    Engine::open(
        LocalState::open(&directory.join("state")).unwrap(),
        store,
        Connectors::new().with(&name("null"), connector).with(
            &name("data"),
            DataConnector::new(sources(directory)).unwrap(),
        ),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        options,
    )
    .await
    .unwrap()
}

/// Founds it, and lets everybody ask for what approves itself.
pub(crate) async fn found(directory: &Path) -> OrganizationId {
    let mut local = LocalState::create(&directory.join("state"), &SystemEntropy).unwrap();
    let store: Arc<dyn Backend> = Arc::new(Sqlite::open(&database(directory)).unwrap());
    let genesis = Genesis {
        services: local.services().unwrap(),
        ..genesis()
    };
    let payload = payload(None, "admin", genesis);
    let genesis = sign(
        PayloadType::Statement(Genesis::KIND),
        &payload,
        &key("admin"),
    );
    let genesis = genesis.unwrap();
    let node = name("main");
    let organization = found_organization(&mut local, &*store, &SystemClock, &node, genesis)
        .await
        .unwrap();
    drop(local);
    let no_limit = Rate {
        burst: 1,
        every_ms: 0,
    };
    let engine = open(directory, store, Null::blind(), no_limit).await;
    let requesters: Vec<_> = (0..PEOPLE).map(requester).collect();
    let approvers: Vec<_> = (0..APPROVERS).map(approver).collect();
    let all: Vec<_> = requesters.iter().chain(&approvers).cloned().collect();
    let until = SystemClock.now().plus(Seconds::DAY);
    each(&engine, &all, |who| {
        let invited = Person {
            invitation: Some(invitation(&format!("code of {who}"), until)),
            ..person(who)
        };
        said(organization, "admin", setting(&engine, invited))
    })
    .await;
    each(&engine, &all, |who| joining(organization, who)).await;
    let null = Workload {
        connector: name("null"),
        ..workload("Null")
    };
    let objects: Vec<Object> = vec![
        group("staff", &members(&requesters)).into(),
        group("approvers", &members(&approvers)).into(),
        null.into(),
        task(AUTO, "null", &["word"]).into(),
        task(ASK, "null", &["word"]).into(),
        task(BARE, "null", &["word"]).into(),
        control(true, Some("approvers")).into(),
        manual(ASK, &[]).into(),
        auto(AUTO, "staff").into(),
    ];
    for object in objects {
        yes(
            &engine,
            said(organization, "admin", setting(&engine, object)),
        )
        .await;
    }
    each(&engine, &requesters, |who| {
        said(organization, who, asking(AUTO))
    })
    .await;
    engine.stop(Duration::from_secs(5)).await;
    organization
}

pub(crate) fn setting(engine: &Engine, object: impl Into<Object>) -> Set {
    Set {
        object: Some(object.into()),
        remove: None,
        seen: engine.published().size(),
    }
}

/// Somebody enrols the key of their name, with the code of their invitation.
pub(crate) fn joining(organization: OrganizationId, who: &str) -> Envelope {
    let body = Enrol {
        person: upn(who),
        key: key(who).public(),
        label: "a device".into(),
        passkey: false,
        rp_id: None,
        proof: None,
        assertion: None,
    };
    let mut payload = payload(Some(organization), who, body);
    Enrol::prove(&mut payload, &key(who));
    let code = key(&format!("code of {who}"));
    sign(PayloadType::Statement(Enrol::KIND), &payload, &code).unwrap()
}

fn members(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

pub(crate) async fn yes(engine: &Engine, envelope: Envelope) {
    let submission = Submission {
        envelope,
        attachments: Vec::new(),
    };
    let posted = engine.submit(submission).await.unwrap();
    assert!(posted.receipt.accepted, "{posted:?}");
}

/// What each of some people says, many at once.
async fn each(engine: &Engine, who: &[String], says: impl Fn(&str) -> Envelope) {
    for some in who.chunks(64) {
        let mut tasks = tokio::task::JoinSet::new();
        for envelope in some.iter().map(|who| says(who)) {
            let engine = engine.clone();
            tasks.spawn(async move { yes(&engine, envelope).await });
        }
        tasks.join_all().await;
    }
}

/// What the shipped node takes of one person.
pub(crate) const USUAL: Rate = PER_PERSON;
