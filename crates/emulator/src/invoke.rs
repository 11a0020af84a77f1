//! The admin API: `InvokeCommand`, and the list of cmdlets.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cmdlet::{self, Done};
use crate::envelope::{Page, Refused};
use crate::fault::{Fault, Place, Within};
use crate::http::{Called, Reply};
use crate::journal::{Call, Endpoint};
use crate::token::Bad;
use crate::{World, clock};

/// The rows of a page where `Prefer` says nothing, and at most.
const PAGE: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Invocation {
    cmdlet_input: Input,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    cmdlet_name: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

/// What headers and query say of the rows that are wanted.
struct Wanted {
    page: usize,
    skip: usize,
    select: Vec<String>,
    /// What binds links to the body.
    mark: String,
    /// Whether the link was made for another body.
    is_foreign: bool,
}

impl Wanted {
    fn of(called: &Called) -> Self {
        let prefer = called.header("prefer").unwrap_or_default();
        let page = prefer
            .split([',', ';'])
            .find_map(|part| part.trim().strip_prefix("odata.maxpagesize="))
            .and_then(|size| size.parse().ok())
            .filter(|size| (1..=PAGE).contains(size))
            .unwrap_or(PAGE);
        let mut wanted = Self {
            page,
            skip: 0,
            select: Vec::new(),
            mark: mark(&called.body),
            is_foreign: false,
        };
        for (name, value) in form_urlencoded::parse(called.query.as_bytes()) {
            match name.as_ref() {
                "$select" => wanted.select = value.split(',').map(str::to_owned).collect(),
                "$skiptoken" => {
                    let (skip, body) = value.split_once('.').unwrap_or_default();
                    wanted.skip = skip.parse().unwrap_or_default();
                    wanted.is_foreign = body != wanted.mark;
                }
                _ => {}
            }
        }
        wanted
    }

    fn select(&self, row: &mut Map<String, Value>) {
        if !self.select.is_empty() {
            row.retain(|name, _| {
                let name = name.split('@').next().unwrap_or_default();
                self.select.iter().any(|one| one.eq_ignore_ascii_case(name))
            });
        }
    }
}

/// What binds a link to the body that it is to be sent with.
fn mark(body: &[u8]) -> String {
    let hash = HEXLOWER.encode(digest(&SHA256, body).as_ref());
    hash.get(..16).unwrap_or_default().to_owned()
}

/// Answers a call of `InvokeCommand`.
pub(crate) fn answer(world: &World, tenant: &str, called: &Called) -> Reply {
    let mut call = Call::of(Endpoint::Invoke);
    call.anchor = called.header("x-anchormailbox").map(str::to_owned);
    call.request_id = called.header("client-request-id").map(str::to_owned);
    let reply = carry_out(world, tenant, called, &mut call);
    call.status = reply.status();
    world.inside().journal.note(call);
    with_facts(reply, called)
}

fn carry_out(world: &World, tenant: &str, called: &Called, call: &mut Call) -> Reply {
    let invocation = serde_json::from_slice::<Invocation>(&called.body);
    if let Ok(invocation) = &invocation {
        call.cmdlet = Some(invocation.cmdlet_input.cmdlet_name.clone());
        call.parameters = invocation.cmdlet_input.parameters.clone();
    }
    if !world.is_tenant(tenant) {
        return Reply::empty(404);
    }
    let struck = world
        .inside()
        .faults
        .strike(Place::Invoke, call.cmdlet.as_deref());
    match struck {
        Some(Fault::ExpiredToken) => world.tokens.expire(),
        Some(Fault::ClaimsChallenge) => world.tokens.challenge(),
        Some(_) | None => {}
    }
    if let Err(bad) = world.tokens.check(called.header("authorization")) {
        return unauthorized(world, bad);
    }
    let input = match invocation {
        Ok(invocation) => invocation.cmdlet_input,
        Err(error) => {
            return Refused::parameter(format!("The call cannot be read: {error}")).reply("");
        }
    };
    let wanted = Wanted::of(called);
    call.skipped = wanted.skip;
    if wanted.is_foreign {
        let sentence = "The next link belongs to another call.".into();
        return Refused::parameter(sentence).reply(&input.cmdlet_name);
    }
    let mut act = || {
        let reply = run(world, &input, &wanted, &struck);
        call.done = reply.status() == Some(200);
        reply
    };
    match &struck {
        Some(Fault::Throttled { retry_after_s }) => Reply::empty(429).retry_after(*retry_after_s),
        Some(Fault::Transient) => Refused::transient().reply(&input.cmdlet_name),
        Some(Fault::ServerError {
            status,
            retry_after_s,
            done,
        }) => {
            if *done {
                act();
            }
            Reply::empty(*status).retry_after(*retry_after_s)
        }
        Some(Fault::Hang { done }) => {
            if *done {
                act();
            }
            Reply::never()
        }
        Some(Fault::Lost { done }) => {
            if *done {
                act();
            }
            Reply::lost()
        }
        Some(Fault::CutShort) => act().cut_short(),
        Some(Fault::Echo { within }) => echo(world, called, *within, &input.cmdlet_name),
        Some(Fault::Answer { value, warnings }) => Page {
            rows: value.clone(),
            warnings: warnings.clone(),
            ..Page::default()
        }
        .reply(&world.settings.tenant),
        Some(
            Fault::ExpiredToken
            | Fault::ClaimsChallenge
            | Fault::TruncatedPage { .. }
            | Fault::ForeignNextLink { .. }
            | Fault::EndlessPages,
        )
        | None => act(),
    }
}

/// What no service should answer: the token of the call.
fn echo(world: &World, called: &Called, within: Within, cmdlet: &str) -> Reply {
    let header = called.header("authorization").unwrap_or_default();
    let token = header.trim_start_matches("Bearer ").to_owned();
    let mut page = Page::default();
    match within {
        Within::Rows => {
            page.warnings.push(format!("It was called with {header}"));
            let row = [("Said".to_owned(), header.into()), (token, Value::Null)];
            page.rows.push(Map::from_iter(row));
        }
        Within::Question => page.confirmation = Some(format!("With {header}?")),
        Within::Error => {
            // Where a sentence is cut, a part of the token would be left.
            let sentence = format!("{} {header}", "x".repeat(500));
            return Refused::operation(sentence).reply(cmdlet);
        }
    }
    page.reply(&world.settings.tenant)
}

fn unauthorized(world: &World, bad: Bad) -> Reply {
    Reply::empty(401).header("www-authenticate", world.tokens.challenge_header(bad))
}

/// Carries a cmdlet out and makes the page that is wanted.
fn run(world: &World, input: &Input, wanted: &Wanted, struck: &Option<Fault>) -> Reply {
    let name = &input.cmdlet_name;
    let is_left_out = |left: &String| left.eq_ignore_ascii_case(name);
    let Some(cmdlet) = cmdlet::find(name) else {
        return Reply::empty(403);
    };
    if world.settings.not_permitted.iter().any(is_left_out) {
        return Reply::empty(403);
    }
    let done = cmdlet.run(
        &mut world.inside().tenant,
        &input.parameters,
        clock::now_s(),
    );
    let Done {
        rows,
        mut warnings,
        confirmation,
    } = match done {
        Ok(done) => done,
        Err(refused) => return refused.reply(cmdlet.name),
    };
    let link = |skip: usize| {
        format!(
            "{}/adminapi/beta/{}/InvokeCommand?%24skiptoken={skip}.{}",
            world.url, world.settings.tenant, wanted.mark
        )
    };
    let page = match struck {
        Some(Fault::TruncatedPage { rows }) => {
            warnings.push("There are more results than are shown here.".into());
            *rows
        }
        Some(_) | None => wanted.page,
    };
    let end = wanted.skip.saturating_add(page);
    let next = (rows.len() > end).then(|| link(end));
    let next = match struck {
        Some(Fault::ForeignNextLink { url }) => Some(url.clone()),
        Some(Fault::EndlessPages) => Some(link(0)),
        Some(_) | None => next,
    };
    let mut rows: Vec<_> = rows.into_iter().skip(wanted.skip).take(page).collect();
    for row in &mut rows {
        wanted.select(row);
    }
    Page {
        rows,
        warnings,
        next,
        confirmation,
    }
    .reply(&world.settings.tenant)
}

/// Answers which cmdlets the app may use.
pub(crate) fn exported(world: &World, tenant: &str, called: &Called) -> Reply {
    let mut call = Call::of(Endpoint::Cmdlets);
    let reply = match world.tokens.check(called.header("authorization")) {
        _ if !world.is_tenant(tenant) => Reply::empty(404),
        Err(bad) => unauthorized(world, bad),
        Ok(()) => {
            let left_out = &world.settings.not_permitted;
            let names = cmdlet::names()
                .filter(|name| !left_out.iter().any(|left| left.eq_ignore_ascii_case(name)));
            let names: Vec<_> = names.collect();
            call.done = true;
            Reply::json(
                200,
                &json!({"value": [{"exportedCmdlets": names.join(",")}]}),
            )
        }
    };
    call.status = reply.status();
    world.inside().journal.note(call);
    reply
}

/// What a service says of itself in every answer.
fn with_facts(reply: Reply, called: &Called) -> Reply {
    let reply = match called.header("client-request-id") {
        Some(id) => reply.header("request-id", id),
        None => reply,
    };
    reply
        .header("odata-version", "4.0")
        .header("rate-limit-limit", "30000")
        .header("rate-limit-remaining", "29997")
        .header("rate-limit-reset", clock::written(clock::now_s() + 300))
}
