//! Runs: from an **invocation** to exactly one **outcome**.
//!
//! An invocation is authorised or refused by what is live at its entry. An
//! authorised one is an **execution**; its node starts it once, with a
//! **permit** that only durable State can give, and says its outcome in another
//! entry. Nothing is ever run again by itself: what ended **unknown** is looked
//! at by an administrator, who says in a third entry what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app;
use crate::dataset::{Subjects, is_data};
use crate::decide::Signer;
use crate::digest::{Digest, ExecutionId, KeyId, RequestId};
use crate::fact::Fact;
use crate::names::{Name, ParameterName, TaskName, Upn};
use crate::object::{Others, SystemAccount, Task, Workload};
use crate::reading::{Governed, Reading};
use crate::record::{Definition, ExecutionRecord, Grant, OutcomeRecord, RequestRecord, Resolution};
use crate::refusal::{Asked, Refusal};
use crate::request::may_ask;
use crate::statement::{Attachment, Invoke, Outcome, Principal, SealedValue};
use crate::time::Time;
use crate::value::{Constraints, MAX_TEXT, Value, ValueType, Values, check_required, first_broken};

/// Asks to run a task now.
pub(crate) fn invoke(
    r: &Reading<'_>,
    signer: &Signer,
    node: &Name,
    id: Digest,
    invoke: &Invoke,
) -> Result<Vec<Fact>, Refusal> {
    if let Some(named) = invoke.node.as_ref().filter(|named| *named != node) {
        let (named, node) = (named.clone(), node.clone());
        return Err(Refusal::OtherNode { named, node });
    }
    let leave = match exempt(r, signer, invoke)? {
        Some(exempt) => exempt,
        None => granted(r, signer, invoke)?,
    };
    let record = ExecutionRecord {
        id: ExecutionId(id),
        by: signer.upn.clone(),
        request: leave.request,
        task: leave.task.name.clone(),
        parameters: invoke.parameters.clone(),
        attached: invoke.attached.clone(),
        sealed: invoke.sealed.clone(),
        node: node.clone(),
        authorized: r.now(),
        outcome: None,
        resolution: None,
        definition: Definition {
            runner: r.site()?.services.runner.clone(),
            task: leave.task,
            workload: leave.workload,
        },
    };
    Ok(vec![Fact::Execution {
        record: Arc::new(record),
    }])
}

/// What may be run, and under which grant if it needs one.
struct Leave {
    request: Option<RequestId>,
    task: Arc<Task>,
    workload: Arc<Workload>,
}

/// Leave for a system account: without grant and policy, but the task must
/// exist and its schema hold. None for everybody whom nothing exempts, and
/// where a grant is named.
fn exempt(r: &Reading<'_>, signer: &Signer, invoke: &Invoke) -> Result<Option<Leave>, Refusal> {
    let is_exempt = signer.is_service()
        && invoke.request.is_none()
        && exemption(r, &signer.upn, &invoke.task).is_some();
    if !is_exempt {
        return Ok(None);
    }
    let (task, workload) = r.defined(&invoke.task)?;
    if is_data(workload) {
        let task = task.name.clone();
        return Err(Refusal::AppsOnly { task });
    }
    Given::of(invoke)
        .fits(&task)
        .map_err(|problem| Refusal::Parameters {
            task: task.name.clone(),
            problem,
        })?;
    Ok(Some(Leave {
        request: None,
        task,
        workload: workload.clone(),
    }))
}

/// The exemption that counts now: disabling stops it only if it is told to.
fn exemption<'a>(r: &Reading<'a>, upn: &Upn, task: &TaskName) -> Option<&'a SystemAccount> {
    r.control()
        .filter(|control| !control.stops_system_accounts())
        .and_then(|control| control.system_account(upn))
        .filter(|account| account.exempts(task, r.now()))
}

/// Leave under a live grant, and the policy as it is now.
fn granted(r: &Reading<'_>, signer: &Signer, invoke: &Invoke) -> Result<Leave, Refusal> {
    r.enabled()?;
    let governed = r.governing(&invoke.task)?;
    let given = Given::of(invoke);
    let no = |problem| Refusal::Parameters {
        task: governed.task.name.clone(),
        problem,
    };
    given.fits(&governed.task).map_err(no)?;
    let grant = choose(r, signer, &governed, &given, invoke)?;
    may_ask(r, &grant.by, &governed)?;
    app::may_extract(&governed, grant, &invoke.parameters)?;
    let policy = &governed.rule.policy;
    if let Some(problem) = given.forbidden_by(&policy.parameters, policy.others) {
        return Err(no(problem));
    }
    if let Some(problem) = given.passes_by(&policy.parameters, &governed.task) {
        return Err(no(problem));
    }
    Ok(Leave {
        request: Some(grant.id),
        task: governed.task,
        workload: governed.workload,
    })
}

/// The named grant, or the one ending first of those that fit. Grants never merge.
fn choose<'a>(
    r: &Reading<'a>,
    signer: &Signer,
    governed: &Governed,
    given: &Given<'_>,
    invoke: &Invoke,
) -> Result<&'a Arc<RequestRecord>, Refusal> {
    let mine = r
        .grants_of(&signer.upn)
        .filter(|record| record.task == governed.task.name)
        .filter(|record| invoke.request.is_none_or(|named| named == record.id));
    let longest = governed.rule.policy.max_duration_s;
    let mut why = match signer.is_app() {
        true => Refusal::NotConsented {
            task: governed.task.name.clone(),
            app: signer.upn.clone(),
        },
        false => Refusal::Insufficient {
            task: governed.task.name.clone(),
            with: Asked(invoke.parameters.clone()),
        },
    };
    for record in mine {
        let Some(grant) = &record.grant else { continue };
        if r.now() >= grant.until {
            continue;
        }
        if let Some(most) = record.runs.filter(|most| r.runs_of(record.id) >= *most) {
            // Whoever has no other grant is told so.
            if let Refusal::Insufficient { task, .. } | Refusal::NotConsented { task, .. } = why {
                let request = record.id;
                why = Refusal::UsedUp {
                    request,
                    task,
                    most,
                };
            }
        } else if let Some(problem) = given.beyond(grant, &governed.task) {
            why = match invoke.request {
                Some(_) => Refusal::Parameters {
                    task: governed.task.name.clone(),
                    problem,
                },
                None => why,
            };
        } else if r.now() < grant.from {
            why = Refusal::NotStarted {
                request: record.id,
                from: grant.from,
            };
        } else if r.now() >= grant.from.plus(longest) {
            why = Refusal::TooOld {
                task: governed.task.name.clone(),
                longest,
            };
        } else {
            return r.request(record.id);
        }
    }
    Err(why)
}

/// What a run gives: values in the statement, long texts and secrets beside it.
struct Given<'a> {
    values: &'a Values,
    attached: &'a BTreeMap<ParameterName, Attachment>,
    sealed: &'a BTreeMap<ParameterName, SealedValue>,
}

impl<'a> Given<'a> {
    fn of(invoke: &'a Invoke) -> Self {
        Self {
            values: &invoke.parameters,
            attached: &invoke.attached,
            sealed: &invoke.sealed,
        }
    }

    /// Whether the task takes all of it, and nothing it requires is missing.
    fn fits(&self, task: &Task) -> Result<(), String> {
        let schemas = &task.parameters;
        task.admits_all(self.values)?;
        for (name, attachment) in self.attached {
            match schemas.get(name) {
                None if task.open && attachment.size <= MAX_TEXT => {}
                None if task.open => {
                    return Err(format!(
                        "parameter `{name}` is longer than {MAX_TEXT} bytes"
                    ));
                }
                None => return Err(format!("the task has no parameter `{name}`")),
                Some(schema) if schema.value_type != ValueType::String => {
                    return Err(format!(
                        "parameter `{name}` must be a {}",
                        schema.value_type
                    ));
                }
                Some(schema) if schema.one_of.is_some() => {
                    return Err(format!(
                        "parameter `{name}` is one of a few; it must stand in the statement"
                    ));
                }
                Some(schema) if attachment.size > schema.max_length => {
                    let (size, most) = (attachment.size, schema.max_length);
                    return Err(format!(
                        "parameter `{name}` is {size} bytes long; at most {most} are allowed"
                    ));
                }
                Some(_) => {}
            }
        }
        for name in self.sealed.keys() {
            match schemas.get(name).map(|schema| schema.value_type) {
                None if task.open => {}
                Some(ValueType::Secret) => {}
                Some(other) => {
                    return Err(format!(
                        "parameter `{name}` is a {other}, and only secrets are sealed"
                    ));
                }
                None => return Err(format!("the task has no parameter `{name}`")),
            }
        }
        check_required(schemas, |name| self.has(name))
    }

    fn has(&self, name: &ParameterName) -> bool {
        self.values.contains_key(name) || self.beside().any(|beside| beside == name)
    }

    fn beside(&self) -> impl Iterator<Item = &'a ParameterName> {
        self.attached.keys().chain(self.sealed.keys())
    }

    /// What goes beyond a grant. Grants never merge, so each is asked alone.
    fn beyond(&self, grant: &Grant, task: &Task) -> Option<String> {
        grant.limits.iter().find_map(|limits| {
            self.forbidden_by(limits, Others::Allow)
                .or_else(|| self.passes_by(limits, task))
        })
    }

    /// A name that a target could take for a constrained parameter, though it is
    /// another one here: shortened, or in other letters. Only an open task takes names
    /// that it does not know, so one of its own is meant as it stands.
    fn passes_by(&self, constraints: &Constraints, task: &Task) -> Option<String> {
        let is_known = |name: &ParameterName| {
            task.parameters.contains_key(name) || constraints.contains_key(name)
        };
        let names = self.values.keys().chain(self.beside());
        let mut unknown = names.filter(|name| !is_known(name));
        unknown.find_map(|name| {
            let whole = constraints
                .keys()
                .find(|constrained| begins(name.as_str(), constrained.as_str()))?;
            Some(format!(
                "the parameter `{name}` may be short for `{whole}`, which is constrained; write it \
                 whole"
            ))
        })
    }

    /// What constraints forbid. Nothing can be said of what is not here, so a
    /// constrained parameter cannot be given beside.
    fn forbidden_by(&self, constraints: &Constraints, others: Others) -> Option<String> {
        let is_constrained = |name: &&ParameterName| constraints.contains_key(*name);
        if let Some(name) = self.attached.keys().find(is_constrained) {
            return Some(format!(
                "parameter `{name}` is constrained; it must stand in the statement"
            ));
        }
        if let Some(name) = self.sealed.keys().find(is_constrained) {
            return Some(format!(
                "parameter `{name}` is constrained, and nothing can be said of a secret"
            ));
        }
        let unnamed = || {
            self.values
                .keys()
                .chain(self.beside())
                .find(|name| !constraints.contains_key(*name))
                .map(|name| format!("the policy does not allow the parameter `{name}`"))
        };
        first_broken(constraints, self.values).or_else(|| match others {
            Others::Allow => None,
            Others::Refuse => unnamed(),
        })
    }
}

/// Whether a name begins with another, whatever the case.
fn begins(short: &str, whole: &str) -> bool {
    whole
        .get(..short.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(short))
}

/// Says how a run ended: by the runner's key as it was when the run was
/// authorised, or as it is now.
pub(crate) fn outcome(
    r: &Reading<'_>,
    key: KeyId,
    outcome: &Outcome,
) -> Result<Vec<Fact>, Refusal> {
    let record = r.execution(outcome.execution)?;
    let then = record.definition.runner.id() == key;
    if !then && r.site()?.services.runner.id() != key {
        return Err(Refusal::KeyNotLive {
            who: Principal::Node,
        });
    }
    if record.outcome.is_some() {
        return Err(Refusal::UnknownExecution {
            execution: outcome.execution,
        });
    }
    let mut record = record.as_ref().clone();
    record.outcome = Some(OutcomeRecord {
        at: r.now(),
        result: outcome.result,
        exit: outcome.exit,
        output: outcome.output,
        rows: outcome.rows,
        note: outcome.note.clone(),
    });
    Ok(vec![Fact::Execution {
        record: Arc::new(record),
    }])
}

/// Says how a run ended that its node lost sight of, once: an administrator who
/// looked at the target.
pub(crate) fn resolve(
    r: &Reading<'_>,
    signer: &Signer,
    outcome: &Outcome,
) -> Result<Vec<Fact>, Refusal> {
    signer.administers()?;
    let record = r.execution(outcome.execution)?;
    if record.outcome.is_none() {
        return Err(Refusal::StillOpen {
            execution: record.id,
        });
    }
    let mut record = record.as_ref().clone();
    record.resolution = Some(Resolution {
        at: r.now(),
        by: signer.upn.clone(),
        result: outcome.result,
        note: outcome.note.clone().unwrap_or_default(),
    });
    Ok(vec![Fact::Execution {
        record: Arc::new(record),
    }])
}

/// Whether a run of a dataset may go on as it began: it is still allowed, and about
/// the same people; else why not.
pub(crate) fn may_go_on(r: &Reading<'_>, id: ExecutionId, began: &Subjects) -> Result<(), String> {
    let record = r
        .execution(id)
        .map_err(|_| "it has its outcome".to_owned())?;
    r.active(&record.by).map_err(|no| no.to_string())?;
    still_allowed(r, record)?;
    match app::subjects(r, record)? {
        Some(now) if *now == *began => Ok(()),
        Some(_) | None => Err("its groups have changed in between".into()),
    }
}

/// Whether what allowed a run when it was authorised still does; else why not.
fn still_allowed(r: &Reading<'_>, record: &ExecutionRecord) -> Result<(), String> {
    let Some(request) = record.request else {
        return match exemption(r, &record.by, &record.task) {
            Some(_) => Ok(()),
            None => Err("its exemption has ended in between".into()),
        };
    };
    r.enabled().map_err(|no| no.to_string())?;
    let grant = r.request(request).ok();
    let grant = grant.and_then(|request| request.grant.as_ref());
    match grant.filter(|grant| r.now() < grant.until) {
        Some(_) => Ok(()),
        None => Err("its grant has ended in between".into()),
    }
}

/// What is to be done, for whom: all that a connector may know of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The run's name.
    pub execution: ExecutionId,
    /// The grant that it is under; none where a system account needs none.
    pub request: Option<RequestId>,
    /// On whose behalf.
    pub by: Upn,
    /// The task as it was when the run was authorised.
    pub task: Arc<Task>,
    /// The workload as it was when the run was authorised.
    pub workload: Arc<Workload>,
    /// The values of its parameters, attached texts included.
    pub parameters: Values,
    /// Whom it is about, where it is of a dataset: as groups were when leave was
    /// given.
    pub subjects: Option<Arc<Subjects>>,
    /// When the run was authorised.
    pub authorized: Time,
}

/// Leave to start one run, once: neither `Clone` nor made anywhere but from
/// durable State.
///
/// It is not made by hand:
///
/// ```compile_fail,E0423
/// fn make(job: writ_core::run::Job) -> writ_core::run::Permit {
///     writ_core::run::Permit(job)
/// }
/// ```
///
/// nor of a State that may not be on disk:
///
/// ```compile_fail,E0624
/// use std::collections::BTreeMap;
/// use writ_core::{digest::ExecutionId, names::Name, state::State, time::Time};
/// fn ask(state: &State, id: ExecutionId, node: &Name) {
///     let _ = state.permit(id, node, Time(0), &BTreeMap::new());
/// }
/// ```
///
/// and one is not two:
///
/// ```compile_fail,E0277
/// fn twice<T: Clone>(_: T) {}
/// fn start(permit: writ_core::run::Permit) {
///     twice(permit);
/// }
/// ```
#[derive(Debug)]
pub struct Permit(Job);

impl Permit {
    /// What is to be done.
    pub const fn job(&self) -> &Job {
        &self.0
    }

    /// Asks durable State once more, just before the start: what was revoked
    /// since the run was authorised is not started.
    pub(crate) fn ask(
        r: &Reading<'_>,
        id: ExecutionId,
        node: &Name,
        texts: &BTreeMap<ParameterName, String>,
    ) -> Result<Self, String> {
        let record = r.execution(id).map_err(|no| no.to_string())?;
        if record.outcome.is_some() || record.node != *node {
            return Err("another node has it, or it has its outcome".into());
        }
        r.active(&record.by).map_err(|no| no.to_string())?;
        still_allowed(r, record)?;
        let subjects = app::subjects(r, record)?;
        let mut parameters = record.parameters.clone();
        for (name, attachment) in &record.attached {
            let text = texts
                .get(name)
                .ok_or("a text beside the statement is missing")?;
            if Digest::of(text.as_bytes()) != attachment.digest {
                return Err(format!(
                    "the text of parameter `{name}` is not what was signed"
                ));
            }
            let value = Value::Text(text.clone());
            record.definition.task.admits(name, &value)?;
            parameters.insert(name.clone(), value);
        }
        Ok(Self(Job {
            execution: id,
            request: record.request,
            by: record.by.clone(),
            task: record.definition.task.clone(),
            workload: record.definition.workload.clone(),
            parameters,
            subjects,
            authorized: record.authorized,
        }))
    }
}
