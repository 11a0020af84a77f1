//! A leaf is read to the byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use writ_core::entry::Entry;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(entry.to_leaf().unwrap(), bytes);
    }
});
