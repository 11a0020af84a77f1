//! A name of any kind is shown as it was read.
#![no_main]

use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use writ_core::digest::Digest;
use writ_core::envelope::PayloadType;
use writ_core::log::{Tile, Verifier};
use writ_core::names::{Address, Domain, Name, ParameterName, Pattern, TaskName, Upn};
use writ_core::statement::Principal;

fn same<T: FromStr + ToString>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fuzz_target!(|text: &str| {
    same::<Domain>(text);
    same::<Upn>(text);
    same::<Address>(text);
    same::<Name>(text);
    same::<ParameterName>(text);
    same::<TaskName>(text);
    same::<Pattern>(text);
    same::<Principal>(text);
    same::<PayloadType>(text);
    same::<Digest>(text);
    same::<Tile>(text);
    same::<Verifier>(text);
});
