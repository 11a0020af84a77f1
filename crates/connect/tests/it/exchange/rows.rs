//! What comes back: pages, warnings, errors in words.

use writ_connect::Ended;
use writ_core::value::Value;
use writ_emulator::{Fault, Injection, Settings};

use super::{Exchange, rows, text};

const SUCCEEDED: Ended = Ended::Succeeded { exit: None };

fn failed(note: &str) -> Ended {
    Ended::Failed {
        exit: None,
        note: note.into(),
    }
}

#[tokio::test]
async fn all_pages_are_read() {
    let exchange = Exchange::with(Settings {
        more_mailboxes: 2_500,
        ..Settings::default()
    })
    .await;
    let mut job = exchange.job_of("Get-Mailbox", &[("ResultSize", text("Unlimited"))]);
    let mut task = writ_core::object::Task::clone(&job.task);
    task.output_cap = 16 << 20;
    job.task = task.into();
    let output = writ_connect::Output::new(16 << 20);
    let ended = exchange.connector.run(&job, &exchange.credentials, &output);
    assert_eq!(ended.await, SUCCEEDED);
    let found = rows(&output);
    assert_eq!(found.len(), 2_505);
    assert!(found.iter().all(|row| {
        let names = row.as_object().unwrap().keys();
        names.clone().all(|name| !name.contains('@')) && names.count() > 15
    }));
    let skipped: Vec<_> = exchange.calls("Get-Mailbox");
    let skipped: Vec<_> = skipped.iter().map(|call| call.skipped).collect();
    assert_eq!(skipped, [0, 1_000, 2_000]);
    // A page that fails is asked for again; those before it are not.
    exchange
        .emulator
        .inject(Injection::next(Fault::TruncatedPage { rows: 3 }));
    exchange.emulator.inject(Injection::next(Fault::Transient));
    let (ended, output) = exchange.cmdlet("Get-Mailbox", &[]).await;
    assert_eq!(ended, SUCCEEDED);
    assert_eq!(output.remarks().len(), 3, "{:?}", output.remarks());
    let skipped: Vec<_> = exchange.calls("Get-Mailbox").split_off(3);
    let skipped: Vec<_> = skipped.iter().map(|call| call.skipped).collect();
    assert_eq!(skipped, [0, 3, 3]);
}

#[tokio::test]
async fn warnings_are_remarks() {
    let exchange = Exchange::new().await;
    let (ended, output) = exchange
        .cmdlet("Set-Mailbox", &[("Identity", text("alice"))])
        .await;
    assert_eq!(ended, SUCCEEDED);
    assert!(output.bytes().is_empty());
    assert_eq!(
        output.remarks(),
        ["warning: Nothing of 'alice' was changed: it is so already."]
    );
    let warnings = ["a", "b", "c", "d\n\u{1b}[1m"].map(str::to_owned).to_vec();
    let value = Vec::new();
    exchange
        .emulator
        .inject(Injection::next(Fault::Answer { value, warnings }));
    let (_, output) = exchange.cmdlet("Get-Mailbox", &[]).await;
    let wanted = ["warning: a", "warning: b", "warning: c", "1 more warnings"];
    assert_eq!(output.remarks(), wanted);
}

#[tokio::test]
async fn a_no_is_told_in_its_words() {
    let exchange = Exchange::with(Settings {
        not_permitted: vec!["Remove-Mailbox".into()],
        ..Settings::default()
    })
    .await;
    let nobody = [("Identity", text("nobody"))];
    let (ended, _) = exchange.cmdlet("Set-Mailbox", &nobody).await;
    let Ended::Failed { note, .. } = &ended else {
        panic!("{ended:?}")
    };
    let sentence = "The operation couldn't be performed because object 'nobody' couldn't be found.";
    assert!(note.starts_with(sentence) && note.contains("(Ex"), "{note}");
    for cmdlet in ["Remove-Mailbox", "Get-Nothing", "New-Nothing"] {
        let (ended, _) = exchange.cmdlet(cmdlet, &nobody).await;
        let wanted = format!(
            "Exchange Online knows no cmdlet `{cmdlet}`, or the roles of the app do not have it \
             (403)"
        );
        assert_eq!(ended, failed(&wanted));
    }
    let confirm = [("Identity", text("bob")), ("Confirm", Value::Boolean(true))];
    let (ended, _) = exchange.cmdlet("Set-Mailbox", &confirm).await;
    assert!(format!("{ended:?}").contains("asks first"), "{ended:?}");
}
