//! One function per verb: look, fill, sign, post.

mod apps;
mod control;
mod join;
mod log;
mod objects;
mod on_host;
mod pair;
mod people;
mod proofs;
mod requests;
mod runs;
mod secrets;

pub use apps::Installed;
pub use control::{Disabled, Enabled, Enabling, Unlisted, exempt, is_disabled};
pub use join::Joining;
pub use pair::{Paired, Pairing};
pub use people::{Invited, Invitee};
pub use requests::{Asking, Ending, Narrowing};
pub use runs::Started;
