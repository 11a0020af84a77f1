//! Approval policies.

use std::num::NonZeroU32;

use writ_client::Client;
use writ_core::names::{Address, Pattern, TaskName};
use writ_core::object::{Approval, Object as Noun, ObjectName, Others, Policy, Stage};
use writ_core::time::Seconds;
use writ_core::view::Seen;

use super::refused::refused;
use super::typed::Parameters;
use super::{Done, address, objects, one, usage};
use crate::binder::Bound;
use crate::host::Console;
use crate::record::ErrorRecord;
use crate::session::quoted;
use crate::values::Value;

pub(super) async fn new(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let task = bound.text("Task").unwrap_or_default();
    let pattern = Pattern::parse(&task).map_err(|error| usage(error.to_string()))?;
    let pattern = spelled(client, pattern).await?;
    let policies = client.policies().await.map_err(refused)?;
    if policies.value.iter().any(|policy| policy.task == pattern) {
        return Err(
            usage(format!("There is a policy for {pattern} already.")).with_next(format!(
                "Set-ElevatedAccessApprovalPolicy -Identity {}",
                quoted(pattern.as_str())
            )),
        );
    }
    let policy = Policy::new(pattern, approval(bound).unwrap_or(Approval::Manual));
    put(client, policy, policies.seen, bound, console).await
}

pub(super) async fn get(client: &Client, bound: &Bound) -> Done {
    let policies = client.policies().await.map_err(refused)?;
    let organization = client.account().organization;
    if let Some(identity) = bound.text("Identity") {
        let policy = found(client, &policies, &identity)?;
        return Ok(one(objects::policy(&policy, organization)));
    }
    let shown = policies.value.iter();
    let shown = shown.map(|policy| Value::Object(objects::policy(policy, organization)));
    Ok(shown.collect())
}

pub(super) async fn set(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let policies = client.policies().await.map_err(refused)?;
    let identity = bound.text("Identity").unwrap_or_default();
    let mut policy = found(client, &policies, &identity)?;
    if let Some(approval) = approval(bound)
        && approval != policy.approval
    {
        policy.approval = approval;
        if approval == Approval::Auto && policy.requesters.is_none() {
            policy.requesters = policy.stages.first().map(|stage| stage.group.clone());
            said(policy.requesters.as_ref(), console);
        }
        if approval == Approval::Auto {
            policy.stages = Vec::new();
        }
    }
    put(client, policy, policies.seen, bound, console).await
}

pub(super) async fn remove(client: &Client, bound: &Bound) -> Done {
    let policies = client.policies().await.map_err(refused)?;
    let identity = bound.text("Identity").unwrap_or_default();
    let policy = found(client, &policies, &identity)?;
    client
        .remove(ObjectName::Policy(policy.task), policies.seen)
        .await
        .map_err(refused)?;
    Ok(Vec::new())
}

/// The policy that is meant: by its task, its id, or the first digits of that.
fn found(
    client: &Client,
    policies: &Seen<Vec<Policy>>,
    identity: &str,
) -> Result<Policy, ErrorRecord> {
    let all = || policies.value.iter();
    if let Ok(pattern) = Pattern::parse(identity)
        && let Some(policy) = all().find(|policy| policy.task == pattern)
    {
        return Ok(policy.clone());
    }
    let none = |message: String| {
        usage(message).with_next("Get-ElevatedAccessApprovalPolicy | ft Identity, Task")
    };
    if identity.contains(['\\', '*']) {
        return Err(none(format!("There is no policy for {identity}.")));
    }
    let digits = super::id(identity).map_err(|_| {
        none(format!(
            "'{identity}' is neither the id nor the task of a policy."
        ))
    })?;
    let organization = client.account().organization;
    let begins = |policy: &&Policy| {
        let id = objects::policy_id(policy, organization);
        id.to_string().starts_with(&digits)
    };
    let found: Vec<_> = all().filter(begins).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(none(format!(
            "There is no policy whose id begins with {digits}."
        ))),
        _ => Err(none(format!(
            "Several policies have ids that begin with {digits}."
        ))),
    }
}

/// Gives a policy what was said, and sets it.
async fn put(
    client: &Client,
    mut policy: Policy,
    seen: u64,
    bound: &Bound,
    console: &mut dyn Console,
) -> Done {
    let group = address(bound, "ApproverGroup")?;
    let stages = stages(bound, group.as_ref())?;
    policy.requesters = address(bound, "Requesters")?.or(policy.requesters);
    match policy.approval {
        Approval::Manual => policy.stages = stages.unwrap_or(policy.stages),
        Approval::Auto => {
            if bound.get("Stages").is_some() {
                return Err(usage("Auto asks nobody: leave -Stages out."));
            }
            if policy.requesters.is_none() {
                let control = client.control().await.map_err(refused)?.value;
                let default = control.and_then(|control| control.admin_group);
                policy.requesters = group.or(default);
                said(policy.requesters.as_ref(), console);
            }
        }
    }
    let seconds = |name: &str| {
        let number = bound.integer(name)?;
        u64::try_from(number).ok().map(Seconds)
    };
    policy.max_duration_s = seconds("MaxDuration").unwrap_or(policy.max_duration_s);
    policy.pending_for_s = seconds("PendingFor").unwrap_or(policy.pending_for_s);
    if let Some(runs) = bound.integer("MaxRuns") {
        let runs = u64::try_from(runs).ok().filter(|runs| *runs > 0);
        policy.max_runs = Some(runs.ok_or_else(|| usage("-MaxRuns is at least 1."))?);
    }
    if let Some(table) = bound.get("Parameters") {
        let parameters = covered(client, &policy.task).await?;
        policy.parameters = super::typed::constraints(table, &parameters).map_err(usage)?;
    }
    match bound.text("OtherParameters").as_deref() {
        Some("Refuse") => policy.others = Others::Refuse,
        Some(_) => policy.others = Others::Allow,
        None => {}
    }
    if bound.get("RequirePasskey").is_some() {
        policy.passkey = bound.switch("RequirePasskey");
    }
    if bound.get("KillOnEnd").is_some() {
        policy.kill_on_end = bound.switch("KillOnEnd");
    }
    let object = objects::policy(&policy, client.account().organization);
    client
        .set(Noun::Policy(policy.into()), seen)
        .await
        .map_err(refused)?;
    Ok(one(object))
}

/// Says who may ask, where nobody said it.
fn said(requesters: Option<&Address>, console: &mut dyn Console) {
    if let Some(group) = requesters {
        console.err(&format!(
            "WARNING: Auto asks nobody, so it needs to know who may ask: {group} may. Name \
             another group with -Requesters."
        ));
    }
}

fn approval(bound: &Bound) -> Option<Approval> {
    match bound.text("ApprovalType")?.as_str() {
        "Auto" => Some(Approval::Auto),
        _ => Some(Approval::Manual),
    }
}

/// Who is asked, if that was said.
fn stages(bound: &Bound, group: Option<&Address>) -> Result<Option<Vec<Stage>>, ErrorRecord> {
    let Some(texts) = bound.texts("Stages") else {
        return Ok(group.map(|group| {
            vec![Stage {
                group: group.clone(),
                approvals: NonZeroU32::MIN,
            }]
        }));
    };
    if group.is_some() {
        return Err(usage(
            "-ApproverGroup and -Stages say the same: leave one out.",
        ));
    }
    let stage = |text: &String| {
        let (address, number) = text.rsplit_once(':').unwrap_or((text, "1"));
        let approvals = number.trim().parse::<NonZeroU32>();
        let approvals = approvals
            .map_err(|_| usage(format!("'{number}' is not a number of approvers from 1.")))?;
        let group = Address::parse(address.trim()).map_err(|error| usage(error.to_string()))?;
        Ok(Stage { group, approvals })
    };
    texts.iter().map(stage).collect::<Result<_, _>>().map(Some)
}

/// A pattern that is one task, as that is spelled.
async fn spelled(client: &Client, pattern: Pattern) -> Result<Pattern, ErrorRecord> {
    let Ok(task) = TaskName::parse(pattern.as_str()) else {
        return Ok(pattern);
    };
    let known = super::runs::known(client, &task).await?;
    let spelled = known.and_then(|known| Pattern::parse(known.name.as_str()).ok());
    Ok(spelled.unwrap_or(pattern))
}

/// The parameters of the tasks that a pattern covers now.
async fn covered(client: &Client, pattern: &Pattern) -> Result<Parameters, ErrorRecord> {
    // A task that nobody set is in no list, and may be known all the same.
    if let Ok(task) = TaskName::parse(pattern.as_str()) {
        let known = super::runs::known(client, &task).await?;
        return Ok(known.map(|known| known.parameters).unwrap_or_default());
    }
    let tasks = client.tasks().await.map_err(refused)?.value;
    let mut parameters = Parameters::default();
    for task in tasks.into_iter().filter(|task| pattern.covers(&task.name)) {
        parameters.is_open |= task.open;
        parameters.schemas.extend(task.parameters);
    }
    Ok(parameters)
}
