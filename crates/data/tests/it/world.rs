//! Who there is, what they wrote, and how an app asks for it.

use std::sync::Arc;

use writ_connect::Output;
use writ_connect::pipe::Next;
use writ_core::dataset::{
    Column, ColumnType, Dataset, Extraction, Naming, Sensitivity, SubjectColumn, parameters,
};
use writ_core::digest::{Digest, ExecutionId};
use writ_core::names::Name;
use writ_core::object::Task;
use writ_core::run::Job;
use writ_core::state::State;
use writ_core::statement::Rows;
use writ_core::testing::{data_workload, parameter, task_name, upn};
use writ_core::time::Time;
use writ_core::value::Value;
use writ_data::{DataConnector, Source, Sources};

/// How many rows the small table has; every other number of people.
pub(crate) const SMALL: u32 = 4_000;
pub(crate) const PEOPLE: u32 = 23;

/// Two tables of the same form, one small and one of a million rows.
pub(crate) fn tables() -> String {
    let table = |name: &str, rows: u32| {
        format!(
            r#"CREATE TABLE {name} AS SELECT
                n::bigint AS id,
                CASE WHEN n % 17 = 0 THEN NULL ELSE 'P' || n % {PEOPLE} || '@Fabrikam.example ' END AS owner,
                CASE n % 5 WHEN 0 THEN 'news' WHEN 1 THEN 'it''s, "quoted"' WHEN 2 THEN NULL
                    WHEN 3 THEN '' ELSE E'two\nlines é' END AS kind,
                'Name <p' || (n * 7) % {PEOPLE} || '@fabrikam.example>; x@other.example' AS sender,
                n % 3 = 0 AS is_read,
                TIMESTAMPTZ '2026-01-01 00:00:00+00' + n * INTERVAL '1 minute' AS sent,
                (n / 8.0)::numeric(12, 3) AS weight,
                DATE '2026-01-01' + (n % 400)::int AS due,
                'secret ' || n AS "we""ird; DROP"
            FROM generate_series(1, {rows}) AS n;
            ALTER TABLE {name} ADD PRIMARY KEY (id);"#
        )
    };
    format!(
        "CREATE SCHEMA mail; {}; {};",
        table("mail.small", SMALL),
        table("mail.large", 1_000_000)
    )
}

pub(crate) const COLUMNS: [(&str, ColumnType); 8] = [
    ("id", ColumnType::Integer),
    ("kind", ColumnType::Text),
    ("sender", ColumnType::Text),
    ("is_read", ColumnType::Boolean),
    ("sent", ColumnType::Timestamp),
    ("weight", ColumnType::Decimal),
    ("due", ColumnType::Date),
    ("we\"ird; DROP", ColumnType::Text),
];

pub(crate) fn dataset(relation: Option<&str>) -> Dataset {
    let column = |(name, column_type): (&str, ColumnType)| Column {
        name: name.into(),
        column_type,
        sensitivity: Sensitivity::Low,
        title: None,
        mentions: name == "sender",
        free_text: false,
    };
    Dataset {
        source: Name::parse(if relation.is_some() { "base" } else { "files" }).unwrap(),
        relation: relation.map(Into::into),
        file: relation.is_none().then(|| "small.csv".into()),
        subject: SubjectColumn {
            column: "owner".into(),
            named: Naming::Upn,
            domain: None,
        },
        key: Some("id".into()),
        columns: COLUMNS.into_iter().map(column).collect(),
    }
}

pub(crate) fn connector(sources: &[(&str, Source)]) -> DataConnector {
    let sources: Sources = sources
        .iter()
        .map(|(name, source)| ((*name).to_owned(), source.clone()))
        .collect();
    DataConnector::new(sources).unwrap()
}

/// What a run asks for.
pub(crate) fn job(dataset: &Dataset, state: &State, given: &[(&str, Value)]) -> Job {
    let task = Task {
        parameters: parameters(),
        ..Task::new(task_name(r"Data\Mail"), dataset.template().unwrap())
    };
    let values = given
        .iter()
        .map(|(name, value)| (parameter(name), value.clone()))
        .collect();
    let asked = Extraction::read(dataset, &values).unwrap();
    Job {
        execution: ExecutionId(Digest::of(b"run")),
        request: None,
        by: upn("insights"),
        task: Arc::new(task),
        workload: Arc::new(data_workload("Data")),
        subjects: Some(Arc::new(state.subjects(&asked))),
        parameters: values,
        authorized: Time(0),
    }
}

pub(crate) fn list<S: AsRef<str>>(items: &[S]) -> Value {
    let text = |item: &S| Value::Text(item.as_ref().to_owned());
    Value::List(items.iter().map(text).collect())
}

/// Everything that comes, and how it ended.
pub(crate) async fn read(
    connector: &DataConnector,
    job: &Job,
) -> (String, Result<(), String>, Option<Rows>) {
    let output = Output::new(0);
    let (writer, mut reader) = (output.writer().unwrap(), output.reader().unwrap());
    let take = async move {
        let mut all = Vec::new();
        loop {
            match reader.next().await {
                Next::Bytes(bytes) => all.extend(bytes),
                Next::End | Next::BrokeOff => break String::from_utf8(all).unwrap(),
            }
        }
    };
    let (ended, all) = tokio::join!(connector.extract(job, writer, &output), take);
    (all, ended, output.rows())
}
