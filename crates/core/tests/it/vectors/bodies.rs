//! The bodies of the vectors: of each kind one with as little as possible, and
//! one with every member.

use std::collections::BTreeMap;

use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::names::Name;
use writ_core::statement::{
    Approve, Attachment, End, Enrol, FirstAdministrator, Genesis, Invoke, Outcome, OutputDigest,
    Recover, Request, RevokeKey, Rows, RunResult, Signout, Tick, TreeHead,
};
use writ_core::testing::*;
use writ_core::time::Seconds;
use writ_core::value::Value;

use super::objects::{constraints, later, text};

fn request_id() -> RequestId {
    RequestId(Digest::of(b"a request"))
}

fn execution_id() -> ExecutionId {
    ExecutionId(Digest::of(b"an execution"))
}

pub(super) fn full_genesis() -> Genesis {
    let admin = FirstAdministrator {
        name: Some("Ada Min".into()),
        mail: Some("ada@fabrikam.example".into()),
        ..genesis().admin
    };
    Genesis { admin, ..genesis() }
}

/// The proof comes later, from the new key.
pub(super) fn enrolments() -> [Enrol; 2] {
    let minimal = Enrol {
        person: upn("alice"),
        key: key("alice").public(),
        label: "laptop".into(),
        passkey: false,
        rp_id: None,
        proof: None,
        assertion: None,
    };
    let full = Enrol {
        passkey: true,
        rp_id: Some("localhost".into()),
        ..minimal.clone()
    };
    [minimal, full]
}

pub(super) fn revoke_key() -> RevokeKey {
    RevokeKey {
        person: upn("alice"),
        key: key("alice").public().id(),
    }
}

pub(super) fn signouts() -> [Signout; 2] {
    let person = upn("alice");
    let session = Some(Digest::of(b"a session"));
    [
        Signout {
            person: person.clone(),
            session: None,
        },
        Signout { person, session },
    ]
}

pub(super) fn requests() -> [Request; 2] {
    let full = Request {
        reason: "nginx hangs since 09:12\nsee \"INC-4711\" \\ 漢字 é".into(),
        duration_s: Some(Seconds(7_200)),
        parameters: constraints(),
        start: Some(later(3_600)),
        ticket: Some("INC-4711".into()),
        runs: Some(3),
        on_behalf_of: Some(upn("bob")),
        ..asking(RESTART)
    };
    [asking(RESTART), full]
}

pub(super) fn approvals() -> [Approve; 2] {
    let full = Approve {
        comment: Some("go ahead".into()),
        duration_s: Some(Seconds(1_800)),
        parameters: equals("unit", "nginx"),
        ..approving(request_id())
    };
    [approving(request_id()), full]
}

pub(super) fn ends() -> [End; 2] {
    let minimal = End {
        comment: None,
        ..ending(request_id())
    };
    let full = End {
        kill: true,
        ..ending(request_id())
    };
    [minimal, full]
}

pub(super) fn invocations() -> [Invoke; 2] {
    let script = b"line 1\nline 2\n";
    let attachment = Attachment {
        digest: Digest::of(script),
        size: script.len() as u64,
    };
    let table = BTreeMap::from([
        ("a".to_owned(), Value::Integer(-7)),
        ("b".to_owned(), text("")),
    ]);
    let full = Invoke {
        parameters: [
            ("flag", Value::Boolean(false)),
            ("count", Value::Integer(9_007_199_254_740_991)),
            ("list", Value::List(vec![text("a"), text("b")])),
            ("table", Value::Table(table)),
            ("unit", text("nginx")),
        ]
        .map(|(name, value)| (parameter(name), value))
        .into(),
        attached: BTreeMap::from([(parameter("script"), attachment)]),
        sealed: BTreeMap::from([(parameter("pin"), super::sealed::parameter().1)]),
        request: Some(request_id()),
        node: Some(Name::parse("node1").unwrap()),
        ..running(RESTART, &[])
    };
    [running(RESTART, &[]), full]
}

pub(super) fn outcomes() -> [Outcome; 2] {
    let output = OutputDigest {
        digest: Digest::of(b"0123456789abcdefoutput"),
        size: 6,
    };
    let full = Outcome {
        exit: Some(-1),
        output: Some(output),
        rows: Some(Rows {
            asked: 12,
            delivered: 10,
            withheld: 2,
        }),
        note: Some("killed after 300 s".into()),
        ..outcome(execution_id(), RunResult::Failed)
    };
    [outcome(execution_id(), RunResult::Succeeded), full]
}

pub(super) fn recover() -> Recover {
    let head = |size, root: &[u8]| TreeHead {
        size,
        root: Digest::of(root),
    };
    Recover {
        lost: head(120, b"the log that was"),
        kept: head(100, b"the log that is"),
    }
}

pub(super) fn ticks() -> [Tick; 2] {
    [Tick { turned_away: 0 }, Tick { turned_away: 3 }]
}
