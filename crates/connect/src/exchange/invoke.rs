//! One run: a token, a cmdlet, its pages, and what each answer means.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use tokio::time::sleep;
use writ_core::time::Time;

use super::Call;
use super::app::App;
use super::http::{Answer, Http, Silence};
use super::reply::{self, Refused, Rows};
use super::token::{Asking, Token, Tokens, claims_of};
use crate::{Deadline, Ended, Output, Uptime};

/// How often a page is asked for.
const ATTEMPTS: u32 = 6;
/// How often a token that was just given may be refused.
const RENEWALS: u32 = 2;
/// How long one answer to a cmdlet that reads may take before it is asked again.
const PATIENCE: Duration = Duration::from_secs(300);
/// The longest pause before another attempt.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// How many pages are followed.
const MAX_PAGES: usize = 1_000;
/// How many warnings are passed on.
const MAX_WARNINGS: usize = 3;

/// How far a run has come, for whoever stops it.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicBool);

impl Progress {
    /// Whether the cmdlet was sent.
    pub(crate) fn is_sent(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// One run.
pub(crate) struct Conversation<'a> {
    pub(crate) http: &'a Http,
    pub(crate) tokens: &'a Tokens,
    pub(crate) pause: Duration,
    pub(crate) app: &'a App,
    pub(crate) call: &'a Call,
    pub(crate) output: &'a Output,
    pub(crate) progress: &'a Progress,
    pub(crate) uptime: &'a Uptime,
    /// When it began, as the log says.
    pub(crate) began: Time,
    pub(crate) deadline: &'a Deadline,
}

fn failed(note: String) -> Ended {
    Ended::Failed { exit: None, note }
}

impl Conversation<'_> {
    /// Carries the cmdlet out.
    pub(crate) async fn run(&self) -> Ended {
        let token = match self.token(None, 0).await {
            Ok(token) => token,
            Err(why) => return Ended::not_started(why),
        };
        match self.call.changes() {
            true => self.change(&token).await,
            false => self.read(token).await.unwrap_or_else(failed),
        }
    }

    async fn token(&self, claims: Option<&str>, renewal: u32) -> Result<Arc<Token>, String> {
        let elapsed = i64::try_from(self.deadline.elapsed().as_secs()).unwrap_or(0);
        let id = format!("{}-{renewal}", self.call.request_id);
        let asking = Asking {
            http: self.http,
            app: self.app,
            claims,
            id: &id,
            now_s: (self.began.0 / 1_000).saturating_add(elapsed),
            pause: self.pause,
            uptime: self.uptime,
        };
        match renewal {
            0 => self.tokens.get(asking).await,
            _ => self.tokens.renew(asking).await,
        }
    }

    /// Sends the call to an address, once.
    async fn send(
        &self,
        url: &str,
        token: &Token,
        patience: Option<Duration>,
    ) -> Result<Answer, Silence> {
        let settings = &self.app.settings;
        let unsent = |why: &str| Silence::NoConnection(why.to_owned());
        let mut bearer = HeaderValue::from_str(&token.bearer())
            .map_err(|_| unsent("the token cannot be sent"))?;
        bearer.set_sensitive(true);
        let mut call = self
            .http
            .post(url)
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header(ACCEPT, "application/json")
            .header("accept-charset", "UTF-8")
            .header("prefer", "odata.maxpagesize=1000")
            .header("x-anchormailbox", settings.anchor(&self.call.cmdlet))
            .header("x-cmdletname", &self.call.cmdlet)
            .header("x-responseformat", "json")
            .header("x-serializationlevel", "Partial")
            .header("client-request-id", &self.call.request_id)
            .body(self.call.body.clone());
        if let Some(patience) = patience {
            call = call.timeout(patience);
        }
        self.progress.0.store(true, Ordering::Relaxed);
        self.http.answer(call).await
    }

    /// Sends a cmdlet that may change something.
    ///
    /// INVARIANT: it leaves this node once, whatever the answer is.
    async fn change(&self, token: &Arc<Token>) -> Ended {
        let url = self.app.settings.invoke_url();
        let answer = match self.send(&url, token, None).await {
            Ok(answer) => answer,
            Err(silence @ Silence::NoConnection(_)) => return Ended::not_started(silence),
            Err(silence @ (Silence::Lost(_) | Silence::Broken { .. })) => {
                return self.unknown(&silence.to_string());
            }
        };
        match answer.status {
            200 | 204 => match self.rows(&answer, token) {
                Ok(rows) => self.done(rows),
                Err(why) => self.unknown(&why),
            },
            401 => self.token_refused(token, &answer).await,
            429 => {
                let after = answer.retry_after().map(|after| after.as_secs());
                let when = after.map_or_else(
                    || "later".to_owned(),
                    |seconds| format!("in {seconds} seconds"),
                );
                Ended::not_started(format!(
                    "Exchange Online is throttling (429); run it again {when}"
                ))
            }
            // It may have gone on with what it no longer waited for.
            408 => self.unknown("it answers 408"),
            400..=499 => failed(self.refused(&answer, token).sentence),
            status => self.unknown(&format!("it answers {status}")),
        }
    }

    fn unknown(&self, why: &str) -> Ended {
        Ended::Unknown {
            note: format!("Exchange Online: {why}; {}", self.call.look()),
        }
    }

    fn done(&self, rows: Rows) -> Ended {
        if let Some(question) = rows.confirmation {
            return failed(format!(
                "Exchange Online asks first: {question} It did nothing; run it without Confirm"
            ));
        }
        let more = rows.next.is_some();
        self.show(rows, &mut 0);
        if more {
            // To ask for it would be to send the same call again.
            self.output
                .remark("there is more output, which is not fetched");
        }
        Ended::Succeeded { exit: None }
    }

    /// A token that was refused was refused before anything: say so, and see to a
    /// good one for the next run.
    async fn token_refused(&self, token: &Arc<Token>, answer: &Answer) -> Ended {
        self.tokens.forget(self.app, token);
        let claims = claims_of(answer);
        Ended::not_started(match self.token(claims.as_deref(), 1).await {
            Ok(_) => {
                "Exchange Online refused the token (401), and there is a new one; run it again"
                    .to_owned()
            }
            Err(why) => format!("Exchange Online refused the token (401), and {why}"),
        })
    }

    /// Reads all pages; the error is why that did not succeed.
    async fn read(&self, mut token: Arc<Token>) -> Result<Ended, String> {
        let mut url = self.app.settings.invoke_url();
        let mut seen = BTreeSet::new();
        let mut warnings = 0;
        loop {
            let rows = self.page(&url, &mut token).await?;
            if let Some(question) = rows.confirmation {
                return Err(format!("Exchange Online asks first: {question}"));
            }
            let next = rows.next.clone();
            self.show(rows, &mut warnings);
            let Some(next) = next else { break };
            url = self.follow(&next).map_err(|why| {
                format!("{why}; what is shown is not all ({} pages)", seen.len() + 1)
            })?;
            if seen.len() + 1 >= MAX_PAGES {
                return Err(format!(
                    "what is shown is not all: {MAX_PAGES} pages are followed"
                ));
            }
            if !seen.insert(url.clone()) {
                return Err("the next link leads in a circle; what is shown is not all".into());
            }
        }
        if warnings > MAX_WARNINGS {
            let more = warnings - MAX_WARNINGS;
            self.output.remark(format!("{more} more warnings"));
        }
        Ok(Ended::Succeeded { exit: None })
    }

    /// Asks for a page until there is an answer that says something.
    async fn page(&self, url: &str, token: &mut Arc<Token>) -> Result<Rows, String> {
        let mut pause = self.pause;
        let mut attempt = 1;
        let mut renewals = 0;
        loop {
            let (why, wait) = match self.send(url, token, Some(PATIENCE)).await {
                Ok(answer) if matches!(answer.status, 200 | 204) => {
                    match self.rows(&answer, token) {
                        Ok(rows) => return Ok(rows),
                        Err(why) => (why, pause),
                    }
                }
                Ok(answer) if answer.status == 401 => {
                    self.tokens.forget(self.app, token);
                    if renewals == RENEWALS {
                        return Err("Exchange Online refuses each token (401): has the app \
                                    Exchange.ManageAsApp, with consent?"
                            .into());
                    }
                    renewals += 1;
                    *token = self.token(claims_of(&answer).as_deref(), renewals).await?;
                    continue;
                }
                Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                    let why = format!("it answers {}", answer.status);
                    (why, answer.retry_after().unwrap_or(pause))
                }
                Ok(answer) => match self.refused(&answer, token) {
                    refused if refused.is_transient => (refused.sentence, pause),
                    refused => return Err(refused.sentence),
                },
                Err(silence) => (silence.to_string(), pause),
            };
            if attempt == ATTEMPTS {
                return Err(format!("Exchange Online: {why}, {ATTEMPTS} times"));
            }
            if wait >= self.deadline.left() {
                return Err(format!(
                    "Exchange Online: {why}, and asks to wait {}s, beyond the deadline",
                    wait.as_secs()
                ));
            }
            sleep(wait).await;
            pause = pause.saturating_mul(2).min(MAX_PAUSE);
            attempt += 1;
        }
    }

    /// The address that a next link leads to: of the same host, and of the same
    /// kind, since the token goes there too.
    fn follow(&self, next: &str) -> Result<String, String> {
        let bad = || "the next link leads elsewhere, so it is not followed".to_owned();
        let base = Url::parse(&self.app.settings.invoke_url()).map_err(|_| bad())?;
        let url = base.join(next).map_err(|_| bad())?;
        let is_same = url.origin() == base.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path().starts_with("/adminapi/")
            && url.path().ends_with("/InvokeCommand");
        match is_same && next.len() <= 16_384 {
            true => Ok(url.into()),
            false => Err(bad()),
        }
    }

    /// What an answer holds. A target that echoes the token must not show it to
    /// anybody, wherever in the answer it stands.
    fn rows(&self, answer: &Answer, token: &Token) -> Result<Rows, String> {
        let clean = |text: &str| self.output.clean(text, &token.redaction);
        reply::rows(&answer.body, &clean)
    }

    fn refused(&self, answer: &Answer, token: &Token) -> Refused {
        let clean = |text: &str| self.output.clean(text, &token.redaction);
        reply::refused(answer, &self.call.cmdlet, &clean)
    }

    /// Puts out rows, and says what the service warns of.
    fn show(&self, rows: Rows, warnings: &mut usize) {
        self.output.push(&rows.lines);
        for warning in rows.warnings {
            *warnings += 1;
            if *warnings <= MAX_WARNINGS {
                self.output.remark(format!("warning: {warning}"));
            }
        }
    }
}
