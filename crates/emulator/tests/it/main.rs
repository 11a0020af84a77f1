//! The emulator, as its callers meet it.
#![cfg(test)]

mod cmdlets;
mod faults;
mod tokens;
mod world;
