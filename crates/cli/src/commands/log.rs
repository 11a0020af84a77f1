//! `writ log`: the log itself, shown and verified.

use serde_json::json;
use writ_core::digest::{Digest, OrganizationId};
use writ_core::entry::Entry;
use writ_core::statement::{Statement, TreeHead, Unverified};
use writ_engine::{Kept, Ledger};

use super::source::{CHUNK, Source, Verified};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print_bytes, print_items, print_json, print_table, remark};

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
    Verify {
        /// Only what is new since the last time on this machine; finds a log that
        /// was cut or replaced since, and trusts what was verified then
        #[arg(long)]
        new: bool,
    },
    /// Make the listings of requests and runs anew from the log
    ///
    /// On the host of a node that is stopped. Listings have no authority; this is
    /// for when `writ log verify` says that they do not say what the log says.
    Rebuild,
    /// Print the signed checkpoint
    Checkpoint,
    /// Print every leaf, byte for byte, one a line
    ///
    /// Together with the checkpoint it is all that another verifier needs:
    /// writ log checkpoint > checkpoint; writ log export > leaves
    Export,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Show { from, limit } => show(*from, *limit, context).await,
        Args::Verify { new } => verify_log(*new, context).await,
        Args::Export => export(context).await,
        Args::Rebuild => {
            let ledger = context.data()?.rebuild_rows().await;
            let ledger = ledger.map_err(Failure::broken)?;
            remark(&format!(
                "The listings are made anew from {} entries.",
                ledger.size()
            ));
            Ok(Exit::Done)
        }
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
pub(super) struct Shown {
    index: u64,
    entry: Entry,
    digest: Digest,
    statement: Statement,
}

impl Shown {
    pub(super) fn read(index: u64, leaf: &[u8]) -> Result<Self, Failure> {
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
            self.statement.words(self.digest),
            verdict,
        ]
    }

    pub(super) fn json(&self) -> serde_json::Value {
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

/// The checkpoint that was printed before is of the beginning of this.
async fn export(context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let mut next = 0;
    loop {
        let leaves = client.leaves(next, CHUNK).await?;
        if leaves.is_empty() {
            return Ok(Exit::Done);
        }
        for leaf in leaves {
            print_bytes(&[leaf.as_slice(), b"\n"].concat());
            next += 1;
        }
    }
}

async fn verify_log(new: bool, context: &Context) -> Result<Exit, Failure> {
    let verified = verified(new, context).await?;
    if context.is_json() {
        let TreeHead { size, root } = verified.ledger.head();
        print_json(&json!({
            "organization_id": verified.organization,
            "size": size,
            "root": root,
            "source": verified.source,
            "compared": verified.compared,
        }));
        return Ok(Exit::Done);
    }
    verified.print();
    Ok(Exit::Done)
}

/// Verifies the log, all of it or what is new, and remembers how far.
pub(super) async fn verified(new: bool, context: &Context) -> Result<Verified, Failure> {
    let source = Source::of(context)?;
    let kept = source.kept(context)?;
    let (from, most) = begin(new, &kept, source.organization());
    let verified = match all_of(&source, from).await {
        Ok(verified) => verified,
        Err(failure) => {
            // Nobody goes on from what turned out to be wrong.
            if let Err(error) = kept.forget() {
                remark(&format!("what was verified before stays: {error}"));
            }
            return Err(failure);
        }
    };
    let size = verified.ledger.head().size;
    if most > size {
        return Err(Failure::broken(format!(
            "the log verifies with {size} entries, and {most} were verified before: it was cut since"
        )));
    }
    if let Err(error) = kept.write(&verified.ledger) {
        remark(&format!(
            "the next `log verify --new` begins at entry 0: {error}"
        ));
    }
    Ok(verified)
}

/// The log beyond a ledger; from its first entry on, what is kept beside it too.
async fn all_of(source: &Source, from: Ledger) -> Result<Verified, Failure> {
    let mut verified = source.verify(from, |_, _| {}).await?;
    if let Some(derived) = verified.derived.take() {
        verified.compared = source.compare(derived).await?;
    }
    Ok(verified)
}

/// What to go on from, and how many entries were verified before.
fn begin(new: bool, kept: &Kept, organization: OrganizationId) -> (Ledger, u64) {
    let before = kept.read();
    let before = before.filter(|ledger| ledger.state().organization() == Some(organization));
    let before = before.unwrap_or_default();
    let size = before.size();
    (if new { before } else { Ledger::default() }, size)
}
