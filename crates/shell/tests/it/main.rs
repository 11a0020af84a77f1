//! The shell without a server: its language, its pipelines, its cmdlets.

#![cfg(test)]

mod binding;
mod calculated;
mod daily;
mod hostile;
mod language;
mod pipelines;
mod printed;
mod prompt;
mod sessions;
mod stand_in;
