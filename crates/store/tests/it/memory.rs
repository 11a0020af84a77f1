//! The store in memory.

use writ_store::conformance::{self, make};
use writ_store::{Backend, Memory, empty_head};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() {
    conformance::all(async || Memory::new()).await;
}

#[tokio::test]
async fn a_clone_is_the_same_store() {
    let store = Memory::new();
    let first = make::batch(empty_head(), 1);
    store.clone().append(first.clone()).await.unwrap();
    assert_eq!(store.head().await, Ok(first.after));
}
