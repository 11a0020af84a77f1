//! The real binary, end to end: real processes, a real database, a real target.

#![cfg(test)]

mod kill;
mod next_steps;
mod site;
mod story;
mod tamper;
mod wrong_input;
