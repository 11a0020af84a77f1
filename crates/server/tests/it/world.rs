//! A founded organization with a server of its own, and people with keys.

mod founding;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use writ_connect::{Connector, Credentials, Ended, Output};
use writ_core::Published;
use writ_core::digest::{Digest, ExecutionId, OrganizationId, RequestId};
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::json;
use writ_core::key::{Hex, SigningKey};
use writ_core::names::{Address, Upn};
use writ_core::object::{
    Approval, Control, Group, Invitation, MailTo, Object, Person, Policy, Role, Task, Workload,
};
use writ_core::run::Permit;
use writ_core::statement::{
    Approve, End, Enrol, Invoke, Payload, Request, Session, Set, possession, sign,
};
use writ_core::time::{Seconds, Time};
use writ_core::value::{Constraints, Value, Values};
use writ_core::view::{Posted, RequestView};
use writ_engine::{Engine, PER_PERSON, Rate};
use writ_server::{Listeners, MetricsAddress, Reach, TellsNobody};
use zeroize::Zeroizing;

pub(crate) use self::founding::Ahead;
use self::founding::engine;

pub(crate) const ADMIN: &str = "admin@fabrikam.com";
pub(crate) const ALICE: &str = "alice@fabrikam.com";
pub(crate) const BOB: &str = "bob@fabrikam.com";
pub(crate) const EVE: &str = "eve@fabrikam.com";
pub(crate) const AUDITOR: &str = "auditor@fabrikam.com";
pub(crate) const APPROVERS: &str = "approvers@fabrikam.com";
pub(crate) const READERS: &str = "readers@fabrikam.com";
pub(crate) const SAY: &str = r"Host\Say";

/// An organization, its server, and a client of it.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: SocketAddr,
    scheme: &'static str,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    client: reqwest::Client,
    nonce: AtomicU64,
    runs: Runs,
    _directory: tempfile::TempDir,
}

/// How the server of a world is set up.
pub(crate) struct Setting {
    pub(crate) reach: Reach,
    pub(crate) client: reqwest::Client,
    pub(crate) per_person: Rate,
    pub(crate) clock: Ahead,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            reach: Reach::default(),
            client: reqwest::Client::new(),
            per_person: PER_PERSON,
            clock: Ahead::default(),
        }
    }
}

/// What the test and its connector tell each other.
#[derive(Clone, Default)]
struct Runs {
    started: watch::Sender<BTreeMap<ExecutionId, Output>>,
    finished: watch::Sender<BTreeMap<ExecutionId, Vec<u8>>>,
}

/// A connector whose runs end when the test says so, with its output.
struct Held(Runs);

#[async_trait]
impl Connector for Held {
    fn check_task(&self, _: &Task) -> Result<(), String> {
        Ok(())
    }

    fn check_workload(&self, _: &Workload) -> Result<(), String> {
        Ok(())
    }

    async fn execute(&self, permit: &Permit, _: &Credentials, output: &Output) -> Ended {
        let id = permit.job().execution;
        self.0.started.send_modify(|runs| {
            runs.insert(id, output.clone());
        });
        let mut finished = self.0.finished.subscribe();
        let runs = finished.wait_for(|runs| runs.contains_key(&id)).await;
        output.push(&runs.unwrap()[&id]);
        Ended::Succeeded { exit: Some(0) }
    }
}

/// What the server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that it is a problem, and gives its code.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: writ_core::view::Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, status);
        assert!(!problem.title.is_empty() && !problem.detail.is_empty());
        problem.code
    }
}

fn seed(text: &str) -> SigningKey {
    SigningKey::from_seed(Zeroizing::new(*Digest::of(text.as_bytes()).as_bytes()))
}

pub(crate) fn upn(text: &str) -> Upn {
    text.parse().unwrap()
}

impl World {
    /// Founded, with a server; nobody but the administrator, nothing set.
    pub(crate) async fn founded() -> Self {
        Self::open(Setting::default()).await
    }

    /// Founded, and set up as said.
    pub(crate) async fn open(setting: Setting) -> Self {
        let Setting {
            reach,
            client,
            per_person,
            clock,
        } = setting;
        let directory = tempfile::tempdir().unwrap();
        let runs = Runs::default();
        let state = directory.path().join("state");
        let engine = engine(&state, runs.clone(), per_person, clock).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let figures = "127.0.0.1:0".parse().unwrap();
        let figures = MetricsAddress::admit(figures, false).unwrap();
        let figures = figures.listen().await.unwrap();
        let metrics = figures.local_addr().unwrap();
        let listeners = Listeners {
            api: listener,
            metrics: Some(figures),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let scheme = reach.tls.as_ref().map_or("http", |_| "https");
        let until = async { stopped.await.unwrap_or_default() };
        let nobody = Arc::new(TellsNobody);
        let serving = writ_server::serve(engine.clone(), listeners, reach, nobody, until);
        tokio::spawn(serving);
        Self {
            engine,
            address,
            metrics,
            scheme,
            stop: Some(stop),
            client,
            nonce: AtomicU64::new(0),
            runs,
            _directory: directory,
        }
    }

    /// With the people above, a task `Host\Say`, a policy of one approval, enabled.
    pub(crate) async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    /// The same, set up as said.
    pub(crate) async fn with(setting: Setting) -> Self {
        let world = Self::open(setting).await;
        for (name, role) in [
            (ALICE, None),
            (BOB, None),
            (EVE, None),
            (AUDITOR, Some(Role::Auditor)),
        ] {
            world.invite(name, role).await;
        }
        let workload = Workload {
            name: "Host".parse().unwrap(),
            connector: "command".parse().unwrap(),
            settings: BTreeMap::from([("user".to_owned(), Value::Text("svc".to_owned()))]),
            origin: None,
            secrets: BTreeMap::new(),
            open_tasks: false,
        };
        let mut policy = Policy::new(SAY.parse().unwrap(), Approval::Manual);
        policy.output_readers = BTreeSet::from([READERS.parse().unwrap()]);
        let control = Control {
            enabled: true,
            admin_group: Some(APPROVERS.parse().unwrap()),
            system_accounts: Vec::new(),
            stop_system_accounts: false,
        };
        for object in [
            group(APPROVERS, &[BOB]),
            group(READERS, &[EVE]),
            Object::Workload(Arc::new(workload)),
            Object::Task(Arc::new(task())),
            Object::Policy(Arc::new(policy)),
            Object::Control(Arc::new(control)),
        ] {
            world.set(object).await;
        }
        world
    }

    async fn invite(&self, name: &str, role: Option<Role>) {
        let person = Person {
            role,
            ..Person::new(upn(name))
        };
        self.join(person).await;
    }

    /// Somebody, or an app, with a key.
    pub(crate) async fn join(&self, mut person: Person) {
        let upn = person.upn.clone();
        let name = upn.as_str();
        let invitation = seed(&format!("invitation of {name}"));
        person.invitation = Some(Invitation {
            key: invitation.public(),
            until: self.engine.now().plus(Seconds::DAY),
        });
        self.set(Object::Person(Arc::new(person))).await;
        let key = seed(name);
        let mut payload = self.payload(
            name,
            Enrol {
                person: upn.clone(),
                key: key.public(),
                label: "laptop".to_owned(),
                passkey: false,
                rp_id: None,
                proof: None,
                assertion: None,
            },
        );
        let proof = key.sign(&possession(&payload).unwrap());
        payload.body.proof = Some(Hex(proof));
        let envelope = sign(PayloadType::Statement(Kind::Enrol), &payload, &invitation).unwrap();
        assert!(self.submit(envelope).await.receipt.accepted);
    }

    pub(crate) async fn set(&self, object: Object) {
        let seen = self.engine.published().size();
        let set = Set {
            object: Some(object),
            remove: None,
            seen,
        };
        let posted = self.say(ADMIN, Kind::Set, set).await;
        assert!(posted.receipt.accepted, "{posted:?}");
    }

    pub(crate) fn payload<B>(&self, by: &str, body: B) -> Payload<B> {
        let number = self.nonce.fetch_add(1, Ordering::Relaxed);
        let nonce = [[0; 8], number.to_be_bytes()].concat();
        Payload {
            at: self.engine.now(),
            body,
            by: by.parse().unwrap(),
            instance: self.organization(),
            nonce: Hex(nonce),
        }
    }

    fn organization(&self) -> Option<OrganizationId> {
        self.engine.published().state().organization()
    }

    /// An envelope of a person.
    pub(crate) fn envelope<B: Serialize>(&self, by: &str, kind: Kind, body: B) -> Envelope {
        self.envelope_of(by, kind, &self.payload(by, body))
    }

    /// An envelope of a person, with a payload that was made by hand.
    pub(crate) fn envelope_of<B: Serialize>(
        &self,
        by: &str,
        kind: Kind,
        payload: &Payload<B>,
    ) -> Envelope {
        sign(PayloadType::Statement(kind), payload, &seed(by)).unwrap()
    }

    pub(crate) async fn submit(&self, envelope: Envelope) -> Posted {
        let body = serde_json::json!({ "envelope": envelope });
        self.post(&body).await.json()
    }

    pub(crate) async fn say<B: Serialize>(&self, by: &str, kind: Kind, body: B) -> Posted {
        self.submit(self.envelope(by, kind, body)).await
    }

    pub(crate) async fn post(&self, body: &Json) -> Answer {
        self.post_bytes("application/json", body.to_string().into_bytes())
            .await
    }

    pub(crate) async fn post_bytes(&self, kind: &str, body: Vec<u8>) -> Answer {
        let call = self
            .client
            .post(self.url("/v1/statements"))
            .header("content-type", kind)
            .body(body);
        answered(call).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// A session of a person, as a header's value.
    pub(crate) fn session(&self, name: &str) -> String {
        let at = self.engine.now();
        self.session_of(name, at, at.plus(Seconds::HOUR))
    }

    pub(crate) fn session_of(&self, name: &str, at: Time, until: Time) -> String {
        let mut payload = self.payload(name, Session { until });
        payload.at = at;
        token(&sign(PayloadType::Session, &payload, &seed(name)).unwrap())
    }

    /// Asks as somebody who has just signed in.
    pub(crate) async fn get(&self, name: &str, path: &str) -> Answer {
        self.get_with(Some(&self.session(name)), path).await
    }

    pub(crate) async fn get_with(&self, session: Option<&str>, path: &str) -> Answer {
        let mut call = self.client.get(self.url(path));
        if let Some(session) = session {
            call = call.header("authorization", session);
        }
        answered(call).await
    }

    /// Asks for an output as it comes, from some byte on.
    pub(crate) async fn follow(
        &self,
        name: &str,
        execution: ExecutionId,
        after: &str,
    ) -> reqwest::Response {
        self.client
            .get(self.url(&format!("/v1/executions/{execution}/output")))
            .header("authorization", self.session(name))
            .header("accept", "text/event-stream")
            .header("last-event-id", after)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn send(&self, call: reqwest::RequestBuilder) -> Answer {
        answered(call).await
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) async fn request(&self, by: &str) -> RequestId {
        self.request_word(by, None).await
    }

    pub(crate) async fn request_word(&self, by: &str, word: Option<&str>) -> RequestId {
        let equals = |word: &str| writ_core::value::Constraint::Equals(Value::Text(word.into()));
        let parameters = word.map(|word| ("word".parse().unwrap(), equals(word)));
        let request = Request {
            parameters: Constraints::from_iter(parameters),
            ..asking()
        };
        let posted = self.say(by, Kind::Request, request).await;
        assert!(posted.receipt.accepted, "{posted:?}");
        RequestId(posted.receipt.digest)
    }

    pub(crate) async fn approve(&self, by: &str, request: RequestId) -> Posted {
        let approve = Approve {
            request,
            comment: None,
            duration_s: None,
            parameters: Constraints::new(),
        };
        self.say(by, Kind::Approve, approve).await
    }

    pub(crate) async fn end(&self, by: &str, request: RequestId, comment: &str) -> Posted {
        let end = End {
            request,
            comment: Some(comment.to_owned()),
            kill: false,
        };
        self.say(by, Kind::End, end).await
    }

    /// A live grant.
    pub(crate) async fn grant(&self, by: &str) -> RequestId {
        let request = self.request(by).await;
        assert!(self.approve(BOB, request).await.receipt.accepted);
        request
    }

    pub(crate) async fn run(&self, by: &str) -> ExecutionId {
        let word = ("word".parse().unwrap(), Value::Text("hello".to_owned()));
        let invoke = Invoke {
            task: SAY.parse().unwrap(),
            parameters: Values::from([word]),
            attached: BTreeMap::new(),
            sealed: BTreeMap::new(),
            request: None,
            node: None,
        };
        let posted = self.say(by, Kind::Invoke, invoke).await;
        assert!(posted.receipt.accepted, "{posted:?}");
        ExecutionId(posted.receipt.digest)
    }

    /// Returns when the connector has begun a run.
    pub(crate) async fn started(&self, execution: ExecutionId) {
        let mut started = self.runs.started.subscribe();
        let has_begun = started.wait_for(|runs| runs.contains_key(&execution));
        has_begun.await.unwrap();
    }

    /// Lets a run put out something, once it has begun.
    pub(crate) async fn put_out(&self, execution: ExecutionId, bytes: &[u8]) {
        self.started(execution).await;
        let output = self.runs.started.borrow()[&execution].clone();
        output.push(bytes);
    }

    /// Lets a run end, with this output.
    pub(crate) async fn finish(&self, execution: ExecutionId, output: &[u8]) {
        self.runs.finished.send_modify(|runs| {
            runs.insert(execution, output.to_vec());
        });
        let mut published = self.engine.watch();
        let is_over = |published: &Published| published.state().execution(execution).is_none();
        published.wait_for(is_over).await.unwrap();
    }

    pub(crate) async fn shown(&self, by: &str, request: RequestId) -> RequestView {
        self.get(by, &format!("/v1/requests/{request}"))
            .await
            .json()
    }
}

pub(crate) fn token(envelope: &Envelope) -> String {
    let bytes = json::write(envelope).unwrap();
    format!("Writ {}", BASE64URL_NOPAD.encode(&bytes))
}

async fn answered(call: reqwest::RequestBuilder) -> Answer {
    let (client, call) = call.build_split();
    let call = call.unwrap();
    let (method, url) = (call.method().clone(), call.url().clone());
    let response = client.execute(call).await.unwrap();
    let mut answer = Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: Vec::new(),
    };
    // A stream has no end to wait for.
    if answer.header("content-type") != "text/event-stream" {
        answer.body = response.bytes().await.unwrap().to_vec();
    }
    let kind = answer.header("content-type");
    crate::openapi::holds(
        method.as_str(),
        url.path(),
        answer.status,
        kind,
        &answer.body,
    );
    answer
}

pub(crate) fn group(address: &str, members: &[&str]) -> Object {
    Object::Group(Arc::new(Group {
        address: address.parse().unwrap(),
        name: None,
        members: members
            .iter()
            .map(|m| m.parse::<Address>().unwrap())
            .collect(),
        mail_to: MailTo::default(),
        remind: None,
        escalate_to: None,
    }))
}

fn task() -> Task {
    let text = r#"{"name":"Host\\Say","parameters":{"word":{"type":"string"}},
        "template":{"args":["{word}"],"program":"/bin/echo"}}"#;
    serde_json::from_str(text).unwrap()
}

/// A request with nothing but a task and a reason.
pub(crate) fn asking() -> Request {
    Request {
        task: SAY.parse().unwrap(),
        reason: "because".to_owned(),
        duration_s: None,
        parameters: Constraints::new(),
        start: None,
        ticket: None,
        runs: None,
        on_behalf_of: None,
    }
}
