//! What a run may use and nobody may see.

use std::collections::BTreeMap;

use writ_core::names::{Name, ParameterName};
use writ_core::secret::Secret;

/// The secrets of one run: its workload's, and those given as parameters.
///
/// A secret that could not be opened is there as the reason why not, in words
/// for whoever may give it again. Only a task that uses it fails by it.
#[derive(Default)]
pub struct Credentials {
    /// The workload's secrets, by name.
    pub secrets: BTreeMap<Name, Result<Secret, String>>,
    /// The secret parameters that were given.
    pub parameters: BTreeMap<ParameterName, Secret>,
}

impl Credentials {
    /// A secret of the workload, or why there is none.
    pub fn secret(&self, name: &Name) -> Result<&Secret, String> {
        match self.secrets.get(name) {
            Some(Ok(secret)) => Ok(secret),
            Some(Err(why)) => Err(why.clone()),
            None => Err(format!(
                "its workload has no secret `{name}`; give it with: writ secret set WORKLOAD {name}"
            )),
        }
    }

    /// All values that are here: what must not come out again.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        let secrets = self.secrets.values().flatten();
        secrets.chain(self.parameters.values()).map(Secret::expose)
    }
}

/// Where a program finds its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Those of its workload.
    pub secrets: BTreeMap<Name, String>,
    /// Those that are parameters.
    pub parameters: BTreeMap<ParameterName, String>,
}
