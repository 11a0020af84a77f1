//! The API over TCP, with a real engine behind it.
#![cfg(test)]

mod apps;
mod events;
mod executions;
mod http;
mod limits;
mod listings;
mod live;
mod log;
mod metrics;
mod objects;
mod openapi;
mod passkeys;
mod permissions;
mod portal;
mod requests;
mod sessions;
mod statements;
mod tls;
mod world;
