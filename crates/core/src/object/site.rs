//! The **site**: where the installation is reached and which keys it uses.

use serde::{Deserialize, Serialize};

use crate::key::{Algorithm, Hex, PublicKey};

/// Where the installation is reached, which keys it uses, which rules it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The URLs that people reach it by.
    pub origins: Vec<String>,
    /// The domain that passkeys are bound to.
    pub rp_id: String,
    /// The number of the rules it follows; see `rules.rs`.
    pub rules: u16,
    /// The keys of its nodes.
    pub services: Services,
}

/// A site without its keys, as genesis has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteSettings {
    /// The URLs that people reach it by.
    pub origins: Vec<String>,
    /// The domain that passkeys are bound to.
    pub rp_id: String,
    /// The number of the rules it follows.
    pub rules: u16,
}

/// The public halves of the keys that all nodes of an organization share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// Signs checkpoints and ticks.
    pub log: PublicKey,
    /// Signs outcomes.
    pub runner: PublicKey,
    /// Opens what is sealed to the runner.
    pub sealing: SealingKey,
}

/// A key for sealing: X25519, 32 raw bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealingKey {
    /// Always `x25519`.
    pub alg: SealingAlgorithm,
    /// The 32 public bytes.
    pub public: Hex,
}

/// An algorithm for sealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SealingAlgorithm {
    /// X25519 (RFC 7748).
    X25519,
}

impl Site {
    /// A site from what genesis says.
    pub fn new(settings: SiteSettings, services: Services) -> Self {
        let SiteSettings {
            origins,
            rp_id,
            rules,
        } = settings;
        Self {
            origins,
            rp_id,
            rules,
            services,
        }
    }

    /// The site without its keys.
    pub fn settings(&self) -> SiteSettings {
        SiteSettings {
            origins: self.origins.clone(),
            rp_id: self.rp_id.clone(),
            rules: self.rules,
        }
    }
}

impl SiteSettings {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.origins.is_empty() || self.origins.len() > 16 {
            return Err("site: name 1 to 16 origins".into());
        }
        for origin in &self.origins {
            let rest = origin
                .strip_prefix("https://")
                .or_else(|| origin.strip_prefix("http://"))
                .unwrap_or_default();
            let ok = !rest.is_empty()
                && rest
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
            if !ok {
                return Err(format!(
                    "site: `{}` is not an origin such as https://writ.example.com (no path)",
                    origin.escape_debug()
                ));
            }
        }
        check_rp_id(&self.rp_id)
    }
}

/// The domain of passkeys: a host as it stands in an origin.
pub(crate) fn check_rp_id(rp_id: &str) -> Result<(), String> {
    let fits = (1..=253).contains(&rp_id.len())
        && rp_id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    match fits {
        true => Ok(()),
        false => Err("rp_id: must be a domain such as writ.example.com".into()),
    }
}

impl Services {
    /// How many of the keys are others.
    pub(crate) fn differences(&self, others: &Self) -> usize {
        let differs = [
            self.log != others.log,
            self.runner != others.runner,
            self.sealing != others.sealing,
        ];
        differs.into_iter().filter(|differs| *differs).count()
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let signs = |key: &PublicKey| key.alg == Algorithm::Ed25519 && key.is_sound();
        let sound = signs(&self.log)
            && signs(&self.runner)
            && self.sealing.public.0.len() == 32
            && self.log != self.runner;
        match sound {
            true => Ok(()),
            false => Err("services: log, runner and sealing must be three sound keys".into()),
        }
    }
}
