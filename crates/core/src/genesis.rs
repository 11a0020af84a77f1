//! Genesis: how an organization begins.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{Fact, KeyEvent};
use crate::object::{Object, Site};
use crate::reading::Reading;
use crate::record::{Credentials, DeviceKey};
use crate::refusal::Refusal;
use crate::rules::Rules;
use crate::statement::{Genesis, Principal, Verified};

/// Founds the organization: entry 0, signed by its first administrator.
pub(crate) fn found(
    r: &Reading<'_>,
    said: &Verified,
    genesis: &Genesis,
) -> Result<Vec<Fact>, Refusal> {
    if r.organization().is_some() {
        return Err(Refusal::GenesisTwice {});
    }
    let admin = &genesis.admin;
    let by_admin = said.statement().by == Principal::Person(admin.upn.clone());
    let signed = said.keyid() == genesis.key.key().id() && said.assertion().is_none();
    if !by_admin || !signed {
        return Err(Refusal::KeyNotLive {
            who: said.statement().by.clone(),
        });
    }
    Rules::of(genesis.site.rules)?;
    let device = |key: crate::key::PublicKey, label: &str| {
        let label = label.to_owned();
        (
            key.id(),
            DeviceKey {
                key,
                label,
                rp_id: None,
                since: r.now(),
            },
        )
    };
    let credentials = Credentials {
        keys: BTreeMap::from([
            device(genesis.key.key(), &genesis.key.label),
            device(genesis.recovery.clone(), "recovery code"),
        ]),
        invitation: None,
    };
    let site = Site::new(genesis.site.clone(), genesis.services.clone());
    let by = admin.upn.clone();
    let set = |object| Fact::ObjectSet {
        object,
        by: by.clone(),
    };
    Ok(vec![
        Fact::Founded {
            organization: genesis.organization.clone(),
        },
        set(Object::Site(Arc::new(site))),
        set(Object::Person(Arc::new(admin.person()))),
        Fact::Keys {
            person: by.clone(),
            event: KeyEvent::Enrolled {
                key: said.keyid(),
                recovery: false,
            },
            credentials: Arc::new(credentials),
        },
    ])
}
