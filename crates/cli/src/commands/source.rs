//! Where a log is verified from: the database on this machine, or a server.

use writ_client::Client;
use writ_core::digest::{Digest, Index, OrganizationId};
use writ_core::log::{Checkpoint, leaf_hash};
use writ_core::state::Decided;
use writ_core::statement::TreeHead;
use writ_engine::{Compared, Derived, Kept, Ledger, Trust};

use crate::context::Context;
use crate::exit::Failure;
use crate::node::DataDirectory;
use crate::output::{Progress, print};

/// How many leaves are asked for at once.
pub(super) const CHUNK: u64 = 1_000;

/// A log, and the organization that it must be of.
pub(super) struct Source {
    organization: OrganizationId,
    place: Place,
}

enum Place {
    Database(Box<DataDirectory>),
    Server(Box<Client>),
}

impl Source {
    /// The database of the node on this machine, if that is meant; else the
    /// profile's server.
    pub(super) fn of(context: &Context) -> Result<Self, Failure> {
        match beside(context)? {
            Some(organization) => Ok(Self::database(context.data()?, organization)),
            None => {
                let client = context.client()?;
                let organization = client.account().organization;
                Ok(Self::server(client, organization))
            }
        }
    }

    pub(super) fn database(data: DataDirectory, organization: OrganizationId) -> Self {
        let place = Place::Database(Box::new(data));
        Self {
            organization,
            place,
        }
    }

    pub(super) fn server(client: Client, organization: OrganizationId) -> Self {
        let place = Place::Server(Box::new(client));
        Self {
            organization,
            place,
        }
    }

    pub(super) const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Where the ledger is kept that was verified last.
    pub(super) fn kept(&self, context: &Context) -> Result<Kept, Failure> {
        match &self.place {
            Place::Database(data) => Ok(data.verified()),
            Place::Server(_) => Ok(Kept::at(context.profile()?.folder().join("verified"))),
        }
    }

    /// The signed checkpoint as it is now; not checked yet.
    pub(super) async fn checkpoint(&self) -> Result<String, Failure> {
        match &self.place {
            Place::Database(data) => data.head().map_err(Failure::broken),
            Place::Server(client) => Ok(client.checkpoint().await?),
        }
    }

    /// Compares what the database holds beside the log with what the log makes of
    /// it. What a server holds beside it, only its operator can look at.
    pub(super) async fn compare(&self, derived: Derived) -> Result<Option<Compared>, Failure> {
        let Place::Database(data) = &self.place else {
            return Ok(None);
        };
        let mut progress = Progress::new();
        let compared = data.compare(derived, |done| {
            progress.at(|_| format!("{done} rows and texts compared"));
        });
        compared.await.map(Some).map_err(Failure::broken)
    }

    /// Verifies the log beyond what was verified before. `seen` is told of every
    /// entry, and the hash of its leaf.
    pub(super) async fn verify(
        &self,
        from: Ledger,
        seen: impl FnMut(&Decided, Digest),
    ) -> Result<Verified, Failure> {
        match &self.place {
            Place::Database(data) => from_database(data, self.organization, from, seen).await,
            Place::Server(client) => from_server(client, self.organization, from, seen).await,
        }
    }
}

/// The organization whose database is on this machine, if that is meant.
pub(super) fn beside(context: &Context) -> Result<Option<OrganizationId>, Failure> {
    if context.named_server().is_some() {
        return Ok(None);
    }
    let Some(here) = context.data()?.organization() else {
        return Ok(None);
    };
    let is_meant = match context.profile() {
        Ok(profile) => profile.account().organization == here,
        // Whoever operates the node needs no profile.
        Err(_) => true,
    };
    Ok(is_meant.then_some(here))
}

/// What was verified.
pub(super) struct Verified {
    pub(super) organization: OrganizationId,
    /// All of it: its head is what was verified, and the next time goes on from it.
    pub(super) ledger: Ledger,
    /// What else should be there, if all of it was verified from the database.
    pub(super) derived: Option<Derived>,
    /// What else is there, once it was compared.
    pub(super) compared: Option<Compared>,
    /// How many entries had been verified before.
    pub(super) before: u64,
    /// Where the entries were: a file, an address.
    pub(super) source: String,
    how: &'static str,
}

impl Verified {
    pub(super) fn print(&self) {
        let TreeHead { size, root } = self.ledger.head();
        print(&format!(
            "The log verifies: {size} entries of {}, {}.",
            self.source, self.how
        ));
        if self.before > 0 {
            print(&format!(
                "  Of these, {} were verified before on this machine and not decided again; for \
                 all of it: writ log verify",
                self.before
            ));
        }
        print(&format!("  organization id  {}", self.organization));
        print(&format!("  root             {root}"));
        if let Some(compared) = &self.compared {
            let Compared {
                rows,
                newer,
                texts,
                sealed,
            } = compared;
            print(&format!(
                "  listings         {rows} rows, as the log makes them"
            ));
            if *newer > 0 {
                print(&format!(
                    "  newer rows       {newer}, made since the last entry verified; not compared"
                ));
            }
            print(&format!("  texts, outputs   {texts}, to the byte"));
            print(&format!("  sealed boxes     {sealed}, there"));
        }
    }
}

/// Verifies the log of a data directory, beyond what was verified before.
async fn from_database(
    data: &DataDirectory,
    organization: OrganizationId,
    from: Ledger,
    mut seen: impl FnMut(&Decided, Digest),
) -> Result<Verified, Failure> {
    let before = from.size();
    let mut progress = Progress::new();
    let report = data.verify(from, |decided, leaf_hash| {
        seen(decided, leaf_hash);
        progress.at(|_| format!("{} entries verified", decided.index.0 + 1));
    });
    let report = report.await.map_err(Failure::broken)?;
    if report.organization != organization {
        return Err(other(report.organization, organization));
    }
    Ok(Verified {
        organization,
        ledger: report.ledger,
        derived: report.derived,
        compared: None,
        before,
        source: data.database().display().to_string(),
        how: "every signature and every decision, against the head that the node signed",
    })
}

/// Downloads the entries below the checkpoint, beyond what was verified before,
/// and checks them here.
async fn from_server(
    client: &Client,
    organization: OrganizationId,
    mut ledger: Ledger,
    mut seen: impl FnMut(&Decided, Digest),
) -> Result<Verified, Failure> {
    let note = client.checkpoint().await?;
    let mut progress = Progress::new();
    let before = ledger.size();
    // Not trusted before its signature is checked, at the end.
    let size = Checkpoint::size_said(&note)
        .ok_or_else(|| Failure::broken("the server's checkpoint is not one"))?;
    if size < before {
        return Err(Failure::broken(format!(
            "{before} entries were verified before, and the server signs {size} now: its log was cut"
        )));
    }
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
            let decided = ledger
                .replay(&leaf, Trust::Signatures)
                .map_err(Failure::broken)?;
            seen(&decided, leaf_hash(&leaf));
            match ledger.state().organization() {
                Some(found) if found != organization => return Err(other(found, organization)),
                Some(_) => {}
                None => return Err(Failure::broken(format!("entry {} founds none", Index(0)))),
            }
        }
        let done = ledger.size();
        progress.at(|_| format!("{done} of {size} entries verified"));
    }
    let signed = signed(&note, &ledger)?;
    let head = ledger.head();
    if (signed.size, signed.root) != (head.size, head.root) {
        return Err(Failure::broken(format!(
            "the {size} entries that the server gives are not those that it signed: it signed the \
             root {}, and theirs is {}",
            signed.root, head.root
        )));
    }
    Ok(Verified {
        organization,
        ledger,
        derived: None,
        compared: None,
        before,
        source: client.url().to_owned(),
        how: "every signature and every decision, downloaded, against the signed checkpoint",
    })
}

/// Opens a checkpoint with the key that the log itself names.
pub(super) fn signed(note: &str, ledger: &Ledger) -> Result<Checkpoint, Failure> {
    let verifier = ledger.state().verifier();
    let verifier = verifier.ok_or_else(|| Failure::broken("the log founds no organization"))?;
    Checkpoint::open(note, verifier.name(), verifier.key())
        .map_err(|error| Failure::broken(format!("the checkpoint: {error}")))
}

fn other(found: OrganizationId, expected: OrganizationId) -> Failure {
    Failure::broken(format!(
        "entry 0 founds the organization {found}, and the one in question is {expected}"
    ))
}
