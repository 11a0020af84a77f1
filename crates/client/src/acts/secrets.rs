//! Secrets: sealed here, so that nobody on the way can read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use writ_core::digest::Digest;
use writ_core::envelope::Kind;
use writ_core::names::{Name, ParameterName, TaskName};
use writ_core::object::{Object, SealingKey, SecretVersion, Workload};
use writ_core::seal::{self, Purpose, SealError};
use writ_core::secret::Secret;
use writ_core::statement::{Body, SealedValue, Set, Unverified};
use zeroize::Zeroizing;

use crate::client::Client;
use crate::error::Error;
use crate::system;

/// What statements say of sealed parameters, and the boxes beside them.
pub(super) type Sealed = (BTreeMap<ParameterName, SealedValue>, Vec<Vec<u8>>);

impl Client {
    /// Gives a workload a secret, or a new value of it. Answers its version.
    pub async fn set_secret(
        &self,
        mut workload: Workload,
        seen: u64,
        name: &Name,
        value: &Secret,
    ) -> Result<u64, Error> {
        let old = workload.secrets.get(name).map_or(0, |old| old.version);
        let version = old.saturating_add(1);
        let purpose = Purpose::Secret {
            instance: self.account().organization,
            workload: &workload,
            name,
            version,
        };
        let sealed = seal::seal(&purpose, &self.sealing_key().await?, &random(), value);
        let sealed = sealed.map_err(unusable)?;
        let digest = Digest::of(&sealed);
        let secret = SecretVersion { version, digest };
        workload.secrets.insert(name.clone(), secret);
        let set = Set {
            object: Some(Object::Workload(workload.into())),
            remove: None,
            seen,
        };
        self.say(Kind::Set, set, &[sealed]).await?;
        Ok(version)
    }

    /// Seals the secret parameters of a run of one's own.
    pub(super) async fn sealed(
        &self,
        task: &TaskName,
        secrets: BTreeMap<ParameterName, Secret>,
    ) -> Result<Sealed, Error> {
        let mut sealed = Sealed::default();
        if secrets.is_empty() {
            return Ok(sealed);
        }
        let to = self.sealing_key().await?;
        for (name, value) in secrets {
            let purpose = Purpose::Parameter {
                instance: self.account().organization,
                by: self.upn(),
                task,
                name: &name,
            };
            let made = seal::seal_parameter(&purpose, &to, &random(), &random(), &value);
            let (sealed_box, said) = made.map_err(unusable)?;
            sealed.0.insert(name, said);
            sealed.1.push(sealed_box);
        }
        Ok(sealed)
    }

    /// The key that entry 0 names. The organization's id, which this profile
    /// holds, is the hash of that entry: no server can put another key in place.
    async fn sealing_key(&self) -> Result<SealingKey, Error> {
        let (view, genesis) = self.http.genesis().await?;
        let said = Unverified::read(Arc::clone(&genesis.envelope));
        match said.as_ref().map(|said| &said.statement().body) {
            Ok(Body::Genesis(genesis)) if view.id == self.account().organization => {
                Ok(genesis.services.sealing.clone())
            }
            _ => Err(Error::Untrusted(format!(
                "{} shows another organization than that of this profile; nothing was sealed",
                self.http.url()
            ))),
        }
    }
}

fn random() -> Zeroizing<[u8; 32]> {
    Zeroizing::new(system::random())
}

fn unusable(_: SealError) -> Error {
    Error::Untrusted("nothing can be sealed to the key that entry 0 names".into())
}
