//! The JSON API.
//!
//! Everything that changes anything is posted to one **path**,
//! `/v1/statements`, and goes to the engine; everything else is a **reading**.
//! No rule is decided here and no table is written.
//!
//! A reading comes from a **caller**: whose live key signed the session that
//! stands in `Authorization`, looked up in State each time. What a handler lets
//! whom do is its first parameter, [`Anonymous`] or [`Caller`], and a router
//! takes no handler without it; so the table of [`permissions`] is complete.
//! The caller holds the published State that it was judged by, and the answer
//! is made from the same one.
//!
//! **Rows** of the store are used to find and to list what has ended. What is
//! open is shown from State, and a row that State does not know as open is
//! never shown as if it were.
//!
//! Every refusal is a **problem** (RFC 9457) with a code and a sentence that
//! says what to do; see [`failure`].

mod api;
mod app;
mod cursor;
mod extract;
pub mod failure;
mod finish;
mod guard;
mod listen;
mod lists;
mod metrics;
mod openapi;
mod origin;
mod page;
mod portal;
mod recent;
mod routes;
mod serve;
mod session;
mod shown;
mod sight;
mod tally;
mod telling;
mod tls;

pub use api::{openapi, permissions};
pub use app::App;
pub use guard::{Anonymous, Anyone, Auditor, Caller, Permission, SignedIn};
pub use listen::{ListenError, Listeners, MetricsAddress, Reach, listen_address};
pub use openapi::{Operation, Schema};
pub use routes::{Guarded, Permitted, Routes};
pub use serve::serve;
pub use telling::{NO_MAIL, SinkFigures, Telling, TellsNobody};
pub use tls::{Refreshed, Tls, TlsError, TlsFile};
