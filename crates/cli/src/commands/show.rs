//! `writ show`: one request, whole. Also what other commands show of requests.

use writ_client::Client;
use writ_core::dataset::Difference;
use writ_core::record::Status;
use writ_core::value::Constraints;
use writ_core::view::{AppView, RequestView};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{Progress, local, print_fields, print_json, remark};

/// Show one request: who, what, why, until when, who decided
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which: its id, or the first digits of it
    #[arg(value_parser = super::id_prefix)]
    id: String,
    /// Wait until it is decided
    #[arg(long)]
    wait: bool,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let mut view = client.show(&args.id).await?;
    say_untold(&client, &view).await;
    if args.wait {
        view = wait(&client, view, context).await?;
    }
    match context.is_json() {
        true => print_json(&view),
        false => print_request(&view),
    }
    Ok(match args.wait {
        true => decided(view.status),
        false => Exit::Done,
    })
}

/// Warns where nobody hears of a request who could decide it. That this cannot be said
/// is no failure.
pub(super) async fn say_untold(client: &Client, view: &RequestView) {
    if view.status == Status::Pending
        && let Ok(Some(why)) = client.untold(view.id).await
    {
        remark(&format!("nobody was told: {why}; tell them yourself"));
    }
}

/// Who must approve next.
pub(super) fn waits_for(view: &RequestView) -> String {
    let next = view.stages.iter().find(|stage| stage.given < stage.needed);
    match next {
        Some(stage) if stage.needed > 1 => format!(
            "{} approvals of {}",
            stage.needed - stage.given,
            stage.group
        ),
        Some(stage) => format!("an approval of {}", stage.group),
        None => "approval".to_owned(),
    }
}

/// Waits until a request is decided.
pub(super) async fn wait(
    client: &Client,
    view: RequestView,
    context: &Context,
) -> Result<RequestView, Failure> {
    let mut progress = Progress::new();
    let show = |view: &RequestView| {
        if !context.is_json() {
            progress.at(|since| {
                format!(
                    "waiting {} s for {}; Ctrl-C stops waiting, not the request: writ show {} --wait",
                    since.as_secs(),
                    waits_for(view),
                    view.id.brief()
                )
            });
        }
    };
    Ok(client.decision(view, show).await?)
}

/// How waiting for a decision ended.
pub(super) const fn decided(status: Status) -> Exit {
    match status {
        Status::Pending | Status::Live => Exit::Done,
        Status::Denied => Exit::Denied,
        Status::Ended
        | Status::Revoked
        | Status::Expired
        | Status::Canceled
        | Status::Superseded => Exit::Over,
    }
}

/// The request that is meant, to be decided: shown first, if a person decides.
pub(super) async fn to_decide(
    client: &Client,
    id: &str,
    context: &Context,
    yes: bool,
) -> Result<RequestView, Failure> {
    let view = client.show(id).await?;
    if !yes && !context.is_json() && crate::output::is_interactive() {
        print_request(&view);
    }
    Ok(view)
}

/// Everything that there is to know of a request.
pub(super) fn print_request(view: &RequestView) {
    let parameters = match asked(view, "\n") {
        none if none.is_empty() => "any".to_owned(),
        some => some,
    };
    let runs = match view.runs {
        Some(runs) => format!("at most {runs}"),
        None => "any number of times".to_owned(),
    };
    let grant = view.grant.as_ref();
    let narrowed = grant.map(|grant| limits(&grant.limits)).unwrap_or_default();
    let app = view.app.as_ref();
    let of_app = |text: fn(&AppView) -> String| app.map(text).unwrap_or_default();
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let links = app.map(|app| [&app.manifest.terms, &app.manifest.privacy].map(optional));
    let [terms, privacy] = links.unwrap_or_default();
    print_fields(&[
        ("request", view.id.short()),
        ("status", status(view)),
        ("task", view.task.to_string()),
        ("service", app.map(|_| view.service()).unwrap_or_default()),
        (
            "access",
            app.map(|_| view.requested_access()).unwrap_or_default(),
        ),
        ("app", of_app(|app| app.upn.to_string())),
        ("publisher", of_app(|app| app.manifest.publisher.clone())),
        ("version", of_app(|app| app.manifest.version.clone())),
        ("purpose", of_app(|app| app.manifest.purpose.clone())),
        ("terms", terms),
        ("privacy", privacy),
        ("installer", of_app(|app| app.installer.to_string())),
        ("parameters", parameters),
        ("changes", changes(view)),
        ("by", view.by.to_string()),
        ("reason", view.reason.clone()),
        ("ticket", view.ticket.clone().unwrap_or_default()),
        ("for", view.duration_s.to_string()),
        ("starts", view.start.map(local).unwrap_or_default()),
        ("runs", runs),
        ("raised", local(view.raised)),
        ("policy", view.policy.to_string()),
        ("approvers", stages(view)),
        ("approved", approvals(view)),
        (
            "live",
            grant
                .map(|grant| format!("from {} until {}", local(grant.from), local(grant.until)))
                .unwrap_or_default(),
        ),
        ("limited to", narrowed),
        ("ended", ending(view)),
    ]);
}

/// What would change in what an app has already.
fn changes(view: &RequestView) -> String {
    let change = |one: &Difference| {
        let added = one.added.iter().map(|text| format!(" +{text}"));
        let removed = one.removed.iter().map(|text| format!(" -{text}"));
        let texts: String = added.chain(removed).collect();
        format!("{}:{texts}", one.parameter)
    };
    let changes: Vec<_> = view.difference().iter().map(change).collect();
    changes.join("; ")
}

fn status(view: &RequestView) -> String {
    let name = view.status.name();
    match view.status {
        Status::Pending => format!("{name} until {}", local(view.expires)),
        Status::Live
        | Status::Ended
        | Status::Revoked
        | Status::Denied
        | Status::Expired
        | Status::Canceled
        | Status::Superseded => name.to_owned(),
    }
}

/// The parameters that were asked for.
pub(super) fn asked(view: &RequestView, between: &str) -> String {
    spelled(&view.parameters, between)
}

fn spelled(constraints: &Constraints, between: &str) -> String {
    let rules: Vec<_> = constraints
        .iter()
        .map(|(name, constraint)| format!("{name} {constraint}"))
        .collect();
    rules.join(between)
}

fn limits(limits: &[Constraints]) -> String {
    let limits: Vec<_> = limits
        .iter()
        .filter(|constraints| !constraints.is_empty())
        .map(|constraints| spelled(constraints, "\n"))
        .collect();
    limits.join("\n")
}

fn stages(view: &RequestView) -> String {
    let stages: Vec<_> = view
        .stages
        .iter()
        .map(|stage| format!("{}: {} of {}", stage.group, stage.given, stage.needed))
        .collect();
    match stages.is_empty() {
        true => "nobody is asked".to_owned(),
        false => stages.join("\n"),
    }
}

fn approvals(view: &RequestView) -> String {
    let said: Vec<_> = view
        .approvals
        .iter()
        .map(|approval| {
            let shorter = approval.duration_s.map(|s| format!(", for {s}"));
            format!(
                "by {} at {}{}{}",
                approval.by,
                local(approval.at),
                shorter.unwrap_or_default(),
                comment(approval.comment.as_deref())
            )
        })
        .collect();
    said.join("\n")
}

fn ending(view: &RequestView) -> String {
    let Some(ending) = &view.ending else {
        return String::new();
    };
    let by = ending.by.as_ref().map(|by| format!(" by {by}"));
    let killed = match ending.kill {
        true => ", and runs in flight were killed",
        false => "",
    };
    format!(
        "at {}{}{killed}{}",
        local(ending.at),
        by.unwrap_or_default(),
        comment(ending.comment.as_deref())
    )
}

fn comment(text: Option<&str>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
}
