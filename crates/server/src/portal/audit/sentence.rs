//! One entry in one sentence: who let whom do what.

use writ_core::entry::Entry;
use writ_core::envelope::Kind;
use writ_core::names::Upn;
use writ_core::object::{Approval, Object, Role};
use writ_core::statement::{Approve, Body, Change, Principal, Request, RunResult, Set, Statement};
use writ_core::value::Constraints;
use writ_core::view::RequestView;

use super::known::Known;
use crate::failure::Failure;

/// How many members, parameters or names a sentence has.
const MOST: usize = 8;

/// An entry in words.
pub(super) struct Sentence {
    /// Who did what.
    pub(super) text: String,
    /// The page of the request or the run that it is about.
    pub(super) about: Option<(String, &'static str)>,
}

/// An entry in words. Whatever was refused was tried.
pub(super) async fn sentence(
    entry: &Entry,
    said: &Statement,
    known: &mut Known<'_>,
) -> Result<Sentence, Failure> {
    let by = match &said.by {
        Principal::Person(upn) => upn.to_string(),
        Principal::Node => format!("The node {}", entry.node),
    };
    let did = |done: &str, tried: &str| match entry.accepted {
        true => format!("{by} {done}"),
        false => format!("{by} tried to {tried}"),
    };
    let mut about = None;
    let text = match &said.body {
        Body::Genesis(genesis) => format!(
            "{} the organization {}",
            did("founded", "found"),
            genesis.organization
        ),
        Body::Set(set) => set_in_words(&did, set),
        Body::Enrol(enrol) => format!(
            "{} a {}{}, called {}",
            did("added", "add"),
            if enrol.passkey { "passkey" } else { "key" },
            of_another("for", said, &enrol.person),
            enrol.label
        ),
        Body::RevokeKey(revoke) => format!(
            "{} the key {}{}",
            did("revoked", "revoke"),
            revoke.key.short(),
            of_another("of", said, &revoke.person)
        ),
        Body::Signout(signout) => {
            let which = match signout.session {
                Some(_) => "a session",
                None => "all their sessions",
            };
            let whose = of_another("of", said, &signout.person);
            format!("{} {which}{whose}", did("ended", "end"))
        }
        Body::Request(request) => {
            if entry.accepted {
                about = Some((format!("/requests/{}", digest(entry)), "the request"));
            }
            format!(
                "{} to run {}{}, because: {}",
                did("asked", "ask"),
                request.task,
                asked(request),
                request.reason
            )
        }
        Body::Approve(approve) => {
            let view = known.request(approve.request).await?;
            about = request_page(view.as_ref());
            let what = of_whom(view.as_ref(), "a request");
            format!(
                "{} {what}{}{}",
                did("approved", "approve"),
                narrowed(approve),
                comment(approve.comment.as_deref())
            )
        }
        Body::End(end) => {
            let view = known.request(end.request).await?;
            about = request_page(view.as_ref());
            let ending = view.as_ref().and_then(|view| view.ending.as_ref());
            let is_this = ending.is_some_and(|ending| {
                ending.at == entry.time && ending.by.as_ref() == Some(&said.by)
            });
            let done = match (&view, is_this) {
                (Some(view), true) => view.status.name(),
                (Some(_) | None, _) => "ended",
            };
            let kill = if end.kill { ", killing its runs" } else { "" };
            format!(
                "{} {}{kill}{}",
                did(done, "end"),
                of_whom(view.as_ref(), "a request"),
                comment(end.comment.as_deref())
            )
        }
        Body::Invoke(invoke) => {
            let given = invoke.parameters.iter();
            let given = given.map(|(name, value)| format!("{name} = {value}"));
            let attached = invoke
                .attached
                .keys()
                .map(|name| format!("{name} (a text)"));
            let sealed = invoke
                .sealed
                .keys()
                .map(|name| format!("{name} (a secret)"));
            let given = few(given.chain(attached).chain(sealed));
            let with = match given.as_str() {
                "" => String::new(),
                given => format!(" with {given}"),
            };
            if entry.accepted {
                about = Some((format!("/executions/{}", digest(entry)), "the run"));
            }
            let run = known
                .execution(writ_core::digest::ExecutionId(digest(entry)))
                .await?;
            let request = run.as_ref().and_then(|run| run.request).or(invoke.request);
            let view = match request {
                Some(request) => known.request(request).await?,
                None => None,
            };
            let under = match (&view, run.is_some_and(|run| run.exempt)) {
                (_, true) => ", exempt from approval".to_owned(),
                (Some(view), false) => approved_by(view),
                (None, false) => String::new(),
            };
            format!("{} {}{with}{under}", did("ran", "run"), invoke.task)
        }
        Body::Outcome(outcome) => {
            let run = known.execution(outcome.execution).await?;
            let what = match &run {
                Some(run) => format!("the run of {} by {}", run.task, run.by),
                None => "a run".to_owned(),
            };
            if run.is_some() {
                about = Some((format!("/executions/{}", outcome.execution), "the run"));
            }
            let how = match outcome.result {
                RunResult::Succeeded => "succeeded",
                RunResult::Failed => "failed",
                RunResult::Unknown => "was lost sight of",
            };
            let exit = outcome.exit.filter(|code| *code != 0);
            let exit = exit.map(|code| format!(", exit code {code}"));
            format!(
                "{} that {what} {how}{}{}",
                did("said", "say"),
                exit.unwrap_or_default(),
                comment(outcome.note.as_deref())
            )
        }
        Body::Recover(recover) => format!(
            "{} on with the log at {} entries, where there had been {}",
            did("went", "go"),
            recover.kept.size,
            recover.lost.size
        ),
        Body::Tick(_) => format!("{} that time went on", did("noted", "note")),
    };
    Ok(Sentence { text, about })
}

/// All that was asked for besides the task.
fn asked(request: &Request) -> String {
    let length = request.duration_s.map(|length| format!(" for {length}"));
    let runs = request.runs.map(|runs| format!(", at most {runs} times"));
    let start = request.start.map(|start| format!(", not before {start}"));
    let ticket = request.ticket.as_ref();
    let ticket = ticket.map(|ticket| format!(", ticket {ticket}"));
    [length, with(&request.parameters), runs, start, ticket]
        .into_iter()
        .flatten()
        .collect()
}

/// How much less was approved than was asked for.
fn narrowed(approve: &Approve) -> String {
    let length = approve.duration_s;
    let length = length.map(|length| format!(", for {length} only"));
    let with = with(&approve.parameters).map(|with| format!(",{with}"));
    [length, with].into_iter().flatten().collect()
}

fn with(constraints: &Constraints) -> Option<String> {
    let limits = constraints.iter();
    let limits = few(limits.map(|(name, limit)| format!("{name} {limit}")));
    (!limits.is_empty()).then(|| format!(" with {limits}"))
}

/// Names the statement of an entry.
fn digest(entry: &Entry) -> writ_core::digest::Digest {
    entry.envelope.digest()
}

fn request_page(view: Option<&RequestView>) -> Option<(String, &'static str)> {
    view.map(|view| (format!("/requests/{}", view.id), "the request"))
}

fn of_whom(view: Option<&RequestView>, else_what: &str) -> String {
    match view {
        Some(view) => format!("the request of {} to run {}", view.by, view.task),
        None => else_what.to_owned(),
    }
}

fn approved_by(view: &RequestView) -> String {
    let who = few(view
        .approvals
        .iter()
        .map(|approval| approval.by.to_string()));
    match (who.as_str(), view.approval) {
        ("", Approval::Auto) => ", which nobody has to approve".to_owned(),
        ("", Approval::Manual) => String::new(),
        (who, _) => format!(", approved by {who}"),
    }
}

fn comment(text: Option<&str>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

/// Some of them, by commas.
fn few(all: impl Iterator<Item = String>) -> String {
    let mut all = all.peekable();
    let some: Vec<String> = all.by_ref().take(MOST).collect();
    let more = if all.peek().is_some() {
        " and more"
    } else {
        ""
    };
    some.join(", ") + more
}

/// Of whom, or for whom, unless it is oneself.
fn of_another(word: &str, said: &Statement, upn: &Upn) -> String {
    match &said.by {
        Principal::Person(by) if by == upn => String::new(),
        Principal::Person(_) | Principal::Node => format!(" {word} {upn}"),
    }
}

fn set_in_words(did: &impl Fn(&str, &str) -> String, set: &Set) -> String {
    let did_set = || did("set", "set");
    let object = match set.change() {
        Some(Change::Object(object)) => object,
        Some(Change::Remove(name)) => {
            let (noun, removed) = (name.noun(), did("removed", "remove"));
            return format!("{removed} the {noun} {}", name.as_str());
        }
        None => return did("set nothing", "set nothing"),
    };
    match object {
        Object::Site(site) => format!("{} the installation, rules {}", did_set(), site.rules),
        Object::Control(control) => {
            let how = if control.enabled {
                "enabled"
            } else {
                "disabled"
            };
            let what = format!("{} privileged access to {how}", did_set());
            match &control.admin_group {
                Some(group) => format!("{what}, with {group} as the default approvers"),
                None => what,
            }
        }
        Object::Person(person) => {
            let role = match person.role {
                Some(Role::Installer) => ", an installer",
                Some(Role::Auditor) => ", an auditor",
                Some(Role::Administrator) => ", an administrator",
                None => "",
            };
            let active = if person.active { "" } else { ", not active" };
            let invited = match person.invitation {
                Some(_) => ", with an invitation",
                None => "",
            };
            let upn = &person.upn;
            format!("{} the person {upn}{role}{active}{invited}", did_set())
        }
        Object::Group(group) => {
            let members = match few(group.members.iter().map(ToString::to_string)) {
                members if members.is_empty() => "nobody".to_owned(),
                members => members,
            };
            format!("{} the group {}: {members}", did_set(), group.address)
        }
        Object::Workload(workload) => format!("{} the workload {}", did_set(), workload.name),
        Object::Task(task) => format!("{} the task {}", did_set(), task.name),
        Object::Policy(policy) => {
            let approval = match policy.approval {
                Approval::Manual => "somebody approves",
                Approval::Auto => "nobody is asked",
            };
            format!(
                "{} the policy for {}: {approval}, at most {}",
                did_set(),
                policy.task,
                policy.max_duration_s
            )
        }
        Object::Preferences(_) => format!("{} their own preferences", did_set()),
    }
}

/// A kind of statement, as people call what it does.
pub(super) const fn called(kind: Kind) -> &'static str {
    match kind {
        Kind::Genesis => "founding",
        Kind::Set => "setting",
        Kind::Enrol => "new key",
        Kind::RevokeKey => "key revoked",
        Kind::Signout => "signing out",
        Kind::Request => "request",
        Kind::Approve => "approval",
        Kind::End => "denial, revocation or cancellation",
        Kind::Invoke => "run",
        Kind::Outcome => "end of a run",
        Kind::Recover => "recovery of the log",
        Kind::Tick => "passing of time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use writ_core::digest::{Digest, RequestId};
    use writ_core::time::{Seconds, Time};
    use writ_core::value::{Constraint, Value};

    #[test]
    fn a_sentence_says_all_that_was_asked_for_and_how_much_less_was_approved() {
        let word = || {
            let hello = Constraint::Equals(Value::Text("hello".to_owned()));
            Constraints::from([("word".parse().unwrap(), hello)])
        };
        let mut request = Request {
            task: r"Host\Say".parse().unwrap(),
            reason: "why".to_owned(),
            duration_s: Some(Seconds(7200)),
            parameters: word(),
            runs: Some(3),
            start: Some(Time(1_795_346_311_000)),
            ticket: Some("T-1".to_owned()),
            on_behalf_of: None,
        };
        assert_eq!(
            asked(&request),
            " for 2h with word = hello, at most 3 times, not before 2026-11-22T11:18:31Z, ticket T-1"
        );
        request.parameters = Constraints::new();
        request.runs = None;
        request.start = None;
        request.ticket = None;
        assert_eq!(asked(&request), " for 2h");
        let approve = Approve {
            request: RequestId(Digest::from_bytes([7; 32])),
            comment: None,
            duration_s: Some(Seconds(1800)),
            parameters: word(),
        };
        assert_eq!(narrowed(&approve), ", for 30m only, with word = hello");
    }
}
