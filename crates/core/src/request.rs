//! Requests: raising, approving, ending.
//!
//! A request is **pending** until enough of the right people approved, then it
//! is **live**: a **grant**. What governed it when it was raised governs it to
//! the end. Taking away always wins: whoever may approve may also end it,
//! whatever it has become in between.

use std::sync::Arc;

use crate::app::{self, APP_DURATION};
use crate::decide::Signer;
use crate::digest::{Digest, RequestId};
use crate::fact::{Fact, RequestEvent};
use crate::names::Upn;
use crate::object::{Approval, Others, PersonKind, Policy, Stage};
use crate::reading::{Governed, Reading};
use crate::record::{ApprovalRecord, Ending, Grant, RequestRecord, Status};
use crate::refusal::Refusal;
use crate::state::ended;
use crate::statement::{Approve, End, Principal, Request};
use crate::time::{Seconds, Time};
use crate::value::{Constraint, Constraints};

/// How many pending requests a person may have.
pub const MAX_PENDING: usize = 100;
/// How many live grants a person may have.
pub const MAX_LIVE: usize = 1_000;
/// How far ahead a start may be asked for.
const MAX_AHEAD: Seconds = Seconds(30 * 86_400);

/// Asks for a task.
pub(crate) fn raise(
    r: &Reading<'_>,
    signer: &Signer,
    id: Digest,
    ask: &Request,
) -> Result<Vec<Fact>, Refusal> {
    r.enabled()?;
    signer.asks()?;
    if signer.is_app() && ask.on_behalf_of.is_none() {
        return Err(signer.as_app_only_runs());
    }
    let governed = r.governing(&ask.task)?;
    let policy = &governed.rule.policy;
    may_ask(r, &signer.upn, &governed)?;
    if policy.approval == Approval::Manual && governed.rule.stages.is_empty() {
        return Err(Refusal::NoApprovers {
            task: governed.task.name.clone(),
        });
    }
    let usual = match ask.on_behalf_of {
        None => policy.default_duration(),
        Some(_) => APP_DURATION.min(policy.max_duration_s),
    };
    let duration_s = ask.duration_s.unwrap_or(usual);
    if !(Seconds::MINUTE..=policy.max_duration_s).contains(&duration_s) {
        return Err(Refusal::Duration {
            longest: policy.max_duration_s,
        });
    }
    admissible(&governed, &ask.parameters)?;
    let now = r.now();
    if ask
        .start
        .is_some_and(|start| start <= now || start > now.plus(MAX_AHEAD))
    {
        return Err(Refusal::Start {});
    }
    let runs = runs(policy, ask.runs)?;
    let app = app::asked_for(r, signer, &governed, ask)?;
    limits(r, &signer.upn, &governed, ask)?;

    let raised = RequestRecord {
        id: RequestId(id),
        by: signer.upn.clone(),
        app,
        task: governed.task.name.clone(),
        reason: ask.reason.clone(),
        ticket: ask.ticket.clone(),
        duration_s,
        parameters: ask.parameters.clone(),
        start: ask.start,
        runs,
        raised: now,
        expires: now.plus(policy.pending_for_s),
        rule: governed.rule.clone(),
        approvals: Vec::new(),
        status: Status::Pending,
        grant: None,
        ending: None,
    };
    let mut facts = vec![fact(RequestEvent::Raised, raised.clone())];
    if governed.rule.is_auto() {
        facts.extend(app::replaced(r, &raised));
        facts.push(granted(raised, now, &[]));
    }
    Ok(facts)
}

/// Refuses whom the policy does not let ask.
pub(crate) fn may_ask(r: &Reading<'_>, upn: &Upn, governed: &Governed) -> Result<(), Refusal> {
    match &governed.rule.policy.requesters {
        Some(group) if !r.is_member(group, upn) => Err(Refusal::NotRequester {
            task: governed.task.name.clone(),
            group: group.clone(),
        }),
        _ => Ok(()),
    }
}

/// What a request fixes must be possible under the task and the policy.
fn admissible(governed: &Governed, asked: &Constraints) -> Result<(), Refusal> {
    let policy = &governed.rule.policy;
    let no = |problem| Refusal::Parameters {
        task: governed.task.name.clone(),
        problem,
    };
    governed.task.admits_constraints(asked).map_err(no)?;
    for (name, constraint) in asked {
        let problem = match (policy.parameters.get(name), constraint) {
            (Some(wanted), Constraint::Equals(value)) if !wanted.allows(Some(value)) => {
                format!("parameter `{name}` must be {wanted}")
            }
            (None, Constraint::Absent) => continue,
            (None, _) if policy.others == Others::Refuse => {
                format!("the policy does not allow the parameter `{name}`")
            }
            _ => continue,
        };
        return Err(no(problem));
    }
    Ok(())
}

fn runs(policy: &Policy, asked: Option<u64>) -> Result<Option<u64>, Refusal> {
    match (policy.max_runs, asked) {
        (Some(most), Some(asked)) if asked > most => Err(Refusal::Runs { most }),
        (most, asked) => Ok(asked.or(most)),
    }
}

fn limits(r: &Reading<'_>, upn: &Upn, governed: &Governed, ask: &Request) -> Result<(), Refusal> {
    let same = r.pending_of(upn).find(|pending| {
        pending.task == governed.task.name
            && pending.app.as_ref().map(|app| &app.upn) == ask.on_behalf_of.as_ref()
            && pending.parameters == ask.parameters
            && pending.start == ask.start
    });
    if let Some(same) = same {
        return Err(Refusal::AlreadyPending { request: same.id });
    }
    if r.pending_of(upn).count() >= MAX_PENDING {
        return Err(Refusal::PendingLimit {});
    }
    if governed.rule.is_auto() {
        room_for_grant(r, ask.on_behalf_of.as_ref().unwrap_or(upn))?;
    }
    Ok(())
}

fn room_for_grant(r: &Reading<'_>, upn: &Upn) -> Result<(), Refusal> {
    match r.grants_of(upn).count() < MAX_LIVE {
        true => Ok(()),
        false => Err(Refusal::LiveLimit {
            person: upn.clone(),
        }),
    }
}

/// Approves, for the stage that is current; the last approval makes the grant.
pub(crate) fn approve(
    r: &Reading<'_>,
    signer: &Signer,
    approve: &Approve,
) -> Result<Vec<Fact>, Refusal> {
    r.enabled()?;
    signer.approves()?;
    let record = r.request(approve.request)?;
    if record.status != Status::Pending {
        return Err(Refusal::NotPending { request: record.id });
    }
    if record.is_of(&signer.upn) {
        return Err(Refusal::SelfApproval { request: record.id });
    }
    // Nobody could use what is granted to somebody who left.
    r.active(record.holder())?;
    if record.approvals.iter().any(|a| a.by == signer.upn) {
        return Err(Refusal::AlreadyDecided { request: record.id });
    }
    let stages = &record.rule.stages;
    let given = counted(r, record);
    // Somebody who left and came back may have filled the stages. That alone
    // makes no grant: it takes one more of the last stage to say yes.
    let last = || stages.iter().enumerate().next_back();
    let (stage, asked) = current(stages, &given)
        .or_else(last)
        .ok_or(Refusal::NotPending { request: record.id })?;
    if !r.is_member(&asked.group, &signer.upn) {
        return Err(Refusal::NotApprover {
            group: asked.group.clone(),
        });
    }
    if record.rule.policy.passkey && !signer.passkey {
        return Err(Refusal::PasskeyRequired {
            task: record.task.clone(),
        });
    }
    let longest = record.duration_s;
    if approve
        .duration_s
        .is_some_and(|d| !(Seconds::MINUTE..=longest).contains(&d))
    {
        return Err(Refusal::Wider { longest });
    }
    if let Some(task) = r.task(&record.task) {
        task.admits_constraints(&approve.parameters)
            .map_err(|problem| Refusal::Parameters {
                task: task.name.clone(),
                problem,
            })?;
    }

    let mut approved = record.as_ref().clone();
    approved.approvals.push(ApprovalRecord {
        by: signer.upn.clone(),
        at: r.now(),
        stage,
        comment: approve.comment.clone(),
        duration_s: approve.duration_s,
        parameters: approve.parameters.clone(),
    });
    let given = counted(r, &approved);
    app::may_narrow(r, &approved)?;
    let mut facts = vec![fact(RequestEvent::Approved, approved.clone())];
    if current(stages, &given).is_none() {
        room_for_grant(r, record.holder())?;
        facts.extend(app::replaced(r, &approved));
        facts.push(granted(approved, r.now(), &given));
    }
    Ok(facts)
}

/// Whether a pending request waits for this person now: they could approve it,
/// whatever else they might get wrong.
pub(crate) fn awaits(r: &Reading<'_>, record: &RequestRecord, upn: &Upn) -> bool {
    let has_part = record.is_of(upn) || record.approvals.iter().any(|a| a.by == *upn);
    let asked = current(&record.rule.stages, &counted(r, record));
    record.status == Status::Pending
        && r.now() < record.expires
        && !has_part
        && may_approve(r, upn)
        && asked.is_some_and(|(_, stage)| r.is_member(&stage.group, upn))
}

/// The stage whose approval a pending request waits for now, and its number.
pub(crate) fn asks<'a>(r: &Reading<'_>, record: &'a RequestRecord) -> Option<(usize, &'a Stage)> {
    let asked = current(&record.rule.stages, &counted(r, record));
    asked.filter(|_| record.status == Status::Pending && r.now() < record.expires)
}

/// Whether somebody may approve at all: active, and no service.
fn may_approve(r: &Reading<'_>, upn: &Upn) -> bool {
    r.active(upn)
        .is_ok_and(|person| person.kind == PersonKind::Human)
}

/// The approvals that still count: their authors may approve and are in the group.
fn counted(r: &Reading<'_>, record: &RequestRecord) -> Vec<ApprovalRecord> {
    let counts = |approval: &&ApprovalRecord| {
        record.rule.stages.get(approval.stage).is_some_and(|stage| {
            may_approve(r, &approval.by) && r.is_member(&stage.group, &approval.by)
        })
    };
    record.approvals.iter().filter(counts).cloned().collect()
}

/// The first stage that still needs approvals.
fn current<'a>(stages: &'a [Stage], given: &[ApprovalRecord]) -> Option<(usize, &'a Stage)> {
    stages.iter().enumerate().find(|(at, stage)| {
        let count = given
            .iter()
            .filter(|approval| approval.stage == *at)
            .count();
        (count as u64) < u64::from(stage.approvals.get())
    })
}

/// All that parameters must satisfy: what was asked, and each narrowing.
pub(crate) fn limits_under(record: &RequestRecord, given: &[ApprovalRecord]) -> Vec<Constraints> {
    std::iter::once(&record.parameters)
        .chain(given.iter().map(|approval| &approval.parameters))
        .filter(|limits| !limits.is_empty())
        .cloned()
        .collect()
}

/// The grant: from now or the asked start, for the shortest duration approved,
/// with all narrowings; from included, until excluded.
fn granted(mut record: RequestRecord, now: Time, given: &[ApprovalRecord]) -> Fact {
    let from = record.start.map_or(now, |start| start.max(now));
    let duration = given
        .iter()
        .filter_map(|approval| approval.duration_s)
        .fold(record.duration_s, Seconds::min);
    record.grant = Some(Grant {
        from,
        until: from.plus(duration),
        limits: limits_under(&record, given),
    });
    record.status = Status::Live;
    fact(RequestEvent::Granted, record)
}

/// Ends a request, whatever it is now. Works also while disabled.
pub(crate) fn end(r: &Reading<'_>, signer: &Signer, end: &End) -> Result<Vec<Fact>, Refusal> {
    let record = r.request(end.request)?;
    let is_own = record.is_of(&signer.upn);
    let is_approver = || {
        record
            .rule
            .stages
            .iter()
            .any(|stage| r.is_member(&stage.group, &signer.upn))
    };
    if !is_own && !signer.is_administrator() && !is_approver() {
        return Err(Refusal::NotYoursToEnd { request: record.id });
    }
    if !is_own && end.comment.is_none() {
        return Err(Refusal::CommentRequired {});
    }
    let status = match (&record.grant, is_own) {
        (Some(_), _) => Status::Revoked,
        (None, true) => Status::Canceled,
        (None, false) => Status::Denied,
    };
    let ending = Ending {
        at: r.now(),
        by: Some(Principal::Person(signer.upn.clone())),
        comment: end.comment.clone(),
        kill: end.kill,
    };
    Ok(vec![ended(record, status, ending)])
}

fn fact(event: RequestEvent, record: RequestRecord) -> Fact {
    Fact::Request {
        event,
        record: Arc::new(record),
    }
}
