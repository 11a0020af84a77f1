//! The rules, the statements, the log and the proof.
//!
//! Everything that Writ decides is decided here, and nothing here touches the
//! world: no I/O, no clock, no randomness, no async, no floats, no hash order.
//! The same code serves the live server, recovery, the simulation and the
//! verifier, so they cannot disagree.
//!
//! Read it from the outside in: [`envelope`] and [`statement`] are what people
//! sign, [`state`] is what has been said so far, [`refusal`] is every no.

pub mod digest;
pub mod envelope;
pub mod json;
pub mod key;
pub mod log;
pub mod names;
pub mod object;
pub mod run;
pub mod statement;
pub mod time;
pub mod value;

/// The persistent map of State: copied in O(1), so that a batch can be tried
/// on a copy and dropped.
pub type Table<K, V> = imbl::OrdMap<K, V>;
