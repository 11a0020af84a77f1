//! Requests, decisions, and what they authorise.

use writ_client::{Asking, Client, Ending, Listing, Narrowing};
use writ_core::names::TaskName;
use writ_core::record::Status;
use writ_core::time::Seconds;
use writ_core::value::Constraints;
use writ_core::view::RequestView;

use super::refused::refused;
use super::runs::known;
use super::typed::Parameters;
use super::{Done, MOST, id, objects, one, usage};
use crate::binder::Bound;
use crate::host::Console;
use crate::record::{ErrorRecord, Reason};
use crate::values::Value;

pub(super) async fn new(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let task = bound.text("Task").unwrap_or_default();
    let task = TaskName::parse(&task).map_err(|error| usage(error.to_string()))?;
    let runs = match bound.integer("Runs") {
        None => None,
        Some(runs) => {
            let runs = u64::try_from(runs).ok().filter(|runs| *runs > 0);
            Some(runs.ok_or_else(|| usage("-Runs is at least 1."))?)
        }
    };
    // What there is not, the rules say better.
    let (task, parameters) = match known(client, &task).await? {
        Some(known) => (known.name, known.parameters),
        None => (task, Parameters::default()),
    };
    let asking = Asking {
        parameters: constrained(bound, &parameters)?,
        task,
        reason: bound.text("Reason").unwrap_or_default(),
        ticket: bound.text("TicketNumber"),
        duration: duration(bound)?,
        start: bound.get("StartTime").and_then(Value::time),
        runs,
    };
    let (id, _) = client.request(asking).await.map_err(refused)?;
    let view = client.show(&id.to_string()).await.map_err(refused)?;
    // The request is made: that this cannot be said is no failure of it.
    if view.status == Status::Pending
        && let Ok(Some(why)) = client.untold(view.id).await
    {
        console.err(&format!(
            "WARNING: Nobody was told: {why}. Tell them yourself."
        ));
    }
    match bound.switch("Wait") {
        true => wait(client, view, console).await,
        false => Ok(one(objects::request(&view))),
    }
}

/// Waits until it is decided. What was not approved is an error.
async fn wait(client: &Client, view: RequestView, console: &mut dyn Console) -> Done {
    if view.status == Status::Pending {
        console.err(&format!(
            "Waiting until {} is decided; it goes on also if you do not wait.",
            view.id.short()
        ));
    }
    let view = client.decision(view, |_| {}).await.map_err(refused)?;
    let reason = match view.status {
        Status::Pending | Status::Live => return Ok(one(objects::request(&view))),
        Status::Denied => Reason::Denied,
        Status::Ended
        | Status::Revoked
        | Status::Expired
        | Status::Canceled
        | Status::Superseded => Reason::Over,
    };
    let comment = view
        .ending
        .as_ref()
        .and_then(|ending| ending.comment.clone());
    let comment = comment.map(|comment| format!(": {comment}"));
    let message = format!(
        "The request {} is {}{}",
        view.id.short(),
        view.status.name(),
        comment.unwrap_or_default()
    );
    let next = format!("Get-ElevatedAccessRequest {}", view.id.short());
    Err(ErrorRecord::new(reason, "RequestNotApproved", message).with_next(next))
}

/// For how long, if that was said.
fn duration(bound: &Bound) -> Result<Option<Seconds>, ErrorRecord> {
    let hours = bound.integer("DurationHours");
    let seconds = match (hours, bound.integer("Duration")) {
        (Some(_), Some(_)) => {
            return Err(usage(
                "-DurationHours and -Duration say the same: leave one out.",
            ));
        }
        (Some(hours), None) => hours.checked_mul(3_600),
        (None, seconds) => seconds,
    };
    match (seconds, hours) {
        (None, None) => Ok(None),
        (seconds, _) => {
            let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
            match seconds.filter(|seconds| *seconds > 0) {
                Some(seconds) => Ok(Some(Seconds(seconds))),
                None => Err(usage("-DurationHours is at least 1.")),
            }
        }
    }
}

/// Which parameters were named.
async fn narrowed(
    client: &Client,
    task: &TaskName,
    bound: &Bound,
) -> Result<Constraints, ErrorRecord> {
    if bound.get("Parameters").is_none() {
        return Ok(Constraints::new());
    }
    let known = known(client, task).await?;
    constrained(
        bound,
        &known.map(|known| known.parameters).unwrap_or_default(),
    )
}

fn constrained(bound: &Bound, parameters: &Parameters) -> Result<Constraints, ErrorRecord> {
    match bound.get("Parameters") {
        Some(table) => super::typed::constraints(table, parameters).map_err(usage),
        None => Ok(Constraints::new()),
    }
}

pub(super) async fn get(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    if let Some(identity) = bound.text("Identity") {
        let view = client.show(&id(&identity)?).await.map_err(refused)?;
        return match bound.switch("Wait") {
            true => wait(client, view, console).await,
            false => Ok(one(objects::request(&view))),
        };
    }
    if bound.switch("Wait") {
        return Err(usage("-Wait needs to know for which request: -Identity ID"));
    }
    let scopes: &[&str] = match bound.switch("All") {
        true => &["all"],
        false => &["mine", "to-approve"],
    };
    let mut views: Vec<RequestView> = Vec::new();
    for scope in scopes {
        let listing = listing(scope, bound)?;
        for view in client.requests(&listing).await.map_err(refused)? {
            if !views.iter().any(|known| known.id == view.id) {
                views.push(view);
            }
        }
    }
    views.sort_by_key(|view| std::cmp::Reverse(view.raised));
    views.truncate(most(bound));
    Ok(views
        .iter()
        .map(|view| Value::Object(objects::request(view)))
        .collect())
}

pub(super) fn most(bound: &Bound) -> usize {
    let most = bound.integer("ResultSize");
    most.and_then(|most| usize::try_from(most).ok())
        .unwrap_or(MOST)
}

fn listing(scope: &str, bound: &Bound) -> Result<Listing, ErrorRecord> {
    let mut with = vec![("scope", scope.to_owned())];
    if let Some(status) = bound
        .text("RequestStatus")
        .as_deref()
        .and_then(objects::asked_status)
    {
        with.push(("status", status.to_owned()));
    }
    if let Some(task) = bound.text("Task") {
        let task = TaskName::parse(&task).map_err(|error| usage(error.to_string()))?;
        with.push(("task", task.to_string()));
    }
    if let Some(upn) = bound.text("RequestorUPN") {
        with.push(("by", upn));
    }
    if let Some(since) = bound.get("StartDate").and_then(Value::time) {
        with.push(("since", since.0.to_string()));
    }
    Ok(Listing {
        with,
        most: most(bound),
    })
}

async fn decided(client: &Client, bound: &Bound) -> Result<RequestView, ErrorRecord> {
    let identity = bound.text("RequestId").unwrap_or_default();
    client.show(&id(&identity)?).await.map_err(refused)
}

pub(super) async fn approve(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let view = decided(client, bound).await?;
    let narrowing = Narrowing {
        comment: bound.text("Comment"),
        duration: duration(bound)?,
        parameters: narrowed(client, &view.task, bound).await?,
    };
    let facts = client.approve(view.id, narrowing).await.map_err(refused)?;
    told(&facts, console);
    Ok(Vec::new())
}

pub(super) async fn deny(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    end(client, bound, console).await
}

pub(super) async fn revoke(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    end(client, bound, console).await
}

async fn end(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let view = decided(client, bound).await?;
    let ending = Ending {
        comment: bound.text("Comment"),
        kill: bound.switch("Kill"),
    };
    let facts = client.end(view.id, ending).await.map_err(refused)?;
    told(&facts, console);
    Ok(Vec::new())
}

/// What has become so, in words.
fn told(facts: &[String], console: &mut dyn Console) {
    for fact in facts {
        console.err(&crate::letters::plain_lines(fact));
    }
}

pub(super) async fn authorizations(client: &Client, bound: &Bound) -> Done {
    let views = match bound.text("Identity") {
        Some(identity) => vec![client.show(&id(&identity)?).await.map_err(refused)?],
        None => {
            let listing = listing("all", bound)?;
            client.requests(&listing).await.map_err(refused)?
        }
    };
    let shown = views.iter().filter_map(|view| {
        let grant = view.grant.as_ref()?;
        Some(Value::Object(objects::authorization(view, grant)))
    });
    Ok(shown.collect())
}
