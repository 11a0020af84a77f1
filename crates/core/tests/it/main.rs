//! The tests of the whole: of `writ-core` from outside, and of the house.

#![cfg(test)]

mod approvals;
mod control;
mod ends;
mod groups;
mod house;
mod kills;
mod not_yet;
mod outcomes;
mod passkeys;
mod people;
mod policies;
mod preferences;
mod proof;
mod recovers;
mod refusals;
mod requests;
mod runs;
mod said;
mod service_keys;
mod sessions;
mod system_accounts;
mod times;
