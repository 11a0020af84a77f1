//! `writ notify`: how telling people is going, on the host of the node.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;
use writ_core::digest::Digest;
use writ_core::names::Name;
use writ_engine::{Clock, Entropy, SystemClock, SystemEntropy};
use writ_notify::mail::{About, Transport, render};
use writ_notify::post::{Post, test_letter};
use writ_store::{Delivery, Fate, Outbox, Standing};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::node::{Config, DataDirectory};
use crate::output::{local, print, print_json, print_table, remark};

/// Look after mail and webhooks, on the host of the node
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// How each sink is doing: what waits, what was given up, what is wrong
    Status,
    /// What was sent lately, and what became of it
    History {
        /// Only of this sink: mail, or the name of a webhook
        #[arg(value_name = "SINK")]
        sink: Option<String>,
        /// How many, the newest first
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
    },
    /// Send something once more, by its number in the history
    Again {
        /// Which
        #[arg(value_name = "NUMBER", required = true)]
        numbers: Vec<i64>,
    },
    /// Send something now, to see whether it arrives. Where it is taken, what was
    /// tried in vain goes again at once
    #[command(subcommand)]
    Test(Test),
}

/// What to try.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Test {
    /// A mail to an address
    Mail {
        /// To whom
        #[arg(value_name = "ADDRESS")]
        to: String,
    },
    /// A call of a webhook
    Webhook {
        /// As writ.toml names it
        #[arg(value_name = "NAME")]
        name: Name,
    },
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let data = context.data()?;
    let config = data.config()?;
    match args {
        Args::Status => status(&data.outbox()?, &config, context),
        Args::History { sink, limit } => {
            let outbox = data.outbox()?;
            let sink = sink
                .map(|text| meant(&text, &outbox, &config))
                .transpose()?;
            history(&outbox, sink.as_deref(), limit, context)
        }
        Args::Again { numbers } => again(&data.outbox()?, &numbers),
        Args::Test(Test::Mail { to }) => test_mail(&to, &data, &config).await,
        Args::Test(Test::Webhook { name }) => test_webhook(&name, &data, &config).await,
    }
}

/// How one sink is doing.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) sink: String,
    pub(super) state: State,
    pub(super) waiting: u64,
    oldest: Option<writ_core::time::Time>,
    told: u64,
    pub(super) given_up: u64,
    pub(super) problem: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum State {
    #[serde(rename = "not begun")]
    NotBegun,
    #[serde(rename = "down")]
    Down,
    #[serde(rename = "gave up")]
    GaveUp,
    /// Something was tried in vain and is tried again.
    #[serde(rename = "trying")]
    Trying,
    #[serde(rename = "fine")]
    Fine,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NotBegun => "not begun",
            Self::Down => "down",
            Self::GaveUp => "gave up",
            Self::Trying => "trying",
            Self::Fine => "fine",
        }
    }
}

/// The sinks that `writ.toml` names.
fn names(config: &Config) -> Result<Vec<String>, Failure> {
    let sinks = config.sinks()?;
    let mut names: Vec<String> = sinks.mail.iter().map(|_| Post::NAME.to_owned()).collect();
    names.extend(sinks.webhooks.iter().map(|webhook| hook(webhook.name())));
    Ok(names)
}

fn hook(name: &str) -> String {
    format!("webhook {name}")
}

/// The sink that somebody means: one of those now or of before.
fn meant(text: &str, outbox: &Outbox, config: &Config) -> Result<String, Failure> {
    let mut known: BTreeSet<String> = names(config)?.into_iter().collect();
    known.extend(outbox.sinks().map_err(Failure::broken)?);
    let ways = [text.to_owned(), hook(text)];
    let found = ways.iter().find_map(|way| {
        known
            .iter()
            .find(|name| name.eq_ignore_ascii_case(way))
            .cloned()
    });
    found.ok_or_else(|| {
        let known: Vec<String> = known.into_iter().collect();
        Failure::usage(match known.as_slice() {
            [] => format!("nothing is called {text}: writ.toml has neither [mail] nor [[webhook]]"),
            known => format!("nothing is called {text}; there is: {}", known.join(", ")),
        })
    })
}

/// How each sink is doing.
pub(super) fn standings(outbox: &Outbox, config: &Config) -> Result<Vec<Row>, Failure> {
    names(config)?
        .iter()
        .map(|name| row(outbox, name))
        .collect()
}

fn status(outbox: &Outbox, config: &Config, context: &Context) -> Result<Exit, Failure> {
    let rows = standings(outbox, config)?;
    let is_fine = rows.iter().all(|row| match row.state {
        State::Fine | State::NotBegun | State::Trying => true,
        State::Down | State::GaveUp => false,
    });
    if context.is_json() {
        print_json(&json!({ "sinks": rows }));
    } else {
        let file = "writ.toml has neither [mail] nor [[webhook]]: nobody is told of anything";
        let cells = rows.iter().map(|row| {
            vec![
                row.sink.clone(),
                row.state.name().to_owned(),
                row.waiting.to_string(),
                row.oldest.map(local).unwrap_or_default(),
                row.told.to_string(),
                row.given_up.to_string(),
            ]
        });
        let head = ["sink", "state", "waiting", "since", "sent", "given up"];
        print_table(&head, cells.collect(), file);
        for row in &rows {
            if let Some(problem) = &row.problem {
                remark(&format!("{}: {problem}", row.sink));
            }
        }
        if rows.iter().any(|row| row.state == State::Down) {
            remark("once it is mended, this lets what waits go at once: writ notify test --help");
        }
        if rows.iter().any(|row| row.given_up > 0) {
            remark(
                "what was given up: writ notify history; send it again: writ notify again NUMBER",
            );
        }
    }
    Ok(match is_fine {
        true => Exit::Done,
        false => Exit::Broken,
    })
}

fn row(outbox: &Outbox, name: &str) -> Result<Row, Failure> {
    let standing = outbox.standing(name).map_err(Failure::broken)?;
    let state = match &standing {
        Standing { next: None, .. } => State::NotBegun,
        Standing { down: Some(_), .. } => State::Down,
        Standing { given_up: 1.., .. } => State::GaveUp,
        Standing {
            waiting: 1..,
            problem: Some(_),
            ..
        } => State::Trying,
        Standing { .. } => State::Fine,
    };
    Ok(Row {
        sink: name.to_owned(),
        state,
        waiting: standing.waiting,
        oldest: standing.oldest,
        told: standing.told,
        given_up: standing.given_up,
        problem: standing.problem,
    })
}

fn history(
    outbox: &Outbox,
    sink: Option<&str>,
    limit: u32,
    context: &Context,
) -> Result<Exit, Failure> {
    let history = outbox.history(sink, limit).map_err(Failure::broken)?;
    if context.is_json() {
        let items: Vec<_> = history.iter().map(as_json).collect();
        print_json(&json!({ "items": items }));
        return Ok(Exit::Done);
    }
    let cells = history.iter().map(|delivery| {
        vec![
            delivery.number.to_string(),
            local(delivery.made),
            delivery.recipient.clone(),
            delivery.id.split('/').next().unwrap_or_default().to_owned(),
            fate(delivery),
            delivery.problem.clone().unwrap_or_default(),
        ]
    });
    let head = ["number", "found", "to", "what", "now", "problem"];
    print_table(&head, cells.collect(), "nothing was told lately");
    Ok(Exit::Done)
}

fn fate(delivery: &Delivery) -> String {
    match (delivery.fate, delivery.tries) {
        (Fate::Told { at }, _) => format!("sent {}", local(at)),
        (Fate::GivenUp { at }, _) => format!("given up {}", local(at)),
        (Fate::Waiting, _) if delivery.due <= SystemClock.now() => "waits".to_owned(),
        (Fate::Waiting, 0) => format!("waits until {}", local(delivery.due)),
        (Fate::Waiting, tries) => {
            format!("tried {tries} times, again {}", local(delivery.due))
        }
    }
}

fn as_json(delivery: &Delivery) -> serde_json::Value {
    let (state, at) = match delivery.fate {
        Fate::Waiting => ("waiting", None),
        Fate::Told { at } => ("sent", Some(at)),
        Fate::GivenUp { at } => ("given-up", Some(at)),
    };
    json!({
        "number": delivery.number,
        "sink": delivery.sink,
        "id": delivery.id,
        "to": delivery.recipient,
        "found": delivery.made,
        "due": delivery.due,
        "tries": delivery.tries,
        "problem": delivery.problem,
        "state": state,
        "at": at,
    })
}

fn again(outbox: &Outbox, numbers: &[i64]) -> Result<Exit, Failure> {
    for number in numbers {
        let found = outbox.again(*number, SystemClock.now());
        if !found.map_err(Failure::broken)? {
            return Err(Failure::usage(format!(
                "no message {number} was sent or given up; see: writ notify history"
            )));
        }
        print(&format!(
            "{number} is sent again within half a minute, while the node serves"
        ));
    }
    Ok(Exit::Done)
}

async fn test_mail(to: &str, data: &DataDirectory, config: &Config) -> Result<Exit, Failure> {
    let Some(mail) = config.sinks()?.mail else {
        return Err(Failure::usage(format!(
            "{} has no [mail]; the file that init writes shows how",
            data.config_file().display()
        )));
    };
    let mut nonce = [0; 16];
    SystemEntropy.fill(&mut nonce);
    let id = format!("test/{}", Digest::of(&nonce));
    let (outbox, head) = (data.outbox()?, data.head()?);
    let site = site(&outbox, data).await?;
    let about = About {
        to,
        site: &site,
        checkpoint: &head,
        now: SystemClock.now(),
    };
    let letter = test_letter(&mail.at());
    let sent = match render(&mail, &about, &[(&id, &letter)]) {
        Ok(made) => Transport::new(mail.clone()).send(to, &made).await,
        Err(failure) => Err(failure),
    };
    sent.map_err(Failure::broken)?;
    print(&format!(
        "{} took a mail to {to}; look whether it arrives",
        mail.at()
    ));
    hurry(&outbox, Post::NAME)
}

/// What was tried in vain goes at once.
fn hurry(outbox: &Outbox, sink: &str) -> Result<Exit, Failure> {
    let waiting = outbox.hurry(sink, SystemClock.now());
    match waiting.map_err(Failure::broken)? {
        0 => {}
        waiting => print(&format!(
            "{waiting} messages wait; what is due goes within half a minute, while the node serves"
        )),
    }
    Ok(Exit::Done)
}

/// Where pages are: as the node knew it last, or as it was founded.
async fn site(outbox: &Outbox, data: &DataDirectory) -> Result<String, Failure> {
    match outbox.site().map_err(Failure::broken)? {
        Some(site) => Ok(site),
        None => Ok(data.founded_at().await?),
    }
}

async fn test_webhook(name: &Name, data: &DataDirectory, config: &Config) -> Result<Exit, Failure> {
    let sinks = config.sinks()?;
    let known: Vec<String> = sinks
        .webhooks
        .iter()
        .map(|it| it.name().to_owned())
        .collect();
    let found = sinks.webhooks.into_iter();
    let found = found
        .into_iter()
        .find(|it| it.name().eq_ignore_ascii_case(name.as_str()));
    let Some(webhook) = found else {
        let known = match known.as_slice() {
            [] => "there is no [[webhook]]".to_owned(),
            known => format!("there is {}", known.join(", ")),
        };
        return Err(Failure::usage(format!(
            "{}: no webhook is called {name}; {known}",
            data.config_file().display()
        )));
    };
    let outbox = data.outbox()?;
    let sink = hook(webhook.name());
    let site = site(&outbox, data).await?;
    let answer = data.hook(webhook)?.test(&site).await;
    let answer = answer.map_err(|failure| Failure::broken(format!("{name}: {failure}")))?;
    print(&format!("{name}: {answer}"));
    hurry(&outbox, &sink)
}
