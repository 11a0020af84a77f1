//! Mail: what people are told, as messages that any mail program shows.
//!
//! [`Settings`] is what `writ.toml` says; checked, it is a [`Config`]. [`render`]
//! makes one **mail** of one or several letters, and [`Transport`] hands it to the
//! organization's mail server.
//!
//! The server's answers are hostile bytes, and so is all that people typed into
//! what letters tell. Nothing is sent before the connection is encrypted and the
//! server has shown that it is the one that was named, unless it is on this host.

mod address;
mod config;
mod list;
mod outcome;
mod render;
mod settings;
mod text;
mod transport;
mod wire;

pub use config::Config;
pub use render::{About, Mail, render};
pub use settings::{Mode, Settings};
pub use transport::{Limits, Transport};
