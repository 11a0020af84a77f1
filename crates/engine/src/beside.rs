//! What travels beside a statement: long texts, an output, and sealed boxes.
//!
//! It must be what the statement names, all of it and nothing else. Boxes are
//! opened here: a secret that this node could not use never enters the log. And
//! a secret that somebody said in plain text does not either, since nothing ever
//! leaves the log again.

use std::collections::{BTreeMap, BTreeSet};

use writ_core::digest::{Digest, OrganizationId};
use writ_core::names::{ParameterName, TaskName, Upn};
use writ_core::object::{Object, Policy, Workload};
use writ_core::refusal::TurnedAway;
use writ_core::seal::{self, Purpose, SealError};
use writ_core::secret::{MAX_SECRET, Secret};
use writ_core::state::State;
use writ_core::statement::{Body, Change, Invoke, Principal, SealedValue, Statement};
use writ_core::value::{Constraint, Constraints, Schema};

use crate::vault::Vault;

/// What of a statement is stored in its transaction.
pub(crate) type Blobs = Vec<(Digest, Vec<u8>)>;

/// What came, by its digest.
type Beside = BTreeMap<Digest, Vec<u8>>;

/// Checks what travels beside a statement, and answers what of it is stored.
pub(crate) fn check(
    state: &State,
    vault: &Vault,
    statement: &Statement,
    attachments: Vec<Vec<u8>>,
) -> Result<Blobs, TurnedAway> {
    let mut beside: Beside = attachments
        .into_iter()
        .map(|bytes| (Digest::of(&bytes), bytes))
        .collect();
    let mut blobs = Blobs::new();
    if let Body::Invoke(invoke) = &statement.body {
        check_texts(state, invoke, &beside)?;
        let named: BTreeSet<_> = invoke.attached.values().map(|text| text.digest).collect();
        blobs.extend(
            named
                .iter()
                .filter_map(|digest| beside.remove_entry(digest)),
        );
    }
    if let Body::Outcome(outcome) = &statement.body
        && let Some(output) = outcome.output
    {
        let found = beside.remove_entry(&output.digest);
        blobs.push(found.ok_or_else(|| bad("the output is missing".into()))?);
    }
    let boxes = Boxes {
        state,
        vault,
        beside: &mut beside,
    };
    blobs.extend(boxes.of(statement)?);
    match beside.keys().next() {
        Some(digest) => Err(bad(format!(
            "the statement does not name the text {digest}"
        ))),
        None => Ok(blobs),
    }
}

fn bad(problem: String) -> TurnedAway {
    TurnedAway::BadAttachment { problem }
}

fn check_texts(state: &State, invoke: &Invoke, beside: &Beside) -> Result<(), TurnedAway> {
    let task = state.task(&invoke.task);
    for (name, attachment) in &invoke.attached {
        let bad = |problem: &str| bad(format!("parameter `{name}`: {problem}"));
        let bytes = beside
            .get(&attachment.digest)
            .ok_or_else(|| bad("its text does not come with the statement"))?;
        if bytes.len() as u64 != attachment.size {
            return Err(bad("its text has another size than the statement says"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| bad("its text is not UTF-8"))?;
        let schema = task.and_then(|task| task.parameters.get(name));
        if let Some(schema) = schema {
            schema.admits_text(text).map_err(|problem| bad(&problem))?;
        }
    }
    Ok(())
}

/// The sealed boxes among what came.
struct Boxes<'a> {
    state: &'a State,
    vault: &'a Vault,
    beside: &'a mut Beside,
}

impl Boxes<'_> {
    /// Opens the boxes that a statement names, and answers them as they are kept.
    fn of(self, statement: &Statement) -> Result<Blobs, TurnedAway> {
        let Some(instance) = statement.instance else {
            return Ok(Blobs::new());
        };
        match (&statement.body, &statement.by) {
            (Body::Set(set), _) => match set.change() {
                Some(Change::Object(Object::Workload(workload))) => {
                    self.secrets(instance, workload)
                }
                _ => Ok(Blobs::new()),
            },
            (Body::Invoke(invoke), Principal::Person(by)) => self.parameters(instance, by, invoke),
            _ => Ok(Blobs::new()),
        }
    }

    /// The secrets that a workload gets; what it has already does not come again.
    fn secrets(
        mut self,
        instance: OrganizationId,
        workload: &Workload,
    ) -> Result<Blobs, TurnedAway> {
        let before = self.state.workload(&workload.name);
        let mut blobs = Blobs::new();
        for (name, said) in &workload.secrets {
            if before.and_then(|before| before.secrets.get(name)) == Some(said) {
                continue;
            }
            let bad = |problem: &dyn std::fmt::Display| bad(format!("secret `{name}`: {problem}"));
            let purpose = Purpose::Secret {
                instance,
                workload,
                name,
                version: said.version,
            };
            let secret = self.unseal(&purpose, said.digest);
            let secret = secret.map_err(|problem| bad(&problem))?;
            if !(1..=MAX_SECRET).contains(&secret.expose().len()) {
                return Err(bad(&format!("it has from 1 to {MAX_SECRET} bytes")));
            }
            let kept = self.vault.keep(&purpose, said.digest, &secret);
            blobs.push((said.digest, kept.map_err(|problem| bad(&problem))?));
        }
        Ok(blobs)
    }

    /// The secret parameters of a run.
    fn parameters(
        mut self,
        instance: OrganizationId,
        by: &Upn,
        invoke: &Invoke,
    ) -> Result<Blobs, TurnedAway> {
        let mut blobs = Blobs::new();
        for (name, said) in &invoke.sealed {
            let purpose = Purpose::Parameter {
                instance,
                by,
                task: &invoke.task,
                name,
            };
            let kept = self.parameter(&purpose, &invoke.task, name, said);
            let kept = kept.map_err(|problem| bad(format!("parameter `{name}`: {problem}")))?;
            blobs.push((said.digest, kept));
        }
        Ok(blobs)
    }

    fn parameter(
        &mut self,
        purpose: &Purpose<'_>,
        task: &TaskName,
        name: &ParameterName,
        said: &SealedValue,
    ) -> Result<Vec<u8>, String> {
        let inside = self.unseal(purpose, said.digest)?;
        let in_words = |error: SealError| error.to_string();
        let value = seal::parameter(&inside, said).map_err(in_words)?;
        let text = std::str::from_utf8(value.expose());
        let text = text.map_err(|_| "it is not UTF-8".to_owned())?;
        let task = self.state.task(task);
        if let Some(schema) = task.and_then(|task| task.parameters.get(name)) {
            schema.admits_text(text)?;
        }
        let kept = self.vault.keep(purpose, said.digest, &inside);
        kept.map_err(in_words)
    }

    fn unseal(&mut self, purpose: &Purpose<'_>, digest: Digest) -> Result<Secret, String> {
        let sealed = self.beside.remove(&digest);
        let sealed = sealed.ok_or("it does not come with the statement")?;
        let opened = self.vault.unseal(purpose, &sealed);
        opened.map_err(|problem| format!("this node cannot open it: {problem}"))
    }
}

/// Turns away a secret that is said in plain text: once in the log, it would
/// stay there, also with a no.
pub(crate) fn check_plain(state: &State, statement: &Statement) -> Result<(), TurnedAway> {
    let found = match &statement.body {
        Body::Invoke(invoke) => {
            let mut said = invoke.parameters.keys().chain(invoke.attached.keys());
            said.find(|name| is_secret(state, &invoke.task, name))
        }
        Body::Request(request) => said_of_secret(state, &request.task, &request.parameters),
        Body::Approve(approve) => {
            let task = state.request(approve.request).map(|record| &record.task);
            task.and_then(|task| said_of_secret(state, task, &approve.parameters))
        }
        Body::Set(set) => match set.change() {
            Some(Change::Object(Object::Policy(policy))) => in_policy(state, policy),
            _ => None,
        },
        Body::Genesis(_)
        | Body::Enrol(_)
        | Body::RevokeKey(_)
        | Body::Signout(_)
        | Body::End(_)
        | Body::Outcome(_)
        | Body::Recover(_)
        | Body::Tick(_) => None,
    };
    match found {
        Some(name) => Err(TurnedAway::BadForm {
            problem: format!(
                "parameter `{name}` is a secret and stood in plain text; whoever saw it on the \
                 way knows it now. It travels sealed, and nothing can be said of it but that it \
                 is absent"
            ),
        }),
        None => Ok(()),
    }
}

fn is_secret(state: &State, task: &TaskName, name: &ParameterName) -> bool {
    let schema = state.task(task).and_then(|task| task.parameters.get(name));
    schema.is_some_and(Schema::is_secret)
}

fn said_of_secret<'a>(
    state: &State,
    task: &TaskName,
    constraints: &'a Constraints,
) -> Option<&'a ParameterName> {
    let mut said = constraints
        .iter()
        .filter(|(_, constraint)| **constraint != Constraint::Absent);
    said.find(|(name, _)| is_secret(state, task, name))
        .map(|(name, _)| name)
}

fn in_policy<'a>(state: &State, policy: &'a Policy) -> Option<&'a ParameterName> {
    let covered = state.tasks().filter(|task| policy.task.covers(&task.name));
    covered
        .filter_map(|task| said_of_secret(state, &task.name, &policy.parameters))
        .next()
}
