//! People and programs are told, by the real binary: over SMTP to a real mail
//! server and over HTTP to a receiver here, also when the node is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::site::{Site, upn};

const FAIL: &str = r"Host\Fail";

/// A mail server, as the tests of mail have it.
struct MailServer {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl MailServer {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let python = Command::new(root.join("scripts/aiosmtpd"))
            .output()
            .unwrap();
        assert!(
            python.status.success(),
            "run scripts/aiosmtpd --install first"
        );
        let python = String::from_utf8(python.stdout).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let asked = serde_json::json!({ "folder": folder.path() });
        let mut child = Command::new(python.trim())
            .arg(root.join("crates/notify/tests/it/mail/server.py"))
            .arg(asked.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Self {
            child,
            folder,
            port,
        }
    }

    fn lines(&self) -> String {
        format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"writ@fabrikam.example\"\n",
            self.port
        )
    }

    /// All that it took.
    fn mails(&self) -> Vec<Mail> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let is_mail = |path: &PathBuf| path.extension().is_some_and(|it| it == "eml");
        files
            .filter(is_mail)
            .map(|path| Mail::read(&path))
            .collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

struct Mail {
    to: String,
    id: String,
    references: String,
    subject: String,
    /// The plain text.
    text: String,
}

impl Mail {
    fn read(path: &Path) -> Self {
        // Whoever reads mail for a living does it better.
        let script = "import email, email.policy, json, sys\n\
            m = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)\n\
            print(json.dumps({'to': m['To'], 'id': m['Message-ID'], 'references': m['References'] or '', \
            'subject': m['Subject'], 'text': m.get_body(('plain',)).get_content()}))";
        let read = Command::new("python3")
            .args(["-c", script])
            .arg(path)
            .output()
            .unwrap();
        let read: Value = serde_json::from_slice(&read.stdout).unwrap();
        let text = |key: &str| read[key].as_str().unwrap().to_owned();
        Self {
            to: text("to"),
            id: text("id"),
            references: text("references"),
            subject: text("subject"),
            text: text("text"),
        }
    }
}

/// Takes calls, and answers each of them with 204.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<(String, Value)>>>);

impl Receiver {
    fn start() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = Self::default();
        let taking = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let taking = taking.clone();
                thread::spawn(move || taking.converse(&stream));
            }
        });
        (receiver, port)
    }

    fn converse(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut length, mut id) = (0, String::new());
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
                let line = line.trim();
                if line.is_empty() {
                    break;
                }
                let (name, value) = line.split_once(": ").unwrap_or((line, ""));
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.parse().ok()?,
                    "webhook-id" => value.clone_into(&mut id),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let event = serde_json::from_slice(&body).ok()?;
            self.0.lock().unwrap().push((id, event));
            let mut stream = stream;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
        }
    }

    fn events(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().clone()
    }
}

/// A site that tells by mail and by a webhook.
fn telling() -> (Site, MailServer, Receiver) {
    let mut site = Site::open();
    let mail = MailServer::start();
    let (receiver, port) = Receiver::start();
    let key = site.data().join("webhook-key");
    fs::write(&key, "a key of more than thirty-two bytes for tests").unwrap();
    let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&key, owner).unwrap();
    let webhook = format!(
        "[[webhook]]\nname = \"audit\"\nurl = \"http://127.0.0.1:{port}/\"\nsecret_files = \
         [\"webhook-key\"]\nallow = [\"127.0.0.1\"]\n"
    );
    site.configure(&(mail.lines() + &webhook));
    site.admin(&["check-config"]).ok();
    site.stop();
    site.serve();
    (site, mail, receiver)
}

#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "other processes are waited for, which no clock of ours moves"
)]
fn eventually<T>(what: &str, found: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "never: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn whoever_is_asked_gets_a_mail_and_whoever_asked_the_answer() {
    let (site, mail, receiver) = telling();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    let asked = site.writ(
        "alice",
        &[
            "request",
            r"Host\Say",
            "--reason",
            "the <b>ticket</b> 4711",
            "-o",
            "json",
        ],
    );
    let asked = asked.ok();
    assert!(!asked.stderr.contains("nobody was told"), "{asked:?}");
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let to = |name: &str, words: &str| {
        let (name, words) = (upn(name), words.to_owned());
        eventually(&words.clone(), || {
            let mails = mail.mails().into_iter();
            mails
                .into_iter()
                .find(|mail| mail.to == name && mail.text.contains(&words))
        })
    };
    let to_bob = to("bob", "asks for your approval");
    let to_carol = to("carol", "asks for your approval");
    for words in [
        "the <b>ticket</b> 4711",
        &format!("{}/requests/{id}", site.url()),
        &format!("writ approve {}", &id[..8]),
        "Approve-ElevatedAccessRequest -RequestId",
    ] {
        assert!(to_bob.text.contains(words), "{words}: {}", to_bob.text);
    }
    assert_ne!(to_bob.id, to_carol.id);
    site.writ("bob", &["approve", &id]).ok();
    let to_alice = to("alice", "Approved by");
    assert_eq!(to_alice.references, to_bob.references, "one thread");
    assert!(to_alice.subject.starts_with("Approved: "));
    assert!(
        mail.mails().iter().all(|mail| {
            mail.to != upn("alice") || !mail.text.contains("asks for your approval")
        })
    );
    // Who changed what is for those who oversee, and for the approvers.
    to("admin", "set the policy for");
    to("bob", "set the policy for");

    let kinds = |receiver: &Receiver| -> Vec<String> {
        let events = receiver.events().into_iter();
        events
            .map(|(_, event)| event["type"].as_str().unwrap().to_owned())
            .collect()
    };
    eventually("the grant at the webhook", || {
        kinds(&receiver)
            .contains(&"writ.request-granted".to_owned())
            .then_some(())
    });
    let kinds = kinds(&receiver);
    let at = |kind: &str| kinds.iter().position(|it| it == kind).unwrap();
    assert!(at("writ.request-raised") < at("writ.request-granted"));

    site.admin(&["notify", "status"]).said(0, "fine");
    let history = site
        .admin(&["notify", "history", "mail", "-o", "json"])
        .ok()
        .json();
    let history = history["items"].as_array().unwrap().clone();
    let sent = history
        .iter()
        .find(|it| it["id"].as_str().unwrap().starts_with("granted/"));
    let number = sent.unwrap()["number"].to_string();
    site.admin(&["notify", "again", &number]).ok();
    eventually("the same once more", || {
        let mails = mail.mails().into_iter();
        (mails.filter(|mail| mail.id == to_alice.id).count() == 2).then_some(())
    });
    site.admin(&["notify", "again", "999999"])
        .said(2, "writ notify history");
    site.admin(&["notify", "test", "mail", "somebody@fabrikam.example"])
        .ok();
    site.admin(&["notify", "test", "webhook", "audit"])
        .said(0, "204");
    site.admin(&["notify", "test", "webhook", "other"])
        .said(2, "audit");
}

#[test]
fn killed_under_load_everybody_is_told_and_twice_only_under_the_same_id() {
    let (mut site, mail, receiver) = telling();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(FAIL);
    let mut acknowledged = BTreeSet::new();
    for _ in 0..3 {
        let failed = Mutex::new(BTreeSet::new());
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let done = site.writ("alice", &["run", FAIL, "-o", "json"]);
                        let Ok(run) = serde_json::from_slice::<Value>(&done.stdout) else {
                            break;
                        };
                        if run["status"] == "failed" {
                            let id = run["id"].as_str().unwrap().to_owned();
                            failed.lock().unwrap().insert(id);
                        }
                    }
                });
            }
            scope.spawn(|| {
                while failed.lock().unwrap().len() < 12 {
                    thread::yield_now();
                }
                site.kill_now();
            });
        });
        acknowledged.append(&mut failed.into_inner().unwrap());
        site.kill();
        site.serve();
    }
    let told = eventually("everybody is told", || {
        let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for mail in mail.mails() {
            let page = mail
                .text
                .split("/executions/")
                .nth(1)
                .map(|rest| &rest[..64]);
            // Administrators hear of those that ended unknown, too.
            if let Some(run) = page.filter(|_| mail.to == upn("alice")) {
                told.entry(run.to_owned()).or_default().insert(mail.id);
            }
        }
        acknowledged
            .iter()
            .all(|run| told.contains_key(run))
            .then_some(told)
    });
    for (run, ids) in &told {
        assert_eq!(ids.len(), 1, "{run} under {ids:?}");
    }
    eventually("every run at the webhook", || {
        let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (id, event) in receiver.events() {
            if event["type"] == "writ.execution-ended" {
                let run = event["subject"].as_str().unwrap().replace("execution/", "");
                told.entry(run).or_default().insert(id);
            }
        }
        assert!(told.values().all(|ids| ids.len() == 1), "{told:?}");
        acknowledged
            .iter()
            .all(|run| told.contains_key(run))
            .then_some(())
    });
}
