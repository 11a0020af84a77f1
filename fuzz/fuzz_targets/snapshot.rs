//! A snapshot is read and written without a panic, and then no longer changes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use writ_core::snapshot;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(state) = snapshot::load(bytes) {
        let written = snapshot::save(&state).unwrap();
        let again = snapshot::save(&snapshot::load(&written).unwrap()).unwrap();
        assert_eq!(again, written);
    }
});
