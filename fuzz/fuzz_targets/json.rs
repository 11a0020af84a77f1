//! What is read as canonical JSON is written again to the byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use writ_core::json;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = json::read::<serde_json::Value>(bytes) {
        assert_eq!(json::write(&value).unwrap(), bytes);
    }
});
