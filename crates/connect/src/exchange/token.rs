//! Tokens: asked for once, kept while they are good, never shown.
//!
//! A **token** belongs to an app with one credential: another secret has another.
//! Asking for one changes nothing, so it is asked for again where no answer came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, Encoding};
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Deserializer};
use tokio::time::sleep;
use writ_core::digest::Digest;
use writ_core::value::plain;
use zeroize::Zeroizing;

use super::app::App;
use super::http::{Answer, Http};
use crate::{Redaction, Uptime};

/// How often a token is asked for.
const ATTEMPTS: u32 = 4;
/// A token that is over sooner than this is as good as over.
const MARGIN: Duration = Duration::from_secs(300);
/// How many apps' tokens are kept.
const MOST: usize = 64;
/// The longest claims of a challenge that are sent on, in bytes.
const MAX_CLAIMS: usize = 8 << 10;

/// A token.
pub(crate) struct Token {
    text: Zeroizing<String>,
    /// Takes it out of what comes back.
    pub(crate) redaction: Redaction,
}

impl Token {
    /// What the header `Authorization` says.
    pub(crate) fn bearer(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("Bearer {}", *self.text))
    }
}

/// The tokens that are good.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<BTreeMap<Digest, Kept>>);

struct Kept {
    token: Arc<Token>,
    /// By the host's uptime: a token ages while the host sleeps.
    until: Duration,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[derive(Deserialize)]
struct Given {
    #[serde(deserialize_with = "kept_from_sight")]
    access_token: Zeroizing<String>,
    expires_in: u64,
}

fn kept_from_sight<'de, D: Deserializer<'de>>(from: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(from).map(Zeroizing::new)
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// How to ask for a token.
pub(crate) struct Asking<'a> {
    pub(crate) http: &'a Http,
    pub(crate) app: &'a App,
    /// What a challenge asked for.
    pub(crate) claims: Option<&'a str>,
    /// Used once.
    pub(crate) id: &'a str,
    pub(crate) now_s: i64,
    pub(crate) pause: Duration,
    pub(crate) uptime: &'a Uptime,
}

impl Tokens {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<Digest, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that is good for a while: the one that is kept, or a new one.
    pub(crate) async fn get(&self, asking: Asking<'_>) -> Result<Arc<Token>, String> {
        let now = asking.uptime.now();
        if let Some(kept) = self.kept().get(&asking.app.digest)
            && kept.until > now
        {
            return Ok(kept.token.clone());
        }
        self.renew(asking).await
    }

    /// Forgets a token that was refused; another that came meanwhile stays.
    pub(crate) fn forget(&self, app: &App, token: &Arc<Token>) {
        let mut kept = self.kept();
        if kept
            .get(&app.digest)
            .is_some_and(|kept| Arc::ptr_eq(&kept.token, token))
        {
            kept.remove(&app.digest);
        }
    }

    /// A new token.
    pub(crate) async fn renew(&self, asking: Asking<'_>) -> Result<Arc<Token>, String> {
        let given = asking.ask().await?;
        let values = [Zeroizing::new(given.access_token.as_bytes().to_vec())];
        let redaction = Redaction::of(&values).map_err(|error| error.to_string())?;
        let token = Arc::new(Token {
            text: given.access_token,
            redaction,
        });
        let life = Duration::from_secs(given.expires_in.min(86_400)).saturating_sub(MARGIN);
        let now = asking.uptime.now();
        let mut kept = self.kept();
        kept.retain(|_, kept| kept.until > now);
        if kept.len() < MOST {
            let until = now + life;
            let token = token.clone();
            kept.insert(asking.app.digest, Kept { token, until });
        }
        Ok(token)
    }
}

impl Asking<'_> {
    async fn ask(&self) -> Result<Given, String> {
        let mut pause = self.pause;
        let mut attempt = 1;
        loop {
            let id = format!("{}-{attempt}", self.id);
            let form = self.app.form(self.claims, &id, self.now_s)?;
            let call = self
                .http
                .post(&self.app.settings.token_url())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .timeout(Duration::from_secs(60))
                .body(form.text.as_bytes().to_vec());
            let (why, wait) = match self.http.answer(call).await {
                Ok(answer) if answer.status == 200 => return given(answer),
                Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                    let why = format!("it answers {}", answer.status);
                    (why, answer.retry_after().unwrap_or(pause))
                }
                Ok(answer) => return Err(refused(&answer, &form.proof)),
                Err(silence) => (silence.to_string(), pause),
            };
            if attempt == ATTEMPTS {
                return Err(format!("Entra ID gives no token: {why}"));
            }
            sleep(wait).await;
            pause = pause.saturating_mul(2);
            attempt += 1;
        }
    }
}

fn given(answer: Answer) -> Result<Given, String> {
    let body = Zeroizing::new(answer.body);
    // Nothing of the body goes into the error: there is a token in it.
    let given: Option<Given> = serde_json::from_slice(&body).ok();
    let is_header = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    given
        .filter(|given| !given.access_token.is_empty() && is_header(&given.access_token))
        .ok_or_else(|| "Entra ID answers something that is no token".into())
}

/// Why there is no token, as the endpoint says it; what it was sent to prove who
/// asks is not repeated.
fn refused(answer: &Answer, proof: &str) -> String {
    let proof = [Zeroizing::new(proof.as_bytes().to_vec())];
    let Ok(redaction) = Redaction::of(&proof) else {
        return format!("Entra ID gives no token: it answers {}", answer.status);
    };
    let said: Option<Refused> = serde_json::from_slice(&answer.body).ok();
    let why = match said {
        Some(said) if !said.error_description.is_empty() => said.error_description,
        Some(said) if !said.error.is_empty() => said.error,
        Some(_) | None => format!("it answers {}", answer.status),
    };
    let why: String = redaction
        .text(&why)
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(400)
        .collect();
    format!("Entra ID gives no token: {}", plain(&why))
}

/// The claims that a challenge asks for (the header `WWW-Authenticate` of a 401).
pub(crate) fn claims_of(answer: &Answer) -> Option<String> {
    let header = answer.header("www-authenticate")?;
    let (_, rest) = header.split_once("claims=\"")?;
    let (encoded, _) = rest.split_once('"')?;
    if encoded.len() > MAX_CLAIMS {
        return None;
    }
    let forms: [&Encoding; 3] = [&BASE64, &BASE64URL, &BASE64URL_NOPAD];
    let decoded = forms
        .iter()
        .find_map(|form| form.decode(encoded.as_bytes()).ok())?;
    let text = String::from_utf8(decoded).ok()?;
    let is_object = serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|v| v.is_object());
    is_object.then_some(text)
}
