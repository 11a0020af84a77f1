//! A private PostgreSQL: its own folder, a socket and no port.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use writ_data::{Postgres, Source};

/// Whom it runs as where the tests are root's: it refuses to be root.
const NOBODY: u32 = 65_534;

pub(crate) struct Database {
    folder: TempDir,
    #[expect(dead_code, reason = "holds the pipe")]
    server: Child,
}

fn program(name: &str) -> PathBuf {
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&in_path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let mut found = folders.iter().map(|folder| folder.join(name));
    found
        .rfind(|path| path.is_file())
        .unwrap_or_else(|| panic!("`{name}` is missing: install PostgreSQL"))
}

fn command(name: &str) -> Command {
    let mut command = Command::new(program(name));
    if rustix::process::getuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

impl Database {
    /// One with the rows of [`world`](crate::world), once for all tests.
    pub(crate) fn shared() -> &'static Self {
        static DATABASE: OnceLock<Database> = OnceLock::new();
        DATABASE.get_or_init(|| {
            let database = Self::start();
            database.sql(&crate::world::tables());
            database
        })
    }

    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if rustix::process::getuid().is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = folder.path().join("data");
        let made = command("initdb")
            .args([
                "--auth=trust",
                "--username=writ",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ])
            .args(["--no-sync", "--pgdata"])
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success(), "initdb");
        // It lives as long as this process holds the pipe, however that ends.
        let server = command("sh")
            .args([
                "-c",
                "\"$0\" \"$@\" & cat >/dev/null; kill -QUIT $!; wait; rm -rf \"$2\"",
            ])
            .arg(program("postgres"))
            .arg("-k")
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .current_dir("/")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self { folder, server }
    }

    pub(crate) fn socket(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn source(&self) -> Source {
        Source::Postgres(Postgres {
            host: self.socket().to_str().unwrap().to_owned(),
            port: 5432,
            database: "postgres".into(),
            user: "writ".into(),
            password_file: None,
        })
    }

    pub(crate) async fn connect(&self) -> Client {
        let mut config = tokio_postgres::Config::new();
        config
            .host_path(self.socket())
            .dbname("postgres")
            .user("writ");
        loop {
            if let Ok((client, connection)) = config.connect(NoTls).await {
                tokio::spawn(connection);
                return client;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn sql(&self, text: &str) {
        std::thread::scope(|scope| {
            let work = || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async { self.connect().await.batch_execute(text).await.unwrap() });
            };
            scope.spawn(work);
        });
    }
}
