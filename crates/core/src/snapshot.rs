//! Snapshots: State as bytes, so that a start need not read the whole log.
//!
//! A **snapshot** is a cache and nothing more: whoever finds anything odd about
//! one drops it and replays. It holds what is live once; the tables that only
//! find things again are made anew when it is read. It is JSON, of the version
//! of this program that wrote it; no other version reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Table;
use crate::digest::{Digest, ExecutionId, Index, OrganizationId, RequestId};
use crate::json::JsonError;
use crate::names::{Address, Domain, Name, ParameterName, Pattern, TaskName, Upn};
use crate::object::{Control, Group, Person, Policy, Preferences, Site, Task, Workload};
use crate::recent::Recent;
use crate::record::{
    Asked, Credentials, Definition, ExecutionRecord, OutcomeRecord, Recovery, RequestRecord,
    Resolution,
};
use crate::state::{Answer, SignedOut, Since, State};
use crate::statement::{Attachment, SealedValue};
use crate::time::Time;
use crate::value::Values;

/// A table as JSON can hold it, whatever its keys are.
type Pairs<K, V> = Vec<(K, V)>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    organization: Option<OrganizationId>,
    domain: Option<Domain>,
    time: Time,
    site: Option<Since<Site>>,
    control: Option<Since<Control>>,
    people: Pairs<Upn, Since<Person>>,
    credentials: Pairs<Upn, Since<Credentials>>,
    signed_out: Pairs<Upn, SavedSignedOut>,
    groups: Pairs<Address, Since<Group>>,
    workloads: Pairs<Name, Since<Workload>>,
    tasks: Pairs<TaskName, Since<Task>>,
    policies: Pairs<Pattern, Since<Policy>>,
    preferences: Pairs<Upn, Since<Preferences>>,
    recovery: Option<Since<Recovery>>,
    requests: Pairs<RequestId, Since<RequestRecord>>,
    asked: Pairs<(Upn, TaskName), Since<Asked>>,
    runs: Pairs<RequestId, u64>,
    executions: Vec<SavedExecution>,
    killed: Vec<ExecutionId>,
}

/// How many answers stand in a line.
const LINE: usize = 1_000;

/// An execution with what was authorised, which facts are written without.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedExecution {
    entry: Index,
    id: ExecutionId,
    by: Upn,
    request: Option<RequestId>,
    task: TaskName,
    parameters: Values,
    attached: BTreeMap<ParameterName, Attachment>,
    sealed: BTreeMap<ParameterName, SealedValue>,
    node: Name,
    authorized: Time,
    outcome: Option<OutcomeRecord>,
    resolution: Option<Resolution>,
    definition: Definition,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedSignedOut {
    before: Option<Time>,
    sessions: Pairs<Digest, Time>,
}

/// Writes a State.
pub fn save(state: &State) -> Result<Vec<u8>, JsonError> {
    let lines: Result<Vec<_>, _> = lines(state).collect();
    lines.map(|lines| lines.concat())
}

/// The same, line by line: there may be many answers, and nobody needs to hold
/// all of them a second time.
pub fn lines(state: &State) -> impl Iterator<Item = Result<Vec<u8>, JsonError>> {
    let first = std::iter::once_with(|| line(&Saved::of(state)));
    let mut answers = state.recent.iter();
    let rest = std::iter::from_fn(move || {
        let some: Vec<_> = answers.by_ref().take(LINE).collect();
        (!some.is_empty()).then(|| line(&some))
    });
    first.chain(rest)
}

fn line<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    let mut line = serde_json::to_vec(value).map_err(odd)?;
    line.push(b'\n');
    Ok(line)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
fn odd(error: serde_json::Error) -> JsonError {
    JsonError::new(error.to_string())
}

/// Reads what [`save`] wrote.
pub fn load(bytes: &[u8]) -> Result<State, JsonError> {
    if !bytes.ends_with(b"\n") {
        return Err(JsonError::new("the last line has no end".to_owned()));
    }
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let mut state = serde_json::from_slice::<Saved>(first)
        .map_err(odd)?
        .into_state();
    let mut answers: Pairs<Digest, Answer> = Vec::new();
    for line in lines {
        answers.extend(serde_json::from_slice::<Pairs<_, _>>(line).map_err(odd)?);
    }
    state.recent = Recent::at(state.time, answers.into_iter());
    Ok(state)
}

impl Saved {
    /// Every field is named, so that a new table of State cannot be forgotten.
    fn of(state: &State) -> Self {
        let State {
            organization,
            domain,
            time,
            site,
            control,
            people,
            credentials,
            signed_out,
            signed_out_by_time: _,
            groups,
            workloads,
            tasks,
            policies,
            preferences,
            recovery,
            requests,
            apps: _,
            pending: _,
            grants: _,
            open_by_task: _,
            asked,
            runs,
            executions,
            killed,
            deadlines: _,
            recent: _,
        } = state;
        Self {
            organization: *organization,
            domain: domain.clone(),
            time: *time,
            site: site.clone(),
            control: control.clone(),
            people: pairs(people),
            credentials: pairs(credentials),
            signed_out: signed_out
                .iter()
                .map(|(upn, out)| (upn.clone(), SavedSignedOut::of(out)))
                .collect(),
            groups: pairs(groups),
            workloads: pairs(workloads),
            tasks: pairs(tasks),
            policies: pairs(policies),
            preferences: pairs(preferences),
            recovery: recovery.clone(),
            requests: pairs(requests),
            asked: pairs(asked),
            runs: pairs(runs),
            executions: executions.values().filter_map(SavedExecution::of).collect(),
            killed: killed.keys().copied().collect(),
        }
    }

    fn into_state(self) -> State {
        let mut state = State {
            organization: self.organization,
            domain: self.domain,
            time: self.time,
            site: self.site,
            control: self.control,
            people: table(self.people),
            credentials: table(self.credentials),
            groups: table(self.groups),
            workloads: table(self.workloads),
            tasks: table(self.tasks),
            policies: table(self.policies),
            preferences: table(self.preferences),
            recovery: self.recovery,
            requests: table(self.requests),
            asked: table(self.asked),
            runs: table(self.runs),
            executions: self
                .executions
                .into_iter()
                .map(SavedExecution::into_pair)
                .collect(),
            killed: self.killed.into_iter().map(|id| (id, ())).collect(),
            ..State::default()
        };
        for (upn, out) in self.signed_out {
            state.signed_out.insert(upn, out.into_signed_out());
        }
        state.find_again();
        state
    }
}

impl SavedSignedOut {
    fn of(out: &SignedOut) -> Self {
        Self {
            before: out.before,
            sessions: pairs(&out.sessions),
        }
    }

    fn into_signed_out(self) -> SignedOut {
        SignedOut {
            before: self.before,
            sessions: table(self.sessions),
        }
    }
}

impl SavedExecution {
    /// None for one that was removed, which State does not keep.
    fn of(since: &Since<ExecutionRecord>) -> Option<Self> {
        let ExecutionRecord {
            id,
            by,
            request,
            task,
            parameters,
            attached,
            sealed,
            node,
            authorized,
            outcome,
            resolution,
            definition,
        } = since.value.as_deref()?.clone();
        Some(Self {
            entry: since.entry,
            id,
            by,
            request,
            task,
            parameters,
            attached,
            sealed,
            node,
            authorized,
            outcome,
            resolution,
            definition,
        })
    }

    fn into_pair(self) -> (ExecutionId, Since<ExecutionRecord>) {
        let record = ExecutionRecord {
            id: self.id,
            by: self.by,
            request: self.request,
            task: self.task,
            parameters: self.parameters,
            attached: self.attached,
            sealed: self.sealed,
            node: self.node,
            authorized: self.authorized,
            outcome: self.outcome,
            resolution: self.resolution,
            definition: self.definition,
        };
        let since = Since {
            entry: self.entry,
            value: Some(Arc::new(record)),
        };
        (self.id, since)
    }
}

fn pairs<K: Ord + Clone, V: Clone>(table: &Table<K, V>) -> Pairs<K, V> {
    table
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn table<K: Ord + Clone, V: Clone>(pairs: Pairs<K, V>) -> Table<K, V> {
    pairs.into_iter().collect()
}
