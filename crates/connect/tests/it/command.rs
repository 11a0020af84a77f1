//! What the command connector promises beside what every connector does.

use std::io::BufRead;
use std::path::Path;
use std::time::Duration;

use writ_connect::{Credentials, Ended, Output, Uptime};
use writ_core::secret::Secret;

use crate::bench::{
    Command, NO_SECRETS, constant, example, is_gone, numbers, parameter, target, until, within,
};

fn failed(exit: Option<i64>, note: &str) -> Ended {
    Ended::Failed {
        exit,
        note: note.into(),
    }
}

const SUCCEEDED: Ended = Ended::Succeeded { exit: Some(0) };

#[tokio::test]
async fn conforms() {
    writ_connect::testing::check_all(&Command::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms_on_many_threads() {
    writ_connect::testing::check_all(&Command::new()).await;
}

#[tokio::test]
async fn says_how_a_program_ended() {
    let command = Command::new();
    for (words, wanted) in [
        (&["exit", "0"], SUCCEEDED),
        (&["exit", "3"], failed(Some(3), "exit code 3")),
        // Not to be taken for a program that could not be started.
        (&["exit", "126"], failed(Some(126), "exit code 126")),
        (&["exit", "127"], failed(Some(127), "exit code 127")),
        (&["abort", ""], failed(None, "ended by signal 6 (SIGABRT)")),
    ] {
        assert_eq!(command.target(words).await.0, wanted, "{words:?}");
    }
    assert!(command.directories().is_empty());
}

#[tokio::test]
async fn output_and_errors_keep_their_order() {
    let (ended, output) = Command::new().target(&["turns", "500"]).await;
    assert_eq!(ended, SUCCEEDED);
    let wanted: String = (0..500).map(|number| format!("{number}\n")).collect();
    assert_eq!(String::from_utf8(output.bytes()).unwrap(), wanted);
}

#[tokio::test]
async fn output_comes_while_a_program_runs() {
    let command = Command::new();
    let output = Output::new(100);
    let job = target(&["stubborn"]);
    // Pinned, since `select!` drops what did not end before it says what did.
    let mut run = std::pin::pin!(command.connector.run(&job, &NO_SECRETS, &output));
    tokio::select! {
        ended = &mut run => panic!("{ended:?}"),
        said = numbers(&output, 1) => assert!(!is_gone(said[0])),
    }
}

#[tokio::test]
async fn a_program_sees_nothing_of_the_node() {
    let command = Command::new();
    assert_ne!(std::env::var("PATH").unwrap(), "/usr/bin:/bin");
    let (ended, output) = command.target(&["surroundings"]).await;
    let said = String::from_utf8(output.bytes()).unwrap();
    assert_eq!(ended, SUCCEEDED, "{said}");
    let said: Vec<_> = said.lines().collect();
    let cwd = said
        .iter()
        .find_map(|line| line.strip_prefix("cwd "))
        .unwrap();
    assert_eq!(Path::new(cwd).parent(), Some(command.scratch.path()));
    let (home, tmpdir) = (format!("env HOME={cwd}"), format!("env TMPDIR={cwd}"));
    let mut environment: Vec<_> = said.iter().filter(|line| line.starts_with("env")).collect();
    environment.sort();
    let wanted = [&home, "env LANG=C.UTF-8", "env PATH=/usr/bin:/bin", &tmpdir];
    assert_eq!(environment, wanted.each_ref());
    for wanted in [
        "entries 0",
        "stdin 0",
        "mode 700",
        "mode 600",
        "leader true",
        "NoNewPrivs:\t1",
        "limit Max core file size 0 0 bytes",
        "limit Max open files 1024 1024 files",
    ] {
        assert!(said.contains(&wanted), "{wanted} is not in {said:#?}");
    }
    assert!(command.directories().is_empty());
}

#[tokio::test]
async fn a_program_that_is_not_listed_is_not_started() {
    let command = Command::new();
    let mark = command.scratch.path().join("mark");
    let job = constant(Path::new("/bin/touch"), &[mark.to_str().unwrap()]);
    let ended = command
        .connector
        .run(&job, &NO_SECRETS, &Output::new(100))
        .await;
    let note = "not started: `/bin/touch` is not among the programs that this node may run; \
                add it to [command] programs in writ.toml";
    assert_eq!(ended, failed(None, note));
    assert!(!mark.exists());
}

#[tokio::test]
async fn what_cannot_be_started_is_told_from_what_failed() {
    let command = Command::new();
    let long = "x".repeat(200_000);
    let Ended::Failed { exit: None, note } = command.target(&["argv", &long]).await.0 else {
        panic!("it ran")
    };
    assert!(
        note.starts_with("not started: its arguments are too long"),
        "{note}"
    );

    let Ended::Failed { exit: None, note } = command.target(&["argv", "a\0b"]).await.0 else {
        panic!("it ran")
    };
    assert!(
        note.starts_with("not started: an argument cannot hold a NUL byte"),
        "{note}"
    );

    // The helper is there, the program is not any more.
    let scratch = tempfile::tempdir().unwrap();
    let tool = scratch.path().join("tool");
    std::fs::copy("/bin/true", &tool).unwrap();
    let config = writ_connect::CommandConfig::new(vec![tool.clone()], example("child_exec"));
    let connector = writ_connect::CommandConnector::new(config).unwrap();
    std::fs::remove_file(&tool).unwrap();
    let ended = connector
        .run(&constant(&tool, &[]), &NO_SECRETS, &Output::new(100))
        .await;
    let note = format!(
        "not started: `{}`: No such file or directory (os error 2)",
        tool.display()
    );
    assert_eq!(ended, failed(None, &note));
}

#[tokio::test]
async fn a_helper_that_does_not_answer_started_nothing() {
    let command = Command::with_helper("/bin/true".into());
    assert_eq!(
        command.target(&["exit", "0"]).await.0,
        failed(None, "not started: its helper ended before it could")
    );
}

#[tokio::test]
async fn a_helper_that_is_not_there_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let helper = scratch.path().join("helper");
    std::fs::copy("/bin/true", &helper).unwrap();
    let command = Command::with_helper(helper.clone());
    std::fs::remove_file(&helper).unwrap();
    let note = format!(
        "not started: the helper `{}`: No such file or directory (os error 2)",
        helper.display()
    );
    assert_eq!(command.target(&["exit", "0"]).await.0, failed(None, &note));
    assert!(command.directories().is_empty());
}

#[tokio::test]
async fn the_deadline_ends_even_what_does_not_listen() {
    let command = Command::new();
    let output = Output::new(1_000);
    let job = within(target(&["stubborn"]), 1);
    let ended = command.connector.run(&job, &NO_SECRETS, &output).await;
    let note = "killed at its deadline of 1s; it may have had part of its effect";
    assert_eq!(ended, Ended::Unknown { note: note.into() });
    let said = String::from_utf8(output.bytes()).unwrap();
    let (pid, rest) = said.split_once('\n').unwrap();
    assert_eq!(rest, "no\n");
    assert!(is_gone(pid.parse().unwrap()));
    assert!(command.directories().is_empty());
}

#[tokio::test]
async fn a_deadline_that_passed_while_the_host_slept_ends_a_run() {
    let uptime = Uptime::default();
    let mut command = Command::new();
    command.connector = command.connector.with_uptime(uptime.clone());
    let output = Output::new(1_000);
    let job = within(target(&["stubborn"]), 3_600);
    let run = command.connector.run(&job, &NO_SECRETS, &output);
    let asleep = async {
        numbers(&output, 1).await;
        uptime.suspend(Duration::from_secs(2 * 3_600));
    };
    let (ended, ()) = tokio::join!(run, asleep);
    let note = "killed at its deadline of 3600s; it may have had part of its effect";
    assert_eq!(ended, Ended::Unknown { note: note.into() });
}

#[tokio::test]
async fn the_deadline_ends_the_whole_group() {
    let command = Command::new();
    let output = Output::new(1_000);
    let ended = command
        .connector
        .run(&within(target(&["hang"]), 1), &NO_SECRETS, &output)
        .await;
    assert!(matches!(ended, Ended::Unknown { .. }), "{ended:?}");
    for pid in numbers(&output, 2).await {
        until(|| is_gone(pid)).await;
    }
}

#[tokio::test]
async fn dropping_a_run_ends_the_whole_group() {
    let command = Command::new();
    let output = Output::new(1_000);
    let job = target(&["hang"]);
    let pids = tokio::select! {
        ended = command.connector.run(&job, &NO_SECRETS, &output) => panic!("{ended:?}"),
        pids = numbers(&output, 2) => pids,
    };
    for pid in pids {
        until(|| is_gone(pid)).await;
    }
    until(|| command.directories().is_empty()).await;
}

#[tokio::test]
async fn what_a_program_leaves_in_its_group_ends_with_it() {
    let (ended, output) = Command::new().target(&["leave"]).await;
    assert_eq!(ended, SUCCEEDED);
    assert_eq!(output.remarks(), ["what it left running was killed"]);
    for pid in numbers(&output, 1).await {
        until(|| is_gone(pid)).await;
    }
}

#[tokio::test]
async fn what_leaves_its_session_ends_with_the_program_too() {
    let (ended, output) = Command::new().target(&["escape"]).await;
    assert_eq!(ended, SUCCEEDED);
    assert_eq!(output.remarks(), ["what it left running was killed"]);
    for pid in numbers(&output, 1).await {
        until(|| is_gone(pid)).await;
    }
}

#[tokio::test]
async fn what_hides_is_killed_at_the_deadline_and_with_the_run() {
    let command = Command::new();
    let output = Output::new(1_000);
    let job = within(target(&["hide"]), 1);
    let ended = command
        .connector
        .run(&job, &Credentials::default(), &output)
        .await;
    assert!(matches!(ended, Ended::Unknown { .. }), "{ended:?}");
    for pid in numbers(&output, 3).await {
        until(|| is_gone(pid)).await;
    }

    let output = Output::new(1_000);
    let job = target(&["hide"]);
    let none = Credentials::default();
    let pids = tokio::select! {
        ended = command.connector.run(&job, &none, &output) => panic!("{ended:?}"),
        pids = numbers(&output, 3) => pids,
    };
    for pid in pids {
        until(|| is_gone(pid)).await;
    }
    until(|| command.directories().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_outlives_the_thread_that_asked_for_it() {
    let command = Command::new();
    let output = Output::new(100);
    let (job, connector, said) = (target(&["hang"]), command.connector.clone(), output.clone());
    let mut run = Box::pin(async move { connector.run(&job, &NO_SECRETS, &output).await });
    let runtime = tokio::runtime::Handle::current();
    let asked = std::thread::spawn(move || {
        let pids = runtime.block_on(async {
            tokio::select! {
                ended = &mut run => panic!("{ended:?}"),
                pids = numbers(&said, 2) => pids,
            }
        });
        (run, pids)
    });
    let (run, pids) = tokio::task::spawn_blocking(|| asked.join())
        .await
        .unwrap()
        .unwrap();
    let early = tokio::time::timeout(std::time::Duration::from_millis(200), run).await;
    assert!(early.is_err(), "{early:?}");
    for pid in pids {
        until(|| is_gone(pid)).await;
    }
}

#[tokio::test]
async fn whatever_a_program_started_dies_with_its_node() {
    for (act, count) in [("stubborn", 1), ("hide", 3)] {
        let scratch = tempfile::tempdir().unwrap();
        let mut node = std::process::Command::new(example("node"))
            .args([example("child_exec"), example("target")])
            .arg(act)
            .env("TMPDIR", scratch.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let said = std::io::BufReader::new(node.stdout.take().unwrap());
        let lines = said.lines().take(count);
        let pids: Vec<u32> = lines.map(|line| line.unwrap().parse().unwrap()).collect();
        for &pid in &pids {
            assert!(!is_gone(pid));
        }
        node.kill().unwrap();
        node.wait().unwrap();
        for pid in pids {
            until(|| is_gone(pid)).await;
        }
        // Its private directory, too.
        until(|| scratch.path().read_dir().unwrap().next().is_none()).await;
    }
}

#[tokio::test]
async fn a_run_whose_keeper_is_killed_is_unknown() {
    let command = Command::new();
    let output = Output::new(1_000);
    let job = target(&["parent"]);
    let killed = async {
        let pid = numbers(&output, 1).await[0];
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    let none = Credentials::default();
    let (ended, ()) = tokio::join!(command.connector.run(&job, &none, &output), killed);
    let note = "its keeper was killed; it may have had its effect, and may go on";
    assert_eq!(ended, Ended::Unknown { note: note.into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn many_run_at_once() {
    let command = Command::new();
    let runs: Vec<_> = (0..40_u8)
        .map(|code| {
            let connector = command.connector.clone();
            tokio::spawn(async move {
                let output = Output::new(10);
                let words = ["exit", &code.to_string()];
                (
                    code,
                    connector.run(&target(&words), &NO_SECRETS, &output).await,
                )
            })
        })
        .collect();
    for run in runs {
        let (code, ended) = run.await.unwrap();
        let wanted = match code {
            0 => SUCCEEDED,
            _ => failed(Some(code.into()), &format!("exit code {code}")),
        };
        assert_eq!(ended, wanted);
    }
    assert!(command.directories().is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_secret_is_a_file_that_the_program_inherits() {
    let command = Command::new();
    let mut job = target(&["files", "{secret:Token}", "{pin}"]);
    let pin = writ_core::value::Schema::of(writ_core::value::ValueType::Secret);
    let mut task = writ_core::object::Task::clone(&job.task);
    task.parameters.insert(parameter("pin"), pin);
    job.task = task.into();
    let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
    let mut credentials = Credentials::default();
    let token = "token".parse().unwrap();
    credentials.secrets.insert(token, Ok(secret("first value")));
    let other = "other".parse().unwrap();
    let why = String::from("cannot be opened");
    credentials.secrets.insert(other, Err(why));
    let pin = parameter("pin");
    credentials.parameters.insert(pin, secret("second value"));
    let output = Output::new(10_000);
    let ended = command.connector.run(&job, &credentials, &output).await;
    let said = String::from_utf8(output.bytes()).unwrap();
    assert_eq!(ended, SUCCEEDED, "{said}");
    let lines: Vec<_> = said.lines().collect();
    let path = |line: &str, value: &str| {
        let path = line.strip_suffix(value).unwrap().trim_end();
        assert!(path.starts_with("/dev/fd/"), "{said}");
        path.to_owned()
    };
    let first = path(lines[0], " first value");
    let second = path(lines[1], " second value");
    let called = lines[2];
    assert!(called.contains(&first) && called.contains(&second) && !called.contains("value"));
    assert_eq!(lines[3], "changed false");
    // The node has it no more, and the next program never had it.
    let (_, output) = command.target(&["open"]).await;
    let open = String::from_utf8(output.bytes()).unwrap();
    assert!(!open.contains("writ-secret"), "{open}");
    let ours = std::fs::read_dir("/proc/self/fd").unwrap();
    let ours = ours.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    assert!(
        !ours
            .into_iter()
            .any(|link| link.to_string_lossy().contains("writ-secret"))
    );
    // What is missing is said by whom it is needed.
    for (word, words) in [
        ("{secret:other}", "cannot be opened"),
        ("{secret:third}", "writ secret set WORKLOAD third"),
    ] {
        let job = target(&["files", word]);
        let ended = command.connector.run(&job, &credentials, &output).await;
        let Ended::Failed { exit: None, note } = ended else {
            panic!("{ended:?}");
        };
        assert!(
            note.starts_with("not started: ") && note.contains(words),
            "{note}"
        );
    }
}
