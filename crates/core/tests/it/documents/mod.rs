//! The documentation says what the code does: what it lists, a test compares.

mod refusals;
mod statements;
