//! The story: what a writ file shows, in plain words.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::digest::{Digest, Index, KeyId, OrganizationId, RequestId};
use crate::fact::Fact;
use crate::log::Checkpoint;
use crate::names::Domain;
use crate::object::Approval;
use crate::record::RequestRecord;
use crate::state::{Decided, State};
use crate::statement::{Principal, Statement};
use crate::time::Time;
use crate::value::plain;
use crate::view::{ExecutionView, RequestView, RunStatus};

/// What no writ file shows, and what does.
pub const NOT_SHOWN: &str = "It does not show that nothing in between was left out, such as a \
    revocation. The whole log does: writ verify --log URL|DIR";

/// What a writ file shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The domain that names it.
    pub organization: Domain,
    /// The size of the log that holds it all.
    pub size: u64,
    /// The root of that log, as it was signed.
    pub root: Digest,
    /// The entry that it is about.
    pub entry: Index,
    /// What has become so by that entry, in words.
    pub became: Vec<String>,
    /// The run that it is about, as of that entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionView>,
    /// The request that it is about, as of that entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestView>,
    /// Everything that was said, in order.
    pub signed: Vec<Signed>,
    #[serde(skip)]
    pub(super) leaf_hashes: BTreeMap<Index, Digest>,
}

/// One thing that somebody said and signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// Its entry.
    pub index: Index,
    /// When the log took it.
    pub time: Time,
    /// Who said it.
    pub by: Principal,
    /// The key that signed.
    pub key: KeyId,
    /// What, in words.
    pub said: String,
}

impl Story {
    /// The story of what was decided, up to the entry that it is about.
    pub(super) fn of(
        state: &State,
        decided: &[Decided],
        about: Index,
        checkpoint: Checkpoint,
    ) -> Option<Self> {
        let end = decided.iter().position(|d| d.index == about)?;
        let (told, entry) = (decided.get(..=end)?, decided.get(end)?);
        let own = entry.facts.get(entry.passed..).unwrap_or_default();
        let execution = own.iter().find_map(Fact::execution);
        let request = match execution {
            Some(execution) => execution.request.and_then(|id| record_of(told, id)),
            None => own
                .iter()
                .rev()
                .find_map(|fact| fact.request().map(AsRef::as_ref)),
        };
        let signed = decided.iter().map(Signed::of);
        Some(Self {
            organization_id: state.organization()?,
            organization: state.domain()?.clone(),
            size: checkpoint.size,
            root: checkpoint.root,
            entry: about,
            became: own.iter().map(|fact| plain(&fact.to_string())).collect(),
            execution: execution.map(|record| record.as_ref().into()),
            request: request.map(RequestView::from),
            signed: signed.collect::<Option<_>>()?,
            leaf_hashes: decided.iter().map(|d| (d.index, d.leaf_hash)).collect(),
        })
    }

    /// What the file is about.
    pub fn about(&self) -> Option<&Signed> {
        self.signed.iter().find(|signed| signed.index == self.entry)
    }
}

/// The newest record of a request.
fn record_of(decided: &[Decided], id: RequestId) -> Option<&RequestRecord> {
    let facts = decided.iter().rev().flat_map(|d| d.facts.iter().rev());
    facts
        .filter_map(Fact::request)
        .find(|record| record.id == id)
        .map(AsRef::as_ref)
}

impl Signed {
    fn of(decided: &Decided) -> Option<Self> {
        let envelope = &decided.entry.envelope;
        let statement = Statement::of(envelope).ok()?;
        Some(Self {
            index: decided.index,
            time: decided.entry.time,
            by: statement.by.clone(),
            key: envelope.signature.keyid,
            said: statement.words(decided.digest),
        })
    }
}

impl fmt::Display for Story {
    /// In plain words, several lines. Nothing that somebody wrote can move a
    /// cursor or begin a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(execution) = &self.execution {
            fmt_execution(f, execution)?;
        }
        if let Some(request) = &self.request {
            fmt_request(f, request)?;
        }
        if self.execution.is_none()
            && let Some(about) = self.about()
        {
            writeln!(
                f,
                "Entry {}, by {}, at {}:",
                about.index, about.by, about.time
            )?;
            for fact in &self.became {
                writeln!(f, "  {fact}")?;
            }
        }
        writeln!(f, "\nWho signed what, from the founding on:")?;
        for signed in &self.signed {
            writeln!(
                f,
                "  {:>6}  {}  {} {}",
                signed.index,
                signed.time,
                signed.by,
                plain(&signed.said)
            )?;
        }
        write!(
            f,
            "\nAll of it is in the log of {} as it was signed when it had {} entries:\n  \
             organization id  {}\n  root             {}",
            self.organization, self.size, self.organization_id, self.root
        )
    }
}

fn fmt_execution(f: &mut fmt::Formatter<'_>, run: &ExecutionView) -> fmt::Result {
    write!(f, "{} ran {}", run.by, run.task)?;
    let values = run
        .parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let texts = run.attached.iter().map(|(name, text)| {
        format!(
            "{name}=({} bytes with the digest {})",
            text.size, text.digest
        )
    });
    let secrets = run.sealed.iter().map(|name| format!("{name}=(secret)"));
    for (at, given) in values.chain(texts).chain(secrets).enumerate() {
        write!(
            f,
            "{} {}",
            if at == 0 { " with" } else { "," },
            plain(&given)
        )?;
    }
    writeln!(f, " on {}, authorised at {}.", run.node, run.authorized)?;
    if run.exempt {
        writeln!(f, "A system account needs no approval: it was exempt then.")?;
    }
    let ended = run.ended.map(|at| format!(" at {at}")).unwrap_or_default();
    let exit = run.exit_code.map(|code| format!(", with exit code {code}"));
    let exit = exit.unwrap_or_default();
    match run.status {
        RunStatus::Authorized => writeln!(f, "How it ended is not in this file.")?,
        RunStatus::Succeeded => writeln!(f, "It succeeded{ended}{exit}.")?,
        RunStatus::Failed => writeln!(f, "It failed{ended}{exit}.")?,
        RunStatus::Unknown => writeln!(f, "Sight of it was lost{ended}{exit}.")?,
    }
    if let Some(note) = &run.note {
        writeln!(f, "The node remarked: {}", plain(note))?;
    }
    if let Some(resolved) = &run.resolved {
        let note = plain(&resolved.note);
        writeln!(
            f,
            "{} found that out at {}: {note}",
            resolved.by, resolved.at
        )?;
    }
    if let Some(output) = &run.output {
        writeln!(
            f,
            "It put out {} bytes; what is kept of them has, with 16 random bytes before it, the \
             digest\n  {}",
            output.size, output.digest
        )?;
    }
    writeln!(f, "Its id is {}.", run.id)
}

fn fmt_request(f: &mut fmt::Formatter<'_>, request: &RequestView) -> fmt::Result {
    writeln!(
        f,
        "{} asked for {} at {}, for {}: {}",
        request.by,
        request.task,
        request.raised,
        request.duration_s,
        plain(&request.reason)
    )?;
    if let Some(ticket) = &request.ticket {
        writeln!(f, "The ticket is {}.", plain(ticket))?;
    }
    match request.approval {
        Approval::Auto => writeln!(
            f,
            "The policy {} approves by itself; nobody was asked.",
            request.policy
        )?,
        Approval::Manual => {
            write!(f, "The policy {} asks for", request.policy)?;
            for (at, stage) in request.stages.iter().enumerate() {
                let then = if at == 0 { "" } else { ", then" };
                write!(f, "{then} {} of {}", stage.needed, stage.group)?;
            }
            writeln!(f, ".")?;
        }
    }
    for approval in &request.approvals {
        write!(f, "{} approved at {}", approval.by, approval.at)?;
        if let Some(shorter) = approval.duration_s {
            write!(f, ", for {shorter}")?;
        }
        for (name, constraint) in &approval.parameters {
            write!(f, ", only with {name} {}", plain(&constraint.to_string()))?;
        }
        match &approval.comment {
            Some(comment) => writeln!(f, ": {}", plain(comment))?,
            None => writeln!(f, ".")?,
        }
    }
    if let Some(grant) = &request.grant {
        writeln!(
            f,
            "So it was live from {} until {}.",
            grant.from, grant.until
        )?;
    }
    if let Some(ending) = &request.ending {
        write!(f, "It was {} at {}", request.status.name(), ending.at)?;
        if let Some(by) = &ending.by {
            write!(f, " by {by}")?;
        }
        match &ending.comment {
            Some(comment) => writeln!(f, ": {}", plain(comment))?,
            None => writeln!(f, ".")?,
        }
    }
    writeln!(f, "The request's id is {}.", request.id)
}
