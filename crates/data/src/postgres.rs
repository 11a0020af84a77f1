//! Rows of PostgreSQL: one read-only transaction, one connection, and a time
//! limit that the server itself keeps.

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls};
use writ_connect::Output;
use writ_connect::pipe::Writer;
use writ_core::dataset::{Dataset, Extraction};

use crate::address::Named;
use crate::query::{Bound, Queries};
use crate::rows::RowWriter;
use crate::source::Postgres;

/// Why rows could not be read, without a value or a password in it.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        // Its message may quote a value of a row; its code and class do not.
        Some(error) => format!("PostgreSQL answered {}", error.code().code()),
        None => "PostgreSQL cannot be reached, or the connection broke off".to_owned(),
    }
}

/// A connection that ends with whoever uses it.
struct Connection {
    client: Client,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(source: &Postgres) -> Result<Connection, String> {
    source.check()?;
    let mut config = Config::new();
    config
        .host(&source.host)
        .port(source.port)
        .dbname(&source.database)
        .user(&source.user)
        .application_name("writ");
    if let Some(file) = &source.password_file {
        let password = tokio::fs::read_to_string(file).await;
        let password = password.map_err(|error| format!("the password file: {error}"))?;
        config.password(password.trim_end_matches(['\r', '\n']));
    }
    let connected = config.connect(NoTls).await;
    let (client, connection) = connected.map_err(|error| told(&error))?;
    let task = tokio::spawn(async move {
        // What is wrong with it, whoever asks it is told.
        let _ = connection.await;
    });
    Ok(Connection { client, task })
}

fn bound(values: &[Bound]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(as_sql).collect()
}

fn as_sql(value: &Bound) -> &(dyn ToSql + Sync) {
    match value {
        Bound::Text(text) => text,
        Bound::Texts(texts) => texts,
        Bound::Integer(number) => number,
        Bound::Boolean(boolean) => boolean,
    }
}

/// Reads the rows and passes them on; answers why it could not.
pub(crate) async fn read(
    source: &Postgres,
    dataset: &Dataset,
    asked: &Extraction,
    named: &Named,
    deadline_s: u64,
    writer: Writer,
    output: &Output,
) -> Result<(), String> {
    let queries = Queries::new(dataset, asked, named)?;
    let connection = connect(source).await?;
    let client = &connection.client;
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
         SET LOCAL statement_timeout = '{deadline_s}s'; \
         SET LOCAL search_path = pg_catalog; \
         SET LOCAL \"TimeZone\" = 'UTC'; SET LOCAL \"DateStyle\" = 'ISO'"
    );
    let odd = |error: tokio_postgres::Error| told(&error);
    client.batch_execute(&begin).await.map_err(odd)?;
    let mut rows = RowWriter::new(&asked.columns, asked.form);
    if let Some((query, values)) = &queries.withheld {
        let counted = client.query_one(query, &bound(values)).await;
        let count: i64 = counted.map_err(odd)?.try_get(0).map_err(odd)?;
        rows.withhold(count.unsigned_abs());
    }
    let (query, values) = &queries.rows;
    let found = client.query_raw(query, bound(values)).await.map_err(odd)?;
    let mut found = pin!(found);
    // What was passed on, for the outcome of one that breaks off.
    output.count(writ_core::statement::Rows {
        asked: rows.rows.withheld,
        delivered: 0,
        withheld: rows.rows.withheld,
    });
    while let Some(row) = found.try_next().await.map_err(odd)? {
        let mut values: Vec<Option<&str>> = Vec::with_capacity(asked.columns.len());
        for at in 0..asked.columns.len() {
            values.push(row.try_get(at).map_err(odd)?);
        }
        rows.row(values.into_iter());
        if let Some(chunk) = rows.chunk() {
            send(&writer, chunk).await?;
            output.count(rows.rows);
        }
    }
    finish(writer, rows, output).await
}

/// Passes on what is left, and says that it was all.
pub(crate) async fn finish(
    writer: Writer,
    mut rows: RowWriter,
    output: &Output,
) -> Result<(), String> {
    send(&writer, rows.rest()).await?;
    output.count(rows.rows);
    writer.end().await.map_err(|broken| broken.to_string())
}

async fn send(writer: &Writer, chunk: Vec<u8>) -> Result<(), String> {
    match chunk.is_empty() {
        true => Ok(()),
        false => writer
            .send(chunk)
            .await
            .map_err(|broken| broken.to_string()),
    }
}
