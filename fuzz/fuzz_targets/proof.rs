//! A writ file is read to the byte, and checking one never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use writ_core::digest::{Digest, OrganizationId};
use writ_core::log::leaf_hash;
use writ_core::proof::{WritFile, check};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = WritFile::parse(bytes) {
        assert_eq!(file.to_bytes(), bytes);
    }
    // Of nobody's organization: the answer is no, whatever it is that fails.
    let organization = OrganizationId(Digest::of(leaf_hash(bytes).as_bytes()));
    assert!(check(bytes, organization).is_err());
});
