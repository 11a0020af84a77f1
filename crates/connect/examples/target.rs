//! A program that does what the connector's tests ask of it.
//!
//! `target ACT WORDS…`; each act is a function below.

use std::error::Error;
use std::io::{Read, Write, stderr, stdin, stdout};
use std::process::{Command, ExitCode};

type Done = Result<ExitCode, Box<dyn Error>>;

fn main() -> Done {
    let mut words = std::env::args().skip(1);
    let act = words.next().unwrap_or_default();
    let words: Vec<String> = words.collect();
    let word = || words.first().map(String::as_str).unwrap_or_default();
    match act.as_str() {
        "argv" => argv(&words),
        "files" => files(&words),
        "open" => open_files(),
        "exit" => Ok(ExitCode::from(word().parse::<u8>()?)),
        "abort" => std::process::abort(),
        "turns" => turns(word().parse()?),
        "flood" => flood(word().parse()?),
        "hang" => hang(),
        "stubborn" => stubborn(),
        "surroundings" => surroundings(),
        "leave" => leave(&["600"]),
        "escape" => escape(),
        _ => Err("no such act".into()),
    }
}

/// Prints each word as hexadecimal digits on a line.
fn argv(words: &[String]) -> Done {
    for word in words {
        let digits: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        println!("{digits}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what is in these files, one after the other, and how it was called.
fn files(paths: &[String]) -> Done {
    for path in paths {
        println!("{path} {}", std::fs::read_to_string(path)?);
    }
    let called = std::fs::read("/proc/self/cmdline")?;
    println!(
        "called {}",
        String::from_utf8_lossy(&called).replace('\0', " ")
    );
    let changed = std::fs::write(paths.first().ok_or("no path")?, "changed");
    println!("changed {}", changed.is_ok());
    Ok(ExitCode::SUCCESS)
}

/// Prints what each open file is.
fn open_files() -> Done {
    for entry in std::fs::read_dir("/proc/self/fd")? {
        println!("{}", std::fs::read_link(entry?.path())?.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes numbers to standard output and standard error in turn.
fn turns(count: u32) -> Done {
    for number in 0..count {
        match number % 2 {
            0 => writeln!(stdout(), "{number}")?,
            _ => writeln!(stderr(), "{number}")?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn flood(bytes: usize) -> Done {
    let chunk = vec![b'x'; 1 << 16];
    let mut left = bytes;
    while left > 0 {
        let part = chunk.get(..left).unwrap_or(&chunk);
        stdout().write_all(part)?;
        left -= part.len();
    }
    Ok(ExitCode::SUCCESS)
}

/// Says its own number, starts a child that does the same, and stays.
fn hang() -> Done {
    println!("{}", std::process::id());
    let child = Command::new("/bin/sleep").arg("600").spawn()?;
    println!("{}", child.id());
    loop {
        std::thread::park();
    }
}

/// Stays, whatever it is asked.
fn stubborn() -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let mut asked = signal(SignalKind::terminate())?;
        println!("{}", std::process::id());
        loop {
            asked.recv().await;
            println!("no");
        }
    })
}

/// Prints what it can see of the node.
fn surroundings() -> Done {
    for (name, value) in std::env::vars() {
        println!("env {name}={value}");
    }
    let here = std::env::current_dir()?;
    println!("cwd {}", here.display());
    println!("entries {}", std::fs::read_dir(&here)?.count());
    println!("stdin {}", stdin().read_to_end(&mut Vec::new())?);
    std::fs::create_dir_all(here.join("a/b"))?;
    std::fs::write(here.join("a/b/file"), "left behind")?;
    use std::os::unix::fs::PermissionsExt;
    for path in [here.clone(), here.join("a/b/file")] {
        let mode = std::fs::metadata(path)?.permissions().mode();
        println!("mode {:o}", mode & 0o7777);
    }
    let own = rustix::process::getpid();
    println!("leader {}", rustix::process::getsid(None)? == own);
    for line in std::fs::read_to_string("/proc/self/status")?.lines() {
        if line.starts_with("NoNewPrivs") {
            println!("{line}");
        }
    }
    for line in std::fs::read_to_string("/proc/self/limits")?.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        println!("limit {}", words.join(" "));
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends, but leaves a child in its group that keeps the output open.
fn leave(words: &[&str]) -> Done {
    let child = Command::new("/bin/sleep").args(words).spawn()?;
    println!("{}", child.id());
    Ok(ExitCode::SUCCESS)
}

/// Ends, but leaves a child outside its session that keeps the output open.
fn escape() -> Done {
    let child = Command::new("/usr/bin/setsid")
        .args(["/bin/sleep", "600"])
        .spawn()?;
    // Until it has left the session it would be killed with the group.
    let own = rustix::process::getpid();
    let Some(pid) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return Err("no number".into());
    };
    while rustix::process::getsid(Some(pid))? == rustix::process::getsid(Some(own))? {
        std::thread::yield_now();
    }
    println!("{}", child.id());
    Ok(ExitCode::SUCCESS)
}
