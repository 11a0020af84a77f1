#![cfg(test)]
//! What stores promise, on every store there is.

mod faulty;
mod listing;
mod memory;
mod sqlite;
