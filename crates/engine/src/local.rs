//! The state directory: what a node knows without its database.
//!
//! It holds the organization's id, the **service keys**, the key-encryption
//! key, the **head** and a lock. None of it is ever in the database or its
//! backup. The head is the newest checkpoint that this node signed: at start
//! the database must contain it, so whoever rolls the database back is found
//! out. Files are 0600 in a directory of 0700.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::agreement;
use writ_core::digest::OrganizationId;
use writ_core::envelope::Envelope;
use writ_core::key::{Hex, PublicKey, SigningKey};
use writ_core::log::Checkpoint;
use writ_core::names::Name;
use writ_core::object::{SealingAlgorithm, SealingKey, Services};
use writ_core::statement::Unverified;
use writ_store::{Backend, Batch};
use zeroize::Zeroizing;

use crate::clock::{Clock, Entropy};
use crate::keep::Kept;
use crate::ledger::{Ledger, Step};
use crate::project::stored;
use crate::vault::Vault;

/// The head file has one size, so that overwriting it touches one sector.
const HEAD_SIZE: usize = 512;

/// Which of the services' keys may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKey {
    /// Signs checkpoints and ticks.
    Log,
    /// Signs outcomes.
    Runner,
}

impl ServiceKey {
    const ALL: [Self; 2] = [Self::Log, Self::Runner];

    const fn file(self) -> &'static str {
        match self {
            Self::Log => "log.key",
            Self::Runner => "runner.key",
        }
    }

    /// Where a new one waits until the log names it.
    fn next(self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.next", self.file()))
    }

    const fn of(self, services: &Services) -> &PublicKey {
        match self {
            Self::Log => &services.log,
            Self::Runner => &services.runner,
        }
    }
}

/// What went wrong with the state directory, where, and what to do.
#[derive(Debug)]
pub struct LocalError {
    path: PathBuf,
    problem: String,
}

impl LocalError {
    fn new(path: &Path, problem: impl fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            problem: problem.to_string(),
        }
    }
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for LocalError {}

/// The opened, locked state directory of one node.
pub struct LocalState {
    directory: PathBuf,
    pub(crate) log_key: Arc<SigningKey>,
    pub(crate) runner_key: Arc<SigningKey>,
    sealing: Zeroizing<[u8; 32]>,
    wrapping: Zeroizing<[u8; 32]>,
    organization: Option<OrganizationId>,
    head: File,
    _lock: File,
}

impl LocalState {
    /// Makes a new state directory with new service keys; it must not exist.
    pub fn create(directory: &Path, entropy: &dyn Entropy) -> Result<Self, LocalError> {
        create_private_directory(directory).map_err(|error| {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return LocalError::new(directory, error);
            }
            LocalError::new(
                directory,
                "exists already; an organization is founded once, in a directory of its own",
            )
        })?;
        for name in ["log.key", "runner.key", "sealing.key", "kek"] {
            write_secret(&directory.join(name), entropy)?;
        }
        write_private(&directory.join("head"), &[0; HEAD_SIZE])?;
        write_private(&directory.join("lock"), b"")?;
        sync_directory(directory)?;
        Self::open(directory)
    }

    /// Opens and locks a state directory; only one process may have it.
    pub fn open(directory: &Path) -> Result<Self, LocalError> {
        if !directory.is_dir() {
            return Err(LocalError::new(
                directory,
                "there is no organization here; found one: writ init --organization DOMAIN --admin UPN",
            ));
        }
        refuse_shared(directory)?;
        let path = directory.join("lock");
        let lock = open_private(&path)?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => LocalError::new(
                &path,
                "another writ process serves this directory; stop it first",
            ),
            fs::TryLockError::Error(error) => LocalError::new(&path, error),
        })?;
        let organization = read_organization(&directory.join("organization"))?;
        Ok(Self {
            log_key: Arc::new(read_key(&directory.join(ServiceKey::Log.file()))?),
            runner_key: Arc::new(read_key(&directory.join(ServiceKey::Runner.file()))?),
            sealing: read_secret(&directory.join("sealing.key"))?,
            wrapping: read_wrapping(&directory.join("kek"))?,
            organization,
            head: open_private(&directory.join("head"))?,
            directory: directory.to_owned(),
            _lock: lock,
        })
    }

    /// The organization's id, once it is founded.
    pub const fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }

    /// What opens and keeps secrets.
    pub(crate) fn vault(&self, entropy: Arc<dyn Entropy>) -> Vault {
        Vault::new(self.sealing.clone(), self.wrapping.clone(), entropy)
    }

    /// The public halves of the service keys.
    pub fn services(&self) -> Result<Services, LocalError> {
        let path = self.directory.join("sealing.key");
        let bad = |error: &dyn fmt::Display| LocalError::new(&path, error);
        let private = agreement::PrivateKey::from_private_key(&agreement::X25519, &*self.sealing)
            .map_err(|error| bad(&error))?;
        let public = private.compute_public_key().map_err(|error| bad(&error))?;
        Ok(Services {
            log: self.log_key.public(),
            runner: self.runner_key.public(),
            sealing: SealingKey {
                alg: SealingAlgorithm::X25519,
                public: Hex(public.as_ref().to_vec()),
            },
        })
    }

    /// Where the node keeps its ledger.
    pub(crate) fn kept(&self) -> Kept {
        Kept::at(self.directory.join("ledger"))
    }

    fn remember_organization(&mut self, id: OrganizationId) -> Result<(), LocalError> {
        write_private(
            &self.directory.join("organization"),
            format!("{id}\n").as_bytes(),
        )?;
        sync_directory(&self.directory)?;
        self.organization = Some(id);
        Ok(())
    }

    /// The newest checkpoint that this node signed, if it signed any: of the log
    /// of this origin, in whichever epoch.
    pub(crate) fn read_head(&mut self, origin: &str) -> Result<Option<Checkpoint>, LocalError> {
        let path = self.directory.join("head");
        let mut bytes = Vec::new();
        self.head
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.head.read_to_end(&mut bytes))
            .map_err(|error| LocalError::new(&path, error))?;
        let bad = |error: &dyn fmt::Display| {
            let next = "restore this one file from a backup, an older one will do";
            LocalError::new(&path, format_args!("{error}; {next}"))
        };
        let text = String::from_utf8(bytes).map_err(|_| bad(&"is not a checkpoint"))?;
        let text = text.trim_end_matches('\0');
        if text.is_empty() {
            return Ok(None);
        }
        let named = text.lines().next().unwrap_or_default();
        let epoch = named.strip_prefix(origin).unwrap_or("?");
        let origin = match epoch.is_empty() || epoch.starts_with('/') {
            true => named,
            false => origin,
        };
        let opened = Checkpoint::open(text, origin, &self.log_key.public());
        // The head is signed by a new key before that is in use.
        let next = ServiceKey::Log.next(&self.directory);
        let opened = match (opened, next.exists()) {
            (Err(_), true) => Checkpoint::open(text, origin, &read_key(&next)?.public()),
            (opened, _) => opened,
        };
        opened.map(Some).map_err(|error| bad(&error))
    }

    /// Makes a new service key, which waits until the log names it.
    pub(crate) fn prepare(
        &self,
        which: ServiceKey,
        entropy: &dyn Entropy,
    ) -> Result<PublicKey, LocalError> {
        let path = which.next(&self.directory);
        // One that was made before and never named.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(LocalError::new(&path, error));
            }
            Ok(()) | Err(_) => {}
        }
        write_secret(&path, entropy)?;
        sync_directory(&self.directory)?;
        Ok(read_key(&path)?.public())
    }

    /// Takes the keys into use that the log names now; refuses a directory that
    /// does not hold them.
    pub(crate) fn adopt(&mut self, ledger: &Ledger) -> Result<(), LocalError> {
        let Some(site) = ledger.state().site() else {
            return Ok(());
        };
        for which in ServiceKey::ALL {
            let named = which.of(&site.services);
            if self.key(which).public() == *named {
                continue;
            }
            let next = which.next(&self.directory);
            let key = read_key(&next).ok().filter(|key| key.public() == *named);
            let key = key.ok_or_else(|| self.other_key(which))?;
            match which {
                ServiceKey::Log => self.log_key = Arc::new(key),
                ServiceKey::Runner => self.runner_key = Arc::new(key),
            }
            if let (ServiceKey::Log, Some(checkpoint)) = (which, ledger.checkpoint()) {
                self.keep_head(&checkpoint)?;
            }
            fs::rename(&next, self.directory.join(which.file()))
                .map_err(|error| LocalError::new(&next, error))?;
            sync_directory(&self.directory)?;
        }
        Ok(())
    }

    /// Refuses a directory whose keys in use are not those that the log names.
    pub(crate) fn check_keys(&self, ledger: &Ledger) -> Result<(), LocalError> {
        let services = ledger.state().site().map(|site| &site.services);
        let other = ServiceKey::ALL.into_iter().find(|which| {
            services.map(|named| which.of(named)) != Some(&self.key(*which).public())
        });
        match other {
            Some(which) => Err(self.other_key(which)),
            None => Ok(()),
        }
    }

    fn other_key(&self, which: ServiceKey) -> LocalError {
        LocalError::new(
            &self.directory.join(which.file()),
            "is not the key that the log names; restore state/ from its backup of that time",
        )
    }

    fn key(&self, which: ServiceKey) -> &SigningKey {
        match which {
            ServiceKey::Log => &self.log_key,
            ServiceKey::Runner => &self.runner_key,
        }
    }

    /// Signs and keeps a checkpoint as the head: on disk when this returns.
    pub(crate) fn keep_head(&mut self, checkpoint: &Checkpoint) -> Result<(), LocalError> {
        let path = self.directory.join("head");
        let bad = |error: &dyn fmt::Display| LocalError::new(&path, error);
        let note = checkpoint
            .sign(&self.log_key)
            .map_err(|error| bad(&error))?;
        self.write_head(&note)
            .and_then(|()| self.sync_head())
            .map_err(|error| bad(&error))
    }

    /// Overwrites the head; survives the end of the process, not yet a loss of power.
    pub(crate) fn write_head(&mut self, checkpoint: &str) -> io::Result<()> {
        let mut bytes = [0; HEAD_SIZE];
        match bytes.get_mut(..checkpoint.len()) {
            Some(room) => room.copy_from_slice(checkpoint.as_bytes()),
            None => return Err(io::Error::other("a checkpoint that is too long")),
        }
        self.head.seek(SeekFrom::Start(0))?;
        self.head.write_all(&bytes)
    }

    /// Makes the head survive a loss of power.
    pub(crate) fn sync_head(&self) -> io::Result<()> {
        self.head.sync_data()
    }
}

/// What `log verify` needs of a state directory, also while a node serves it.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The organization's id.
    pub organization: OrganizationId,
    /// The newest checkpoint that the node signed; a signed note.
    pub head: Option<String>,
}

impl Anchor {
    /// Reads a state directory without locking it.
    pub fn read(directory: &Path) -> Result<Self, LocalError> {
        let path = directory.join("organization");
        let organization = read_organization(&path)?
            .ok_or_else(|| LocalError::new(&path, "there is no organization here"))?;
        let path = directory.join("head");
        let text = fs::read_to_string(&path).map_err(|error| LocalError::new(&path, error))?;
        let head = Some(text.trim_end_matches('\0').to_owned()).filter(|text| !text.is_empty());
        Ok(Self { organization, head })
    }
}

/// Founds the organization that `genesis` describes: entry 0 of an empty store.
pub async fn found_organization(
    local: &mut LocalState,
    store: &dyn Backend,
    clock: &dyn Clock,
    node: &Name,
    genesis: Envelope,
) -> Result<OrganizationId, LocalError> {
    let path = local.directory.clone();
    let bad = |problem: &dyn fmt::Display| LocalError::new(&path, problem);
    let empty = Ledger::default();
    let now = clock.now();
    let said = Unverified::read(Arc::new(genesis)).map_err(|error| bad(&error))?;
    let key = empty
        .state()
        .key_for(&said, now)
        .ok_or_else(|| bad(&"not a genesis"))?;
    let said = said.verify(&key).map_err(|error| bad(&error))?;
    let (ledger, steps) = empty.decide(now, node, std::iter::once(&said));
    let Some(Step::Appended(decided)) = steps.into_iter().next() else {
        return Err(bad(&"nothing was decided"));
    };
    if let Some(refusal) = decided.refusal {
        return Err(bad(&refusal));
    }
    let batch = Batch {
        expect: empty.head(),
        after: ledger.head(),
        entries: vec![stored(&decided)],
        rows: Vec::new(),
        blobs: Vec::new(),
    };
    store.append(batch).await.map_err(|error| bad(&error))?;
    let id = OrganizationId(decided.leaf_hash);
    local.remember_organization(id)?;
    if let Some(checkpoint) = ledger.checkpoint() {
        local.keep_head(&checkpoint)?;
    }
    Ok(id)
}

fn create_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes a new file that only its owner may read; it must not exist.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), LocalError> {
    private_options()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|error| LocalError::new(path, error))
}

fn open_private(path: &Path) -> Result<File, LocalError> {
    refuse_shared(path)?;
    private_options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| LocalError::new(path, error))
}

/// Refuses what others than its owner may read or write.
fn refuse_shared(path: &Path) -> Result<(), LocalError> {
    let metadata = fs::metadata(path).map_err(|error| LocalError::new(path, error))?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(LocalError::new(
            path,
            format!("others may read it; run: chmod go= {}", path.display()),
        ));
    }
    let _ = metadata;
    Ok(())
}

fn sync_directory(path: &Path) -> Result<(), LocalError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| LocalError::new(path, error))
}

/// Writes a new secret of 32 bytes.
fn write_secret(path: &Path, entropy: &dyn Entropy) -> Result<(), LocalError> {
    let mut secret = Zeroizing::new([0; 32]);
    entropy.fill(&mut *secret);
    let text = Zeroizing::new(String::from(Hex(secret.to_vec())) + "\n");
    write_private(path, text.as_bytes())
}

fn read_key(path: &Path) -> Result<SigningKey, LocalError> {
    read_secret(path).map(SigningKey::from_seed)
}

/// The key that kept secrets are wrapped by. A new one would open none of them,
/// so none is made in place of one that is gone.
fn read_wrapping(path: &Path) -> Result<Zeroizing<[u8; 32]>, LocalError> {
    match path.exists() {
        true => read_secret(path),
        false => Err(LocalError::new(
            path,
            "is missing, and opens the secrets that the database keeps; restore it with the rest \
             of state/ from its backup",
        )),
    }
}

fn read_secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, LocalError> {
    refuse_shared(path)?;
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| LocalError::new(path, error))?;
    let bytes =
        Hex::try_from(text.trim_end().to_owned()).map_err(|error| LocalError::new(path, error))?;
    let bytes = Zeroizing::new(bytes.0);
    let bytes = <[u8; 32]>::try_from(bytes.as_slice())
        .map_err(|_| LocalError::new(path, "does not hold 32 bytes; restore it from its backup"))?;
    Ok(Zeroizing::new(bytes))
}

fn read_organization(path: &Path) -> Result<Option<OrganizationId>, LocalError> {
    match fs::read_to_string(path) {
        Ok(text) => text
            .trim_end()
            .parse()
            .map(Some)
            .map_err(|error| LocalError::new(path, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LocalError::new(path, error)),
    }
}
