//! The emulator's own paths, below `/emulator/`: no part of what is imitated.
//!
//! `POST /emulator/faults` takes an [`Injection`], `GET` shows those that wait,
//! `DELETE` takes all away. `GET /emulator/calls` shows the journal, and
//! `POST /emulator/tokens/expire` ends every token. No page in a browser may ask
//! for any of it.

use std::net::SocketAddr;

use hyper::Method;
use serde_json::{Value, json};

use crate::fault::Injection;
use crate::http::{Called, Reply};
use crate::{BANNER, World};

pub(crate) fn answer(world: &World, called: &Called, path: &[&str]) -> Reply {
    let shown = |value: serde_json::Result<Value>| match value {
        Ok(value) => Reply::json(200, &value),
        Err(_) => Reply::empty(500),
    };
    if called.header("origin").is_some() || !is_here(called) {
        return Reply::empty(403);
    }
    match (&called.method, path) {
        (&Method::GET, []) => Reply::json(200, &json!({"emulator": BANNER})),
        (&Method::GET, ["faults"]) => shown(serde_json::to_value(world.inside().faults.waiting())),
        (&Method::POST, ["faults"]) => match serde_json::from_slice::<Injection>(&called.body) {
            Ok(injection) => {
                world.inside().faults.add(injection);
                Reply::empty(204)
            }
            Err(error) => Reply::json(400, &json!({"error": error.to_string()})),
        },
        (&Method::DELETE, ["faults"]) => {
            world.inside().faults.clear();
            Reply::empty(204)
        }
        (&Method::GET, ["calls"]) => shown(serde_json::to_value(world.inside().journal.calls())),
        (&Method::POST, ["tokens", "expire"]) => {
            world.tokens.expire();
            Reply::empty(204)
        }
        _ => Reply::empty(404),
    }
}

/// Whether a call names this machine by its address: a name could be anybody's who
/// lets it lead here.
fn is_here(called: &Called) -> bool {
    let host = called.header("host").unwrap_or_default();
    host.parse::<SocketAddr>()
        .is_ok_and(|address| address.ip().is_loopback())
}
