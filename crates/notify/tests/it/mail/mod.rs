//! Mail: how it reads, and how it is handed to a real server.

mod hostile;
mod reader;
mod rendered;
mod sending;
mod server;
mod settings;
mod typed;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use writ_core::digest::{Digest, RequestId};
use writ_core::time::Time;
use writ_notify::letter::{Letter, Row, Way};
use writ_notify::mail::{About, Config, Mail, Settings, render};
use writ_notify::{Failure, Wrong};

pub(crate) const NOW: Time = Time(1_795_346_311_000);
pub(crate) const NOTE: &str = "contoso.example/writ/3fd1c2a0-93b4-41c5-8f60-1d2c3b4a5968\n\
    4711\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n\
    — contoso.example/writ/3fd1c2a0-93b4-41c5-8f60-1d2c3b4a5968 dGVzdA==\n";

/// What a `[mail]` says, checked.
pub(crate) fn checked(folder: &Path, text: &str) -> Result<Config, Wrong> {
    let settings: Settings = toml::from_str(text).unwrap();
    settings.check(folder)
}

/// A configuration for what only renders.
pub(crate) fn config() -> Config {
    let text = "host = \"localhost\"\ntls = \"none\"\nfrom = \"Writ <writ@contoso.example>\"\n\
        reply_to = \"it@contoso.example\"\n";
    checked(Path::new("/"), text).unwrap()
}

pub(crate) fn about(to: &str) -> About<'_> {
    About {
        to,
        site: "https://writ.contoso.example",
        checkpoint: NOTE,
        now: NOW,
    }
}

pub(crate) fn row(label: &str, value: &str) -> Row {
    Row {
        label: label.into(),
        value: value.into(),
    }
}

pub(crate) fn way(surface: &str, command: &str) -> Way {
    Way {
        surface: surface.into(),
        command: command.into(),
    }
}

/// What an approver is asked.
pub(crate) fn to_decide() -> Letter {
    let request = RequestId(Digest::of(b"a request"));
    Letter {
        subject: "Ana Ruiz asks for Move a mailbox".into(),
        headline: "Ana Ruiz asks you to approve Move a mailbox".into(),
        rows: vec![
            row("Task", "Exchange\\New-MoveRequest (Move a mailbox)"),
            row(
                "Parameters",
                "Identity: tobias.gruber@contoso.example, TargetDatabase: any",
            ),
            row("Who", "Ana Ruiz (ana.ruiz@contoso.example)"),
            row(
                "Reason",
                "Tobias moves to the office in Zürich on Monday; his mailbox is 48 GB \
                and should be there by then. Ticket INC-20931.",
            ),
            row("For", "4 hours from the approval"),
            row("Waits until", "1 December 2026, 09:18 UTC"),
        ],
        page: format!("/requests/{}", request.short()),
        open: "Open the request".into(),
        ways: vec![
            way(
                "writ",
                &format!("writ approve {} --comment 'Go ahead'", request.brief()),
            ),
            way(
                "writ",
                &format!("writ deny {} --comment 'Why not'", request.brief()),
            ),
            way(
                "PowerShell",
                &format!(
                    "Approve-ElevatedAccessRequest -RequestId {} -Comment 'Go ahead'",
                    request.brief()
                ),
            ),
        ],
        because: "You are told because you are a member of Exchange approvers.".into(),
        request: Some(request),
    }
}

/// What auditors hear of a policy.
pub(crate) fn policy() -> Letter {
    Letter {
        subject: "The policy for Exchange\\* was changed".into(),
        headline: "Mira Okafor changed the policy for Exchange\\*".into(),
        rows: vec![
            row("Approvals", "2 of Exchange approvers (was 1)"),
            row("At most", "2 hours (was 4 hours)"),
            row("When", "30 November 2026, 18:18 UTC"),
        ],
        page: "/log/4710".into(),
        open: "Open the entry".into(),
        ways: Vec::new(),
        because: "You are told because you are an auditor. This cannot be switched off.".into(),
        request: None,
    }
}

/// Twelve letters.
pub(crate) fn many() -> Vec<(String, Letter)> {
    let of = |number: usize| {
        let mut letter = match number % 3 {
            0 => to_decide(),
            _ => policy(),
        };
        letter.request = letter
            .request
            .map(|_| RequestId(Digest::of(&[u8::try_from(number).unwrap()])));
        letter.headline = format!("{} ({number})", letter.headline);
        (format!("letter {number}"), letter)
    };
    (1..=12).map(of).collect()
}

pub(crate) fn rendered(to: &str, id: &str, letter: &Letter) -> Result<Mail, Failure> {
    render(&config(), &about(to), &[(id, letter)])
}

/// A file that only its owner may read.
pub(crate) fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
