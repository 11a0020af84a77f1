//! Every fault: what is asked again, what is unknown, and that nothing which
//! changes something is ever sent twice. The emulator's journal is the witness.

use writ_connect::{Ended, ExchangeConnector, Uptime};
use writ_emulator::{Fault, Injection, Settings};

use super::{Exchange, text};

/// How a run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Succeeded,
    /// Nothing was started.
    NotStarted,
    /// The service said no, or what reads got no answer.
    Failed,
    Unknown,
}

use Wanted::{Failed, NotStarted, Succeeded, Unknown};

fn seen(ended: &Ended) -> Wanted {
    match ended {
        Ended::Succeeded { .. } => Succeeded,
        Ended::Failed { note, .. } if note.starts_with("not started") => NotStarted,
        Ended::Failed { .. } => Failed,
        Ended::Unknown { .. } => Unknown,
    }
}

const fn throttled(retry_after_s: Option<u64>) -> Fault {
    Fault::Throttled { retry_after_s }
}

const fn server_error(status: u16, done: bool) -> Fault {
    Fault::ServerError {
        status,
        retry_after_s: None,
        done,
    }
}

/// A fault, how a cmdlet that reads ends and how often it was sent, how one that
/// changes ends, and how often the fault is met.
fn table() -> Vec<(Fault, Wanted, usize, Wanted)> {
    vec![
        (throttled(None), Succeeded, 2, NotStarted),
        (throttled(Some(0)), Succeeded, 2, NotStarted),
        (server_error(500, false), Succeeded, 2, Unknown),
        (server_error(502, false), Succeeded, 2, Unknown),
        (server_error(503, true), Succeeded, 2, Unknown),
        (server_error(504, true), Succeeded, 2, Unknown),
        (Fault::Transient, Succeeded, 2, Failed),
        (Fault::Lost { done: false }, Succeeded, 2, Unknown),
        (Fault::Lost { done: true }, Succeeded, 2, Unknown),
        (Fault::CutShort, Succeeded, 2, Unknown),
        (Fault::ExpiredToken, Succeeded, 2, NotStarted),
        (Fault::ClaimsChallenge, Succeeded, 2, NotStarted),
        (Fault::TruncatedPage { rows: 1 }, Succeeded, 1, Succeeded),
        (
            Fault::ForeignNextLink {
                url: "http://127.0.0.1:1/adminapi/beta/x/InvokeCommand".into(),
            },
            Failed,
            1,
            Succeeded,
        ),
    ]
}

#[tokio::test]
async fn what_reads_is_asked_again_and_what_changes_is_not() {
    let exchange = Exchange::new().await;
    let alice = [("Identity", text("alice"))];
    for (number, (fault, reads, times, changes)) in table().into_iter().enumerate() {
        let before = exchange.calls("Get-Mailbox").len();
        exchange.emulator.inject(Injection::next(fault.clone()));
        let (ended, _) = exchange.cmdlet("Get-Mailbox", &alice).await;
        assert_eq!(seen(&ended), reads, "{fault:?}: {ended:?}");
        let sent = exchange.calls("Get-Mailbox").len() - before;
        assert_eq!(sent, times, "{fault:?}");

        exchange.emulator.heal();
        exchange.emulator.inject(Injection::next(fault.clone()));
        let name = format!("rule {number}");
        let address = text("journal@example.com");
        let rule = [("Name", text(&name)), ("JournalEmailAddress", address)];
        let (ended, _) = exchange.cmdlet("New-JournalRule", &rule).await;
        assert_eq!(seen(&ended), changes, "{fault:?}: {ended:?}");
        let calls = exchange.calls("New-JournalRule");
        let sent = calls.iter().filter(|call| call.parameters["Name"] == name);
        assert_eq!(sent.count(), 1, "{fault:?}");

        // Nothing that was said not to be done was done.
        let (shown, _) = exchange
            .cmdlet("Get-JournalRule", &[("Identity", text(&name))])
            .await;
        match changes {
            Succeeded => assert_eq!(seen(&shown), Succeeded),
            NotStarted | Failed => assert_eq!(seen(&shown), Failed, "{fault:?}"),
            Unknown => {
                let note = format!("{ended:?}");
                assert!(note.contains("writ executions resolve"), "{note}");
                assert!(note.contains("client-request-id"), "{note}");
            }
        }
    }
}

#[tokio::test]
async fn attempts_come_to_an_end() {
    let exchange = Exchange::new().await;
    for (fault, words) in [
        (throttled(None), "it answers 429, 6 times"),
        (server_error(503, false), "it answers 503, 6 times"),
        (Fault::Transient, "not available for a moment"),
        (Fault::CutShort, "broke off"),
        (throttled(Some(3_600)), "beyond the deadline"),
        (Fault::ExpiredToken, "has the app Exchange.ManageAsApp"),
        (Fault::EndlessPages, "in a circle"),
    ] {
        exchange.emulator.inject(Injection::next(fault).times(100));
        let (ended, _) = exchange.cmdlet("Get-OrganizationConfig", &[]).await;
        assert_eq!(seen(&ended), Failed, "{ended:?}");
        assert!(format!("{ended:?}").contains(words), "{ended:?}");
        exchange.emulator.heal();
    }
    let sent = exchange.calls("Get-OrganizationConfig").len();
    assert_eq!(sent, 6 + 6 + 6 + 6 + 1 + 3 + 2);
}

#[tokio::test]
async fn a_deadline_ends_what_does_not_answer() {
    let exchange = Exchange::new().await;
    let alice = [("Identity", text("alice"))];
    exchange.cmdlet("Get-Mailbox", &alice).await;
    let hang = |done| Injection::next(Fault::Hang { done });
    exchange.emulator.inject(hang(false));
    let ended = exchange.briefly("Get-Mailbox", &alice).await;
    assert_eq!(seen(&ended), Failed, "{ended:?}");
    assert!(
        format!("{ended:?}").contains("changes nothing"),
        "{ended:?}"
    );
    for done in [false, true] {
        exchange.emulator.inject(hang(done));
        let ended = exchange.briefly("Remove-Mailbox", &alice).await;
        assert_eq!(seen(&ended), Unknown, "{ended:?}");
    }
    // It happened, once, and nobody asked a third time.
    let calls = exchange.calls("Remove-Mailbox");
    let done: Vec<_> = calls.iter().map(|call| call.done).collect();
    assert_eq!(done, [false, true]);
}

#[tokio::test]
async fn a_deadline_that_passed_while_the_host_slept_ends_the_wait() {
    let uptime = Uptime::default();
    let mut exchange = Exchange::new().await;
    exchange.connector = exchange.connector.with_uptime(uptime.clone());
    let alice = [("Identity", text("alice"))];
    let hang = Injection::next(Fault::Hang { done: true });
    exchange.emulator.inject(hang);
    let asleep = async {
        while exchange.calls("Remove-Mailbox").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        uptime.suspend(std::time::Duration::from_secs(2 * 3_600));
    };
    let ((ended, _), ()) = tokio::join!(exchange.cmdlet("Remove-Mailbox", &alice), asleep);
    assert_eq!(seen(&ended), Unknown, "{ended:?}");
    // The token was good for an hour, and the host slept for two.
    assert_eq!(exchange.tokens(), 1);
    exchange.cmdlet("Get-Mailbox", &alice).await;
    assert_eq!(exchange.tokens(), 2);
}

#[tokio::test]
async fn without_a_token_nothing_is_started() {
    let mut exchange = Exchange::new().await;
    let alice = [("Identity", text("alice"))];
    for (fault, times, wanted) in [
        (throttled(None), 1, Succeeded),
        (server_error(503, false), 3, Succeeded),
        (Fault::Lost { done: false }, 1, Succeeded),
        (Fault::CutShort, 1, Succeeded),
        (server_error(503, false), 4, NotStarted),
    ] {
        exchange.connector = ExchangeConnector::new().unwrap().with_pause(super::PAUSE);
        let injection = Injection::next_token(fault.clone()).times(times);
        exchange.emulator.inject(injection);
        let (ended, _) = exchange.cmdlet("Set-Mailbox", &alice).await;
        assert_eq!(seen(&ended), wanted, "{fault:?}: {ended:?}");
    }
    assert_eq!(exchange.calls("Set-Mailbox").len(), 4);
    exchange.connector = ExchangeConnector::new().unwrap();
    let hang = Fault::Hang { done: false };
    exchange.emulator.inject(Injection::next_token(hang));
    let ended = exchange.briefly("Set-Mailbox", &alice).await;
    assert_eq!(seen(&ended), NotStarted, "{ended:?}");
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_started() {
    let exchange = Exchange::new().await;
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let mut job = exchange.job_of("Remove-Mailbox", &[("Identity", text("alice"))]);
    let mut workload = exchange.workload();
    workload.settings.insert("emulator".into(), text(&url));
    workload.origin = Some(url);
    job.workload = workload.into();
    let (ended, _) = exchange.run_job(&job).await;
    assert_eq!(seen(&ended), NotStarted, "{ended:?}");
    assert!(format!("{ended:?}").contains("no connection"), "{ended:?}");
}

#[tokio::test]
async fn a_refused_token_makes_room_for_a_good_one() {
    let exchange = Exchange::new().await;
    let alice = [("Identity", text("alice"))];
    for fault in [Fault::ExpiredToken, Fault::ClaimsChallenge] {
        exchange.emulator.inject(Injection::next(fault));
        let (ended, _) = exchange.cmdlet("Remove-Mailbox", &alice).await;
        assert!(format!("{ended:?}").contains("run it again"), "{ended:?}");
    }
    let tokens = exchange.tokens();
    let (ended, _) = exchange.cmdlet("Remove-Mailbox", &alice).await;
    assert_eq!(seen(&ended), Succeeded, "{ended:?}");
    assert_eq!(exchange.tokens(), tokens, "the new one was there");
    // A token that is soon over is not kept.
    let exchange = Exchange::with(Settings {
        token_life_s: 200,
        ..Settings::default()
    })
    .await;
    for _ in 0..2 {
        exchange.cmdlet("Get-OrganizationConfig", &[]).await;
    }
    assert_eq!(exchange.tokens(), 2);
}
