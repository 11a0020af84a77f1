//! A disk that takes no more, for real: a process that may not make files larger.

use std::path::Path;
use std::process::Command;

use writ_core::digest::Index;
use writ_core::statement::TreeHead;
use writ_store::conformance::make;
use writ_store::{Backend, Batch, Sqlite, StoreError, empty_head};

const PLACE: &str = "WRIT_TEST_STORE";

/// How it went: the last head that was told, and the errors on the way.
struct Told {
    head: TreeHead,
    unknown: usize,
    last: StoreError,
}

fn next(head: TreeHead) -> Batch {
    let mut next = make::batch(head, 2);
    next.rows = vec![make::row("request", "it", head.size, &[("a", "x")])];
    next.blobs = vec![(next.entries[0].digest, vec![7; 40_000])];
    next
}

/// Appends, and looks after every error, until even looking fails.
async fn until_nothing_goes(store: &Sqlite) -> Told {
    let (mut head, mut unknown) = (empty_head(), 0);
    loop {
        let batch = next(head);
        let error = match store.append(batch.clone()).await {
            Ok(()) => {
                head = batch.after;
                continue;
            }
            Err(error) => error,
        };
        assert!(
            !matches!(error, StoreError::Conflict { .. } | StoreError::Corrupt(_)),
            "{error}"
        );
        unknown += usize::from(matches!(error, StoreError::Unknown(_)));
        match store.head().await {
            Ok(found) if matches!(error, StoreError::Unknown(_)) => {
                assert!([batch.expect, batch.after].contains(&found), "{found:?}");
                head = found;
            }
            Ok(found) => {
                assert_eq!(
                    found, head,
                    "any other error promises that nothing was written"
                );
                return Told {
                    head,
                    unknown,
                    last: error,
                };
            }
            Err(last) => {
                return Told {
                    head,
                    unknown,
                    last,
                };
            }
        }
    }
}

/// Does nothing by itself: the test below runs it in a process of its own.
#[tokio::test]
async fn inside() {
    let Ok(place) = std::env::var(PLACE) else {
        return;
    };
    let store = Sqlite::open(Path::new(&place)).unwrap();
    let told = until_nothing_goes(&store).await;
    println!(
        "told {} after {} unknown, then {}",
        told.head.size, told.unknown, told.last
    );
    assert!(
        told.unknown >= 2,
        "the log file filled up, was emptied, and filled up again"
    );
    assert!(
        matches!(told.last, StoreError::Unavailable(_)),
        "{}",
        told.last
    );
    let refused = store.append(next(told.head)).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    std::fs::write(format!("{place}.told"), told.head.size.to_string()).unwrap();
    // No tidy end: what is there is there.
    std::process::exit(0);
}

#[cfg(unix)]
#[tokio::test]
async fn what_was_told_holds_when_files_may_grow_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    // In units of 512 or 1024 bytes, as the shell likes; without the signal a
    // write beyond it fails as any other.
    let inner = "trap '' XFSZ; ulimit -f 1500; exec \"$0\" --exact full::inside --nocapture";
    let child = Command::new("sh")
        .args(["-c", inner])
        .arg(std::env::current_exe().unwrap())
        .env(PLACE, &path)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success(),
        "{output}{}",
        String::from_utf8_lossy(&child.stderr)
    );
    let told: u64 = std::fs::read_to_string(folder.path().join("store.told"))
        .unwrap()
        .parse()
        .unwrap();
    let store = Sqlite::open(&path).unwrap();
    let head = store.head().await.unwrap();
    assert!(
        [told, told + 2].contains(&head.size),
        "{told} told, {} there\n{output}",
        head.size
    );
    let entries = store.entries(Index(0), usize::MAX).await.unwrap();
    assert_eq!(entries.iter().fold(empty_head(), make::head_after), head);
    for entry in entries.iter().step_by(2) {
        assert!(store.blob(entry.digest).await.unwrap().is_some());
    }
    store.append(next(head)).await.unwrap();
}
