//! `writ log`: the log itself, shown and verified.

use serde_json::json;
use writ_client::Client;
use writ_core::digest::{Digest, Index, OrganizationId};
use writ_core::entry::Entry;
use writ_core::log::Checkpoint;
use writ_core::statement::{Body, Change, Statement, TreeHead, Unverified};
use writ_engine::{Ledger, Trust};

use super::show::brief;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{Progress, local, print, print_bytes, print_items, print_json, print_table};

/// How many leaves are asked for at once.
const CHUNK: u64 = 1_000;

/// Show and verify the log
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Show entries: the last ones, or from an index on
    Show {
        /// The first index
        #[arg(long, value_name = "INDEX")]
        from: Option<u64>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u64,
    },
    /// Check everything again: every leaf, every signature, every decision
    ///
    /// Opens the database beside the server where the data directory is on this
    /// machine, and else downloads the entries. Names the first leaf that differs.
    Verify,
    /// Print the signed checkpoint
    Checkpoint,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Show { from, limit } => show(*from, *limit, context).await,
        Args::Verify => verify(context).await,
        Args::Checkpoint => {
            let note = context.client()?.checkpoint().await?;
            print_bytes(note.as_bytes());
            Ok(Exit::Done)
        }
    }
}

async fn show(from: Option<u64>, limit: u64, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let from = match from {
        Some(from) => from,
        None => client.status().await?.log_size.saturating_sub(limit),
    };
    let mut shown = Vec::new();
    while (shown.len() as u64) < limit {
        let begin = from + shown.len() as u64;
        let most = CHUNK.min(limit - shown.len() as u64);
        let leaves = client.leaves(begin, most).await?;
        if leaves.is_empty() {
            break;
        }
        for (leaf, index) in leaves.iter().zip(begin..) {
            shown.push(Shown::read(index, leaf)?);
        }
    }
    if context.is_json() {
        print_items(&shown.iter().map(Shown::json).collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    print_table(
        &["index", "time", "by", "what", "verdict"],
        shown.iter().map(Shown::row).collect(),
        "the log has no such entries",
    );
    Ok(Exit::Done)
}

/// One entry, read.
struct Shown {
    index: u64,
    entry: Entry,
    digest: Digest,
    statement: Statement,
}

impl Shown {
    fn read(index: u64, leaf: &[u8]) -> Result<Self, Failure> {
        let odd = |error: &dyn std::fmt::Display| {
            Failure::broken(format!("entry {index} cannot be read: {error}"))
        };
        let entry = Entry::parse(leaf).map_err(|error| odd(&error))?;
        let said = Unverified::read(entry.envelope.clone()).map_err(|error| odd(&error))?;
        Ok(Self {
            index,
            digest: said.digest(),
            statement: said.statement().clone(),
            entry,
        })
    }

    fn row(&self) -> Vec<String> {
        let verdict = match (&self.entry.code, self.entry.accepted) {
            (_, true) => "yes".to_owned(),
            (Some(code), false) => format!("no: {code}"),
            (None, false) => "no".to_owned(),
        };
        vec![
            self.index.to_string(),
            local(self.entry.time),
            self.statement.by.to_string(),
            what(&self.statement.body, self.digest),
            verdict,
        ]
    }

    fn json(&self) -> serde_json::Value {
        let payload = &self.entry.envelope.payload;
        json!({
            "index": self.index,
            "time": self.entry.time,
            "node": self.entry.node,
            "accepted": self.entry.accepted,
            "code": self.entry.code,
            "digest": self.digest,
            "type": self.entry.envelope.payload_type,
            "key": self.entry.envelope.signature.keyid,
            "statement": serde_json::from_slice::<serde_json::Value>(payload).ok(),
        })
    }
}

/// A statement in a few words.
fn what(body: &Body, digest: Digest) -> String {
    let id = |digest: Digest| brief(&digest.short());
    match body {
        Body::Genesis(genesis) => format!("founds {}", genesis.organization),
        Body::Set(set) => match set.change() {
            Some(Change::Object(object)) => format!("sets {} {}", object.noun(), object.name()),
            Some(Change::Remove(name)) => format!("removes {} {}", name.noun(), name.as_str()),
            None => "sets nothing".to_owned(),
        },
        Body::Enrol(enrol) => format!("enrols the key `{}` of {}", enrol.label, enrol.person),
        Body::RevokeKey(revoke) => format!("revokes a key of {}", revoke.person),
        Body::Signout(signout) => format!("signs {} out", signout.person),
        Body::Request(request) => format!("requests {}: {}", request.task, id(digest)),
        Body::Approve(approve) => format!("approves {}", id(approve.request.0)),
        Body::End(end) => format!("ends {}", id(end.request.0)),
        Body::Invoke(invoke) => format!("runs {}: {}", invoke.task, id(digest)),
        Body::Outcome(outcome) => format!(
            "{} {}",
            id(outcome.execution.0),
            writ_core::view::RunStatus::from(outcome.result).name()
        ),
        Body::Recover(recover) => format!(
            "RECOVERS: {} entries were lost after {}",
            recover.lost.size - recover.kept.size,
            recover.kept.size
        ),
        Body::Tick(_) => "lets time pass".to_owned(),
    }
}

/// What was verified.
struct Verified {
    organization: OrganizationId,
    head: TreeHead,
    how: &'static str,
}

async fn verify(context: &Context) -> Result<Exit, Failure> {
    let verified = match beside(context)? {
        true => from_database(context).await?,
        false => from_server(&context.client()?).await?,
    };
    if context.is_json() {
        print_json(&json!({
            "organization_id": verified.organization,
            "size": verified.head.size,
            "root": verified.head.root,
        }));
        return Ok(Exit::Done);
    }
    print(&format!(
        "The log verifies: {} entries, {}.",
        verified.head.size, verified.how
    ));
    print(&format!("  organization id  {}", verified.organization));
    print(&format!("  root             {}", verified.head.root));
    Ok(Exit::Done)
}

/// Whether the organization's database is on this machine, and meant.
fn beside(context: &Context) -> Result<bool, Failure> {
    if context.named_server().is_some() {
        return Ok(false);
    }
    let Some(here) = context.data()?.organization() else {
        return Ok(false);
    };
    Ok(match context.profile() {
        Ok(profile) => profile.account().organization == here,
        // Whoever operates the node needs no profile.
        Err(_) => true,
    })
}

async fn from_database(context: &Context) -> Result<Verified, Failure> {
    let mut progress = Progress::new();
    let report = context
        .data()?
        .verify(|size| progress.at(|_| format!("{size} entries verified")))
        .await
        .map_err(Failure::broken)?;
    Ok(Verified {
        organization: report.organization,
        head: report.head,
        how: "every signature and every decision, against the head that the node signed",
    })
}

/// Downloads the entries below the checkpoint, and checks them here.
async fn from_server(client: &Client) -> Result<Verified, Failure> {
    let note = client.checkpoint().await?;
    let expected = client.account().organization;
    let mut ledger = Ledger::default();
    let mut progress = Progress::new();
    let size = size_of(&note)?;
    while ledger.size() < size {
        let most = CHUNK.min(size - ledger.size());
        let leaves = client.leaves(ledger.size(), most).await?;
        if leaves.is_empty() {
            return Err(Failure::broken(format!(
                "the checkpoint says {size} entries, and the server gives {} only",
                ledger.size()
            )));
        }
        for leaf in leaves {
            ledger
                .replay(&leaf, Trust::Signatures)
                .map_err(Failure::broken)?;
            if ledger.size() == 1 && ledger.state().organization() != Some(expected) {
                return Err(Failure::broken(format!(
                    "{} does not found the organization {expected} of this profile",
                    Index(0)
                )));
            }
        }
        let done = ledger.size();
        progress.at(|_| format!("{done} of {size} entries verified"));
    }
    let (Some(origin), Some(site)) = (ledger.state().origin(), ledger.state().site()) else {
        return Err(Failure::broken("the log founds no organization"));
    };
    let signed = Checkpoint::open(&note, &origin, &site.services.log)
        .map_err(|error| Failure::broken(format!("the checkpoint: {error}")))?;
    let head = ledger.head();
    if (signed.size, signed.root) != (head.size, head.root) {
        return Err(Failure::broken(format!(
            "the {size} entries that the server gives are not those that it signed: it signed the \
             root {}, and theirs is {}",
            signed.root, head.root
        )));
    }
    Ok(Verified {
        organization: expected,
        head,
        how: "every signature and every decision, downloaded, against the signed checkpoint",
    })
}

/// The size that a checkpoint says, in its second line; not trusted yet.
fn size_of(note: &str) -> Result<u64, Failure> {
    let size = note.lines().nth(1).and_then(|line| line.parse().ok());
    size.ok_or_else(|| Failure::broken("the server's checkpoint is not one"))
}
