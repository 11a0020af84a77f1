//! What a program cannot do, tried by a program.

use std::fs;
use std::path::Path;

use writ_connect::{Credentials, Ended, Isolation, Limits, Output, RunAs};

use crate::bench::{Command, constant, example};

const SUCCEEDED: Ended = Ended::Succeeded { exit: Some(0) };

/// Somebody whom nobody else is.
const NOBODY: u32 = 61_999;

/// What `target try ACT PATH` said: whether it could.
async fn could(command: &Command, act: &str, path: &Path) -> bool {
    let (ended, output) = command.target(&["try", act, path.to_str().unwrap()]).await;
    assert_eq!(ended, SUCCEEDED, "{:?}", String::from_utf8(output.bytes()));
    match output.bytes().as_slice() {
        b"could\n" => true,
        b"could not\n" => false,
        other => panic!("{act}: {}", String::from_utf8_lossy(other)),
    }
}

#[tokio::test]
async fn the_nodes_files_and_the_rest_of_the_disk_are_behind_a_wall() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().canonicalize().unwrap();
    for name in ["data/state", "open", "else"] {
        fs::create_dir_all(home.join(name)).unwrap();
    }
    for file in ["data/key", "data/state/key", "open/file", "else/file"] {
        fs::write(home.join(file), "text").unwrap();
    }
    let isolation = Isolation {
        hidden: vec![home.join("data")],
        write: vec![home.join("open")],
        ..Isolation::default()
    };
    let command = Command::with(example("child_exec"), isolation.clone());
    let in_force = command.connector.look().await.unwrap();
    assert!(
        in_force.contains("cannot open the node's files"),
        "{in_force}"
    );
    for (path, read, write) in [
        ("data/key", false, false),
        ("data/state/key", false, false),
        ("open/file", true, true),
        ("else/file", true, false),
        ("else/new", false, false),
        ("open/new", false, true),
    ] {
        let path = home.join(path);
        assert_eq!(could(&command, "read", &path).await, read, "{path:?}");
        assert_eq!(could(&command, "write", &path).await, write, "{path:?}");
    }
    // The test stands in for the node: nothing can look into it or signal it.
    let own = format!("/proc/{}", std::process::id());
    assert!(!could(&command, "read", &Path::new(&own).join("mem")).await);
    assert!(!could(&command, "read", &Path::new(&own).join("fd/0")).await);
    // What may observe the whole system, as root may, sees every environment.
    let is_root = rustix::process::getuid().is_root();
    let environment = Path::new(&own).join("environ");
    assert_eq!(could(&command, "read", &environment).await, is_root);
    assert!(!could(&command, "signal", Path::new(&own)).await);

    let without = Isolation {
        without_wall: true,
        ..isolation
    };
    let command = Command::with(example("child_exec"), without);
    assert!(could(&command, "read", &home.join("data/key")).await);
    let warnings = command.connector.warnings().join("\n");
    assert!(warnings.contains("nothing keeps programs"), "{warnings}");
}

#[tokio::test]
async fn one_run_cannot_see_the_files_of_another() {
    let scratch = tempfile::tempdir().unwrap();
    let scratch = scratch.path().canonicalize().unwrap();
    let other = scratch.join("writ-run-other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("file"), "text").unwrap();
    let isolation = Isolation {
        hidden: vec![scratch],
        ..Isolation::default()
    };
    let command = Command::with(example("child_exec"), isolation);
    assert!(!could(&command, "read", &other.join("file")).await);
}

#[tokio::test]
async fn limits_are_in_force() {
    let isolation = Isolation {
        limits: Limits {
            processes: 20,
            memory_mib: 100,
            files: 30,
            cpu_s: 7,
        },
        ..Isolation::default()
    };
    let command = Command::with(example("child_exec"), isolation);
    let (ended, output) = command.target(&["surroundings"]).await;
    assert_eq!(ended, SUCCEEDED);
    let said = String::from_utf8(output.bytes()).unwrap();
    for wanted in [
        "limit Max open files 30 30 files",
        "limit Max cpu time 7 7 seconds",
        "limit Max data size 104857600 104857600 bytes",
        "limit Max core file size 0 0 bytes",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

/// Needs root; elsewhere the other half is tried: that it runs as the node does.
#[tokio::test]
async fn a_program_of_root_runs_as_nobody_else() {
    let own = rustix::process::getuid();
    let isolation = Isolation {
        user: RunAs::Nobody(NOBODY),
        limits: Limits {
            processes: 5,
            ..Limits::default()
        },
        ..Isolation::default()
    };
    let command = Command::with(example("child_exec"), isolation);
    let id = constant(
        Path::new("/bin/sh"),
        &["-c", "id -u; id -G; touch mine; pwd"],
    );
    let output = Output::new(1_000);
    let ended = command
        .connector
        .run(&id, &Credentials::default(), &output)
        .await;
    let said = String::from_utf8(output.bytes()).unwrap();
    assert_eq!(ended, SUCCEEDED, "{said}");
    let uid = if own.is_root() { NOBODY } else { own.as_raw() };
    assert_eq!(said.lines().next(), Some(uid.to_string().as_str()));
    assert!(command.directories().is_empty());
    if !own.is_root() {
        return;
    }
    assert_eq!(said.lines().nth(1), Some(NOBODY.to_string().as_str()));
    command.connector.look().await.unwrap();
    // More than it may start at once.
    let many = "for i in 1 2 3 4 5 6 7 8; do /bin/sleep 0.3 & done; wait";
    let many = constant(Path::new("/bin/sh"), &["-c", many]);
    let output = Output::new(1_000);
    command
        .connector
        .run(&many, &Credentials::default(), &output)
        .await;
    let said = String::from_utf8(output.bytes()).unwrap();
    assert!(said.contains("ork"), "it forked: {said}");
}

#[tokio::test]
async fn a_host_that_does_not_keep_its_promise_is_found_out() {
    let command = Command::with("/bin/true".into(), Isolation::default());
    let error = command.connector.look().await.unwrap_err().to_string();
    assert!(error.contains("its helper ended"), "{error}");
}
