//! A client: speaks for one profile.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use tokio::time::{Duration, sleep};
use writ_core::digest::{Digest, RequestId};
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::json;
use writ_core::key::{Hex, SigningKey};
use writ_core::names::Upn;
use writ_core::object::{Group, Policy, Task, Workload};
use writ_core::statement::{MAX_SESSION, Payload, Principal, Session, read_payload, sign};
use writ_core::time::{Seconds, Time};
use writ_core::view::{Page, PersonView, Posted, Seen, Trial, Tried};

use crate::error::Error;
use crate::http::{Http, Listing};
use crate::profile::{Account, Profile};
use crate::system;

/// How long before its end a session is made anew.
const RENEW: Seconds = Seconds::HOUR;
/// How often a statement is sent again whose answer was lost.
pub(crate) const TRIES: u32 = 4;
/// How long to wait before that, and then longer each time.
pub(crate) const PAUSE: Duration = Duration::from_millis(300);
/// How many items are asked for at once.
const PAGE: usize = 200;

/// Whether somebody heard of a request.
#[derive(Deserialize)]
struct Told {
    problem: Option<String>,
}

/// An object that is listed.
pub trait Listed: DeserializeOwned {
    /// Where.
    const PATH: &'static str;
}

macro_rules! listed {
    ($($object:ident at $path:literal)*) => { $(
        impl Listed for $object {
            const PATH: &'static str = $path;
        }
    )* };
}

listed! {
    PersonView at "/v1/people"
    Group at "/v1/groups"
    Workload at "/v1/workloads"
    Task at "/v1/tasks"
    Policy at "/v1/policies"
}

/// Speaks for one profile.
#[derive(Debug)]
pub struct Client {
    pub(crate) http: Http,
    pub(crate) profile: Profile,
    key: SigningKey,
    session: OnceCell<Envelope>,
    /// Whether it only tries what it would say.
    only_tries: bool,
}

/// What is said, what goes with it, and the answer to it.
pub(crate) struct Said {
    pub(crate) digest: Digest,
    pub(crate) posted: Posted,
}

/// Something to be posted.
#[derive(Serialize)]
struct Posting<'a> {
    envelope: &'a Envelope,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    blobs: std::collections::BTreeMap<Digest, String>,
}

impl Client {
    /// Speaks for a profile, at its server or at another address of it.
    pub fn new(profile: Profile, url: Option<&str>) -> Result<Self, Error> {
        if profile.is_logged_out() {
            let Account { url, upn, .. } = profile.account();
            return Err(Error::Usage(format!(
                "you are logged out here; run: writ login {url} --as {upn}"
            )));
        }
        let url = url.unwrap_or(&profile.account().url);
        let http = Http::new(url, profile.authorities())?;
        Self::with(http, profile)
    }

    /// Speaks for a profile whose owner just said so.
    pub(crate) fn of(profile: Profile) -> Result<Self, Error> {
        let http = Http::new(&profile.account().url, profile.authorities())?;
        Self::with(http, profile)
    }

    fn with(http: Http, profile: Profile) -> Result<Self, Error> {
        Ok(Self {
            http,
            key: profile.key()?,
            profile,
            session: OnceCell::new(),
            only_tries: false,
        })
    }

    /// The same, which says nothing: it signs no statement, and asks what the rules
    /// would say to it. Where that is yes, its acts end with [`Error::OnlyTried`].
    #[must_use]
    pub const fn that_only_tries(mut self) -> Self {
        self.only_tries = true;
        self
    }

    /// Who this is, and where.
    pub const fn account(&self) -> &Account {
        self.profile.account()
    }

    /// Who this is.
    pub fn upn(&self) -> &Upn {
        &self.account().upn
    }

    /// The server that is spoken to.
    pub fn url(&self) -> &str {
        self.http.url()
    }

    /// The certificate that the server shows, as DER; none without TLS.
    pub async fn certificate(&self) -> Result<Option<Vec<u8>>, Error> {
        self.http.certificate().await
    }

    /// Why nobody heard of a request who could decide it, if that is so.
    pub async fn untold(&self, id: RequestId) -> Result<Option<String>, Error> {
        let told: Told = self.get(&format!("/v1/requests/{id}/told"), &[]).await?;
        Ok(told.problem)
    }

    /// This machine's key.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The session to read with: the kept one, or a new one.
    pub(crate) async fn session(&self) -> Result<&Envelope, Error> {
        self.session
            .get_or_try_init(|| async {
                let view = self.http.organization().await?;
                if view.id != self.account().organization {
                    return Err(Error::Untrusted(format!(
                        "{} shows the organization {}, and this profile is of {}; nothing was sent",
                        self.http.url(),
                        view.id,
                        self.account().organization
                    )));
                }
                let now = self.http.now();
                let kept = self.profile.session()?;
                match kept.filter(|kept| self.lasts(kept, now)) {
                    Some(kept) => Ok(kept),
                    None => self.new_session(now),
                }
            })
            .await
    }

    fn lasts(&self, session: &Envelope, now: Time) -> bool {
        let payload = read_payload::<Session>(&session.payload);
        session.signature.keyid == self.key.public().id()
            && payload
                .is_ok_and(|payload| payload.at <= now && now.plus(RENEW) < payload.body.until)
    }

    fn new_session(&self, now: Time) -> Result<Envelope, Error> {
        let until = now.plus(MAX_SESSION);
        let session = self.sign(PayloadType::Session, now, Session { until })?;
        self.profile.keep_session(&session)?;
        Ok(session)
    }

    fn sign<B: Serialize>(
        &self,
        payload_type: PayloadType,
        at: Time,
        body: B,
    ) -> Result<Envelope, Error> {
        signed(self.account(), &self.key, payload_type, at, body)
    }

    /// Reads something.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, Error> {
        let session = self.session().await?;
        self.http.get(path, query, Some(session)).await
    }

    /// Reads something, and the log size that it was looked at.
    pub(crate) async fn seen<T: DeserializeOwned>(&self, path: &str) -> Result<Seen<T>, Error> {
        self.get(path, &[]).await
    }

    /// Reads a listing, page after page.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        listing: &Listing,
    ) -> Result<Vec<T>, Error> {
        self.pages(path, listing, |page: Page<T>| page).await
    }

    /// Reads objects, page after page, and the log size that the first page was
    /// looked at: what changed since is not overwritten.
    pub async fn objects<T: Listed>(&self, listing: &Listing) -> Result<Seen<Vec<T>>, Error> {
        self.seen_list(T::PATH, listing).await
    }

    /// The same, of what State holds under another path.
    pub(crate) async fn seen_list<T: DeserializeOwned>(
        &self,
        path: &str,
        listing: &Listing,
    ) -> Result<Seen<Vec<T>>, Error> {
        let mut first = None;
        let page = |Seen { seen, value }: Seen<Page<T>>| {
            first.get_or_insert(seen);
            value
        };
        let value = self.pages(path, listing, page).await?;
        let seen = first.unwrap_or_default();
        Ok(Seen { seen, value })
    }

    async fn pages<A: DeserializeOwned, T>(
        &self,
        path: &str,
        listing: &Listing,
        mut page: impl FnMut(A) -> Page<T>,
    ) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        let mut after = None;
        while items.len() < listing.most {
            let mut query = listing.with.clone();
            let limit = PAGE.min(listing.most - items.len());
            query.push(("limit", limit.to_string()));
            query.extend(after.map(|after| ("after", after)));
            let Page { items: more, next } = page(self.get(path, &query).await?);
            items.extend(more);
            after = next;
            if after.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// Says something. A refusal is an error; an answer that was lost is asked
    /// for again, with the same envelope, which acts once.
    pub(crate) async fn say<B: Serialize>(
        &self,
        kind: Kind,
        body: B,
        beside: &[Vec<u8>],
    ) -> Result<Said, Error> {
        // It also makes sure that this is the right organization.
        let session = self.session().await?;
        let now = self.http.now();
        if self.only_tries {
            return Err(self.tried(session, kind, now, body).await);
        }
        let envelope = self.sign(PayloadType::Statement(kind), now, body)?;
        let posted = post(&self.http, &envelope, beside).await?;
        Ok(Said {
            digest: envelope.digest(),
            posted,
        })
    }

    /// What comes of saying nothing: [`Error::OnlyTried`], or why it would be refused.
    async fn tried<B: Serialize>(
        &self,
        session: &Envelope,
        kind: Kind,
        at: Time,
        body: B,
    ) -> Error {
        let trial = json::write(&payload(self.account(), at, body))
            .map_err(|error| Error::Usage(error.to_string()))
            .and_then(|bytes| {
                String::from_utf8(bytes).map_err(|error| Error::Usage(error.to_string()))
            })
            .map(|payload| Trial {
                kind: kind.name().to_owned(),
                payload,
            });
        let trial = match trial {
            Ok(trial) => trial,
            Err(error) => return error,
        };
        match self.http.try_out(&trial, session).await {
            Ok(Tried { accepted: true, .. }) => Error::OnlyTried,
            Ok(Tried { code, detail, .. }) => {
                let code = code.unwrap_or_else(|| "refused".to_owned());
                Error::Refused {
                    sentence: detail.unwrap_or_else(|| code.clone()),
                    code,
                    receipt: None,
                }
            }
            Err(error) => error,
        }
    }
}

/// What would be signed.
fn payload<B>(account: &Account, at: Time, body: B) -> Payload<B> {
    Payload {
        at,
        body,
        by: Principal::Person(account.upn.clone()),
        instance: Some(account.organization),
        nonce: Hex(system::random::<16>().to_vec()),
    }
}

/// Fills in a payload and signs it.
pub(crate) fn signed<B: Serialize>(
    account: &Account,
    key: &SigningKey,
    payload_type: PayloadType,
    at: Time,
    body: B,
) -> Result<Envelope, Error> {
    let payload = payload(account, at, body);
    sign(payload_type, &payload, key).map_err(|error| Error::Usage(error.to_string()))
}

/// Posts an envelope until it is answered.
pub(crate) async fn post(
    http: &Http,
    envelope: &Envelope,
    beside: &[Vec<u8>],
) -> Result<Posted, Error> {
    let encode = |bytes: &Vec<u8>| (Digest::of(bytes), data_encoding::BASE64.encode(bytes));
    let posting = Posting {
        envelope,
        blobs: beside.iter().map(encode).collect(),
    };
    let body = json::write(&posting).map_err(|error| Error::Usage(error.to_string()))?;
    let mut pause = PAUSE;
    for tries in 1.. {
        match http.post::<Posted>("/v1/statements", body.clone()).await {
            Ok(posted) => return checked(posted, envelope.digest()),
            Err(Error::Unreachable(_)) if tries < TRIES => {
                sleep(pause).await;
                pause *= 2;
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::Unreachable(format!("no answer from {}", http.url())))
}

/// The answer, if it is to this statement and a yes.
fn checked(posted: Posted, digest: Digest) -> Result<Posted, Error> {
    let receipt = &posted.receipt;
    if receipt.digest != digest {
        return Err(Error::Untrusted(
            "the server answered another statement than this one".into(),
        ));
    }
    if receipt.accepted {
        return Ok(posted);
    }
    let code = receipt.code.as_deref().unwrap_or("refused").to_owned();
    let sentence = posted.detail.unwrap_or_else(|| code.clone());
    Err(Error::Refused {
        code,
        sentence,
        receipt: Some(Box::new(posted.receipt)),
    })
}
