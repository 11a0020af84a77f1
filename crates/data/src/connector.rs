//! The connector `data`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use writ_connect::pipe::Writer;
use writ_connect::{Connector, Credentials, Ended, Output};
use writ_core::dataset::{Dataset, Extraction, parameters};
use writ_core::object::{Task, Workload};
use writ_core::run::{Job, Permit};

use crate::address::Named;
use crate::source::{Source, Sources};
use crate::{file, postgres};

/// How long an extraction waits for the app to come and read.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads datasets.
#[derive(Clone, Debug, Default)]
pub struct DataConnector {
    sources: Arc<Sources>,
}

impl DataConnector {
    /// One with these sources, or what is wrong with one of them.
    pub fn new(sources: Sources) -> Result<Self, String> {
        for (name, source) in &sources {
            if let Source::Postgres(source) = source {
                source
                    .check()
                    .map_err(|problem| format!("source `{name}`: {problem}"))?;
            }
        }
        Ok(Self {
            sources: Arc::new(sources),
        })
    }

    fn source(&self, dataset: &Dataset) -> Result<&Source, String> {
        let name = dataset.source.as_str();
        self.sources.get(name).ok_or_else(|| {
            format!("this node has no source `{name}`; its operator adds [data.sources.{name}]")
        })
    }

    /// Carries out a job, or says why it could not.
    pub async fn extract(
        &self,
        job: &Job,
        mut writer: Writer,
        output: &Output,
    ) -> Result<(), String> {
        let dataset = Dataset::read(&job.task.template)?;
        let asked = Extraction::read(&dataset, &job.parameters)?;
        let subjects = job.subjects.as_ref();
        // INVARIANT: nothing is read for nobody in particular.
        let subjects = subjects.ok_or("it is not said whom it is about")?;
        let named = Named::of(&dataset, subjects);
        let source = self.source(&dataset)?;
        match timeout(PATIENCE, writer.opened()).await {
            Ok(opened) => opened.map_err(|broken| broken.to_string())?,
            Err(_) => {
                return Err(format!(
                    "nobody came to read it within {} seconds: GET /v1/data/{}",
                    PATIENCE.as_secs(),
                    job.execution
                ));
            }
        }
        match source {
            Source::Postgres(source) => {
                let most = job.task.deadline_s.0;
                postgres::read(source, &dataset, &asked, &named, most, writer, output).await
            }
            Source::Folder(folder) => {
                let name = dataset.file.as_deref().ok_or("the dataset is no file")?;
                let path = folder.join(name);
                let output_there = output.clone();
                let read = move || {
                    let rows = file::read(&path, &dataset, &asked, &named, &writer, &output_there);
                    rows.map(|rows| (writer, rows))
                };
                let read = tokio::task::spawn_blocking(read).await;
                let (writer, rows) = read.map_err(|_| "the file's reader broke off")??;
                postgres::finish(writer, rows, output).await
            }
        }
    }
}

#[async_trait]
impl Connector for DataConnector {
    fn check_task(&self, task: &Task) -> Result<(), String> {
        let dataset = Dataset::read(&task.template)?;
        if task.parameters != parameters() || task.open {
            return Err(
                "a dataset has the parameters that all have: writ dataset set -f FILE".into(),
            );
        }
        match (self.source(&dataset)?, &dataset.relation) {
            (Source::Postgres(_), None) => {
                Err("its source is a database: say its `relation`".into())
            }
            (Source::Folder(_), Some(_)) => Err("its source is a folder: say its `file`".into()),
            (Source::Postgres(_), Some(_)) | (Source::Folder(_), None) => Ok(()),
        }
    }

    fn check_workload(&self, workload: &Workload) -> Result<(), String> {
        match workload.settings.is_empty() && workload.secrets.is_empty() && !workload.open_tasks {
            true => Ok(()),
            false => Err(
                "a workload of datasets has no settings, secrets or open tasks: its sources stand \
                 in writ.toml"
                    .into(),
            ),
        }
    }

    async fn execute(&self, permit: &Permit, _: &Credentials, output: &Output) -> Ended {
        let Some(writer) = output.writer() else {
            return Ended::not_started("its output is another's");
        };
        match self.extract(permit.job(), writer, output).await {
            Ok(()) => Ended::Succeeded { exit: None },
            Err(note) => Ended::Failed { exit: None, note },
        }
    }
}
