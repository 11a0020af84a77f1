//! What a statement is called in an audit log: the operation, its object, its
//! parameters.

use crate::object::{Object, ObjectName};
use crate::statement::{Body, Change};
use crate::time::Seconds;

use super::{About, Pair};

/// The workload of what has no task.
const WRIT: &str = "Writ";

/// The cmdlet that says such a thing, and others that do.
pub(super) fn operations(body: &Body) -> Vec<String> {
    let names: &[&str] = match body {
        Body::Invoke(invoke) => return vec![invoke.task.command().to_owned()],
        Body::Set(set) => match set.change() {
            Some(Change::Object(object)) => match object {
                Object::Control(control) if control.enabled => &["Enable-ElevatedAccessControl"],
                Object::Control(_) => &["Disable-ElevatedAccessControl"],
                Object::Policy(_) => &[
                    "Set-ElevatedAccessApprovalPolicy",
                    "New-ElevatedAccessApprovalPolicy",
                ],
                Object::Group(_) => &["Set-ElevatedAccessGroup", "New-ElevatedAccessGroup"],
                Object::Site(_) => &["Set-Site"],
                Object::Person(_) => &["Set-Person"],
                Object::Workload(_) => &["Set-Workload"],
                Object::Task(_) => &["Set-Task"],
                Object::Preferences(_) => &["Set-Preferences"],
            },
            Some(Change::Remove(name)) => match name {
                ObjectName::Policy(_) => &["Remove-ElevatedAccessApprovalPolicy"],
                ObjectName::Group(_) => &["Remove-ElevatedAccessGroup"],
                ObjectName::Task(_) => &["Remove-Task"],
                ObjectName::Workload(_) => &["Remove-Workload"],
            },
            None => &["Set"],
        },
        Body::Request(_) => &["New-ElevatedAccessRequest"],
        Body::Approve(_) => &["Approve-ElevatedAccessRequest"],
        // What it ended is in the log before it: pending or live.
        Body::End(_) => &[
            "End-ElevatedAccessRequest",
            "Deny-ElevatedAccessRequest",
            "Revoke-ElevatedAccessAuthorization",
        ],
        Body::Genesis(_) => &["New-Organization"],
        Body::Enrol(_) => &["Add-Key"],
        Body::RevokeKey(_) => &["Revoke-Key"],
        Body::Signout(_) => &["Disconnect-Session"],
        Body::Outcome(_) => &["Complete-Execution"],
        Body::Recover(_) => &["Restore-Log"],
        Body::Tick(_) => &["Update-Time"],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(super) fn workload(body: &Body) -> String {
    match body {
        Body::Request(request) => request.task.workload().to_string(),
        Body::Invoke(invoke) => invoke.task.workload().to_string(),
        Body::Genesis(_)
        | Body::Set(_)
        | Body::Enrol(_)
        | Body::RevokeKey(_)
        | Body::Signout(_)
        | Body::Approve(_)
        | Body::End(_)
        | Body::Outcome(_)
        | Body::Recover(_)
        | Body::Tick(_) => WRIT.to_owned(),
    }
}

/// What a statement is about, in the words that `Id` has for requests and runs.
pub(super) fn object(body: &Body) -> Option<String> {
    let name = match body {
        Body::Genesis(genesis) => genesis.organization.to_string(),
        Body::Set(set) => match set.change()? {
            Change::Object(object) => object.name().to_owned(),
            Change::Remove(name) => name.as_str().to_owned(),
        },
        Body::Enrol(enrol) => enrol.person.to_string(),
        Body::RevokeKey(revoke) => revoke.person.to_string(),
        Body::Signout(signout) => signout.person.to_string(),
        Body::Request(request) => request.task.to_string(),
        Body::Approve(approve) => approve.request.short(),
        Body::End(end) => end.request.short(),
        Body::Invoke(invoke) => invoke.task.to_string(),
        Body::Outcome(outcome) => outcome.execution.short(),
        Body::Recover(_) | Body::Tick(_) => String::new(),
    };
    Some(name).filter(|name| !name.is_empty())
}

/// What the cmdlet of the first operation would be given. The rest of a statement
/// is in the statement.
pub(super) fn parameters(body: &Body) -> Vec<Pair> {
    let duration = |duration: Option<Seconds>| {
        duration.map(|length| match length.0.is_multiple_of(Seconds::HOUR.0) {
            true => Pair::new("DurationHours", length.0 / Seconds::HOUR.0),
            false => Pair::new("Duration", length),
        })
    };
    let comment =
        |comment: &Option<String>| comment.as_ref().map(|text| Pair::new("Comment", text));
    let pairs = match body {
        Body::Request(request) => vec![
            Some(Pair::new("Task", &request.task)),
            Some(Pair::new("Reason", &request.reason)),
            duration(request.duration_s),
            request
                .ticket
                .as_ref()
                .map(|ticket| Pair::new("TicketNumber", ticket)),
            request.start.map(|start| Pair::new("StartTime", start)),
            request.runs.map(|runs| Pair::new("Runs", runs)),
        ],
        Body::Approve(approve) => vec![
            Some(Pair::new("RequestId", approve.request.short())),
            comment(&approve.comment),
            duration(approve.duration_s),
        ],
        Body::End(end) => vec![
            Some(Pair::new("RequestId", end.request.short())),
            comment(&end.comment),
            end.kill.then(|| Pair::new("Kill", "True")),
        ],
        Body::Invoke(invoke) => {
            let given = invoke.parameters.iter();
            given
                .map(|(name, value)| Some(Pair::new(name, value)))
                .collect()
        }
        Body::Genesis(_)
        | Body::Set(_)
        | Body::Enrol(_)
        | Body::RevokeKey(_)
        | Body::Signout(_)
        | Body::Outcome(_)
        | Body::Recover(_)
        | Body::Tick(_) => Vec::new(),
    };
    pairs.into_iter().flatten().collect()
}

/// Which task a change of an object has to do with.
pub(super) fn task_set(change: Option<Change<'_>>) -> About {
    match change {
        Some(Change::Object(object)) => match object {
            Object::Task(task) => About::Task(task.name.clone()),
            Object::Policy(policy) => About::Policy(policy.task.clone()),
            Object::Site(_)
            | Object::Control(_)
            | Object::Person(_)
            | Object::Group(_)
            | Object::Workload(_)
            | Object::Preferences(_) => About::Nothing,
        },
        Some(Change::Remove(name)) => match name {
            ObjectName::Task(task) => About::Task(task.clone()),
            ObjectName::Policy(pattern) => About::Policy(pattern.clone()),
            ObjectName::Group(_) | ObjectName::Workload(_) => About::Nothing,
        },
        None => About::Nothing,
    }
}
