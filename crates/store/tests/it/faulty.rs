//! The store that fails on purpose.

use writ_core::digest::Index;
use writ_store::conformance::{self, make};
use writ_store::{Backend, Call, Fault, Faulty, Memory, Rebuild, StoreError, empty_head};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_faults_it_keeps_the_contract() {
    conformance::all(async || Faulty::new(Memory::new(), |_| None)).await;
}

#[tokio::test]
async fn each_fault_does_what_its_name_says() {
    let cases = [
        (None, Ok(()), true),
        (
            Some(Fault::Unavailable),
            Err(StoreError::Unavailable(text())),
            false,
        ),
        (Some(Fault::Full), Err(StoreError::Full(text())), false),
        (
            Some(Fault::UnknownUnwritten),
            Err(StoreError::Unknown(text())),
            false,
        ),
        (
            Some(Fault::UnknownWritten),
            Err(StoreError::Unknown(text())),
            true,
        ),
    ];
    let store = Faulty::scripted(Memory::new(), cases.iter().map(|case| case.0));
    let mut head = empty_head();
    for (fault, answer, written) in cases {
        let batch = make::batch(head, 1);
        assert_eq!(store.append(batch.clone()).await, answer, "{fault:?}");
        if written {
            head = batch.after;
        }
        assert_eq!(store.head().await, Ok(head), "{fault:?}");
    }
    store.append(make::batch(head, 1)).await.unwrap();
    assert_eq!(store.inner().entries(Index(0), 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_plan_may_fail_reads_and_rebuilds() {
    let store = Faulty::new(Memory::new(), |call| match call {
        Call::Append(_) => None,
        Call::Rebuild(Rebuild::Begin) => Some(Fault::UnknownWritten),
        Call::Rebuild(_) => Some(Fault::Full),
        Call::Read(name) => (name == "head").then_some(Fault::UnknownWritten),
    });
    store.append(make::batch(empty_head(), 1)).await.unwrap();
    assert_eq!(store.head().await, Err(StoreError::Unavailable(text())));
    assert_eq!(store.entries(Index(0), 9).await.unwrap().len(), 1);
    let begun = store.rebuild(Rebuild::Begin).await;
    assert_eq!(begun, Err(StoreError::Unknown(text())));
    let ended = store.rebuild(Rebuild::End { projector: 1 }).await;
    assert_eq!(ended, Err(StoreError::Full(text())));
}

#[tokio::test]
async fn a_conflict_is_a_conflict_whatever_the_plan() {
    let store = Faulty::scripted(Memory::new(), [Some(Fault::UnknownWritten)]);
    let mut elsewhere = empty_head();
    elsewhere.size = 5;
    let refused = store.append(make::batch(elsewhere, 1)).await;
    assert_eq!(refused, Err(StoreError::Conflict { size: 0 }));
}

fn text() -> String {
    "by plan".to_owned()
}
