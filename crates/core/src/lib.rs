//! The rules, the statements, the log and the proof.
//!
//! Everything that Writ decides is decided here, and nothing here touches the
//! world: no I/O, no clock, no randomness, no async, no floats, no hash order.
//! The same code serves the live server, recovery, the simulation and the
//! verifier, so they cannot disagree.
//!
//! Read it from the outside in: [`envelope`] and [`statement`] are what people
//! sign, [`state`] is what has been said so far, [`refusal`] is every no.

mod app;
pub mod audit;
mod credentials;
pub mod csv;
pub mod dataset;
mod decide;
pub mod digest;
pub mod entry;
pub mod envelope;
pub mod fact;
mod genesis;
pub mod json;
pub mod key;
pub mod log;
mod lookup;
pub mod names;
pub mod object;
pub mod passkey;
pub mod proof;
mod quorum;
pub mod reading;
mod recent;
pub mod record;
pub mod recorded;
mod recover;
pub mod refusal;
mod request;
pub mod rules;
pub mod run;
pub mod seal;
pub mod secret;
pub mod sight;
pub mod snapshot;
pub mod state;
pub mod statement;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
mod trial;
pub mod value;
pub mod view;

pub use app::APP_DURATION;
pub use credentials::MAX_KEYS;
pub use lookup::Published;
pub use quorum::{Missing, Unable};
pub use request::{MAX_LIVE, MAX_PENDING};

/// The persistent map of State: copied in O(1), so that a batch can be tried
/// on a copy and dropped.
pub type Table<K, V> = imbl::OrdMap<K, V>;
