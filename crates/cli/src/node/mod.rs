//! The node side of the binary: a data directory, and the adapters it is opened
//! with. The only place that names a store and the connectors.

mod config;
mod telling;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use writ_connect::template::{Template, TemplateError};
use writ_connect::{CommandConfig, CommandConnector, Connectors, ExchangeConnector, Paths, pin};
use writ_core::digest::{Digest, Index, OrganizationId};
use writ_core::entry::Entry;
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::key::{Hex, PublicKey, SigningKey};
use writ_core::names::{Domain, Name, ParameterName, TaskName};
use writ_core::object::{SiteSettings, Task};
use writ_core::record::Recovery;
use writ_core::rules::Rules;
use writ_core::state::{Decided, State};
use writ_core::statement::{
    Body, FirstAdministrator, Genesis, LabelledKey, Payload, Principal, Statement, sign,
};
use writ_core::value::Values;
use writ_data::DataConnector;
use writ_engine::{
    Anchor, Clock, Compared, Derived, Engine, Entropy, Kept, Ledger, LocalState, Options,
    PER_PERSON, Recovering, Report, Rotating, ServiceKey, SystemClock, SystemEntropy,
    found_organization, rebuild_rows, verify_log,
};
use writ_notify::Notifier;
use writ_notify::webhook::{self, Hook};
use writ_server::Telling;
use writ_store::{Backend, Outbox, Point, Sqlite, point};

pub(crate) use config::Config;
pub(crate) use telling::Sinks;

/// Why a data directory could not be used: what, where, what to do.
#[derive(Debug)]
pub(crate) struct NodeError(String);

impl NodeError {
    fn new(problem: impl fmt::Display) -> Self {
        Self(problem.to_string())
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NodeError {}

/// `writ.toml`, `writ.db` and `state/`.
#[derive(Clone, Debug)]
pub(crate) struct DataDirectory(PathBuf);

/// What founds an organization.
pub(crate) struct Founding<'a> {
    pub(crate) organization: Domain,
    pub(crate) admin: FirstAdministrator,
    pub(crate) url: &'a str,
    pub(crate) key: &'a SigningKey,
    pub(crate) label: String,
    pub(crate) recovery: PublicKey,
}

impl DataDirectory {
    /// The named one, or the user's own.
    pub(crate) fn new(named: Option<PathBuf>) -> Result<Self, NodeError> {
        if let Some(path) = named {
            return Ok(Self(path));
        }
        let base = std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(std::env::home_dir()?.join(".local/share")));
        match base {
            Some(base) => Ok(Self(base.join("writ"))),
            None => Err(NodeError::new(
                "no home directory; name one with --data-dir DIR",
            )),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.0.join("writ.toml")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("writ.db")
    }

    /// What is still to be told, and what was lately.
    pub(crate) fn outbox(&self) -> Result<Outbox, NodeError> {
        if self.organization().is_none() {
            return Err(NodeError::new(format!(
                "{} is not the data directory of a node; name it with --data-dir DIR, or found an \
                 organization there: writ init",
                self.0.display()
            )));
        }
        Outbox::open(&self.0.join("outbox.db")).map_err(NodeError::new)
    }

    /// Lets people be told of what has become so.
    pub(crate) fn tell(
        &self,
        engine: &Engine,
        sinks: Sinks,
    ) -> Result<(Notifier, Arc<dyn Telling>), NodeError> {
        sinks.start(engine, self.outbox()?)
    }

    /// An endpoint by itself, to be tried.
    pub(crate) fn hook(&self, config: webhook::Config) -> Result<Hook, NodeError> {
        telling::hook(config, Arc::new(self.outbox()?))
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// The organization that was founded here, if one was.
    pub(crate) fn organization(&self) -> Option<OrganizationId> {
        Anchor::read(&self.state())
            .ok()
            .map(|anchor| anchor.organization)
    }

    /// Makes the directory and founds an organization in it. What it made is
    /// taken away again if that fails.
    pub(crate) async fn found(&self, founding: Founding<'_>) -> Result<OrganizationId, NodeError> {
        for path in [self.database(), self.state(), self.config_file()] {
            if path.exists() {
                return Err(NodeError::new(format!(
                    "{} exists already: an organization is founded once; choose another directory \
                     with --data-dir DIR",
                    path.display()
                )));
            }
        }
        fs::create_dir_all(&self.0)
            .map_err(|error| NodeError::new(format!("{}: {error}", self.0.display())))?;
        let founded = self.found_here(founding).await;
        if founded.is_err() {
            self.take_away();
        }
        founded
    }

    /// Takes away what [`found`](Self::found) made, as far as it is there.
    pub(crate) fn take_away(&self) {
        // Whatever failed before is the error to report.
        let _ = fs::remove_dir_all(self.state());
        for name in ["writ.db", "writ.db-wal", "writ.db-shm", "writ.toml"] {
            let _ = fs::remove_file(self.0.join(name));
        }
    }

    async fn found_here(&self, founding: Founding<'_>) -> Result<OrganizationId, NodeError> {
        fs::write(self.config_file(), config::TEMPLATE).map_err(NodeError::new)?;
        let entropy = SystemEntropy;
        let mut local = LocalState::create(&self.state(), &entropy).map_err(NodeError::new)?;
        let store = Sqlite::open(&self.database()).map_err(NodeError::new)?;
        let mut nonce = vec![0; 16];
        entropy.fill(&mut nonce);
        let public = founding.key.public();
        let genesis = Genesis {
            organization: founding.organization,
            key: LabelledKey {
                alg: public.alg,
                public: public.public,
                label: founding.label,
            },
            recovery: founding.recovery,
            services: local.services().map_err(NodeError::new)?,
            site: SiteSettings {
                origins: vec![founding.url.to_owned()],
                rp_id: host_of(founding.url).to_owned(),
                rules: Rules::NEWEST.number(),
            },
            admin: founding.admin.clone(),
        };
        let payload = Payload {
            at: SystemClock.now(),
            body: genesis,
            by: Principal::Person(founding.admin.upn),
            instance: None,
            nonce: Hex(nonce),
        };
        let genesis = sign(
            PayloadType::Statement(Kind::Genesis),
            &payload,
            founding.key,
        )
        .map_err(NodeError::new)?;
        let node = Config::default().node;
        let organization = found_organization(&mut local, &store, &SystemClock, &node, genesis);
        let organization = organization.await.map_err(NodeError::new)?;
        // So that a copy of the file alone is all of it.
        store.tidy().await.map_err(NodeError::new)?;
        Ok(organization)
    }

    /// Reads the configuration; what stands on the command line wins.
    pub(crate) fn config(&self) -> Result<Config, NodeError> {
        let path = self.config_file();
        match path.exists() {
            true => Config::read(&path),
            false => Ok(Config::default()),
        }
    }

    /// Whether the node could start with this configuration: what isolates its
    /// programs, and what isolates them less than one may think, in sentences.
    pub(crate) async fn check(&self, config: &Config) -> Result<(String, Vec<String>), NodeError> {
        let scratch = tempfile::tempdir().map_err(NodeError::new)?;
        let_pass(scratch.path()).map_err(NodeError::new)?;
        let command = self.command(config, scratch.path().to_owned())?;
        let in_force = command.look().await.map_err(NodeError::new)?;
        Ok((in_force, command.warnings()))
    }

    /// Whether the node could run a task with this configuration, and why not.
    pub(crate) fn check_task(
        &self,
        config: &Config,
        task: &Task,
    ) -> Result<Result<(), String>, NodeError> {
        let scratch = tempfile::tempdir().map_err(NodeError::new)?;
        let command = self.command(config, scratch.path().to_owned())?;
        Ok(command.check_pin(task))
    }

    /// The tasks whose programs are not on this host what they are pinned to, with
    /// a sentence each; and how many are pinned.
    pub(crate) fn replaced(
        &self,
        config: &Config,
        state: &State,
    ) -> Result<(Vec<(TaskName, String)>, usize), NodeError> {
        let scratch = tempfile::tempdir().map_err(NodeError::new)?;
        let command = self.command(config, scratch.path().to_owned())?;
        let is_command = |task: &&Arc<Task>| {
            let workload = state.workload(&task.name.workload());
            workload.is_some_and(|workload| workload.connector.key() == "command")
        };
        let is_pinned = |task: &&Arc<Task>| {
            let template = Template::read(&task.template);
            template.is_ok_and(|template| template.pin().is_some())
        };
        let pinned = state.tasks().filter(is_command).filter(is_pinned);
        let pinned: Vec<_> = pinned.collect();
        let problem = |task: &&Arc<Task>| {
            let problem = command.check_pin(task).err();
            problem.map(|problem| (task.name.clone(), problem))
        };
        let replaced = pinned.iter().filter_map(problem).collect();
        Ok((replaced, pinned.len()))
    }

    /// Takes the state directory, which one process has at a time.
    pub(crate) fn take(&self) -> Result<LocalState, NodeError> {
        let local = LocalState::open(&self.state()).map_err(NodeError::new)?;
        point(Point::StateOpened);
        Ok(local)
    }

    /// Opens the node: replays the log, starts the engine.
    pub(crate) async fn open(
        &self,
        local: LocalState,
        config: &Config,
    ) -> Result<Engine, NodeError> {
        // A new database beside an old state would only hide what is missing.
        let database = self.database();
        let is_there = fs::metadata(&database).is_ok_and(|file| file.len() > 0);
        if !is_there {
            return Err(NodeError::new(format!(
                "{} is missing or empty; restore the newest backup of it",
                database.display()
            )));
        }
        let store = Sqlite::open(&database).map_err(NodeError::new)?;
        point(Point::StoreOpened);
        let options = Options {
            node: config.node.clone(),
            max_runs: config.max_runs,
            per_person: PER_PERSON,
        };
        Engine::open(
            local,
            Arc::new(store),
            self.connectors(config).await?,
            Arc::new(SystemClock),
            Arc::new(SystemEntropy),
            options,
        )
        .await
        .map_err(NodeError::new)
    }

    /// The connectors that this binary has.
    async fn connectors(&self, config: &Config) -> Result<Connectors, NodeError> {
        let command = self.command(config, self.scratch()?)?;
        // Where there is nothing to run there is nothing to isolate.
        if !config.command.programs.is_empty() {
            let in_force = command.look().await;
            let in_force =
                in_force.map_err(|error| NodeError::new(format!("[command] {error}")))?;
            for line in in_force.lines() {
                tracing::info!("{line}");
            }
            for warning in command.warnings() {
                tracing::warn!("{warning}");
            }
        }
        let name = Name::parse("command").map_err(NodeError::new)?;
        let exchange = ExchangeConnector::new().map_err(NodeError::new)?;
        let to_exchange = Name::parse("exchange").map_err(NodeError::new)?;
        let data = DataConnector::new(config.data.sources.clone())
            .map_err(|problem| NodeError::new(format!("[data] {problem}")))?;
        let to_data = Name::parse(writ_core::dataset::CONNECTOR).map_err(NodeError::new)?;
        Ok(Connectors::new()
            .with(&to_data, data)
            .with(&name, command)
            .with(&to_exchange, exchange))
    }

    fn command(&self, config: &Config, scratch: PathBuf) -> Result<CommandConnector, NodeError> {
        let data = self.0.canonicalize();
        let data =
            data.map_err(|error| NodeError::new(format!("{}: {error}", self.0.display())))?;
        let mut isolation = config.command.isolation(&data);
        // One run sees nothing of another.
        isolation.hidden.push(scratch.clone());
        isolation.without_wall |= config.command.programs.is_empty();
        let command = CommandConfig {
            programs: config.command.programs.clone(),
            child: std::env::current_exe().map_err(NodeError::new)?,
            scratch,
            isolation,
        };
        CommandConnector::new(command).map_err(|error| NodeError::new(format!("[command] {error}")))
    }

    /// An empty folder for the private directories of runs: whatever an earlier
    /// process left there is of no use to anybody. It lies where another user can
    /// come to, who has no business in the data directory.
    fn scratch(&self) -> Result<PathBuf, NodeError> {
        let path = self.scratch_path().map_err(NodeError::new)?;
        let bad = |error| NodeError::new(format!("{}: {error}", path.display()));
        // Nobody else can have put anything in its place: it is made anew here, and
        // what another user owns in the host's temporary folder cannot be removed.
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(bad(error)),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir(&path).map_err(bad)?;
        let_pass(&path).map_err(bad)?;
        path.canonicalize().map_err(bad)
    }

    fn scratch_path(&self) -> std::io::Result<PathBuf> {
        let data = self.0.canonicalize()?;
        let name = Digest::of(data.as_os_str().as_encoded_bytes()).to_string();
        let name = format!("writ-{}", name.get(..16).unwrap_or(&name));
        Ok(std::env::temp_dir().join(name))
    }

    /// Leaves nothing in the host's temporary folder, once the node has stopped.
    pub(crate) fn leave(&self) {
        // What a run that was given up still has there goes with the next start.
        let _ = self.scratch_path().and_then(fs::remove_dir);
    }

    /// Looks at a log that lost its end, while no node serves it. None where
    /// everything is done already.
    pub(crate) async fn recovering(&self) -> Result<Option<Recovering>, NodeError> {
        let local = LocalState::open(&self.state()).map_err(NodeError::new)?;
        let store = Sqlite::open(&self.database()).map_err(NodeError::new)?;
        Recovering::begin(local, Arc::new(store))
            .await
            .map_err(NodeError::new)
    }

    /// Lets a log go on that lost its end, as an administrator signed for.
    pub(crate) async fn recover(
        &self,
        recovering: Recovering,
        envelope: Envelope,
    ) -> Result<Arc<Recovery>, NodeError> {
        let node = self.config()?.node;
        recovering
            .finish(envelope, SystemClock.now(), &node)
            .await
            .map_err(NodeError::new)
    }

    /// Makes a new service key, while no node serves.
    pub(crate) async fn rotating(&self, which: ServiceKey) -> Result<Rotating, NodeError> {
        let local = LocalState::open(&self.state()).map_err(NodeError::new)?;
        let store = Sqlite::open(&self.database()).map_err(NodeError::new)?;
        Rotating::begin(local, Arc::new(store), which, &SystemEntropy)
            .await
            .map_err(NodeError::new)
    }

    /// Takes a new service key into use, as an administrator signed for.
    pub(crate) async fn rotate(
        &self,
        rotating: Rotating,
        envelope: Envelope,
    ) -> Result<(), NodeError> {
        let node = self.config()?.node;
        rotating
            .finish(envelope, SystemClock.now(), &node)
            .await
            .map_err(NodeError::new)
    }

    /// Where the ledger is kept that was verified last.
    pub(crate) fn verified(&self) -> Kept {
        Kept::at(self.0.join("verified"))
    }

    /// The checkpoint that the node signed last; a signed note, not checked yet.
    pub(crate) fn head(&self) -> Result<String, NodeError> {
        let anchor = Anchor::read(&self.state()).map_err(NodeError::new)?;
        anchor
            .head
            .ok_or_else(|| NodeError::new("the node has not signed a checkpoint yet"))
    }

    /// The URL that the organization was founded with, also while a node serves.
    pub(crate) async fn founded_at(&self) -> Result<String, NodeError> {
        let store = Sqlite::open_read_only(&self.database()).map_err(NodeError::new)?;
        let first = store.entries(Index(0), 1).await.map_err(NodeError::new)?;
        let first = first
            .first()
            .and_then(|entry| Entry::parse(&entry.leaf).ok());
        let said = first.and_then(|entry| Statement::of(&entry.envelope).ok());
        let Some(Body::Genesis(genesis)) = said.map(|said| said.body) else {
            let odd = "the log does not begin with an organization; see: writ doctor";
            return Err(NodeError::new(odd));
        };
        Ok(genesis.site.origins.first().cloned().unwrap_or_default())
    }

    /// Makes the rows of listings anew, while no node serves.
    pub(crate) async fn rebuild_rows(&self) -> Result<Ledger, NodeError> {
        let local = LocalState::open(&self.state()).map_err(NodeError::new)?;
        let store = Sqlite::open(&self.database()).map_err(NodeError::new)?;
        rebuild_rows(local, &store).await.map_err(NodeError::new)
    }

    /// Compares what the database holds beside the log with what the log makes
    /// of it, also while a node serves it.
    pub(crate) async fn compare(
        &self,
        derived: Derived,
        told: impl FnMut(u64),
    ) -> Result<Compared, NodeError> {
        let store = Sqlite::open_read_only(&self.database()).map_err(NodeError::new)?;
        derived.compare(&store, told).await.map_err(NodeError::new)
    }

    /// Verifies the log beyond a ledger, also while a node serves it.
    /// `seen` is told of every entry, and the hash of its leaf.
    pub(crate) async fn verify(
        &self,
        from: Ledger,
        seen: impl FnMut(&Decided, Digest),
    ) -> Result<Report, NodeError> {
        // The head first: the database is never behind it.
        let anchor = Anchor::read(&self.state()).map_err(NodeError::new)?;
        let store = Sqlite::open_read_only(&self.database()).map_err(NodeError::new)?;
        verify_log(&store, &anchor, from, seen)
            .await
            .map_err(NodeError::new)
    }
}

/// What the connector `command` would start.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    /// The SHA-256 of the program's file, if it is on this host.
    pub(crate) found: Option<Digest>,
}

/// Whether a template makes sense to the connector `command`.
pub(crate) fn check_template(task: &Task) -> Result<(), TemplateError> {
    Template::read(&task.template)?.check(&task.parameters)
}

/// What the connector `command` would start with these values.
pub(crate) fn would_start<'a>(
    task: &'a Task,
    values: &Values,
    secrets: impl Iterator<Item = &'a ParameterName>,
) -> Result<Started, TemplateError> {
    let template = Template::read(&task.template)?;
    template.check(&task.parameters)?;
    // Which file it is, is known when the program starts.
    let path = || "/dev/fd/N".to_owned();
    let asked = task.parameters.iter();
    let asked = asked.filter(|(_, schema)| schema.required && schema.is_secret());
    let names = asked.map(|(name, _)| name).chain(secrets);
    let paths = Paths {
        secrets: template
            .secrets()
            .map(|name| (name.clone(), path()))
            .collect(),
        parameters: names.map(|name| (name.clone(), path())).collect(),
    };
    Ok(Started {
        found: pin::digest_of(Path::new(template.program())).ok(),
        program: template.program().to_owned(),
        arguments: template.arguments(&task.parameters, values, &paths)?,
    })
}

/// Lets others go through a directory, to what is theirs in it.
fn let_pass(directory: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o711))?;
    }
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

/// The host of an origin: `writ.example.com` of `https://writ.example.com:8443`.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.starts_with('[') {
        true => rest.split_inclusive(']').next().unwrap_or(rest),
        false => rest.split(':').next().unwrap_or(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_origin_has_no_port() {
        for (url, host) in [
            ("http://localhost:8420", "localhost"),
            ("https://writ.example.com", "writ.example.com"),
            ("http://[::1]:8420", "[::1]"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }
}
