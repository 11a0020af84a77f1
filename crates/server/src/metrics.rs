//! Metrics: figures about a node in the text format of Prometheus, at `/metrics`
//! of a listener of their own.
//!
//! No session is asked for, so the listener is for this host unless whoever runs
//! the node says plainly otherwise; and no label names anybody or anything that
//! people named. Counters begin at zero with the process.

use std::fmt::{self, Write as _};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;
use writ_core::record::Status;

use crate::app::App;
use crate::failure::Failure;
use crate::telling::SinkFigures;

const TEXT: (HeaderName, &str) = (
    header::CONTENT_TYPE,
    "text/plain; version=0.0.4; charset=utf-8",
);
const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// The outcomes that are shown also before the first run had them.
const OUTCOMES: [&str; 3] = ["succeeded", "failed", "unknown"];
/// The classes of statuses, as labels spell them.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is answered on the listener of metrics.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/metrics", get(show))
        .method_not_allowed_fallback(async || Failure::WrongMethod)
        .fallback(async || Failure::NoSuchPath)
        .with_state(app)
}

/// `GET /metrics`
async fn show(State(app): State<App>) -> impl IntoResponse {
    ([TEXT, NO_STORE], text(&app))
}

fn text(app: &App) -> String {
    let engine = app.engine();
    let (published, now, figures) = (engine.published(), engine.now(), engine.figures());
    let state = published.state();
    let is_live = |until| now < until;
    let (mut pending, mut live) = (0_u64, 0_u64);
    for request in state.requests() {
        pending += u64::from(request.status == Status::Pending);
        let grant = request.grant.as_ref().filter(|grant| is_live(grant.until));
        live += u64::from(request.status == Status::Live && grant.is_some());
    }
    let unresolved = state.executions().filter(|run| run.outcome.is_some());
    let age = now.0.saturating_sub(state.time().0);
    let mut page = Page::default();
    page.one(
        "writ_build_info",
        "gauge",
        "The version of this node.",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1,
    );
    page.plain(
        "process_start_time_seconds",
        "gauge",
        "When the process began to serve, in seconds since 1970.",
        Thousandths(app.started().0),
    );
    page.plain(
        "writ_log_entries",
        "gauge",
        "How many entries the log has.",
        published.size(),
    );
    page.plain(
        "writ_log_checkpoint_age_seconds",
        "gauge",
        "How long ago the newest entry was appended and its checkpoint signed.",
        Thousandths(age),
    );
    page.plain(
        "writ_requests_pending",
        "gauge",
        "Requests that wait for approval.",
        pending,
    );
    page.plain(
        "writ_grants_live",
        "gauge",
        "Grants that may be used.",
        live,
    );
    page.plain(
        "writ_runs_in_flight",
        "gauge",
        "Runs in flight on this node.",
        engine.in_flight(),
    );
    page.plain(
        "writ_runs_unresolved",
        "gauge",
        "Runs that ended unknown and that nobody has resolved.",
        unresolved.count(),
    );
    page.family("writ_runs_ended_total", "counter", "Runs that ended.");
    for outcome in OUTCOMES {
        let count = figures.ended.get(outcome).copied().unwrap_or_default();
        page.sample("writ_runs_ended_total", &[("outcome", outcome)], count);
    }
    page.family(
        "writ_refusals_total",
        "counter",
        "Entries that a rule refused.",
    );
    for (code, count) in &figures.refused {
        page.sample("writ_refusals_total", &[("code", code)], count);
    }
    page.family(
        "writ_turned_away_total",
        "counter",
        "Statements that never reached the log.",
    );
    for (code, count) in &figures.turned_away {
        page.sample("writ_turned_away_total", &[("code", code)], count);
    }
    page.family(
        "writ_http_responses_total",
        "counter",
        "Answers of the API by the class of their status.",
    );
    for (class, count) in CLASSES.into_iter().zip(app.answered()) {
        page.sample("writ_http_responses_total", &[("class", class)], count);
    }
    sinks(&mut page, &app.telling().sinks());
    appends(&mut page, &figures.appends);
    page.0
}

fn sinks(page: &mut Page, sinks: &[SinkFigures]) {
    let mut family = |name: &str, help: &str, value: fn(&SinkFigures) -> u64| {
        page.family(name, "gauge", help);
        for sink in sinks {
            page.sample(name, &[("sink", &sink.name)], value(sink));
        }
    };
    family(
        "writ_notify_waiting",
        "Messages of a sink that are still to be sent.",
        |sink| sink.waiting,
    );
    family(
        "writ_notify_given_up",
        "Messages of a sink that were given up in the last 30 days.",
        |sink| sink.given_up,
    );
    family(
        "writ_notify_down",
        "1 where a sink cannot send anything to anybody.",
        |sink| u64::from(sink.down),
    );
}

fn appends(page: &mut Page, appends: &writ_engine::Histogram) {
    const NAME: &str = "writ_append_duration_seconds";
    page.family(
        NAME,
        "histogram",
        "How long it took to append a batch to the log durably.",
    );
    let bucket = format!("{NAME}_bucket");
    for (bound, count) in appends.buckets() {
        let bound = bound.as_secs_f64().to_string();
        page.sample(&bucket, &[("le", &bound)], count);
    }
    page.sample(&bucket, &[("le", "+Inf")], appends.count);
    page.sample(&format!("{NAME}_sum"), &[], appends.sum.as_secs_f64());
    page.sample(&format!("{NAME}_count"), &[], appends.count);
}

/// A page in the making.
#[derive(Default)]
struct Page(String);

impl Page {
    /// Begins what samples of one name have in common.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to text does not fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl fmt::Display) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
            .collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn one(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        labels: &[(&str, &str)],
        value: impl fmt::Display,
    ) {
        self.family(name, kind, help);
        self.sample(name, labels, value);
    }

    fn plain(&mut self, name: &str, kind: &str, help: &str, value: impl fmt::Display) {
        self.one(name, kind, help, &[], value);
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('"', "\\\"");
    text.replace('\n', r"\n")
}

/// Milliseconds, written as seconds.
struct Thousandths(i64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.max(0);
        write!(f, "{}.{:03}", millis / 1_000, millis % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_seconds_are_written_whole() {
        let mut page = Page::default();
        page.one("a", "gauge", "A.", &[("b", "\"\\\n")], Thousandths(1_007));
        assert_eq!(
            page.0,
            "# HELP a A.\n# TYPE a gauge\na{b=\"\\\"\\\\\\n\"} 1.007\n"
        );
    }
}
