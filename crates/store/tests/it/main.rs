#![cfg(test)]
//! What stores promise, on every store there is.

mod faulty;
mod full;
mod listing;
mod memory;
mod outbox;
mod sqlite;
