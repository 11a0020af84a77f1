//! Calls to a server: what is sent and what comes back, and nothing of who.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE};
use reqwest::tls::TlsInfo;
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;
use writ_core::digest::OrganizationId;
use writ_core::entry::Entry;
use writ_core::envelope::Envelope;
use writ_core::json;
use writ_core::log::leaf_hash;
use writ_core::time::Time;
use writ_core::view::{OrganizationView, Problem, Trial, Tried};

use crate::error::Error;
use crate::events::{Broken, Event, Events};
use crate::system;

/// How long to wait for a connection, and for an answer.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(75);
/// How long a stream of events may last: servers end them earlier.
const STREAM: Duration = Duration::from_secs(900);
/// The longest answer that is read.
const MAX_ANSWER: usize = 96 << 20;

/// What to ask a listing for.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Names and values of the query.
    pub with: Vec<(&'static str, String)>,
    /// How many items at most.
    pub most: usize,
}

impl Listing {
    /// All that there is.
    pub const ALL: Self = Self {
        with: Vec::new(),
        most: usize::MAX,
    };
}

/// One server.
#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    url: String,
    /// How many milliseconds the server's clock is ahead.
    ahead: AtomicI64,
}

/// The address of a server, without a path: https, or http on this machine.
pub fn check_url(text: &str) -> Result<String, Error> {
    let usage = |problem: &str| {
        Error::Usage(format!(
            "`{}` {problem}; give one such as https://writ.example.com or http://localhost:8420",
            text.escape_debug()
        ))
    };
    let url = Url::parse(text).map_err(|_| usage("is not the address of a server"))?;
    let host = url
        .host_str()
        .ok_or_else(|| usage("is not the address of a server"))?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    match url.scheme() {
        _ if !bare => Err(usage("has more than a host and a port")),
        "https" => Ok(url.as_str().trim_end_matches('/').to_owned()),
        "http" if is_here(host) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        "http" => Err(usage("is not encrypted, and not on this machine")),
        _ => Err(usage("is not the address of a server")),
    }
}

fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback())
}

/// The certificates in a PEM file.
fn certificates(path: &Path) -> Result<Vec<Certificate>, Error> {
    let pem = std::fs::read(path).map_err(|error| Error::file(path, error))?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    match certificates.is_empty() {
        false => Ok(certificates),
        true => Err(Error::file(
            path,
            "there is no certificate in it; PEM is expected",
        )),
    }
}

impl Http {
    /// Trusts whom this machine trusts, and the authorities in a file, if there
    /// is one.
    pub(crate) fn new(url: &str, authorities: Option<&Path>) -> Result<Self, Error> {
        let url = check_url(url)?;
        let here = Url::parse(&url)
            .ok()
            .and_then(|url| url.host_str().map(is_here))
            .unwrap_or(false);
        let mut builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(redirect::Policy::none())
            .tls_info(true)
            .user_agent(concat!("writ/", env!("CARGO_PKG_VERSION")));
        if here {
            builder = builder.no_proxy();
        }
        if let Some(path) = authorities {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        let client = builder
            .build()
            .map_err(|error| Error::Usage(format!("cannot speak HTTP here: {error}")))?;
        Ok(Self {
            client,
            url,
            ahead: AtomicI64::new(0),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The time, by the server's clock as far as it is known.
    pub(crate) fn now(&self) -> Time {
        Time(system::now().0 + self.ahead.load(Ordering::Relaxed))
    }

    /// The organization that the server shows, its id checked against entry 0.
    pub(crate) async fn organization(&self) -> Result<OrganizationView, Error> {
        Ok(self.genesis().await?.0)
    }

    /// The organization, and the entry that founded it.
    pub(crate) async fn genesis(&self) -> Result<(OrganizationView, Entry), Error> {
        let view: OrganizationView = self.get("/v1/organization", &[], None).await?;
        let odd = |problem: &str| {
            Error::Untrusted(format!("{}: {problem}; is this a Writ server?", self.url))
        };
        let leaf = data_encoding::BASE64
            .decode(view.genesis.as_bytes())
            .map_err(|_| odd("its entry 0 is not base64"))?;
        match Entry::parse(&leaf) {
            Ok(entry) if OrganizationId(leaf_hash(&leaf)) == view.id => Ok((view, entry)),
            Ok(_) | Err(_) => Err(odd("its id is not that of its entry 0")),
        }
    }

    /// The certificate that the server shows, as DER; none without TLS.
    pub(crate) async fn certificate(&self) -> Result<Option<Vec<u8>>, Error> {
        let request = self.request(Method::GET, "/v1/organization", &[])?;
        let response = self.send(request).await?;
        let shown = response.extensions().get::<TlsInfo>();
        Ok(shown
            .and_then(|info| info.peer_certificate())
            .map(<[u8]>::to_vec))
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        session: Option<&Envelope>,
    ) -> Result<T, Error> {
        let bytes = self.get_bytes(path, query, session).await?;
        json::read_answer(&bytes).map_err(|error| self.odd(path, &error))
    }

    pub(crate) async fn get_bytes(
        &self,
        path: &str,
        query: &[(&str, String)],
        session: Option<&Envelope>,
    ) -> Result<Vec<u8>, Error> {
        let request = self.authorized(path, query, session)?;
        self.answer(path, self.send(request).await?).await
    }

    fn authorized(
        &self,
        path: &str,
        query: &[(&str, String)],
        session: Option<&Envelope>,
    ) -> Result<RequestBuilder, Error> {
        let request = self.request(Method::GET, path, query)?;
        match session {
            Some(session) => self.with_session(path, request, session),
            None => Ok(request),
        }
    }

    fn with_session(
        &self,
        path: &str,
        request: RequestBuilder,
        session: &Envelope,
    ) -> Result<RequestBuilder, Error> {
        let bytes = json::write(session).map_err(|error| self.odd(path, &error))?;
        let bearer = format!("Writ {}", BASE64URL_NOPAD.encode(&bytes));
        Ok(request.header(AUTHORIZATION, bearer))
    }

    /// Asks for a stream of events, after the one with this id.
    pub(crate) async fn events(
        &self,
        path: &str,
        after: &str,
        session: &Envelope,
    ) -> Result<Events, Error> {
        let request = self
            .authorized(path, &[], Some(session))?
            .header(ACCEPT, "text/event-stream")
            .header("last-event-id", after)
            .timeout(STREAM);
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            let refused = self.answer(path, response).await.err();
            return Err(refused.unwrap_or_else(|| self.odd(path, &"it answers no events")));
        }
        Ok(Events::new(response))
    }

    /// Bytes as they come; fails where they break off.
    pub(crate) async fn stream(
        &self,
        path: &str,
        session: &Envelope,
        mut show: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let request = self.authorized(path, &[], Some(session))?.timeout(STREAM);
        let mut response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return self.answer(path, response).await.map(drop);
        }
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.silent(&error))?
        {
            show(&chunk)?;
        }
        Ok(())
    }

    /// What a stream of events brings next; none at its end.
    pub(crate) async fn next_event(
        &self,
        path: &str,
        events: &mut Events,
    ) -> Result<Option<Event>, Error> {
        events.next().await.map_err(|broken| match broken {
            Broken::Silent(error) => self.silent(&error),
            Broken::Odd(problem) => self.odd(path, &problem),
        })
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Error> {
        let request = self
            .request(Method::POST, path, &[])?
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let bytes = self.answer(path, self.send(request).await?).await?;
        json::read_answer(&bytes).map_err(|error| self.odd(path, &error))
    }

    /// Asks what the rules would say.
    pub(crate) async fn try_out(&self, trial: &Trial, session: &Envelope) -> Result<Tried, Error> {
        let path = "/v1/trials";
        let body = json::write(trial).map_err(|error| self.odd(path, &error))?;
        let request = self.request(Method::POST, path, &[])?;
        let request = self.with_session(path, request, session)?;
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        let bytes = self.answer(path, self.send(request).await?).await?;
        json::read_answer(&bytes).map_err(|error| self.odd(path, &error))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, Error> {
        let mut url =
            Url::parse(&format!("{}{path}", self.url)).map_err(|error| self.odd(path, &error))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.client.request(method, url))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await.map_err(|error| self.silent(&error))?;
        self.set_clock(&response);
        Ok(response)
    }

    async fn answer(&self, path: &str, mut response: Response) -> Result<Vec<u8>, Error> {
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.silent(&error))?
        {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(self.odd(path, &"the answer is too long"));
            }
            bytes.extend_from_slice(&chunk);
        }
        if status == StatusCode::OK {
            return Ok(bytes);
        }
        match json::read_loosely::<Problem>(&bytes) {
            Ok(problem) => Err(problem.into()),
            Err(_) => Err(self.odd(path, &format!("it answers {status}"))),
        }
    }

    /// The server's clock, to the second.
    fn set_clock(&self, response: &Response) {
        let date = response.headers().get(DATE);
        let theirs = date.and_then(|date| date.to_str().ok()).and_then(imf_date);
        if let Some(Time(theirs)) = theirs {
            let ahead = theirs - system::now().0;
            // What is left below is network and rounding.
            let ahead = if ahead.abs() < 5_000 { 0 } else { ahead };
            self.ahead.store(ahead, Ordering::Relaxed);
        }
    }

    fn silent(&self, error: &reqwest::Error) -> Error {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let why = match error.is_timeout() {
            true => "it took too long".to_owned(),
            false => cause.to_string(),
        };
        Error::Unreachable(format!(
            "no answer from {}: {why}; does the server run (writ serve), and is the address right?",
            self.url
        ))
    }

    fn odd(&self, path: &str, problem: &dyn std::fmt::Display) -> Error {
        Error::Untrusted(format!(
            "{}{path} answers what this version does not understand: {problem}; \
             is this a Writ server, and of the same version?",
            self.url
        ))
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers send (RFC 9110, 5.6.7).
fn imf_date(text: &str) -> Option<Time> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let month = i64::try_from(month).ok()? + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (
        clock.next()?.ok()?,
        clock.next()?.ok()?,
        clock.next()?.ok()?,
    );
    // Days from civil: years begin in March, eras have 400 of them.
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let of_era = shifted.rem_euclid(400);
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(Time(
        (days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_servers_are_encrypted_or_here() {
        for good in [
            "https://writ.example.com",
            "https://writ.example.com:8443/",
            "http://localhost:8420",
            "http://127.0.0.1:1",
            "http://[::1]:8420",
        ] {
            assert_eq!(check_url(good).unwrap(), good.trim_end_matches('/'));
        }
        for bad in [
            "localhost:8420",
            "http://writ.example.com",
            "http://localhost.example.com",
            "https://u:p@x.com",
            "https://x.com/path",
            "https://x.com/?q",
            "ftp://x.com",
            "",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_of_servers_are_read() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
        ] {
            assert_eq!(imf_date(text), Some(Time(seconds * 1_000)));
        }
        assert_eq!(imf_date("yesterday"), None);
    }
}
