//! A note and a checkpoint are opened or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use writ_core::log::{Checkpoint, Verifier, open_note};
use writ_core::testing::key;

fuzz_target!(|text: &str| {
    let verifier = Verifier::new("fabrikam.example/writ/corpus", &key("log").public()).unwrap();
    let note = open_note(text, &verifier);
    let checkpoint = Checkpoint::open(text, verifier.name(), verifier.key());
    assert!(checkpoint.is_err() || note.is_ok());
});
