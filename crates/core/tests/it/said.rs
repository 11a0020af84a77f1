//! Saying no in a test, and remembering which codes were said.

use std::cell::RefCell;
use std::collections::BTreeSet;

use writ_core::refusal::Refusal;
use writ_core::state::Decided;
use writ_core::testing::{Say, World};

thread_local! {
    static CODES: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
}

/// The codes that were expected and said in this thread.
pub(crate) fn codes() -> BTreeSet<&'static str> {
    CODES.with_borrow(Clone::clone)
}

/// Somebody says something, and it is refused with this code.
#[track_caller]
pub(crate) fn no<B: Say>(world: &mut World, who: &str, body: B, code: &str) -> Refusal {
    refused(world.say(who, body), code)
}

/// The refusal in full, which must have this code.
#[track_caller]
pub(crate) fn refused(decided: Decided, code: &str) -> Refusal {
    let Some(refusal) = decided.refusal else {
        panic!("accepted; `{code}` was expected");
    };
    assert_eq!(refusal.code(), code, "{refusal}");
    assert!(!decided.entry.accepted);
    assert_eq!(decided.entry.code.as_deref(), Some(code));
    assert!(decided.reads.is_empty(), "a refusal needs no proof");
    CODES.with_borrow_mut(|codes| codes.insert(refusal.code()));
    refusal
}
