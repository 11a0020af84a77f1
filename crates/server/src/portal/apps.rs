//! Apps: a list of them, and one with what it wants, has and read.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use writ_core::dataset::{Manifest, Wanted};
use writ_core::names::Upn;
use writ_core::object::{Noun, Person};
use writ_core::record::Status;
use writ_core::sight::Resource;
use writ_core::state::State as Organization;
use writ_core::view::RequestView;

use super::datasets::Share;
use super::executions::Line as Run;
use super::frame::{Frame, Part};
use super::line::Line;
use super::{show as answer, text};
use crate::api::executions;
use crate::api::requests::{Filter, listed};
use crate::api::unknown;
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

fn manifest(app: &Person) -> Option<Manifest> {
    Manifest::read(app.manifest.as_ref()?).ok()
}

/// Whether an app can act, in a word.
fn standing(state: &Organization, app: &Person) -> &'static str {
    let keys = state.credentials(&app.upn).map(|it| it.keys.len());
    match (app.active, keys) {
        (false, _) => "removed",
        (true, None | Some(0)) => "no key yet",
        (true, Some(_)) => "active",
    }
}

/// An app, as a line of the list.
struct AppLine {
    app: Arc<Person>,
    manifest: Option<Manifest>,
    standing: &'static str,
    /// What of its datasets the reader knows to be granted, and to be asked for.
    granted: usize,
    pending: usize,
}

#[derive(Template)]
#[template(path = "apps.html")]
struct ListPage {
    frame: Frame,
    lines: Vec<AppLine>,
}

/// The open requests for apps that the reader may read.
fn open(caller: &Caller<Anyone>) -> impl Iterator<Item = Arc<RequestView>> {
    let for_apps = caller.state().requests();
    for_apps
        .filter(|record| record.app.is_some())
        .map(|record| Arc::new(RequestView::from(record.as_ref())))
        .filter(|view| caller.may_read(&Resource::request(view)))
}

/// `GET /apps`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let may_read = |person: &&Arc<Person>| {
        let app = Resource::App(person.upn.clone());
        caller.may_read(&app)
    };
    let mut counts: BTreeMap<Upn, (usize, usize)> = BTreeMap::new();
    for view in open(&caller) {
        let (granted, pending) = counts.entry(view.holder().clone()).or_default();
        *(if view.grant.is_some() {
            granted
        } else {
            pending
        }) += 1;
    }
    let line = |person: &Arc<Person>| {
        let (granted, pending) = counts.get(&person.upn).copied().unwrap_or_default();
        AppLine {
            app: person.clone(),
            manifest: manifest(person),
            standing: standing(state, person),
            granted,
            pending,
        }
    };
    answer(&ListPage {
        frame: Frame::new(&caller, &app, Part::Apps, "Apps").await?,
        lines: state.apps().filter(may_read).map(line).collect(),
    })
}

/// What an app wants of one dataset, and what became of it.
struct DatasetLine<'a> {
    wanted: Wanted,
    title: String,
    is_defined: bool,
    /// The grant, and what is pending.
    open: Vec<Line<'a>>,
}

impl DatasetLine<'_> {
    fn share(&self) -> Share {
        let Wanted {
            columns,
            scope,
            filter,
            ..
        } = self.wanted.clone();
        Share {
            columns,
            scope,
            filter,
            ..Share::default()
        }
    }
}

#[derive(Template)]
#[template(path = "app.html")]
struct AppPage<'a> {
    frame: Frame,
    app: Arc<Person>,
    manifest: Option<Manifest>,
    standing: &'static str,
    /// Who installed it, as far as the reader may know.
    installer: Option<Upn>,
    /// Whether the reader may open its page among the people.
    may_read_person: bool,
    datasets: Vec<DatasetLine<'a>>,
    requests: Vec<Line<'a>>,
    is_more: bool,
    /// Its newest readings, for whoever may see them.
    runs: Option<Vec<Run>>,
}

/// `GET /apps/{upn}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(upn): Path<Upn>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let may_read = caller.may_read(&Resource::App(upn.clone()));
    let person = state.apps().find(|person| may_read && person.upn == upn);
    let person = person.ok_or_else(|| unknown(Noun::Person, upn.as_str()))?;
    let now = app.engine().now();
    let line = |view: Arc<RequestView>| Line::new(state, view, now);
    let manifest = manifest(person);
    let open: Vec<_> = open(&caller).filter(|view| view.is_for(&upn)).collect();
    let dataset = |wanted: &Wanted| {
        let of_it = open.iter().filter(|view| view.task == wanted.dataset);
        DatasetLine {
            title: text::title(state, &wanted.dataset).to_owned(),
            is_defined: state.task(&wanted.dataset).is_some(),
            open: of_it.cloned().map(line).collect(),
            wanted: wanted.clone(),
        }
    };
    let datasets = manifest.iter().flat_map(|manifest| &manifest.datasets);
    let page = listed(&caller, &app, &Filter::for_app(&upn)).await?;
    let first = page.items.first().and_then(|view| view.app.as_ref());
    let name = person.name.as_deref().unwrap_or(upn.as_str());
    answer(&AppPage {
        frame: Frame::new(&caller, &app, Part::Apps, name).await?,
        app: person.clone(),
        standing: standing(state, person),
        installer: first.map(|app| app.installer.clone()),
        may_read_person: caller.may_read(&Resource::Person(upn.clone())),
        datasets: datasets.map(dataset).collect(),
        manifest,
        is_more: page.next.is_some(),
        requests: page.items.into_iter().map(line).collect(),
        runs: readings(&caller, &app, &upn).await?,
    })
}

async fn readings(
    caller: &Caller<Anyone>,
    app: &App,
    upn: &Upn,
) -> Result<Option<Vec<Run>>, Failure> {
    let by = upn.clone();
    if !caller.may_read(&Resource::Execution { by }) {
        return Ok(None);
    }
    let page = executions::listed(caller, app, &executions::Filter::of(upn)).await?;
    let runs = page.items.into_iter();
    Ok(Some(
        runs.map(|view| Run::new(caller.state(), view)).collect(),
    ))
}
