//! The connectors against real targets.
#![cfg(test)]

mod bench;
mod command;
mod exchange;
mod isolation;
mod literal;
mod pinned;
