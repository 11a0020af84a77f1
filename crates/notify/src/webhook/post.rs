//! Posting: one call, what came back, and what that means.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect, retry};
use tokio::time::timeout;
use writ_connect::outbound::{Lookup, deepest};
use writ_core::time::Time;

use super::settings::Config;
use crate::Failure;

/// The most that is read of an answer, in bytes.
const MAX_ANSWER: usize = 64 << 10;
/// The longest that a receiver may ask to be left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// How long what may take, and where names lead that this host does not know.
#[derive(Clone, Debug)]
pub struct Net {
    /// For a connection.
    pub connect: Duration,
    /// For a call, all of it.
    pub total: Duration,
    /// For the rest of an answer, once it is known to be a yes.
    pub rest: Duration,
    /// Names that are not looked up.
    pub known: BTreeMap<String, Vec<IpAddr>>,
}

impl Default for Net {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            rest: Duration::from_secs(1),
            known: BTreeMap::new(),
        }
    }
}

/// Posts to one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Post {
    client: Client,
    rest: Duration,
}

impl Post {
    pub(super) fn new(config: &Config, net: Net) -> Result<Self, reqwest::Error> {
        let allow = config.allow.clone();
        let admits = Arc::new(move |host: &str, ip| allow.admits(host, ip));
        let client = Client::builder()
            .connect_timeout(net.connect)
            .timeout(net.total)
            .redirect(redirect::Policy::none())
            // Trying again is the outbox's.
            .retry(retry::never())
            .pool_max_idle_per_host(1)
            .tcp_nodelay(true)
            .http1_only()
            .no_proxy()
            .referer(false)
            .dns_resolver(Lookup::new(admits).with_known(net.known))
            .tls_certs_merge(config.authorities.iter().cloned())
            .user_agent(concat!("writ/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            rest: net.rest,
        })
    }

    /// Posts, and says with which status it was taken. Of the answer nothing is
    /// kept; it is read so that the connection can be used again.
    pub(super) async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        now: Time,
    ) -> Result<u16, Failure> {
        let response = self.taken(url, headers, body, now).await?;
        let status = response.status().as_u16();
        // It was taken: whatever else comes or does not come changes nothing.
        let _ = timeout(self.rest, read(response)).await;
        Ok(status)
    }

    /// Posts, and hands on what a yes says.
    pub(super) async fn ask(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        now: Time,
    ) -> Result<Vec<u8>, Failure> {
        let response = self.taken(url, headers, body, now).await?;
        read(response).await
    }

    async fn taken(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        now: Time,
    ) -> Result<Response, Failure> {
        let call = self.client.post(url.clone()).headers(headers).body(body);
        let response = call.send().await.map_err(|error| {
            let why = deepest(&error);
            match error.is_connect() || error.is_builder() {
                true => Failure::Down(format!("there was no connection: {why}")),
                false => Failure::Later(format!("no answer came: {why}"), None),
            }
        })?;
        let status = response.status();
        let wait = retry_after(response.headers(), now);
        match status.as_u16() {
            200..=299 => Ok(response),
            410 => Err(Failure::Never("it answered 410: it wants no more".into())),
            code @ 300..=399 => {
                let why = format!(
                    "it answered {code}, and calls are not sent on to elsewhere: name the final \
                     URL in writ.toml"
                );
                Err(Failure::Later(why, None))
            }
            code => {
                let reason = status.canonical_reason().unwrap_or("no known status");
                Err(Failure::Later(
                    format!("it answered {code} ({reason})"),
                    wait,
                ))
            }
        }
    }
}

/// An answer, as far as it is of any use.
async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            Failure::Later(format!("the answer broke off: {}", deepest(&error)), None)
        })?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > MAX_ANSWER {
            let why = format!("the answer is longer than {MAX_ANSWER} bytes");
            return Err(Failure::Later(why, None));
        }
        body.extend_from_slice(&chunk);
    }
}

/// How long it asks to be left alone: in seconds, or until a date.
fn retry_after(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse::<u64>().ok().or_else(|| {
        let until = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        let millis = until.as_millisecond().saturating_sub(now.0);
        u64::try_from(millis)
            .map(|millis| millis.div_ceil(1_000))
            .ok()
    })?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_may_say_when_to_come_back() {
        let now = Time(784_111_777_000);
        for (text, wanted) in [
            ("17", Some(17)),
            (" 0 ", Some(0)),
            ("999999999", Some(3_600)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", None),
            ("-1", None),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            let found = retry_after(&headers, now);
            assert_eq!(found, wanted.map(Duration::from_secs), "{text}");
        }
    }
}
