//! Requests, authorizations, policies and groups as objects: the names and the
//! order that scripts know, and after them what is ours.

use writ_core::digest::{Digest, OrganizationId};
use writ_core::object::{Approval, Group, Others, Policy, Stage};
use writ_core::record::Status;
use writ_core::time::Seconds;
use writ_core::value::{Constraint, Constraints, Value as Core};
use writ_core::view::{GrantView, RequestView};

use crate::values::{Fraction, Object, Value};

/// What a request is now. A live one is called Approved here.
pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Pending => "Pending",
        Status::Live => "Approved",
        Status::Ended => "Ended",
        Status::Revoked => "Revoked",
        Status::Denied => "Denied",
        Status::Expired => "Expired",
        Status::Canceled => "Canceled",
        Status::Superseded => "Superseded",
    }
}

/// The same the other way, as the server is asked for it.
pub(super) fn asked_status(name: &str) -> Option<&'static str> {
    Status::ALL
        .into_iter()
        .find(|known| status(*known).eq_ignore_ascii_case(name))
        .map(Status::name)
}

pub(super) fn request(view: &RequestView) -> Object {
    let approvers: Vec<_> = view
        .stages
        .iter()
        .map(|stage| format!("{}: {} of {}", stage.group, stage.given, stage.needed))
        .collect();
    let approved: Vec<_> = view
        .approvals
        .iter()
        .map(|approval| match &approval.comment {
            Some(comment) => format!("{}: {comment}", approval.by),
            None => approval.by.to_string(),
        })
        .collect();
    let ending = view.ending.as_ref();
    Object::new()
        .with("RequestorUPN", view.by.as_str())
        .with("Service", view.service())
        .with("RequestedAccess", view.requested_access())
        .with("Identity", view.id.short())
        .with("RequestStatus", status(view.status))
        .with("Context", context(view))
        .with("Reason", view.reason.as_str())
        .with("DurationHours", hours(view.duration_s))
        .with("TicketNumber", view.ticket.clone())
        .with("Runs", view.runs.and_then(|runs| i64::try_from(runs).ok()))
        .with("ApprovalType", approval(view.approval))
        .with("Policy", view.policy.as_str())
        .with("Approvers", approvers)
        .with("ApprovedBy", approved)
        .with("DateCreatedUtc", view.raised)
        .with("ExpiresUtc", view.expires)
        .with(
            "StartTimeUtc",
            view.grant.as_ref().map(|grant| grant.from).or(view.start),
        )
        .with("EndTimeUtc", view.grant.as_ref().map(|grant| grant.until))
        .with(
            "EndedBy",
            ending.and_then(|e| e.by.as_ref()).map(ToString::to_string),
        )
        .with("EndedUtc", ending.map(|ending| ending.at))
        .with(
            "EndedComment",
            ending.and_then(|ending| ending.comment.clone()),
        )
}

/// What a request authorises, once it has been approved.
pub(super) fn authorization(view: &RequestView, grant: &GrantView) -> Object {
    let by: Vec<_> = view.approvals.iter().map(|a| a.by.to_string()).collect();
    let by = match view.approval {
        Approval::Auto => format!("policy {}", view.policy),
        Approval::Manual => by.join(", "),
    };
    let created = view.approvals.iter().map(|approval| approval.at).max();
    let created = created.unwrap_or(view.raised);
    let is_revoked = view.status == Status::Revoked;
    let ending = view.ending.as_ref();
    let revoked = ending.filter(|_| is_revoked);
    let mut limits: Vec<String> = Vec::new();
    for (name, constraint) in grant.limits.iter().flatten() {
        let limit = format!("{name} {constraint}");
        // Who approves may have said the same as who asked.
        if !limits.contains(&limit) {
            limits.push(limit);
        }
    }
    Object::new()
        .with("AuthorizedBy", by)
        .with("Type", "Task")
        .with("AuthorizedAccess", view.task.as_str())
        .with("StartTimeUtc", grant.from)
        .with("EndTimeUtc", grant.until)
        .with("Revoked", is_revoked)
        .with("RevocationDateTimeUtc", revoked.map(|ending| ending.at))
        .with(
            "RevokedBy",
            revoked.and_then(|e| e.by.as_ref()).map(ToString::to_string),
        )
        .with(
            "RevocationComment",
            revoked.and_then(|ending| ending.comment.clone()),
        )
        .with("Identity", view.id.short())
        .with("DateCreatedUtc", created)
        .with("DateUpdatedUtc", ending.map_or(created, |ending| ending.at))
        .with("RequestorUPN", view.by.as_str())
        .with("RequestStatus", status(view.status))
        .with("Limits", limits)
}

pub(super) fn policy(policy: &Policy, organization: OrganizationId) -> Object {
    let group = policy.stages.first().map(|stage| stage.group.to_string());
    let stages: Vec<_> = policy.stages.iter().map(stage).collect();
    Object::new()
        .with("Task", policy.task.as_str())
        .with("ApprovalType", approval(policy.approval))
        .with("ApproverGroup", group)
        .with("Identity", policy_id(policy, organization).short())
        .with("Stages", stages)
        .with(
            "Requesters",
            policy.requesters.as_ref().map(ToString::to_string),
        )
        .with("MaxDuration", policy.max_duration_s.to_string())
        .with("PendingFor", policy.pending_for_s.to_string())
        .with(
            "MaxRuns",
            policy.max_runs.and_then(|runs| i64::try_from(runs).ok()),
        )
        .with("Parameters", constraints(&policy.parameters))
        .with(
            "OtherParameters",
            match policy.others {
                Others::Allow => "Allow",
                Others::Refuse => "Refuse",
            },
        )
        .with("RequirePasskey", policy.passkey)
        .with("KillOnEnd", policy.kill_on_end)
}

/// A policy keeps its id when it is changed.
pub(super) fn policy_id(policy: &Policy, organization: OrganizationId) -> Digest {
    let organization = organization.to_string();
    let key = policy.task.key();
    Digest::of_parts(&[organization.as_bytes(), b"/policy/", key.as_bytes()])
}

pub(super) fn group(group: &Group) -> Object {
    let members: Vec<_> = group.members.iter().map(ToString::to_string).collect();
    Object::new()
        .with("Identity", group.address.as_str())
        .with("DisplayName", group.name.clone())
        .with("Members", members)
}

fn stage(stage: &Stage) -> String {
    match stage.approvals.get() {
        1 => stage.group.to_string(),
        several => format!("{}:{several}", stage.group),
    }
}

const fn approval(approval: Approval) -> &'static str {
    match approval {
        Approval::Manual => "Manual",
        Approval::Auto => "Auto",
    }
}

fn hours(Seconds(seconds): Seconds) -> Value {
    let whole = seconds / 3_600;
    match seconds % 3_600 {
        0 => Value::Integer(i64::try_from(whole).unwrap_or(i64::MAX)),
        rest => {
            let text = format!("{whole}.{:04}", rest * 10_000 / 3_600);
            Fraction::read(text.trim_end_matches('0')).into()
        }
    }
}

/// What a decision turns on: what parameters must be, and of an app who makes it,
/// what for, and what it wants to read.
fn context(view: &RequestView) -> Value {
    let Some(app) = &view.app else {
        return constraints(&view.parameters);
    };
    let texts = |name: &str| {
        let limit = view.parameters.get(name);
        limit.map(Constraint::texts).unwrap_or_default()
    };
    let name = app.name.clone().unwrap_or_else(|| app.upn.to_string());
    let mut groups = texts("scope");
    groups.retain(|group| group != writ_core::dataset::EVERYBODY);
    let manifest = &app.manifest;
    Value::Table(
        Object::new()
            .with("ApplicationName", name)
            .with("ApplicationId", app.upn.as_str())
            .with("ApplicationVersion", manifest.version.as_str())
            .with("ApplicationPublisher", manifest.publisher.as_str())
            .with("ApplicationPurpose", manifest.purpose.as_str())
            .with("ApplicationPrivacyPolicyUri", manifest.privacy.clone())
            .with("ApplicationTermsOfServiceUri", manifest.terms.clone())
            .with("InstallerIdentity", app.installer.as_str())
            .with("DataTable", view.task.as_str())
            .with("Columns", texts("columns").join(", "))
            .with("AllowedGroups", groups.join(", "))
            .with("UserScopeQuery", texts("filter").join(" and ")),
    )
}

/// What is said of parameters, by their names.
fn constraints(constraints: &Constraints) -> Value {
    let mut table = Object::new();
    for (name, constraint) in constraints {
        let value = match constraint {
            // A text is not to be taken for what another constraint says.
            Constraint::Equals(Core::Text(text)) if is_worded(text) => {
                Value::Text(constraint.to_string())
            }
            Constraint::Equals(value) => from_core(value),
            Constraint::OneOf(_)
            | Constraint::Glob(_)
            | Constraint::Range(_)
            | Constraint::SubsetOf(_)
            | Constraint::SupersetOf(_)
            | Constraint::Absent => Value::Text(constraint.to_string()),
        };
        table.set(name.as_str(), value);
    }
    Value::Table(table)
}

/// Whether a text begins as constraints are worded.
fn is_worded(text: &str) -> bool {
    let words = [
        "= ",
        "one of ",
        "like ",
        "from ",
        "at ",
        "any ",
        "some of ",
        "all of ",
        "not given",
    ];
    words.iter().any(|word| text.starts_with(word))
}

pub(super) fn from_core(value: &Core) -> Value {
    match value {
        Core::Text(text) => Value::Text(text.clone()),
        Core::Integer(number) => Value::Integer(*number),
        Core::Boolean(boolean) => Value::Boolean(*boolean),
        Core::List(items) => Value::List(items.iter().map(from_core).collect()),
        Core::Table(members) => {
            let mut table = Object::new();
            for (name, member) in members {
                table.set(name, from_core(member));
            }
            Value::Table(table)
        }
    }
}
