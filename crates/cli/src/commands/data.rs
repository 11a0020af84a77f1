//! `writ data`: reading as an app.

use std::collections::BTreeMap;
use std::io::Write as _;

use writ_core::names::{ParameterName, TaskName};
use writ_core::value::Value;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::remark;

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
    let mut values = found.parameters.ok_or_else(|| {
        let why = match found.request {
            Some(request) => format!("the request {} waits for approval", request.short()),
            None => "nobody asks for it now; its installer does: writ app upgrade MANIFEST".into(),
        };
        Failure::usage(format!(
            "nothing of {dataset} is granted to {}: {why}",
            access.app
        ))
    })?;
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
