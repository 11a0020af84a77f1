//! Signing for a log that lost its end. It is given to the node on its own
//! host, since no server runs then.

use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::statement::Recover;

use crate::client::signed;
use crate::error::Error;
use crate::profile::Profile;
use crate::system;

impl Profile {
    /// The `recover` of an administrator.
    pub fn recover(&self, recover: Recover) -> Result<Envelope, Error> {
        let payload_type = PayloadType::Statement(Kind::Recover);
        let key = self.key()?;
        signed(self.account(), &key, payload_type, system::now(), recover)
    }
}
