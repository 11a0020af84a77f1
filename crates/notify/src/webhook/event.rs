//! What a program is told: CloudEvents 1.0 in structured JSON.
//!
//! An event says what became so and names the page that shows it. It holds no secret,
//! nothing that was sealed and no output; and nothing in it can decide anything.

use form_urlencoded::byte_serialize;
use serde::Serialize;
use writ_core::dataset::{Difference, difference};
use writ_core::digest::{ExecutionId, Index, KeyId, RequestId};
use writ_core::fact::KeyEvent;
use writ_core::names::{Domain, TaskName, Upn};
use writ_core::object::Noun;
use writ_core::record::{AppAsk, Recovery, RequestRecord};
use writ_core::recorded::{Recorded, RecordedExecution, RecordedFact};
use writ_core::state::State;
use writ_core::statement::{Principal, Rows, RunResult};
use writ_core::time::{Seconds, Time};
use writ_core::value::Constraints;

/// The media type of a body.
pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// A fact and where it stands.
#[derive(Clone, Copy)]
pub(super) struct News<'a> {
    pub(super) entry: &'a Recorded,
    pub(super) number: usize,
    pub(super) fact: &'a RecordedFact,
    pub(super) state: &'a State,
}

#[derive(Serialize)]
struct Event<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: String,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Request(Box<RequestData<'a>>),
    Execution(ExecutionData<'a>),
    Object(ObjectData<'a>),
    Keys(KeysData<'a>),
    Person(PersonData<'a>),
    Founded(FoundedData<'a>),
    Recovered(RecoveredData<'a>),
    Test(TestData<'a>),
}

#[derive(Serialize)]
struct RequestData<'a> {
    entry: Index,
    page: String,
    id: RequestId,
    task: &'a TaskName,
    title: Option<&'a str>,
    by: &'a Upn,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<AppData<'a>>,
    reason: &'a str,
    ticket: Option<&'a str>,
    duration_s: Seconds,
    parameters: Parameters<'a>,
    start: Option<String>,
    runs: Option<u64>,
    status: &'static str,
    raised: String,
    expires: String,
    approvals_needed: u64,
    approvals: Vec<Approval<'a>>,
    grant: Option<Window>,
    ended: Option<Ended<'a>>,
}

/// For which app, and what changes in what it has.
#[derive(Serialize)]
struct AppData<'a> {
    upn: &'a Upn,
    name: Option<&'a str>,
    publisher: &'a str,
    version: &'a str,
    service: &'a str,
    purpose: &'a str,
    installer: &'a Upn,
    before: Option<RequestId>,
    changes: Vec<Difference>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    Any(&'static str),
    Limited(&'a Constraints),
}

#[derive(Serialize)]
struct Approval<'a> {
    by: &'a Upn,
    at: String,
    comment: Option<&'a str>,
}

#[derive(Serialize)]
struct Window {
    from: String,
    until: String,
}

#[derive(Serialize)]
struct Ended<'a> {
    at: String,
    by: Option<&'a str>,
    comment: Option<&'a str>,
}

#[derive(Serialize)]
struct ExecutionData<'a> {
    entry: Index,
    page: String,
    id: ExecutionId,
    request: Option<RequestId>,
    task: &'a TaskName,
    title: Option<&'a str>,
    by: &'a Upn,
    node: &'a str,
    authorized: String,
    ended: Option<String>,
    result: Option<RunResult>,
    exit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Rows>,
    resolved_by: Option<&'a Upn>,
}

#[derive(Serialize)]
struct ObjectData<'a> {
    entry: Index,
    page: String,
    noun: &'static str,
    name: Option<&'a str>,
    by: &'a Upn,
}

#[derive(Serialize)]
struct KeysData<'a> {
    entry: Index,
    page: String,
    person: &'a Upn,
    change: &'static str,
    key: Option<&'a KeyId>,
}

#[derive(Serialize)]
struct PersonData<'a> {
    entry: Index,
    page: String,
    person: &'a Upn,
}

#[derive(Serialize)]
struct FoundedData<'a> {
    entry: Index,
    page: String,
    organization: &'a Domain,
}

#[derive(Serialize)]
struct RecoveredData<'a> {
    entry: Index,
    page: String,
    by: &'a Upn,
    epoch: u64,
    kept: u64,
    lost: u64,
}

#[derive(Serialize)]
struct TestData<'a> {
    page: &'a str,
    endpoint: &'a str,
}

impl<'a> News<'a> {
    /// What names it: the same at every attempt, and another one after a restore that
    /// lost the end of the log, where the same entry is another one.
    pub(super) fn id(&self) -> String {
        let Recorded { index, time, .. } = self.entry;
        format!("{}-{}-{}", index.0, self.number, time.0)
    }

    /// Where the installation is reached.
    pub(super) fn origin(&self) -> &'a str {
        let site = self.state.site();
        let origin = site.and_then(|site| site.origins.first());
        origin
            .map(|origin| origin.trim_end_matches('/'))
            .unwrap_or_default()
    }

    /// What people call its task, if anything.
    pub(super) fn title(&self, task: &TaskName) -> Option<&'a str> {
        self.state.task(task)?.title.as_deref()
    }

    /// The page that shows it.
    pub(super) fn page(&self) -> String {
        let entry = || format!("/audit/{}", self.entry.index.0);
        let named = |place: &str, name: &str| format!("/{place}/{}", encoded(name));
        let path = match self.fact {
            RecordedFact::Request { record, .. } => named("requests", &record.id.short()),
            RecordedFact::Execution { record } => named("executions", &record.id.short()),
            RecordedFact::ObjectSet { object, .. } => match object.noun() {
                Noun::Site | Noun::Preferences => "/settings".into(),
                Noun::Control => "/settings/control".into(),
                Noun::Person => named("people", object.name()),
                Noun::Group => named("groups", object.name()),
                Noun::Workload => named("workloads", object.name()),
                Noun::Task => named("tasks", object.name()),
                Noun::Policy => named("policies", object.name()),
            },
            RecordedFact::Keys { person, .. } | RecordedFact::SignedOut { person } => {
                named("people", person.as_str())
            }
            RecordedFact::ObjectRemoved { .. } => entry(),
            RecordedFact::Founded { .. } | RecordedFact::Recovered { .. } => entry(),
        };
        format!("{}{path}", self.origin())
    }

    /// The event, finished.
    pub(super) fn event(&self) -> Vec<u8> {
        let noun = self.fact.noun();
        let id = self.id();
        let source = match self.origin() {
            "" => "/",
            origin => origin,
        };
        finished(&Event {
            specversion: "1.0",
            id: &id,
            source,
            kind: format!("writ.{}", self.fact.kind()),
            subject: match self.fact.id() {
                Some(id) => format!("{noun}/{id}"),
                None => noun.into(),
            },
            time: precise(self.entry.time),
            datacontenttype: "application/json",
            data: self.data(),
        })
    }

    fn data(&self) -> Data<'a> {
        let (entry, page) = (self.entry.index, self.page());
        match self.fact {
            RecordedFact::Request { record, .. } => Data::Request(Box::new(self.request(record))),
            RecordedFact::Execution { record } => Data::Execution(self.execution(record)),
            RecordedFact::ObjectSet { object, by } => Data::Object(ObjectData {
                entry,
                page,
                noun: object.noun().name(),
                name: Some(object.name()).filter(|name| !name.is_empty()),
                by,
            }),
            RecordedFact::ObjectRemoved { name, by } => Data::Object(ObjectData {
                entry,
                page,
                noun: name.noun().name(),
                name: Some(name.as_str()),
                by,
            }),
            RecordedFact::Keys { person, event, .. } => {
                let (change, key) = match event {
                    KeyEvent::Invited => ("invited", None),
                    KeyEvent::Enrolled { key, recovery } => match recovery {
                        true => ("replaced", Some(key)),
                        false => ("enrolled", Some(key)),
                    },
                    KeyEvent::Revoked { key } => ("revoked", Some(key)),
                };
                Data::Keys(KeysData {
                    entry,
                    page,
                    person,
                    change,
                    key,
                })
            }
            RecordedFact::SignedOut { person } => Data::Person(PersonData {
                entry,
                page,
                person,
            }),
            RecordedFact::Founded { organization } => Data::Founded(FoundedData {
                entry,
                page,
                organization,
            }),
            RecordedFact::Recovered { recovery } => {
                let Recovery {
                    epoch,
                    at: _,
                    by,
                    lost,
                    kept,
                } = recovery;
                Data::Recovered(RecoveredData {
                    entry,
                    page,
                    by,
                    epoch: *epoch,
                    kept: kept.size,
                    lost: lost.size.saturating_sub(kept.size),
                })
            }
        }
    }

    fn request(&self, record: &'a RequestRecord) -> RequestData<'a> {
        let approvals = record.approvals.iter().map(|approval| Approval {
            by: &approval.by,
            at: approval.at.to_string(),
            comment: approval.comment.as_deref(),
        });
        RequestData {
            entry: self.entry.index,
            page: self.page(),
            id: record.id,
            task: &record.task,
            title: self.title(&record.task),
            by: &record.by,
            app: record.app.as_deref().map(|app| app_data(app, record)),
            reason: &record.reason,
            ticket: record.ticket.as_deref(),
            duration_s: record.duration_s,
            parameters: match record.parameters.is_empty() {
                true => Parameters::Any("any"),
                false => Parameters::Limited(&record.parameters),
            },
            start: record.start.map(|start| start.to_string()),
            runs: record.runs,
            status: record.status.name(),
            raised: record.raised.to_string(),
            expires: record.expires.to_string(),
            approvals_needed: needed(record),
            approvals: approvals.collect(),
            grant: record.grant.as_ref().map(|grant| Window {
                from: grant.from.to_string(),
                until: grant.until.to_string(),
            }),
            ended: record.ending.as_ref().map(|ending| Ended {
                at: ending.at.to_string(),
                by: ending.by.as_ref().map(signer),
                comment: ending.comment.as_deref(),
            }),
        }
    }

    fn execution(&self, record: &'a RecordedExecution) -> ExecutionData<'a> {
        let (outcome, found) = (record.outcome.as_ref(), record.resolution.as_ref());
        let result = found.map(|found| found.result);
        ExecutionData {
            entry: self.entry.index,
            page: self.page(),
            id: record.id,
            request: record.request,
            task: &record.task,
            title: self.title(&record.task),
            by: &record.by,
            node: record.node.as_str(),
            authorized: record.authorized.to_string(),
            ended: outcome.map(|outcome| outcome.at.to_string()),
            result: result.or(outcome.map(|outcome| outcome.result)),
            exit: outcome.and_then(|outcome| outcome.exit),
            rows: outcome.and_then(|outcome| outcome.rows),
            resolved_by: found.map(|found| &found.by),
        }
    }
}

fn app_data<'a>(app: &'a AppAsk, record: &RequestRecord) -> AppData<'a> {
    let before = app.before.as_ref();
    let asked = std::slice::from_ref(&record.parameters);
    let changes = before.map(|before| difference(&before.limits, asked));
    AppData {
        upn: &app.upn,
        name: app.name.as_deref(),
        publisher: &app.manifest.publisher,
        version: &app.manifest.version,
        service: &app.manifest.service,
        purpose: &app.manifest.purpose,
        installer: &app.installer,
        before: before.map(|before| before.request),
        changes: changes.unwrap_or_default(),
    }
}

/// How many approvals a request needs in all.
pub(super) fn needed(record: &RequestRecord) -> u64 {
    let stages = record.rule.stages.iter();
    stages.map(|stage| u64::from(stage.approvals.get())).sum()
}

/// Who ended a request.
pub(super) fn signer(by: &Principal) -> &str {
    match by {
        Principal::Person(upn) => upn.as_str(),
        Principal::Node => "node",
    }
}

/// An event that says nothing but that it arrived.
pub(super) fn test(endpoint: &str, id: &str, origin: &str, now: Time) -> Vec<u8> {
    finished(&Event {
        specversion: "1.0",
        id,
        source: if origin.is_empty() { "/" } else { origin },
        kind: "writ.test".into(),
        subject: format!("webhook/{endpoint}"),
        time: precise(now),
        datacontenttype: "application/json",
        data: Data::Test(TestData {
            page: origin,
            endpoint,
        }),
    })
}

fn finished(event: &Event<'_>) -> Vec<u8> {
    // Of texts, numbers and lists there is always JSON.
    serde_json::to_vec(event).unwrap_or_default()
}

/// RFC 3339 in UTC, to the millisecond.
fn precise(time: Time) -> String {
    let whole = time.to_string();
    format!(
        "{}.{:03}Z",
        whole.trim_end_matches('Z'),
        time.0.rem_euclid(1_000)
    )
}

/// A part of a path.
fn encoded(name: &str) -> String {
    byte_serialize(name.as_bytes()).collect()
}
