//! What the people of a world say, with everything by default.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::dataset::{
    Column, ColumnType, Dataset, EVERYBODY, Manifest, Naming, Sensitivity, SubjectColumn, Wanted,
};
use crate::digest::{Digest, ExecutionId, RequestId};
use crate::key::{Algorithm, Hex, SigningKey};
use crate::names::{Address, Domain, Name, ParameterName, Pattern, TaskName, Upn};
use crate::object::{
    Approval, Control, Group, Invitation, MailTo, Object, Person, PersonKind, Policy,
    SealingAlgorithm, SealingKey, Services, SiteSettings, Stage, Task, Workload,
};
use crate::statement::{
    Approve, End, FirstAdministrator, Genesis, Invoke, LabelledKey, Outcome, Request, RunResult,
};
use crate::time::Time;
use crate::value::{Constraint, Schema, Value, ValueType, Values};

/// The domain that short names belong to.
pub const DOMAIN: &str = "fabrikam.example";
/// When a world begins: 2026-11-22T09:30:00Z.
pub const START: Time = Time(1_795_339_800_000);
/// A task that needs approval in [`World::ready`]; it takes a text `unit`.
pub const RESTART: &str = r"Host\Restart-Service";
/// A task that is approved by itself in [`World::ready`]; it takes a text `word`.
pub const SAY: &str = r"Host\Say";
/// Who has a key in [`World::new`], besides `admin`.
pub const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

/// The key that a label makes; the same for ever.
pub fn key(label: &str) -> SigningKey {
    let seed = Digest::of_parts(&[b"a key for tests: ", label.as_bytes()]);
    SigningKey::from_seed(Zeroizing::new(*seed.as_bytes()))
}

/// The UPN of a short name; a full one stays as it is.
pub fn upn(name: &str) -> Upn {
    Upn::parse(&full(name)).unwrap()
}

/// The address of a short name; a full one stays as it is.
pub fn address(name: &str) -> Address {
    Address::parse(&full(name)).unwrap()
}

fn full(name: &str) -> String {
    match name.contains('@') {
        true => name.to_owned(),
        false => format!("{name}@{DOMAIN}"),
    }
}

/// A task's name.
pub fn task_name(name: &str) -> TaskName {
    TaskName::parse(name).unwrap()
}

/// A parameter's name.
pub fn parameter(name: &str) -> ParameterName {
    ParameterName::parse(name).unwrap()
}

/// Texts as parameters.
pub fn values(given: &[(&str, &str)]) -> Values {
    let text = |(name, value): &(&str, &str)| (parameter(name), Value::Text((*value).into()));
    given.iter().map(text).collect()
}

/// A constraint that a parameter is some text.
pub fn equals(name: &str, value: &str) -> BTreeMap<ParameterName, Constraint> {
    BTreeMap::from([(
        parameter(name),
        Constraint::Equals(Value::Text(value.into())),
    )])
}

/// A policy that asks for approvals, of the default group if no stage is given.
pub fn manual(pattern: &str, stages: &[(&str, u32)]) -> Policy {
    let stage = |(group, approvals): &(&str, u32)| Stage {
        group: address(group),
        approvals: NonZeroU32::new(*approvals).unwrap(),
    };
    Policy {
        stages: stages.iter().map(stage).collect(),
        ..Policy::new(Pattern::parse(pattern).unwrap(), Approval::Manual)
    }
}

/// A policy that approves by itself what members of a group ask for.
pub fn auto(pattern: &str, requesters: &str) -> Policy {
    Policy {
        requesters: Some(address(requesters)),
        ..Policy::new(Pattern::parse(pattern).unwrap(), Approval::Auto)
    }
}

/// A group of people and groups.
pub fn group(name: &str, members: &[&str]) -> Group {
    Group {
        address: address(name),
        name: None,
        members: members.iter().map(|member| address(member)).collect(),
        mail_to: MailTo::Members,
        remind: None,
        escalate_to: None,
    }
}

/// A person with nothing but a name.
pub fn person(name: &str) -> Person {
    Person::new(upn(name))
}

/// A workload of programs on the node's own host.
pub fn workload(name: &str) -> Workload {
    Workload {
        name: Name::parse(name).unwrap(),
        connector: Name::parse("command").unwrap(),
        settings: BTreeMap::new(),
        origin: None,
        secrets: BTreeMap::new(),
        open_tasks: false,
    }
}

/// A task of the connector `command`, with texts that every run must give.
pub fn task(name: &str, program: &str, parameters: &[&str]) -> Task {
    let args = parameters.iter().map(|p| Value::Text(format!("{{{p}}}")));
    let template = BTreeMap::from([
        ("program".to_owned(), Value::Text(program.into())),
        ("args".to_owned(), Value::List(args.collect())),
    ]);
    let schema = || Schema {
        required: true,
        ..Schema::of(ValueType::String)
    };
    Task {
        parameters: parameters
            .iter()
            .map(|p| (parameter(p), schema()))
            .collect(),
        ..Task::new(task_name(name), template)
    }
}

/// A control with nothing but a switch and a default group.
pub fn control(enabled: bool, admin_group: Option<&str>) -> Control {
    Control {
        enabled,
        admin_group: admin_group.map(address),
        system_accounts: Vec::new(),
        stop_system_accounts: false,
    }
}

/// A request with nothing but a task and a reason.
pub fn asking(task: &str) -> Request {
    Request {
        task: task_name(task),
        reason: "it is broken".into(),
        duration_s: None,
        parameters: BTreeMap::new(),
        start: None,
        ticket: None,
        runs: None,
        on_behalf_of: None,
    }
}

/// An approval that gives all that was asked for.
pub fn approving(request: RequestId) -> Approve {
    Approve {
        request,
        comment: None,
        duration_s: None,
        parameters: BTreeMap::new(),
    }
}

/// An end, with a comment.
pub fn ending(request: RequestId) -> End {
    End {
        request,
        comment: Some("no longer needed".into()),
        kill: false,
    }
}

/// A run under whichever grant fits, with texts.
pub fn running(task: &str, parameters: &[(&str, &str)]) -> Invoke {
    Invoke {
        task: task_name(task),
        parameters: values(parameters),
        attached: BTreeMap::new(),
        sealed: BTreeMap::new(),
        request: None,
        node: None,
    }
}

/// An outcome with nothing but its result.
pub fn outcome(execution: ExecutionId, result: RunResult) -> Outcome {
    Outcome {
        execution,
        result,
        exit: None,
        output: None,
        rows: None,
        note: None,
    }
}

/// A workload of datasets.
pub fn data_workload(name: &str) -> Workload {
    Workload {
        connector: Name::parse("data").unwrap(),
        ..workload(name)
    }
}

/// A dataset in a table with the columns `id`, `kind`, `sender` (which mentions
/// people) and `body` (free text), about `owner`.
pub fn dataset(name: &str) -> Task {
    let column = |name: &str, column_type| Column {
        name: name.into(),
        column_type,
        sensitivity: Sensitivity::Medium,
        title: None,
        mentions: name == "sender",
        free_text: name == "body",
    };
    let dataset = Dataset {
        source: Name::parse("mail").unwrap(),
        relation: Some("public.messages".into()),
        file: None,
        subject: SubjectColumn {
            column: "owner".into(),
            named: Naming::Upn,
            domain: None,
        },
        key: Some("id".into()),
        columns: vec![
            column("id", ColumnType::Integer),
            column("kind", ColumnType::Text),
            column("sender", ColumnType::Text),
            column("body", ColumnType::Text),
        ],
    };
    Task {
        parameters: crate::dataset::parameters(),
        ..Task::new(task_name(name), dataset.template().unwrap())
    }
}

/// What an app wants of a dataset, about everybody.
pub fn wanted(dataset: &str, columns: &[&str]) -> Wanted {
    Wanted {
        dataset: task_name(dataset),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        scope: vec![EVERYBODY.to_owned()],
        filter: Vec::new(),
    }
}

/// A request for an app, for what it wants of a dataset.
pub fn asking_for(app: &str, wanted: &Wanted) -> Request {
    let definition = Dataset::read(&dataset(wanted.dataset.as_str()).template).unwrap();
    Request {
        parameters: wanted.constraints(&definition).unwrap(),
        on_behalf_of: Some(upn(app)),
        ..asking(wanted.dataset.as_str())
    }
}

/// An app, with what it says of itself.
pub fn app(name: &str, version: &str, datasets: Vec<Wanted>) -> Person {
    let manifest = Manifest {
        publisher: "Contoso".into(),
        version: version.into(),
        service: "Office365".into(),
        purpose: "shows how people meet".into(),
        terms: Some("https://contoso.example/terms".into()),
        privacy: None,
        datasets,
    };
    Person {
        kind: PersonKind::App,
        manifest: Some(manifest.members().unwrap()),
        ..person(name)
    }
}

/// The invitation of a person to enrol with the key of this label.
pub fn invitation(label: &str, until: Time) -> Invitation {
    Invitation {
        key: key(label).public(),
        until,
    }
}

/// What founds the organization of a world.
pub fn genesis() -> Genesis {
    let admin = key("admin").public();
    let sealing = Digest::of(b"a sealing key for tests");
    Genesis {
        organization: Domain::parse(DOMAIN).unwrap(),
        admin: FirstAdministrator {
            upn: upn("admin"),
            name: None,
            mail: None,
        },
        key: LabelledKey {
            alg: Algorithm::Ed25519,
            public: admin.public,
            label: "admin's device".into(),
        },
        recovery: key("recovery").public(),
        services: Services {
            log: key("log").public(),
            runner: key("runner").public(),
            sealing: SealingKey {
                alg: SealingAlgorithm::X25519,
                public: Hex(sealing.as_bytes().to_vec()),
            },
        },
        site: SiteSettings {
            origins: vec!["http://localhost:8420".into()],
            rp_id: "localhost".into(),
            rules: 1,
        },
    }
}

macro_rules! object {
    ($($noun:ident)*) => { $(
        impl From<$noun> for Object {
            fn from(value: $noun) -> Self {
                Self::$noun(Arc::new(value))
            }
        }
    )* };
}
object! { Control Person Group Workload Task Policy }
