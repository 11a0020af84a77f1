//! The management shell: Writ for people who know PowerShell.
//!
//! In layers, each of which can be tried without the ones after it. The
//! **language** reads an input whole, or refuses it whole: `lexer`, `parser`,
//! `repair`. What was read are commands with arguments; the **binder** gives
//! them to the parameters of a **cmdlet** by the tables in `cmdlets`. A
//! **session** runs pipelines over **objects**, `values` and `pipe`, and shows
//! what comes out, `format`. What a cmdlet does to the world is done by a
//! **host**; the one over the client is in `writ`.
//!
//! Absent on purpose: evaluation. There are no scripts, no operators outside of
//! Where-Object, no calls of anything but cmdlets and tasks.

mod binder;
mod cmdlets;
mod complete;
mod fault;
mod format;
mod help;
mod host;
mod letters;
mod lexer;
mod parser;
mod pipe;
mod prompt;
mod record;
mod repair;
mod session;
mod syntax;
mod values;
mod writ;

pub use binder::{Bound, Common, ErrorAction, Given, bind, named, read_duration};
pub use cmdlets::{COMMON, Cmdlet, Effect, Kind, Parameter, all, find};
pub use complete::{Known, complete};
pub use fault::{Fault, Span};
pub use host::{Console, Described, Host, Invocation, Listed, Taken, Writing};
pub use lexer::{MAX_INPUT, Piece, Template};
pub use parser::parse;
pub use prompt::{goes_on, is_sensitive};
pub use record::{ErrorRecord, Reason};
pub use session::{Ended, Session};
pub use syntax::{
    Argument, Command, Condition, Element, Expr, Member, Operator, Pipeline, Script, Statement,
    Test,
};
pub use values::{Fraction, Object, Value, date, iso_date, read_date};
pub use writ::Writ;
