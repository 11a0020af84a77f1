#![cfg(test)]
//! What is told, to whom, and how it arrives: against real servers on loopback.

mod letters;
mod mail;
mod notifier;
mod webhook;
mod world;
