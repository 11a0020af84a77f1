//! Guards: who may call a handler, as its first parameter.
//!
//! [`Anonymous`] says that anybody may; [`Caller`] names a **permission**. A
//! caller exists only if its session counts and its role suffices, so a handler
//! that has one needs no check and cannot forget one.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use writ_core::Published;
use writ_core::digest::{Digest, KeyId};
use writ_core::names::Upn;
use writ_core::object::Role;
use writ_core::sight::{Resource, may_read};
use writ_core::state::State;
use writ_core::time::Time;
use writ_core::view::Seen;
use writ_engine::Rate;

use crate::app::App;
use crate::failure::Failure;
use crate::session::{Bearer, Who};

/// How many readings one person may do: 1,000 at once, 50 a second.
pub(crate) const PER_READER: Rate = Rate {
    burst: 1_000,
    every_ms: 20,
};
/// Of how many people it is known how much they read.
pub(crate) const MAX_READERS: usize = 65_536;

/// Anybody, whether signed in or not.
#[derive(Clone, Copy, Debug)]
pub struct Anonymous;

/// What somebody must be allowed to read.
pub trait Permission: Send + Sync + 'static {
    /// As the table of permissions spells it.
    const NAME: &'static str;
    /// Who has it, in a sentence.
    const WHO: &'static str;
    /// Who may read this has it.
    const READS: Resource;
}

/// Every active person with a live key.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

/// Whoever signs in: people, and apps too.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn;

/// Auditors, and administrators too.
#[derive(Clone, Copy, Debug)]
pub struct Auditor;

impl Permission for Anyone {
    const NAME: &'static str = "anyone";
    const WHO: &'static str = "people of this organization";
    const READS: Resource = Resource::Shared;
}

impl Permission for SignedIn {
    const NAME: &'static str = "signed-in";
    const WHO: &'static str = "people and apps of this organization";
    const READS: Resource = Resource::Public;
}

impl Permission for Auditor {
    const NAME: &'static str = "auditor";
    const WHO: &'static str = "auditors and administrators";
    const READS: Resource = Resource::Log;
}

/// A person who is signed in and has a permission.
///
/// Holds the published State in which that was so: what is answered from it
/// was the caller's to see.
pub struct Caller<P> {
    bearer: Arc<Bearer>,
    who: Who,
    published: Published,
    permission: PhantomData<fn() -> P>,
}

impl<P: Permission> Caller<P> {
    /// Who is asking.
    pub fn upn(&self) -> &Upn {
        &self.who.upn
    }

    /// What they may do beyond their own requests.
    pub const fn role(&self) -> Option<Role> {
        self.who.role
    }

    /// The key that signed their session.
    pub const fn key(&self) -> KeyId {
        self.who.key
    }

    /// Names their session.
    pub(crate) fn session(&self) -> Digest {
        self.bearer.digest()
    }

    /// When their session opened, and when it ends.
    pub(crate) fn session_period(&self) -> Option<(Time, Time)> {
        self.bearer.period()
    }

    /// Whether they may read something.
    pub fn may_read(&self, resource: &Resource) -> bool {
        may_read(self.state(), Some(self.upn()), resource)
    }

    /// The State that they were judged by.
    pub fn state(&self) -> &State {
        self.published.state()
    }

    /// The size of the log that this State is of.
    pub const fn size(&self) -> u64 {
        self.published.size()
    }

    /// Something of that State, with the size of the log that it is of.
    pub fn seen<T>(&self, value: T) -> Json<Seen<T>> {
        let seen = self.size();
        Json(Seen { seen, value })
    }

    /// The same caller in another State, if they still are one there, now.
    pub(crate) fn in_state(&self, published: Published, app: &App) -> Result<Self, Failure> {
        Self::judge(self.bearer.clone(), published, app)
    }

    /// Who these headers sign in, for an answer that reads nothing more.
    pub(crate) fn of(headers: &HeaderMap, app: &App) -> Result<Self, Failure> {
        let bearer = Bearer::of(headers, app.reach())?;
        Self::judge(Arc::new(bearer), app.engine().published(), app)
    }

    fn judge(bearer: Arc<Bearer>, published: Published, app: &App) -> Result<Self, Failure> {
        let now = app.engine().now();
        let who = bearer.holder(published.state(), now, app.checked())?;
        if !may_read(published.state(), Some(&who.upn), &P::READS) {
            let (upn, only) = (who.upn, P::WHO);
            return Err(Failure::Forbidden { upn, only });
        }
        Ok(Self {
            bearer,
            who,
            published,
            permission: PhantomData,
        })
    }
}

impl<P> fmt::Debug for Caller<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({})", self.who.upn)
    }
}

impl FromRequestParts<App> for Anonymous {
    type Rejection = Failure;
    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, Failure> {
        Ok(Self)
    }
}

impl<P: Permission> FromRequestParts<App> for Caller<P> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let caller = Self::of(&parts.headers, app)?;
        match app.count_reader(caller.upn()) {
            Ok(()) => Ok(caller),
            Err(after) => Err(Failure::TooMany { after }),
        }
    }
}
