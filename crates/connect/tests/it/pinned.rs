//! Programs that are pinned by digest.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use writ_connect::{CommandConfig, CommandConnector, Ended, Isolation, Output, RunAs, pin};
use writ_core::object::Task;
use writ_core::run::Job;

use crate::bench::{NO_SECRETS, constant, example, text};

const SUCCEEDED: Ended = Ended::Succeeded { exit: Some(0) };

/// A connector with one program, which may be changed.
struct Tool {
    folder: TempDir,
    connector: CommandConnector,
}

impl Tool {
    fn new(content: &[u8], user: RunAs) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        let path = folder.path().join("tool");
        write(&path, content);
        let scratch = folder.path().join("scratch");
        fs::create_dir(&scratch).unwrap();
        fs::set_permissions(&scratch, Permissions::from_mode(0o711)).unwrap();
        let config = CommandConfig {
            programs: vec![path],
            child: example("child_exec"),
            scratch,
            isolation: Isolation {
                user,
                ..Isolation::default()
            },
        };
        let connector = CommandConnector::new(config).unwrap();
        Self { folder, connector }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("tool")
    }

    /// A job that is pinned to what the program is now.
    fn pinned(&self, words: &[&str]) -> Job {
        let mut job = constant(&self.path(), words);
        let mut task = Task::clone(&job.task);
        let digest = pin::digest_of(&self.path()).unwrap().to_string();
        task.template.insert("sha256".into(), text(&digest));
        job.task = task.into();
        job
    }

    async fn run(&self, job: &Job) -> (Ended, String) {
        let output = Output::new(1 << 20);
        let ended = self.connector.run(job, &NO_SECRETS, &output).await;
        output.finish();
        (ended, String::from_utf8(output.bytes()).unwrap())
    }
}

/// A new file in the old one's place, as a package manager does it.
fn write(path: &Path, content: &[u8]) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::set_permissions(&new, Permissions::from_mode(0o755)).unwrap();
    fs::rename(new, path).unwrap();
}

#[tokio::test]
async fn a_program_that_was_replaced_is_not_run() {
    let (echo, other) = (
        fs::read("/bin/echo").unwrap(),
        fs::read("/bin/touch").unwrap(),
    );
    let tool = Tool::new(&echo, RunAs::Node);
    let job = tool.pinned(&["mark"]);
    assert_eq!(tool.run(&job).await, (SUCCEEDED, "mark\n".into()));
    assert_eq!(tool.connector.check_pin(&job.task), Ok(()));

    let mut longer = echo.clone();
    longer.push(0);
    for other in [&other, &longer, &Vec::new()] {
        write(&tool.path(), other);
        let found = pin::digest_of(&tool.path()).unwrap();
        let (ended, output) = tool.run(&job).await;
        let Ended::Failed { exit: None, note } = ended else {
            panic!("{ended:?}");
        };
        let start = format!(
            "not started: `{}` is not the program that its task is pinned to: its SHA-256 is \
             {found}, and not ",
            tool.path().display()
        );
        assert!(note.starts_with(&start), "{note}");
        assert!(note.ends_with("writ task set -f FILE"), "{note}");
        assert!(!output.contains("mark"), "{output}");
        let why = tool.connector.check_pin(&job.task).unwrap_err();
        assert_eq!(format!("not started: {why}"), note);
    }
    // What pins nothing runs what is there.
    write(&tool.path(), &echo);
    assert_eq!(tool.run(&job).await.0, SUCCEEDED);
    fs::remove_file(tool.path()).unwrap();
    let note = format!("{:?}", tool.run(&job).await.0);
    assert!(
        note.contains("not started") && note.contains("No such file"),
        "{note}"
    );
}

/// Whatever becomes of the file between the comparing and the start.
#[tokio::test]
async fn what_was_compared_is_what_is_run() {
    let tool = Tool::new(&fs::read("/bin/readlink").unwrap(), RunAs::Node);
    let path = ["/proc/self/exe"];
    let (ended, output) = tool.run(&tool.pinned(&path)).await;
    assert_eq!(
        (ended, output.as_str()),
        (SUCCEEDED, "/memfd:writ-program (deleted)\n")
    );
    let (_, output) = tool.run(&constant(&tool.path(), &path)).await;
    assert_eq!(
        output.trim_end(),
        tool.path().canonicalize().unwrap().to_str().unwrap()
    );
}

#[tokio::test]
async fn a_pinned_script_is_read_from_what_was_compared() {
    let script = "#!/bin/sh\necho \"$1\"; cat \"$0\"; : >>\"$0\" || echo kept\n";
    for user in [RunAs::Node, RunAs::Nobody(61_998)] {
        let tool = Tool::new(script.as_bytes(), user);
        let (ended, output) = tool.run(&tool.pinned(&["a b"])).await;
        assert_eq!(ended, SUCCEEDED, "{output}");
        assert!(output.starts_with(&format!("a b\n{script}")), "{output}");
    }
}

#[tokio::test]
async fn a_pin_is_a_digest() {
    let tool = Tool::new(b"#!/bin/sh\n", RunAs::Node);
    let mut task = Task::clone(&tool.pinned(&[]).task);
    let digest = task.template["sha256"].to_string();
    let odd = [
        digest.to_uppercase(),
        digest[1..].to_owned(),
        String::new(),
        "any".into(),
    ];
    for odd in odd {
        task.template.insert("sha256".into(), text(&odd));
        let why = tool.connector.check_pin(&task).unwrap_err();
        assert!(why.contains("sha256sum"), "{odd}: {why}");
    }
}
