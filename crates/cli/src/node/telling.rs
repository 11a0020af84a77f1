//! Who tells people: the sinks that `writ.toml` names, and their outbox.

use std::sync::Arc;

use writ_core::record::RequestRecord;
use writ_core::state::State;
use writ_core::time::Time;
use writ_engine::{Engine, SystemClock};
use writ_notify::mail;
use writ_notify::post::{Post, asking};
use writ_notify::webhook::{self, Hook, Net};
use writ_notify::{Notifier, Pace, Sink};
use writ_server::{NO_MAIL, SinkFigures, Telling};
use writ_store::{Fate, Outbox};

use super::NodeError;

/// What `writ.toml` says about telling people, checked.
pub(crate) struct Sinks {
    pub(crate) mail: Option<Arc<mail::Config>>,
    pub(crate) webhooks: Vec<webhook::Config>,
}

impl Sinks {
    /// Lets them follow the log.
    pub(super) fn start(
        self,
        engine: &Engine,
        outbox: Outbox,
    ) -> Result<(Notifier, Arc<dyn Telling>), NodeError> {
        let outbox = Arc::new(outbox);
        let mails = self.mail.is_some();
        let mut sinks: Vec<Arc<dyn Sink>> = Vec::new();
        if let Some(mail) = self.mail {
            sinks.push(Arc::new(Post::new(engine, mail)));
        }
        for config in self.webhooks {
            sinks.push(Arc::new(hook(config, outbox.clone())?));
        }
        let telling = Arc::new(Told {
            mails,
            sinks: sinks.iter().map(|sink| sink.name().to_owned()).collect(),
            outbox: outbox.clone(),
        });
        let notifier = Notifier::start(engine, outbox, sinks, &Pace::default());
        Ok((notifier.map_err(NodeError::new)?, telling))
    }
}

/// One endpoint, ready to be called.
pub(super) fn hook(config: webhook::Config, outbox: Arc<Outbox>) -> Result<Hook, NodeError> {
    Hook::new(config, outbox, Arc::new(SystemClock), Net::default()).map_err(NodeError::new)
}

/// What the server asks about it.
struct Told {
    mails: bool,
    sinks: Vec<String>,
    outbox: Arc<Outbox>,
}

impl Telling for Told {
    fn mails(&self) -> bool {
        self.mails
    }

    fn untold(&self, state: &State, request: &RequestRecord, now: Time) -> Option<&'static str> {
        if !self.mails {
            return Some(NO_MAIL);
        }
        let asking = asking(state, request, now)?;
        let fates = asking.iter().map(|id| self.outbox.fate(Post::NAME, id));
        let fates: Vec<Option<Fate>> = fates.collect::<Result<_, _>>().ok()?;
        let is_told = |fate: &Option<Fate>| matches!(fate, Some(Fate::Told { .. }));
        let is_given_up = |fate: &Option<Fate>| matches!(fate, Some(Fate::GivenUp { .. }));
        if fates.is_empty() {
            return Some("nobody who could approve it gets mail");
        }
        if fates.iter().all(is_given_up) {
            return Some("mail to all who could approve it was refused");
        }
        let is_down = self.outbox.is_down(Post::NAME).unwrap_or_default();
        (is_down && !fates.iter().any(is_told)).then_some("no mail can be sent now")
    }

    fn sinks(&self) -> Vec<SinkFigures> {
        let figures = |name: &String| {
            let standing = self.outbox.standing(name).unwrap_or_default();
            SinkFigures {
                name: name.clone(),
                waiting: standing.waiting,
                given_up: standing.given_up,
                down: standing.down.is_some(),
            }
        };
        self.sinks.iter().map(figures).collect()
    }
}
