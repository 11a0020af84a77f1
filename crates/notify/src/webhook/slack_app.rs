//! Messages by a token of Slack: one for each request, that is updated.
//!
//! What Slack calls a message by (`ts`) is remembered beside the outbox with the time
//! of what it shows, so that an older one, sent once more, does not take its place.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use writ_core::secret::Secret;
use writ_core::time::Time;

use super::chat::Note;
use super::{Hook, JSON, slack};
use crate::Failure;

/// A message that is there.
#[derive(Serialize, Deserialize)]
struct Shown {
    channel: String,
    ts: String,
    at: Time,
}

/// What a method answers.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    error: Option<String>,
    channel: Option<String>,
    ts: Option<String>,
}

/// What Slack says of a message that cannot be updated any more.
const GONE: [&str; 4] = [
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "channel_not_found",
];
/// What Slack says of a message that it will never take.
const ODD: [&str; 4] = [
    "invalid_blocks",
    "msg_too_long",
    "msg_blocks_too_long",
    "no_text",
];

impl Hook {
    /// Posts a message, or updates the one of the same request.
    pub(super) async fn tell_slack(
        &self,
        api: &Url,
        channel: &str,
        token: &Secret,
        note: &Note,
    ) -> Result<String, Failure> {
        let kept = |error| Failure::Later(format!("the outbox: {error}"), None);
        let name = note.request.map(|request| request.to_string());
        let shown = match &name {
            None => None,
            Some(name) => self.outbox.reference(&self.sink, name).map_err(kept)?,
        };
        let shown = shown.and_then(|shown| serde_json::from_str::<Shown>(&shown).ok());
        let message = slack::message(note);
        if let Some(shown) = shown {
            if shown.at > note.at {
                return Ok("Slack shows what came later".into());
            }
            let update = with(&message, &shown.channel, Some(&shown.ts));
            let answer = self.method(api, "chat.update", token, update).await?;
            match answer.error.as_deref() {
                Some(error) if GONE.contains(&error) => {}
                Some(error) => return Err(refused(error)),
                None => {
                    self.remember(name.as_deref(), shown.channel, shown.ts, note.at)?;
                    return Ok("Slack updated its message".into());
                }
            }
        }
        let post = with(&message, channel, None);
        let answer = self.method(api, "chat.postMessage", token, post).await?;
        if let Some(error) = answer.error {
            return Err(refused(&error));
        }
        let channel = answer.channel.unwrap_or_else(|| channel.to_owned());
        if let Some(ts) = answer.ts {
            self.remember(name.as_deref(), channel, ts, note.at)?;
        }
        Ok("Slack took it".into())
    }

    fn remember(
        &self,
        name: Option<&str>,
        channel: String,
        ts: String,
        at: Time,
    ) -> Result<(), Failure> {
        let Some(name) = name else { return Ok(()) };
        let shown = Shown { channel, ts, at };
        let shown = serde_json::to_string(&shown).unwrap_or_default();
        self.outbox
            .refer(&self.sink, name, &shown, self.clock.now())
            .map_err(|error| Failure::Later(format!("the outbox: {error}"), None))
    }

    async fn method(
        &self,
        api: &Url,
        method: &str,
        token: &Secret,
        message: Map<String, Value>,
    ) -> Result<Answer, Failure> {
        let odd = |why: &str| Failure::Later(format!("Slack: {why}"), None);
        let url = api.join(method).map_err(|_| odd("the api is no URL"))?;
        let bearer = [b"Bearer ".as_slice(), token.expose()].concat();
        let mut bearer = HeaderValue::try_from(bearer).map_err(|_| odd("the token is odd"))?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON), (AUTHORIZATION, bearer)]);
        let body = Value::Object(message).to_string().into();
        let answer = self.post.ask(&url, headers, body, self.clock.now()).await?;
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|_| odd("its answer is not as expected"))?;
        match (answer.ok, &answer.error) {
            (true, _) => Ok(Answer {
                error: None,
                ..answer
            }),
            (false, Some(_)) => Ok(answer),
            (false, None) => Err(odd("it says no, and not why")),
        }
    }
}

fn with(message: &Map<String, Value>, channel: &str, ts: Option<&str>) -> Map<String, Value> {
    let mut message = message.clone();
    message.insert("channel".into(), channel.into());
    if let Some(ts) = ts {
        message.insert("ts".into(), ts.into());
    }
    message
}

/// What a no of Slack's means. Its codes are words; anything else is not repeated.
fn refused(error: &str) -> Failure {
    let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
    let code = match error.len() < 64 && error.chars().all(is_code) {
        true => error,
        false => "an unknown error",
    };
    let what = format!("Slack says: {code}");
    match ODD.contains(&error) {
        true => Failure::Never(what),
        false => Failure::Later(what, None),
    }
}
