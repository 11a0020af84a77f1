//! Webhooks: what becomes so is posted to an **endpoint**.
//!
//! An endpoint is sent what it asked for, in the order of the log, one after the other:
//! events for programs, signed, or messages for people in a channel of Slack or Teams.
//! It is told facts and where to read on. Nothing that it is sent, and no link in
//! it, decides anything; and of what it answers nothing counts but whether it took it.

mod allow;
mod chat;
mod event;
mod filter;
mod post;
mod settings;
mod sign;
mod slack;
mod slack_app;
mod teams;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use writ_core::Published;
use writ_core::recorded::Recorded;
use writ_core::time::Time;
use writ_engine::Clock;
use writ_store::{Message, Outbox, Pending};

pub use post::Net;
pub use settings::{Config, Settings, check_all};

use crate::{Failure, Sink};
use chat::Note;
use event::News;
use post::Post;
use settings::Target;

/// After so many tries of one message in vain an endpoint is down.
const TRIES: u32 = 3;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const EVENT: HeaderValue = HeaderValue::from_static(event::CONTENT_TYPE);

/// One endpoint, at work.
pub struct Hook {
    sink: String,
    config: Config,
    post: Post,
    outbox: Arc<Outbox>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hook").field(&self.sink).finish()
    }
}

impl Hook {
    /// Puts an endpoint to work; it calls nobody yet.
    pub fn new(
        config: Config,
        outbox: Arc<Outbox>,
        clock: Arc<dyn Clock>,
        net: Net,
    ) -> Result<Self, Failure> {
        let post = Post::new(&config, net)
            .map_err(|error| Failure::Down(format!("cannot make calls: {error}")))?;
        Ok(Self {
            sink: format!("webhook {}", config.name),
            config,
            post,
            outbox,
            clock,
        })
    }

    /// Sends what says nothing but that it arrived, past the outbox, and says what came
    /// back. `origin` is where the installation is reached.
    pub async fn test(&self, origin: &str) -> Result<String, Failure> {
        let name = &self.config.name;
        let (origin, now) = (origin.trim_end_matches('/'), self.clock.now());
        let id = format!("test-{}", now.0);
        match &self.config.target {
            Target::Events { .. } => {
                let body = event::test(name, &id, origin, now);
                self.deliver(&id, body).await
            }
            Target::SlackHook { .. } | Target::SlackApp { .. } | Target::Teams { .. } => {
                self.deliver(&id, stored(&Note::test(name, origin, now)))
                    .await
            }
        }
    }

    /// Sends one message and says what came back.
    async fn deliver(&self, id: &str, body: Vec<u8>) -> Result<String, Failure> {
        let (url, headers, body) = match &self.config.target {
            Target::Events { url, keys } => {
                let timestamp = self.clock.now().0.div_euclid(1_000);
                let signature = sign::signature(keys, id, timestamp, &body);
                let signature = header(&signature)?;
                let headers = [
                    (CONTENT_TYPE, EVENT),
                    (ID, header(id)?),
                    (TIMESTAMP, HeaderValue::from(timestamp)),
                    (SIGNATURE, signature),
                ];
                (url, HeaderMap::from_iter(headers), body)
            }
            Target::SlackHook { url } => {
                let message = Value::Object(slack::message(&read(&body)?));
                (
                    url,
                    HeaderMap::from_iter([(CONTENT_TYPE, JSON)]),
                    message.to_string().into(),
                )
            }
            Target::Teams { url } => {
                let message = teams::message(&read(&body)?);
                (
                    url,
                    HeaderMap::from_iter([(CONTENT_TYPE, JSON)]),
                    message.to_string().into(),
                )
            }
            Target::SlackApp {
                api,
                channel,
                token,
            } => {
                return self.tell_slack(api, channel, token, &read(&body)?).await;
            }
        };
        let status = self.call(url, headers, body).await?;
        Ok(format!("it answered {status}"))
    }

    async fn call(&self, url: &Url, headers: HeaderMap, body: Vec<u8>) -> Result<u16, Failure> {
        self.post.post(url, headers, body, self.clock.now()).await
    }
}

#[async_trait]
impl Sink for Hook {
    fn name(&self) -> &str {
        &self.sink
    }

    fn tell(&self, entry: &Recorded, published: &Published, now: Time) -> Vec<Message> {
        let numbered = entry.facts.iter().enumerate();
        let is_for_people = !matches!(self.config.target, Target::Events { .. });
        let wanted = numbered.filter(|(_, fact)| {
            self.config.filter.admits(fact) && !(is_for_people && chat::is_overtaken(fact, entry))
        });
        let message = |(number, fact)| {
            let news = News {
                entry,
                number,
                fact,
                state: published.state(),
            };
            Message {
                id: news.id(),
                recipient: self.config.name.clone(),
                request: None,
                body: match &self.config.target {
                    Target::Events { .. } => news.event(),
                    Target::SlackHook { .. } | Target::SlackApp { .. } | Target::Teams { .. } => {
                        stored(&Note::of(&news))
                    }
                },
                due: now,
                together: false,
            }
        };
        wanted.map(message).collect()
    }

    async fn send(&self, messages: &[Pending]) -> Result<(), Failure> {
        for message in messages {
            let sent = self.deliver(&message.id, message.body.clone()).await;
            sent.map_err(|failure| match failure {
                // All others wait behind it.
                Failure::Later(why, None) if message.tries >= TRIES => Failure::Down(why),
                failure @ (Failure::Never(_) | Failure::Later(..) | Failure::Down(_)) => failure,
            })?;
        }
        Ok(())
    }
}

/// As it waits in the outbox.
fn stored(note: &Note) -> Vec<u8> {
    // Of texts and numbers there is always JSON.
    serde_json::to_vec(note).unwrap_or_default()
}

/// What waited in the outbox. After the format of an endpoint was changed that may be
/// something else, and never becomes right.
fn read(body: &[u8]) -> Result<Note, Failure> {
    serde_json::from_slice(body)
        .map_err(|_| Failure::Never("it was made for another format of this endpoint".into()))
}

fn header(text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(text).map_err(|_| Failure::Never("its id fits in no header".into()))
}
