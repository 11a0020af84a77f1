//! An envelope is read to the byte, and its statement without a panic.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use writ_core::envelope::Envelope;
use writ_core::json;
use writ_core::statement::Unverified;

fuzz_target!(|bytes: &[u8]| {
    let Ok(envelope) = Envelope::parse(bytes) else {
        return;
    };
    assert_eq!(json::write(&envelope).unwrap(), bytes);
    if let Ok(said) = Unverified::read(Arc::new(envelope)) {
        assert!(!said.statement().words(said.digest()).is_empty());
    }
});
