//! The demo's second half: Exchange, emulated, from the management shell.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use writ_emulator::Settings;

use super::stage::{Server, Stage, free_address};
use super::{DemoError, ORGANIZATION, heading, say};

/// What Alice is allowed after Bob agreed.
const MOVE: &str = "New-MoveRequest";

/// The emulator, while it runs.
pub(super) struct Exchange {
    address: String,
    _process: Server,
}

impl Exchange {
    /// Starts the emulator, and sets the workload that reaches it.
    pub(super) fn start(stage: &Stage) -> Result<Self, DemoError> {
        heading("The same for Exchange; an emulator stands in for it");
        let address = free_address()?;
        let listen = ["emulator", "exchange", "--listen", &address];
        let exchange = Self {
            _process: Server::start(stage, "emulator", &listen)?,
            address,
        };
        let settings = Settings::default();
        stage.show(
            "admin",
            &[
                "workload",
                "set",
                "Exchange",
                "--connector",
                "exchange",
                "--tenant",
                &settings.tenant,
                "--client-id",
                &settings.client_id,
                "--emulator",
                &exchange.url(),
            ],
        )?;
        let secret = settings.client_secret.unwrap_or_default();
        stage.enter(
            "admin",
            &["secret", "set", "Exchange", "client-secret", "--file", "-"],
            &secret,
        )?;
        Ok(exchange)
    }

    /// Policy, refusal, request, approval, runs, disabled and enabled again.
    pub(super) fn tell(&self, stage: &Stage) -> Result<(), DemoError> {
        let run = |who: &str| format!("{MOVE} -Identity {who} -TargetDatabase DB01");
        heading("Whoever knows PowerShell types what they know, in `writ shell`");
        let policy = format!(
            "New-ElevatedAccessApprovalPolicy\n    -Task 'Exchange\\{MOVE}'\n    -ApprovalType \
             Manual\n    -ApproverGroup 'pamapprovers@{ORGANIZATION}'\n    | select Task, \
             ApprovalType, ApproverGroup"
        );
        stage.types("admin", &policy, 0)?;
        stage.types("alice", &run("alice"), 3)?;
        let ask = format!(
            "New-ElevatedAccessRequest\n    -Task 'Exchange\\{MOVE}'\n    -Reason 'Attempting to \
             fix the user mailbox error'\n    -DurationHours 4\n    | select Identity, \
             RequestStatus"
        );
        stage.types("alice", &ask, 0)?;
        let approve = "Get-ElevatedAccessRequest | where {$_.RequestStatus -eq 'Pending'} \
                       | Approve-ElevatedAccessRequest -Comment 'Go ahead'";
        stage.types("bob", approve, 0)?;

        heading("She runs it for two mailboxes; the credential of Exchange she never sees");
        let shown = "| select Identity, Status, TargetDatabase";
        for who in ["alice", "carol"] {
            stage.types("alice", &format!("{} {shown}", run(who)), 0)?;
        }
        self.moved(&["alice", "carol"])?;

        heading("Disabled, nothing runs; enabled again, all is as it was");
        stage.types("admin", "Disable-ElevatedAccessControl", 0)?;
        stage.types("alice", &run("dave"), 3)?;
        let enable =
            format!("Enable-ElevatedAccessControl -AdminGroup 'pamapprovers@{ORGANIZATION}'");
        stage.types("admin", &enable, 0)?;
        stage.types("alice", &format!("{} {shown}", run("dave")), 0)?;
        self.moved(&["alice", "carol", "dave"])
    }

    /// What to try with it.
    pub(super) fn hint(&self) {
        say("\n  writ --profile alice shell          # then, at its prompt:");
        for line in [
            "New-MoveRequest -Identity bob -TargetDatabase DB01",
            "Get-ElevatedAccessRequest | fl Identity, RequestStatus, EndTimeUtc",
            "Get-Help New-ElevatedAccessRequest",
        ] {
            say(&format!("    {line}"));
        }
        say(&format!("  curl {}/emulator/calls", self.url()));
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at what the emulator was told to do, and did.
    fn moved(&self, wanted: &[&str]) -> Result<(), DemoError> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "GET /emulator/calls HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let calls = answer.split_once("\r\n\r\n").map(|(_, body)| body);
        let calls: Vec<Value> = serde_json::from_str(calls.unwrap_or_default())
            .map_err(|error| DemoError(format!("the emulator's journal: {error}")))?;
        let done = calls.iter().filter(|call| {
            let is = |what: &str, value: Value| call.get(what) == Some(&value);
            is("cmdlet", MOVE.into()) && is("done", true.into())
        });
        let moved: Vec<_> = done
            .filter_map(|call| call.get("parameters")?.get("Identity")?.as_str())
            .collect();
        say(&format!(
            "   Exchange was told to move {}",
            moved.join(", ")
        ));
        match moved == wanted {
            true => Ok(()),
            false => Err(DemoError(format!("it should have been {wanted:?}"))),
        }
    }
}

impl Stage {
    /// Types a command at the prompt of somebody's shell.
    fn types(&self, who: &str, text: &str, expected: i32) -> Result<String, DemoError> {
        say(&format!("{who}$ writ shell"));
        for (number, line) in text.lines().enumerate() {
            let prompt = if number == 0 { "Writ> " } else { ">> " };
            say(&format!("{prompt}{line}"));
        }
        self.perform(who, &["shell"], Some(text), expected)
    }
}
