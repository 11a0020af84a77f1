//! `writ data`: reading as an app.

use std::collections::BTreeMap;
use std::io::Write as _;

use writ_client::Client;
use writ_core::digest::RequestId;
use writ_core::names::{ParameterName, TaskName};
use writ_core::value::Value;
use writ_core::view::DatasetAccess;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, remark};

/// Read data as an app
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Read all that is granted of a dataset, or less, to standard output
    Pull {
        /// Which dataset
        dataset: TaskName,
        /// Only these columns; may be repeated
        #[arg(long)]
        column: Vec<String>,
        /// Only rows after this value of the key
        #[arg(long)]
        after: Option<String>,
        /// Comma-separated values instead of a JSON object a line
        #[arg(long)]
        csv: bool,
    },
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Args::Pull {
        dataset,
        column,
        after,
        csv,
    } = args;
    let client = context.client()?;
    let access = client.access().await?;
    let found = access
        .datasets
        .into_iter()
        .find(|one| one.dataset == dataset);
    let found = found.ok_or_else(|| {
        Failure::usage(format!(
            "the manifest of {} wants nothing of {dataset}",
            access.app
        ))
    })?;
    let Some(mut values) = found.parameters.clone() else {
        return Err(not_granted(found, &client).await?);
    };
    let mut give = |name: &str, value: Value| {
        let name = ParameterName::parse(name).map_err(Failure::usage)?;
        values.insert(name, value);
        Ok::<_, Failure>(())
    };
    if !column.is_empty() {
        give(
            "columns",
            Value::List(column.into_iter().map(Value::Text).collect()),
        )?;
    }
    if let Some(after) = after {
        give("after", Value::Text(after))?;
    }
    if csv {
        give("format", Value::Text("csv".into()))?;
    }
    let started = client
        .invoke(dataset, values, BTreeMap::new(), None)
        .await?;
    let mut out = std::io::stdout().lock();
    let pulled = client
        .pull(started.execution, |bytes| {
            // Nobody is there to be told where the output is closed.
            let _ = out.write_all(bytes);
            Ok(())
        })
        .await;
    let _ = out.flush();
    if pulled.is_err() {
        remark(&format!(
            "these were not all rows; see why: writ executions, and the run {}",
            started.execution.short()
        ));
    }
    pulled?;
    Ok(Exit::Done)
}

/// Why nothing is granted. What nobody decided in time is asked for again.
async fn not_granted(found: DatasetAccess, client: &Client) -> Result<Failure, Failure> {
    let waits = |request: RequestId| {
        format!(
            "the request {} waits for approval; what became of it: writ show {}",
            request.short(),
            request.brief()
        )
    };
    if let Some(problem) = found.problem {
        return Ok(Failure::refused(format!(
            "nothing of {} can be read: {problem}; its installer asks: writ app upgrade MANIFEST",
            found.dataset
        )));
    }
    let why = match (found.request, found.again) {
        (Some(request), _) => waits(request),
        (None, Some(again)) if again.from > writ_client::now() => format!(
            "nobody decided the last request in time; it is asked for again from {} on",
            local(again.from)
        ),
        (None, Some(again)) => {
            let dataset = found.dataset.clone();
            let request = client.ask_again(dataset, again.parameters).await?;
            format!(
                "nobody decided the last request in time. Asked again: {}",
                waits(request)
            )
        }
        (None, None) => {
            "nobody asks for it now. Its installer does: writ app upgrade MANIFEST".into()
        }
    };
    Ok(Failure::refused(format!(
        "nothing of {} is granted: {why}",
        found.dataset
    )))
}
