//! How an organization is founded, and by which clock it lives.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use writ_connect::Connectors;
use writ_core::envelope::{Kind, PayloadType};
use writ_core::key::{Algorithm, Hex};
use writ_core::names::Name;
use writ_core::object::{Services, SiteSettings};
use writ_core::statement::{FirstAdministrator, Genesis, LabelledKey, Payload, sign};
use writ_core::time::{Seconds, Time};
use writ_engine::{
    Clock, Engine, LocalState, Options, Rate, SystemClock, SystemEntropy, found_organization,
};
use writ_store::Memory;

use super::{ADMIN, Held, Runs, seed, upn};

/// The system's clock, and hours that passed in no time.
#[derive(Clone, Default)]
pub(crate) struct Ahead(Arc<AtomicI64>);

impl Ahead {
    pub(crate) fn pass(&self, time: Seconds) {
        let millis = i64::try_from(time.0).unwrap() * 1_000;
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Ahead {
    fn now(&self) -> Time {
        Time(SystemClock.now().0 + self.0.load(Ordering::Relaxed))
    }
}

/// An engine of an organization that was just founded.
pub(super) async fn engine(directory: &Path, runs: Runs, per_person: Rate, clock: Ahead) -> Engine {
    let mut local = LocalState::create(directory, &SystemEntropy).unwrap();
    let store = Arc::new(Memory::new());
    let node: Name = "main".parse().unwrap();
    let payload = Payload {
        at: SystemClock.now(),
        body: genesis(local.services().unwrap()),
        by: ADMIN.parse().unwrap(),
        instance: None,
        nonce: Hex(vec![0; 16]),
    };
    let kind = PayloadType::Statement(Kind::Genesis);
    let envelope = sign(kind, &payload, &seed(ADMIN)).unwrap();
    found_organization(&mut local, &*store, &SystemClock, &node, envelope)
        .await
        .unwrap();
    let connectors = Connectors::new()
        .with(&"command".parse().unwrap(), Held(runs.clone()))
        .with(&"data".parse().unwrap(), Held(runs));
    let options = Options {
        node,
        max_runs: 8,
        per_person,
    };
    let (clock, entropy) = (Arc::new(clock), Arc::new(SystemEntropy));
    Engine::open(local, store, connectors, clock, entropy, options)
        .await
        .unwrap()
}

fn genesis(services: Services) -> Genesis {
    let key = seed(ADMIN).public();
    Genesis {
        organization: "fabrikam.com".parse().unwrap(),
        admin: FirstAdministrator {
            upn: upn(ADMIN),
            name: None,
            mail: None,
        },
        key: LabelledKey {
            alg: Algorithm::Ed25519,
            public: key.public,
            label: "laptop".to_owned(),
        },
        recovery: seed("recovery").public(),
        services,
        site: SiteSettings {
            origins: vec!["http://localhost:8420".to_owned()],
            rp_id: "localhost".to_owned(),
            rules: 1,
        },
    }
}
