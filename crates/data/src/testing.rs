//! A private PostgreSQL, for tests and the bench: its own folder, a socket and no
//! port.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Postgres, Source};
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// Whom it runs as where the tests are root's: it refuses to be root.
const NOBODY: u32 = 65_534;

/// A server, which ends with this.
#[derive(Debug)]
pub struct Database {
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
    /// Starts an empty one.
    pub fn start() -> Self {
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

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// It, as a node's configuration names it.
    pub fn source(&self) -> Source {
        Source::Postgres(Postgres {
            host: self.socket().to_str().unwrap().to_owned(),
            port: 5432,
            database: "postgres".into(),
            user: "writ".into(),
            password_file: None,
        })
    }

    /// A connection, once it takes any.
    pub async fn connect(&self) -> Client {
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

    /// Carries out some SQL.
    pub fn sql(&self, text: &str) {
        std::thread::scope(|scope| {
            let work = || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async { self.connect().await.batch_execute(text).await.unwrap() });
            };
            scope.spawn(work);
        });
    }

    /// What `COPY (query) TO STDOUT` gives, passed over; how many bytes that were.
    pub async fn copy(client: &Client, query: &str) -> usize {
        let copy = format!("COPY ({query}) TO STDOUT");
        let mut rows = std::pin::pin!(client.copy_out(&copy).await.unwrap());
        let mut bytes = 0;
        while let Some(some) = rows.next().await {
            bytes += some.unwrap().len();
        }
        bytes
    }
}
