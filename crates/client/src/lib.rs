//! The client: keys on disk, statements made and signed here, the API typed.
//!
//! A **profile** is one person on one machine: where the server is, which
//! organization it must show, whose key this is. A **client** speaks for a
//! profile: it signs a session to read with, and statements to change things
//! with. `acts` has one function per verb; each looks at what is there, fills a
//! statement, signs it and posts it. Keys never leave the machine. `audit` reads
//! the log as audit records.
//!
//! Absent on purpose: printing and asking. The command line does that.

mod acts;
pub mod audit;
mod client;
mod code;
mod error;
mod events;
mod files;
mod http;
mod profile;
mod system;

pub use acts::{
    Asking, Disabled, Enabled, Enabling, Ending, Installed, Invited, Invitee, Joining, Narrowing,
    Paired, Pairing, Started, Unlisted, exempt, is_disabled,
};
pub use client::{Client, Listed};
pub use code::{Code, CodeError, Purpose, RecoverySeed};
pub use error::Error;
pub use http::{Listing, check_url};
pub use profile::{Account, Profile, Profiles};
pub use system::{computer_name, new_key, now};
