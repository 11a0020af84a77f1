//! The prompt of the management shell, on a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::site::Site;

/// What a terminal is asked, and what this one answers: the cursor is at the top.
const WHERE: &[u8] = b"\x1b[6n";
const THERE: &[u8] = b"\x1b[1;1R";

/// Somebody at a prompt.
struct Typist {
    child: Child,
    terminal: File,
    seen: Arc<Mutex<Vec<u8>>>,
    /// How much of the screen was read already.
    read: usize,
}

impl Typist {
    fn sit_down(site: &Site, who: &str) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let side = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let child = site
            .command(who, &["shell"])
            .env("XDG_STATE_HOME", site.path("state"))
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .stdin(side.try_clone().unwrap())
            .stdout(side.try_clone().unwrap())
            .stderr(side)
            .spawn()
            .unwrap();
        let terminal = File::from(terminal);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut screen = terminal.try_clone().unwrap();
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // It ends when nobody is on the other side any more.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                let new = &bytes[..count];
                for _ in new.windows(WHERE.len()).filter(|part| *part == WHERE) {
                    screen.write_all(THERE).unwrap();
                }
                shared.lock().unwrap().extend_from_slice(new);
            }
        });
        Self {
            child,
            terminal,
            seen,
            read: 0,
        }
    }

    /// Everything on the screen so far, as text without its control sequences.
    fn screen(&self) -> String {
        let seen = String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned();
        let mut text = String::new();
        let mut rest = seen.chars();
        while let Some(c) = rest.next() {
            if c != '\x1b' {
                text.push(c);
            } else if rest.next() == Some('[') {
                rest.by_ref().find(|c| c.is_ascii_alphabetic());
            }
        }
        text
    }

    /// Waits until the words are on the screen, after those that were seen before.
    #[track_caller]
    fn sees(&mut self, words: &str) {
        for _ in 0..3_000 {
            let screen = self.screen();
            if let Some(at) = screen[self.read..].find(words) {
                self.read += at + words.len();
                return;
            }
            thread::park_timeout(Duration::from_millis(20));
        }
        panic!("`{words}` is not on the screen:\n{}", self.screen());
    }

    fn types(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        // It is gone already if either fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_prompt_completes_goes_on_and_remembers() {
    let site = Site::open();
    let mut admin = Typist::sit_down(&site, "admin");
    admin.sees("Writ> ");

    // A blank at the end of a line, and it goes on; an empty line ends it.
    admin.types("New-ElevatedAccessApprovalPolicy \r");
    admin.sees(">> ");
    admin.types("    -Task 'Host\\Say'\r");
    admin.sees(">> ");
    admin.types("    -ApprovalType Man\t");
    admin.sees("Manual");
    admin.types("\r");
    admin.sees("RequirePasskey  : False");
    admin.sees("Writ> ");

    // One name is completed.
    admin.types("Disable-El\t");
    admin.sees("Disable-ElevatedAccessControl");
    admin.types(" -What\t");
    admin.sees("-WhatIf");
    admin.types("\r");
    admin.sees("What if: ");
    admin.sees("Writ> ");
    admin.types("(Get-ElevatedAccessApprovalPolicy).Task\r");
    admin.sees("Host\\Say\r\n");
    // What may hold a secret is found again here, and nowhere else.
    admin.types("$secret = 'hunter2'\r");
    admin.sees("Writ> ");
    admin.types("\x1b[A");
    admin.sees("'hunter2'");
    admin.types("\x15$x = (Get-ElevatedAccessGroup | select Ident\t");
    admin.sees("Identity");
    // Taken back: while a command runs the terminal would take the keys itself.
    admin.types("\x15\x12NoSuch\x7f\x7f\x7f\x7f\x7f\x7fPolicy).T");
    admin.sees("(Get-ElevatedAccessApprovalPolicy).Task");
    // What was found is taken with one Enter, and run with the next.
    admin.types("\r");
    admin.sees("Writ> (Get-ElevatedAccessApprovalPolicy).Task");
    admin.types("\r");
    admin.sees("Host\\Say\r\n");
    admin.types("Get-History -Count 1\r");
    admin.sees("Get-History -Count 1");
    admin.sees("CommandLine");
    admin.sees("Writ> ");
    // Ctrl-C gives up a question, and the prompt is there again.
    admin.types("Disable-ElevatedAccessControl\r");
    admin.sees("default is");
    admin.types("\x03");
    admin.sees("Nothing was done.");
    admin.types("exit\r");
    assert!(admin.child.wait().unwrap().success());

    let history = site.path("state/writ/shell-history");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&history), 0o600);
    assert_eq!(mode(history.parent().unwrap()), 0o700);
    let remembered = std::fs::read_to_string(&history).unwrap();
    assert!(
        remembered.contains("Disable-ElevatedAccessControl -WhatIf"),
        "{remembered}"
    );
    assert!(!remembered.contains("hunter2"), "{remembered}");
    // The next one to sit there finds it; of several names a menu is shown.
    let mut again = Typist::sit_down(&site, "admin");
    again.sees("Writ> ");
    again.types("\x1b[A\x1b[A\x1b[A\x1b[A");
    again.sees("(Get-ElevatedAccessApprovalPolicy).Task");
    drop(again);
    let mut again = Typist::sit_down(&site, "admin");
    again.sees("Writ> ");
    again.types("Get-ElevatedAccess\t");
    again.sees("Get-ElevatedAccessRequest");
    site.admin(&["status"]).said(0, "enabled");
}
