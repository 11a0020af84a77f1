//! Live grants, from State: one's own, or somebody's as far as one may see them.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use writ_core::names::{TaskName, Upn};
use writ_core::time::Time;
use writ_core::view::{Page, RequestView, Seen};

use crate::app::App;
use crate::cursor::Cursor;
use crate::extract::Query;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};
use crate::page::{Limit, page_of};
use crate::shown::Shown;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    by: Option<Upn>,
    task: Option<TaskName>,
    #[serde(default)]
    limit: Limit,
    after: Option<Cursor>,
}

pub(super) fn about_list() -> Operation {
    Operation::new("list-grants", "Live grants, the one ending first first")
        .query(
            "by",
            "Whose; one's own, if not given.",
            Schema::named("Upn"),
        )
        .query("task", "For which task.", Schema::named("TaskName"))
        .in_pages(Schema::named("Cursor"))
        .answers(Schema::named("Request").page().seen())
}

/// `GET /v1/grants?by=&task=&limit=&after=`: the one ending first first.
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Json<Seen<Page<RequestView>>> {
    let now = app.engine().now();
    let whose = filter.by.as_ref().unwrap_or_else(|| caller.upn());
    let live = caller
        .state()
        .grants_of(whose)
        .map(|record| RequestView::from(record.as_ref()))
        .filter(|view| now < until(view) && caller.may_read(&view.resource()))
        .filter(|view| filter.task.as_ref().is_none_or(|task| view.task == *task));
    let is_after = |view: &RequestView| filter.after.is_none_or(|last| place(view) > order(last));
    let page = page_of(live, filter.limit, is_after, |view| {
        cursor(view).to_string()
    });
    caller.seen(page)
}

/// The place of a grant in the listing: when it ends, then its id.
type Place = (u64, writ_core::digest::Digest);

fn until(view: &RequestView) -> Time {
    view.grant.as_ref().map_or(Time(0), |grant| grant.until)
}

fn cursor(view: &RequestView) -> Cursor {
    let place = u64::try_from(until(view).0).unwrap_or(0);
    let id = view.id.0;
    Cursor { place, id }
}

fn order(cursor: Cursor) -> Place {
    (cursor.place, cursor.id)
}

fn place(view: &RequestView) -> Place {
    order(cursor(view))
}
