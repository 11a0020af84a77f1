//! Stands in for a node: `node HELPER PROGRAM ACT` runs a program for an hour
//! and prints what it puts out as it comes, until somebody ends the node.

use std::error::Error;
use std::io::{Write, stdout};
use std::path::PathBuf;

use writ_connect::{CommandConfig, CommandConnector, Credentials, Output, testing};
use writ_core::names::TaskName;
use writ_core::object::Task;
use writ_core::time::Seconds;
use writ_core::value::{Value, Values};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().ok_or("too few words");
    let (helper, program, act) = (PathBuf::from(word()?), word()?, word()?);
    let config = CommandConfig::new(vec![program.clone().into()], helper);
    let connector = CommandConnector::new(config)?;
    let template = [
        ("program".to_owned(), Value::Text(program)),
        ("args".to_owned(), Value::List(vec![Value::Text(act)])),
    ];
    let mut task = Task::new(TaskName::parse(r"Host\Try")?, template.into());
    task.deadline_s = Seconds(3_600);
    let job = testing::job("command", task, Values::new())?;
    let output = Output::new(1 << 20);
    let said = output.clone();
    let follow = async move {
        let mut total = said.follow();
        let mut printed = 0;
        while total.changed().await.is_ok() {
            let bytes = said.bytes_from(printed, 1 << 20);
            printed += bytes.len();
            stdout().write_all(&bytes)?;
        }
        Ok::<_, std::io::Error>(())
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let no_secrets = Credentials::default();
    runtime.block_on(async {
        tokio::select! {
            ended = connector.run(&job, &no_secrets, &output) => Err(format!("{ended:?}").into()),
            followed = follow => Ok(followed?),
        }
    })
}
