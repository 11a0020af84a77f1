//! Policies: a list of them, and one with what it covers and its form.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use writ_core::names::{Pattern, TaskName};
use writ_core::object::{Approval, Noun, Others, Policy};
use writ_core::time::Seconds;

use super::asked::{Asked, onward};
use super::forms::{ConstraintRow, StageRow, nothing, rest, was};
use super::frame::{Frame, Part};
use super::simulate::{Stage, stages};
use super::{show as answer, text};
use crate::api::unknown;
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::page::{Limit, by_name};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    #[serde(default)]
    q: String,
    approval: Option<Approval>,
    #[serde(default)]
    limit: Limit,
    after: Option<Pattern>,
}

impl Filter {
    fn is_manual(&self) -> bool {
        self.approval == Some(Approval::Manual)
    }

    fn is_auto(&self) -> bool {
        self.approval == Some(Approval::Auto)
    }
}

struct Line {
    policy: Arc<Policy>,
    asks: String,
    limits: Vec<String>,
}

/// Who is asked, in words.
fn asks(policy: &Policy) -> String {
    let stage =
        |stage: &writ_core::object::Stage| format!("{} of {}", stage.approvals, stage.group);
    let stages: Vec<String> = policy.stages.iter().map(stage).collect();
    match (policy.approval, stages.as_slice()) {
        (Approval::Auto, _) => "nobody is asked".to_owned(),
        (Approval::Manual, []) => "1 of the default group".to_owned(),
        (Approval::Manual, stages) => stages.join(", then "),
    }
}

#[derive(Template)]
#[template(path = "policies.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    lines: Vec<Line>,
    next: Option<String>,
}

/// `GET /policies?q=&approval=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
    uri: Uri,
    Asked(filter): Asked<Filter>,
) -> Result<Response, Failure> {
    let has = |policy: &&Arc<Policy>| {
        let approval = filter.approval;
        approval.is_none_or(|approval| policy.approval == approval)
            && text::found(&filter.q, &[policy.task.as_str(), &asks(policy)])
    };
    let line = |policy: &Arc<Policy>| Line {
        asks: asks(policy),
        limits: text::limits(&policy.parameters),
        policy: policy.clone(),
    };
    let page = by_name(
        caller.state().policies().filter(has).map(line),
        filter.limit,
        filter.after.as_ref(),
        |line| &line.policy.task,
    );
    answer(&ListPage {
        frame: Frame::new(&caller, &app, Part::Policies, "Policies").await?,
        next: onward(&uri, page.next.as_ref()),
        lines: page.items,
        filter,
    })
}

/// What the form of a policy begins with.
struct PolicyForm {
    /// What it covers, where it stands already.
    is_set: bool,
    pattern: String,
    policy: Policy,
    requesters: String,
    max_runs: String,
    readers: String,
    stages: Vec<StageRow>,
    blank_stage: StageRow,
    constraints: Vec<ConstraintRow>,
    blank_constraint: ConstraintRow,
    groups: Vec<String>,
    rest: String,
    /// What its script is told of it.
    about: String,
}

impl PolicyForm {
    fn new(caller: &Caller<Anyone>, policy: &Policy, is_set: bool) -> Self {
        let asked = [
            "task",
            "approval",
            "stages",
            "requesters",
            "max_duration_s",
            "pending_for_s",
            "parameters",
            "others",
            "max_runs",
            "passkey",
            "kill_on_end",
            "output_readers",
        ];
        let readers = policy.output_readers.iter().map(ToString::to_string);
        let groups = caller
            .state()
            .groups()
            .map(|group| group.address.to_string());
        Self {
            is_set,
            pattern: String::new(),
            requesters: policy
                .requesters
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            max_runs: policy
                .max_runs
                .map(|most| most.to_string())
                .unwrap_or_default(),
            readers: readers.collect::<Vec<_>>().join("\n"),
            stages: StageRow::all(&policy.stages),
            blank_stage: StageRow {
                group: String::new(),
                approvals: "1".to_owned(),
            },
            constraints: ConstraintRow::all(&policy.parameters),
            blank_constraint: ConstraintRow {
                kind: "equals exact",
                ..Default::default()
            },
            groups: groups.collect(),
            rest: match is_set {
                true => rest(policy, &asked),
                false => nothing(),
            },
            about: match is_set {
                true => was(Noun::Policy, policy),
                false => String::new(),
            },
            policy: policy.clone(),
        }
    }

    fn is_auto(&self) -> bool {
        self.policy.approval == Approval::Auto
    }

    fn refuses_others(&self) -> bool {
        self.policy.others == Others::Refuse
    }

    fn max_duration(&self) -> Seconds {
        self.policy.max_duration_s
    }

    fn pending_for(&self) -> Seconds {
        self.policy.pending_for_s
    }
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    frame: Frame,
    limits: Vec<String>,
    is_auto: bool,
    refuses_others: bool,
    stages: Vec<Stage>,
    governs: Vec<TaskName>,
    form: PolicyForm,
    policy: Arc<Policy>,
}

/// `GET /policies/{pattern}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(pattern): Path<Pattern>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let now = app.engine().now();
    let policy = state
        .policy(&pattern)
        .ok_or_else(|| unknown(Noun::Policy, pattern.as_str()))?;
    let group = state
        .control()
        .and_then(|control| control.admin_group.as_ref());
    let rule = writ_core::object::Rule::new(policy, group);
    let governs = state.tasks().filter(|task| {
        let governed = state.governing(&task.name, now);
        governed.is_ok_and(|governed| governed.rule.policy.task == policy.task)
    });
    let form = PolicyForm::new(&caller, policy, true);
    answer(&PolicyPage {
        frame: Frame::new(&caller, &app, Part::Policies, policy.task.as_str()).await?,
        limits: text::limits(&policy.parameters),
        is_auto: form.is_auto(),
        refuses_others: form.refuses_others(),
        stages: stages(&caller, caller.upn(), &rule),
        governs: governs.map(|task| task.name.clone()).collect(),
        form,
        policy: policy.clone(),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct For {
    task: Option<Pattern>,
}

#[derive(Template)]
#[template(path = "policy-new.html")]
struct NewPage {
    frame: Frame,
    form: PolicyForm,
}

/// `GET /policies/new?task=`
pub(super) async fn new(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Asked(For { task }): Asked<For>,
) -> Result<Response, Failure> {
    let pattern = task.as_ref().map(ToString::to_string).unwrap_or_default();
    let everything = || {
        "*".parse::<Pattern>()
            .map_err(|_| unknown(Noun::Policy, "*"))
    };
    let policy = Policy::new(task.map_or_else(everything, Ok)?, Approval::Manual);
    answer(&NewPage {
        frame: Frame::new(&caller, &app, Part::Policies, "A new policy").await?,
        form: PolicyForm {
            pattern,
            ..PolicyForm::new(&caller, &policy, false)
        },
    })
}
