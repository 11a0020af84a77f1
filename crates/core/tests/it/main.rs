//! The tests of the whole: of `writ-core` from outside, and of the house.

#![cfg(test)]

mod approvals;
mod apps;
mod control;
mod corpus;
mod documents;
mod ends;
mod golden;
mod groups;
mod house;
mod kills;
mod model;
mod mutations;
mod open_tasks;
mod outcomes;
mod passkeys;
mod people;
mod policies;
mod preferences;
mod proof;
mod proofs;
mod recovers;
mod refusals;
mod requests;
mod runs;
mod said;
mod secrets;
mod service_keys;
mod sessions;
mod sight;
mod snapshot;
mod system_accounts;
mod times;
mod trials;
mod vectors;
mod written;
