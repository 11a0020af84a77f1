//! The connectors against real targets.
#![cfg(test)]

mod bench;
mod command;
mod isolation;
mod literal;
