//! The connector `command`: runs programs on the node's own host.
//!
//! Which programs there are is not a matter of statements: the **listed**
//! programs stand in the node's own `writ.toml`, and a task's template (see
//! [`template`](crate::template)) only chooses among them. A **run** has no
//! shell, nothing of the node's environment, an empty standard input, and a
//! private directory. Its **keeper** removes that afterwards and kills whatever
//! the program has started, also when the node dies. Everything it puts out comes through one pipe, so in order.
//!
//! A secret comes to a program as a file that only lives in memory, which it
//! inherits open; the template says where in the arguments its path stands.
//!
//! What ended by itself succeeded with exit code 0 and failed otherwise; what
//! was stopped at its deadline is unknown.
//!
//! What a program cannot do, whatever it is, is its [`isolation`](crate::isolation).

mod run;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;
use writ_core::object::{Task, Workload};
use writ_core::run::Permit;

use crate::isolation::{Confinement, Isolation, IsolationError};
use crate::linux::mode_of;
use crate::template::Template;
use crate::{Connector, Credentials, Ended, Output, Uptime, pin};

/// How long a program has between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(5);

/// What a node says of the programs it may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandConfig {
    /// The absolute paths of the programs that tasks may choose among.
    pub programs: Vec<PathBuf>,
    /// The absolute path of the `writ` binary, which is started as
    /// `writ child-exec` and then becomes the program. `/proc/self/exe` stays
    /// right when the binary is replaced under a running node.
    pub child: PathBuf,
    /// Where each run's private directory is made and removed again.
    pub scratch: PathBuf,
    /// What programs cannot do.
    pub isolation: Isolation,
}

impl CommandConfig {
    /// With private directories where the host has temporary ones.
    pub fn new(programs: Vec<PathBuf>, child: PathBuf) -> Self {
        Self {
            programs,
            child,
            scratch: std::env::temp_dir(),
            isolation: Isolation::default(),
        }
    }
}

/// Runs programs on the node's own host.
#[derive(Clone, Debug)]
pub struct CommandConnector {
    listed: BTreeSet<String>,
    child: PathBuf,
    scratch: PathBuf,
    confinement: Confinement,
    grace: Duration,
    uptime: Uptime,
    warnings: Vec<String>,
}

/// Why a node's list of programs cannot be used.
#[derive(Debug, Error)]
pub enum CommandError {
    /// A path that would be looked up.
    #[error("`{}` is not an absolute path; [command] programs lists absolute paths", .0.display())]
    NotAbsolute(PathBuf),
    /// A path that is not text, which no template could name.
    #[error("`{}` is not UTF-8, so no task could name it", .0.display())]
    NotText(PathBuf),
    /// A path where nothing can be seen.
    #[error("`{}` cannot be looked at: {error}", path.display())]
    Unseen {
        /// The path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A directory, a device.
    #[error("`{}` is not a file", .0.display())]
    NotAFile(PathBuf),
    /// A file that nobody may execute.
    #[error("`{}` is not executable", .0.display())]
    NotExecutable(PathBuf),
    /// A place for private directories that is none.
    #[error("`{}` is not a directory, so runs can have no private one in it", .0.display())]
    NoScratch(PathBuf),
    /// What the host cannot give.
    #[error(transparent)]
    Isolation(#[from] IsolationError),
}

impl CommandConnector {
    /// Looks at the listed programs, the helper and the place for private
    /// directories.
    pub fn new(config: CommandConfig) -> Result<Self, CommandError> {
        let confinement = config.isolation.resolve()?;
        let mut warnings = Vec::new();
        warnings.extend(confinement.user.is_none().then(|| SAME_USER.to_owned()));
        warnings.extend(confinement.wall.is_none().then(|| NO_WALL.to_owned()));
        check_program(&config.child)?;
        let mut listed = BTreeSet::new();
        for path in &config.programs {
            check_program(path)?;
            warnings.extend(doubts(path));
            let text = path.to_str();
            let text = text.ok_or_else(|| CommandError::NotText(path.clone()))?;
            listed.insert(text.to_owned());
        }
        if !config.scratch.is_absolute() || !config.scratch.is_dir() {
            return Err(CommandError::NoScratch(config.scratch));
        }
        Ok(Self {
            listed,
            child: config.child,
            scratch: config.scratch,
            confinement,
            grace: GRACE,
            uptime: Uptime::default(),
            warnings,
        })
    }

    /// What the one who runs the node should know, in sentences: for start-up
    /// and `writ doctor`.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// The same with less patience at the deadline.
    #[cfg(feature = "testing")]
    #[must_use]
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The same on a host that a test may suspend.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with_uptime(mut self, uptime: Uptime) -> Self {
        self.uptime = uptime;
        self
    }

    /// Whether a task's program is on this host what the task is pinned to; a task
    /// that pins nothing is fine.
    pub fn check_pin(&self, task: &Task) -> Result<(), String> {
        let template = self.template(task)?;
        match template.pin() {
            Some(pin) => pin::check(Path::new(template.program()), pin),
            None => Ok(()),
        }
    }

    /// The template of a task, if it makes sense and its program is listed.
    fn template(&self, task: &Task) -> Result<Template, String> {
        let template = Template::read(&task.template).map_err(|error| error.to_string())?;
        if task.open {
            return Err(
                "each parameter of a program has its place in the template, so open must be false"
                    .into(),
            );
        }
        if !self.listed.contains(template.program()) {
            return Err(format!(
                "`{}` is not among the programs that this node may run; \
                 add it to [command] programs in writ.toml",
                template.program().escape_debug()
            ));
        }
        let fits = template.check(&task.parameters);
        fits.map_err(|error| error.to_string())?;
        Ok(template)
    }
}

#[async_trait]
impl Connector for CommandConnector {
    fn check_task(&self, task: &Task) -> Result<(), String> {
        self.template(task).map(|_| ())
    }

    fn check_workload(&self, workload: &Workload) -> Result<(), String> {
        if let Some(name) = workload.settings.keys().next() {
            return Err(format!(
                "the connector `command` has no settings, so `{}` means nothing; \
                 the programs are listed in the node's writ.toml",
                name.escape_debug()
            ));
        }
        if workload.open_tasks {
            return Err(
                "each task of the connector `command` needs a template, so open_tasks must be false"
                    .into(),
            );
        }
        Ok(())
    }

    async fn execute(&self, permit: &Permit, credentials: &Credentials, output: &Output) -> Ended {
        self.run(permit.job(), credentials, output).await
    }
}

fn check_program(path: &Path) -> Result<(), CommandError> {
    if !path.is_absolute() {
        return Err(CommandError::NotAbsolute(path.to_owned()));
    }
    let metadata = fs::metadata(path).map_err(|error| CommandError::Unseen {
        path: path.to_owned(),
        error,
    })?;
    if !metadata.is_file() {
        return Err(CommandError::NotAFile(path.to_owned()));
    }
    if mode_of(&metadata) & 0o111 == 0 {
        return Err(CommandError::NotExecutable(path.to_owned()));
    }
    Ok(())
}

const SAME_USER: &str = "programs run as the same user as this node and can do what it can do: \
     list only programs whose every use you can answer for";

const NO_WALL: &str = "nothing keeps programs from the files of their user, the node's own \
     among them if it is the same";

/// What speaks against a program that can be run.
fn doubts(path: &Path) -> Vec<String> {
    let mut doubts = Vec::new();
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    for place in real.ancestors() {
        // In a sticky directory only owners replace files.
        let may_others = |mode: u32| mode & 0o022 != 0 && (mode & 0o1000 == 0 || place == real);
        if fs::metadata(place).is_ok_and(|metadata| may_others(mode_of(&metadata))) {
            doubts.push(format!(
                "`{}` can be written by its group or by others, so they choose what `{}` does; \
                 chmod go-w it",
                place.display(),
                path.display()
            ));
        }
    }
    let mut start = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    if cfg!(target_os = "linux") && read.is_ok() && !is_program(start) {
        doubts.push(format!(
            "`{}` begins with neither ELF nor #!, so the system may give it to /bin/sh",
            path.display()
        ));
    }
    doubts
}

fn is_program(start: [u8; 4]) -> bool {
    start == *b"\x7fELF" || start.starts_with(b"#!")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use writ_core::names::{Name, TaskName};
    use writ_core::value::Value;

    fn connector(programs: &[&str]) -> Result<CommandConnector, CommandError> {
        let programs = programs.iter().map(PathBuf::from).collect();
        CommandConnector::new(CommandConfig::new(programs, "/bin/true".into()))
    }

    #[test]
    fn only_programs_that_can_be_run_are_listed() {
        for (path, wanted) in [
            (
                "echo",
                "`echo` is not an absolute path; [command] programs lists absolute paths",
            ),
            ("/bin", "`/bin` is not a file"),
            ("/etc/passwd", "`/etc/passwd` is not executable"),
            (
                "/no/such",
                "`/no/such` cannot be looked at: No such file or directory (os error 2)",
            ),
        ] {
            assert_eq!(connector(&[path]).unwrap_err().to_string(), wanted);
        }
        let mut config = CommandConfig::new(Vec::new(), "/bin/true".into());
        config.scratch = "/no/such".into();
        assert!(matches!(
            CommandConnector::new(config),
            Err(CommandError::NoScratch(_))
        ));
    }

    #[test]
    fn a_program_that_others_may_change_is_warned_of() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tool");
        fs::write(&path, "echo").unwrap();
        let chmod = |mode| {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let about = |wanted: &str| {
            let warnings = connector(&[path.to_str().unwrap()]).unwrap().warnings();
            let found = warnings.iter().filter(|warning| warning.contains(wanted));
            found.count()
        };
        chmod(0o755);
        assert_eq!((about("can be written"), about("/bin/sh")), (0, 1));
        chmod(0o775);
        assert_eq!(about("can be written"), 1);
        fs::write(&path, "#!/usr/bin/env true").unwrap();
        assert_eq!(about("/bin/sh"), 0);
        assert_eq!(connector(&[]).unwrap().warnings(), [SAME_USER]);
    }

    #[test]
    fn a_task_names_a_listed_program() {
        let connector = connector(&["/bin/echo"]).unwrap();
        let task = |program: &str| {
            let template = [("program".to_owned(), Value::Text(program.into()))];
            Task::new(TaskName::parse(r"Host\X").unwrap(), template.into())
        };
        assert_eq!(connector.check_task(&task("/bin/echo")), Ok(()));
        assert_eq!(
            connector.check_task(&task("/bin/x")).unwrap_err(),
            "`/bin/x` is not among the programs that this node may run; \
             add it to [command] programs in writ.toml"
        );
        let mut open = task("/bin/echo");
        open.open = true;
        assert!(connector.check_task(&open).unwrap_err().contains("open"));
        for other in ["/bin/../bin/echo", "/bin//echo", "/bin/echo ", "/BIN/ECHO"] {
            assert!(connector.check_task(&task(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn a_workload_has_nothing_to_set() {
        let connector = connector(&[]).unwrap();
        let plain = Workload {
            name: Name::parse("Host").unwrap(),
            connector: Name::parse("command").unwrap(),
            settings: BTreeMap::new(),
            origin: None,
            secrets: BTreeMap::new(),
            open_tasks: false,
        };
        assert_eq!(connector.check_workload(&plain), Ok(()));
        let mut set = plain.clone();
        set.settings.insert("shell".into(), Value::Boolean(true));
        assert!(
            connector
                .check_workload(&set)
                .unwrap_err()
                .contains("`shell` means nothing")
        );
        let mut open = plain;
        open.open_tasks = true;
        assert!(connector.check_workload(&open).is_err());
    }
}
