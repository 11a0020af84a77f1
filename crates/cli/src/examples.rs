//! Examples: shown by `--help` and in man pages, and each of them is parsed by
//! a test.

use clap::Command;

/// A command, and lines that somebody might type.
const EXAMPLES: [(&str, &[&str]); 15] = [
    (
        "init",
        &[
            "writ init --organization fabrikam.onmicrosoft.com --admin admin@fabrikam.onmicrosoft.com",
        ],
    ),
    (
        "serve",
        &[
            "writ serve",
            "writ serve --listen 0.0.0.0:8420 --behind-proxy",
        ],
    ),
    (
        "login",
        &["writ login https://writ.example.com --as alice@fabrikam.onmicrosoft.com"],
    ),
    (
        "request",
        &[
            r"writ request 'Host\Restart-Service' --reason 'Disk full, INC-1042' --for 2h -P unit=nginx",
            r"writ request 'Host\Restart-Service' --reason 'After the change' --start +2h --wait",
        ],
    ),
    (
        "requests",
        &[
            "writ requests --to-approve",
            "writ requests --all --status live -o json",
        ],
    ),
    ("show", &["writ show 4f2a", "writ show 4f2a --wait"]),
    (
        "approve",
        &[
            "writ approve 4f2a",
            "writ approve 4f2a --for 30m -P unit=one_of:nginx,redis",
        ],
    ),
    (
        "deny",
        &["writ deny 4f2a --comment 'Not during the freeze'"],
    ),
    ("revoke", &["writ revoke 4f2a --comment 'Done' --kill"]),
    ("run", &[r"writ run 'Host\Restart-Service' -P unit=nginx"]),
    (
        "shell",
        &[
            "writ shell",
            "writ shell -c 'Get-ElevatedAccessRequest | ft Identity, RequestStatus'",
            "writ shell commands.ps1",
        ],
    ),
    ("prove", &["writ prove 9b31 > run.writ"]),
    (
        "task",
        &[
            "writ task set -f tasks.toml",
            r"writ task test 'Host\Restart-Service' -P unit=nginx",
        ],
    ),
    (
        "policy",
        &[
            r"writ policy set 'Host\*' --approval manual --approvers approvers@example.com:2 --max-duration 4h",
        ],
    ),
    (
        "completions",
        &["writ completions bash > /etc/bash_completion.d/writ"],
    ),
];

/// The command line, with its examples.
pub(crate) fn shown(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (name, lines)| {
        let lines: String = lines.iter().map(|line| format!("\n  {line}")).collect();
        command.mut_subcommand(name, |inner| {
            inner.after_long_help(format!("Examples:{lines}"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::command;

    /// The words of a line, as a shell sees them up to a redirection.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" > ").next().unwrap();
        let parts = line.split('\'').enumerate();
        let mut words = vec![String::new()];
        for (at, part) in parts {
            if at % 2 == 1 {
                words.last_mut().unwrap().push_str(part);
                continue;
            }
            for (at, word) in part.split(' ').enumerate() {
                if at > 0 {
                    words.push(String::new());
                }
                words.last_mut().unwrap().push_str(word);
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_can_be_typed() {
        for (name, lines) in EXAMPLES {
            for line in lines {
                let words = words(line);
                assert_eq!((words[0].as_str(), words[1].as_str()), ("writ", name));
                let read = command().try_get_matches_from(&words);
                assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
            }
        }
    }
}
