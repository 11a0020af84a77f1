//! The sink of mail: letters into the outbox, and out of it to a mail server.

use std::sync::Arc;

use async_trait::async_trait;
use writ_core::Published;
use writ_core::recorded::Recorded;
use writ_core::time::Time;
use writ_engine::Engine;
use writ_store::{Held, Message, Pending};

use super::letters::{Addressed, Letters};
use super::times::Times;
use crate::letter::{Letter, Row};
use crate::mail::{About, Config, Transport, render};
use crate::sink::{Failure, Sink};

/// Mail, at work.
pub struct Post {
    engine: Engine,
    config: Arc<Config>,
    letters: Letters,
    transport: Transport,
}

impl Post {
    /// The name of the sink.
    pub const NAME: &str = "mail";

    /// Puts it to work; it connects when there is something to send.
    pub fn new(engine: &Engine, config: Arc<Config>) -> Self {
        let times = Times {
            zone: config.time_zone().clone(),
            daily: config.digest_at(),
        };
        Self {
            engine: engine.clone(),
            letters: Letters::new(times, engine.published().state()),
            transport: Transport::new(config.clone()),
            config,
        }
    }

    async fn deliver(&self, to: &str, letters: &[(&str, &Letter)]) -> Result<(), Failure> {
        let published = self.engine.published();
        let site = published.state().site();
        let site = site.and_then(|site| site.origins.first().cloned());
        let about = About {
            to,
            site: site.as_deref().unwrap_or_default(),
            checkpoint: &self.engine.checkpoint(),
            now: self.engine.now(),
        };
        let mail = render(&self.config, &about, letters)?;
        self.transport.send(to, &mail).await
    }
}

#[async_trait]
impl Sink for Post {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn tell(&self, entry: &Recorded, published: &Published, now: Time) -> Vec<Message> {
        messages(self.letters.of(entry, published.state(), now))
    }

    fn remind(&self, published: &Published, now: Time) -> Vec<Message> {
        messages(self.letters.at(published.state(), now))
    }

    fn moved(&self, entry: &Recorded, published: &Published) -> Vec<String> {
        self.letters.moved(entry, published.state())
    }

    fn due(
        &self,
        recipient: &str,
        held: &[Held],
        published: &Published,
        now: Time,
    ) -> Vec<(i64, Time)> {
        self.letters.due(recipient, held, published.state(), now)
    }

    async fn send(&self, messages: &[Pending]) -> Result<(), Failure> {
        let Some(first) = messages.first() else {
            return Ok(());
        };
        let letters: Result<Vec<Letter>, _> = messages
            .iter()
            .map(|message| serde_json::from_slice(&message.body))
            .collect();
        let letters = letters.map_err(|error| Failure::Never(format!("not a letter: {error}")))?;
        let ids = messages.iter().map(|message| message.id.as_str());
        let letters: Vec<_> = ids.zip(&letters).collect();
        self.deliver(&first.recipient, &letters).await
    }
}

fn messages(letters: Vec<Addressed>) -> Vec<Message> {
    letters.into_iter().map(Addressed::into_message).collect()
}

/// A letter to see that letters arrive.
pub fn test_letter(host: &str) -> Letter {
    Letter {
        subject: "Writ can send mail".into(),
        headline: "This is a test. Whoever reads it gets mail of Writ.".into(),
        rows: vec![Row {
            label: "Sent by".into(),
            value: host.to_owned(),
        }],
        page: "/".into(),
        open: "Open Writ".into(),
        ways: Vec::new(),
        because: "Somebody typed `writ notify test mail`.".into(),
        request: None,
    }
}
