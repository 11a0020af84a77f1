//! The shell without a server: its language, its pipelines, its cmdlets.

#![cfg(test)]

mod binding;
mod hostile;
mod language;
mod printed;
