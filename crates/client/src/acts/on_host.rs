//! What is said on the host of a node that is stopped: no server takes it, so
//! the envelope is given to the node itself.

use serde::Serialize;
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::statement::{Recover, Set};

use crate::client::signed;
use crate::error::Error;
use crate::profile::Profile;
use crate::system;

impl Profile {
    /// Signs for a log that lost its end.
    pub fn recover(&self, recover: Recover) -> Result<Envelope, Error> {
        self.say(Kind::Recover, recover)
    }

    /// Signs for a site with another service key.
    pub fn set_site(&self, set: Set) -> Result<Envelope, Error> {
        self.say(Kind::Set, set)
    }

    fn say<B: Serialize>(&self, kind: Kind, body: B) -> Result<Envelope, Error> {
        let payload_type = PayloadType::Statement(kind);
        let key = self.key()?;
        signed(self.account(), &key, payload_type, system::now(), body)
    }
}
