//! Tests of what is told.

mod outbox;
