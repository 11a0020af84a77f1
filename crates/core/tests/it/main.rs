//! The tests of the whole: of `writ-core` from outside, and of the house.

#![cfg(test)]

mod smoke;
