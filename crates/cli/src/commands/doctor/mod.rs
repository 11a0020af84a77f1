//! `writ doctor`: what is wrong or soon will be, and what to type about it.
//!
//! A **finding** is one line: fine, worth a look, or broken. On the host of a
//! node all of it is looked at; from elsewhere what a profile can see. What the
//! log says of people, policies and accounts is read from a log that was just
//! verified, so it is not the server's word.

mod certificate;
mod host;
mod profile;
mod rules;

use serde::Serialize;
use serde_json::json;
use writ_core::state::State;

use super::{log, source};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{plain, print, print_json};

/// Look for what is wrong or soon will be: clock, disk, log, files, people, policies
///
/// On the node's host, also while it serves; elsewhere with a profile. Verifies
/// what is new in the log since the last time. Ends with 1 if something is broken.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// One line.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    level: Level,
    about: &'static str,
    message: String,
    /// What to do about it: a command, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Finding {
    fn ok(about: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            level: Level::Ok,
            about,
            message,
            next: None,
        }
    }

    fn warn(about: &'static str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            level: Level::Warn,
            next: Some(next.into()),
            ..Self::ok(about, message)
        }
    }

    fn fail(about: &'static str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            level: Level::Fail,
            ..Self::warn(about, message, next)
        }
    }
}

pub(crate) async fn run(context: &Context) -> Result<Exit, Failure> {
    let is_host = source::beside(context)?.is_some();
    let mut findings = Vec::new();
    if is_host {
        findings.extend(host::look(&context.data()?).await);
    }
    let may_read = match context.profile() {
        Ok(profile) => {
            let (seen, may_read) = profile::look(&profile, context).await;
            findings.extend(seen);
            may_read
        }
        // The node's operator needs no profile.
        Err(_) if is_host => true,
        Err(nobody) => return Err(nobody),
    };
    if is_host || may_read {
        match log::verified(true, context).await {
            Ok(verified) => {
                findings.extend(of_log(&verified, is_host));
                if is_host {
                    findings.extend(host::programs(&context.data()?, verified.ledger.state()));
                }
            }
            Err(failure) => {
                let next = match is_host {
                    true => {
                        "stop the node and keep a copy of the data directory; then: writ log verify"
                    }
                    false => "writ log verify",
                };
                findings.push(Finding::fail("log", failure.sentence(), next));
            }
        }
    }
    show(&findings, context);
    let is_broken = findings.iter().any(|found| found.level == Level::Fail);
    Ok(if is_broken { Exit::Broken } else { Exit::Done })
}

fn of_log(verified: &source::Verified, is_host: bool) -> Vec<Finding> {
    let state: &State = verified.ledger.state();
    let (size, before) = (verified.ledger.size(), verified.before);
    let earlier = match before {
        0 => String::new(),
        before => format!("; {before} of them were verified before and not decided again"),
    };
    let message = format!(
        "{size} entries of {} verify, up to the head{earlier}",
        verified.source
    );
    let mut findings = vec![Finding::ok("log", message)];
    findings.extend(match &verified.compared {
        Some(compared) => Some(Finding::ok(
            "listings",
            format!("{} rows are as the log makes them", compared.rows),
        )),
        None if is_host => Some(Finding::ok(
            "listings",
            "only new entries were verified; for the listings: writ log verify",
        )),
        None => None,
    });
    if is_host {
        findings.extend(host::clock(state.time()));
    }
    findings.extend(rules::look(state, writ_client::now()));
    findings
}

fn show(findings: &[Finding], context: &Context) {
    let count = |level| findings.iter().filter(|found| found.level == level).count();
    let (warnings, failures) = (count(Level::Warn), count(Level::Fail));
    if context.is_json() {
        return print_json(&json!({
            "findings": findings,
            "warnings": warnings,
            "failures": failures,
        }));
    }
    for Finding {
        level,
        about,
        message,
        next,
    } in findings
    {
        let word = match level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        print(&format!("{word:4}  {about:15}  {}", plain(message)));
        if let Some(next) = next {
            print(&format!("{:21}  {}", "", plain(next)));
        }
    }
    print(&match (failures, warnings) {
        (0, 0) => "Nothing to do.".to_owned(),
        (failures, warnings) => format!("{failures} broken, {warnings} to look at."),
    });
}
