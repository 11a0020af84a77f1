//! What the log says of people, policies and accounts, and cannot work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use writ_connect::template::Template;
use writ_core::Unable;
use writ_core::names::{Address, Upn};
use writ_core::object::{Approval, Group, Policy, Rule, Task};
use writ_core::record::ExecutionRecord;
use writ_core::state::State;
use writ_core::time::{Seconds, Time};
use writ_core::value::Schemas;

use super::Finding;
use crate::output::local;

/// How long before its end an exemption is worth a look.
const SOON: Seconds = Seconds(14 * 86_400);

pub(super) fn look(state: &State, now: Time) -> Vec<Finding> {
    let rules = rules(state);
    let parts = [
        (
            "approvers",
            "every member of an approver group can decide",
            members(state, &rules),
        ),
        (
            "policies",
            "each can be met, and is about tasks that there are",
            policies(state, &rules),
        ),
        (
            "escalations",
            "each leads to another group that there is",
            escalations(state),
        ),
        ("tasks", "each has what it needs to run", tasks(state)),
        ("runs", "of each it is known how it ended", runs(state)),
        (
            "exemptions",
            "none ends within 14 days",
            exemptions(state, now),
        ),
    ];
    let mut findings = vec![control(state)];
    for (about, fine, found) in parts {
        match found.is_empty() {
            true => findings.push(Finding::ok(about, fine)),
            false => findings.extend(found),
        }
    }
    findings
}

fn rules(state: &State) -> Vec<Rule> {
    let default = state
        .control()
        .and_then(|control| control.admin_group.as_ref());
    state
        .policies()
        .map(|policy| Rule::new(policy, default))
        .collect()
}

fn control(state: &State) -> Finding {
    match state.control() {
        None => Finding::warn(
            "control",
            "privileged access was never enabled, so nobody may ask or run",
            "writ enable --admin-group ADDRESS",
        ),
        Some(control) if !control.enabled => {
            Finding::warn("control", "privileged access is disabled", "writ enable")
        }
        Some(_) => Finding::ok("control", "privileged access is enabled"),
    }
}

/// Members of approver groups who cannot decide yet, each once.
fn members(state: &State, rules: &[Rule]) -> Vec<Finding> {
    let mut asked: BTreeMap<&Address, bool> = BTreeMap::new();
    for rule in rules {
        for stage in &rule.stages {
            *asked.entry(&stage.group).or_default() |= rule.policy.passkey;
        }
    }
    let mut unable: BTreeMap<Upn, (Unable, BTreeSet<&Address>)> = BTreeMap::new();
    for (group, passkey) in asked {
        for (upn, why) in state.deciders(group, passkey) {
            if let Some(why) = why {
                unable
                    .entry(upn)
                    .or_insert((why, BTreeSet::new()))
                    .1
                    .insert(group);
            }
        }
    }
    let finding = |(upn, (why, groups)): (Upn, (Unable, BTreeSet<&Address>))| {
        let groups: Vec<_> = groups.iter().map(ToString::to_string).collect();
        let next = match why {
            Unable::Uninvited | Unable::NotEnrolled => format!("writ person invite {upn}"),
            Unable::NoPasskey => "they add one on a page of the site".to_owned(),
            Unable::Inactive | Unable::Service | Unable::App => {
                let group = groups.first().cloned().unwrap_or_default();
                format!("writ group set {group} --remove {upn}")
            }
        };
        let message = format!("{upn} {why}, so cannot decide for {}", groups.join(", "));
        Finding::warn("approvers", message, next)
    };
    unable.into_iter().map(finding).collect()
}

/// Policies that can never be met, or are about nothing.
fn policies(state: &State, rules: &[Rule]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules {
        let policy = &rule.policy;
        if let Err(missing) = state.reachable(None, rule) {
            findings.push(Finding::fail(
                "policies",
                format!(
                    "{}: nobody's request can be approved: {}",
                    policy.task, missing.problem
                ),
                format!("writ group set {} --add UPN", missing.group),
            ));
        }
        if policy.approval == Approval::Manual && rule.stages.is_empty() {
            findings.push(Finding::fail(
                "policies",
                format!(
                    "{}: it names no approvers, and there is no default group",
                    policy.task
                ),
                "writ enable --admin-group ADDRESS",
            ));
        }
        findings.extend(about_nothing(state, policy));
    }
    findings
}

/// Groups that tell nobody when they are slow, though they are to.
fn escalations(state: &State) -> Vec<Finding> {
    let finding = |group: &Arc<Group>| {
        let (own, further) = (&group.address, group.escalate_to.as_ref()?);
        let problem = match state.group(further) {
            Some(_) if further == own => "itself".to_owned(),
            Some(_) if state.deciders(further, false).is_empty() => {
                format!("{further}, which has no people")
            }
            Some(_) => return None,
            None => format!("{further}, and there is no such group"),
        };
        Some(Finding::warn(
            "escalations",
            format!("when {own} is slow, {problem} is to be told"),
            format!("writ group set {own} --escalate-to GROUP, or --no-escalate"),
        ))
    };
    state.groups().filter_map(finding).collect()
}

fn about_nothing(state: &State, policy: &Policy) -> Option<Finding> {
    let tasks: Vec<&Task> = state
        .tasks()
        .map(AsRef::as_ref)
        .filter(|task| policy.task.covers(&task.name))
        .collect();
    let show = format!("writ policy show '{}'", policy.task);
    if covers_open(state, policy) {
        return None;
    }
    if tasks.is_empty() {
        let message = format!("{}: there is no such task", policy.task);
        return Some(Finding::warn("policies", message, "writ task list"));
    }
    let known: Schemas = tasks
        .iter()
        .flat_map(|task| task.parameters.clone())
        .collect();
    if let Some(name) = policy
        .parameters
        .keys()
        .find(|name| !known.contains_key(*name))
    {
        let message = format!(
            "{}: no task that it covers has a parameter `{name}`",
            policy.task
        );
        return Some(Finding::warn("policies", message, show));
    }
    tasks.iter().find_map(|task| {
        let mut rules = policy.parameters.clone();
        rules.retain(|name, _| task.parameters.contains_key(name));
        let problem = task.admits_constraints(&rules).err()?;
        let message = format!("{}: for {}: {problem}", policy.task, task.name);
        Some(Finding::warn("policies", message, show.clone()))
    })
}

/// Whether a policy covers tasks that need not be set, of which nothing is known.
fn covers_open(state: &State, policy: &Policy) -> bool {
    let text = policy.task.to_string().to_ascii_lowercase();
    let stem = text.trim_end_matches('*');
    let mut open = state.workloads().filter(|workload| workload.open_tasks);
    open.any(|workload| {
        let prefix = format!("{}\\", workload.name.key());
        !stem.is_empty() && (stem.starts_with(&prefix) || prefix.starts_with(stem))
    })
}

/// Tasks that no node could run.
fn tasks(state: &State) -> Vec<Finding> {
    let mut findings = Vec::new();
    for task in state.tasks() {
        let name = task.name.workload();
        let Some(workload) = state.workload(&name) else {
            findings.push(Finding::warn(
                "tasks",
                format!("{}: there is no workload {name}", task.name),
                format!("writ workload set {name} --connector command"),
            ));
            continue;
        };
        if workload.connector.key() != "command" {
            continue;
        }
        // What is no template was refused when it was set.
        let Ok(template) = Template::read(&task.template) else {
            continue;
        };
        for secret in template.secrets() {
            if !workload.secrets.contains_key(secret) {
                findings.push(Finding::warn(
                    "tasks",
                    format!("{}: {name} has no secret `{secret}`", task.name),
                    format!("writ secret set {name} {secret}"),
                ));
            }
        }
    }
    findings
}

/// Runs of which nobody knows how they ended.
fn runs(state: &State) -> Vec<Finding> {
    let lost = state.executions().filter(|run| run.outcome.is_some());
    let finding = |run: &Arc<ExecutionRecord>| {
        Finding::warn(
            "runs",
            format!("{} of {} ended, and nobody knows how", run.task, run.by),
            format!(
                "look there, then: writ executions resolve {} --result succeeded|failed --note TEXT",
                run.id.brief()
            ),
        )
    };
    lost.map(finding).collect()
}

fn exemptions(state: &State, now: Time) -> Vec<Finding> {
    let accounts = state
        .control()
        .map(|control| control.system_accounts.as_slice());
    let ending = accounts
        .unwrap_or_default()
        .iter()
        .filter(|account| account.until <= now.plus(SOON));
    let finding = |account: &writ_core::object::SystemAccount| {
        let (upn, until) = (&account.upn, local(account.until));
        let message = match account.until <= now {
            true => format!("{upn} is not exempt any more since {until}"),
            false => format!("{upn} is exempt until {until}"),
        };
        Finding::warn(
            "exemptions",
            message,
            format!("writ system-account renew {upn}"),
        )
    };
    ending.map(finding).collect()
}
