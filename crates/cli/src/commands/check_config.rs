//! `writ check-config`: whether a node could start with its `writ.toml`.

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, remark};

/// Check writ.toml, and say what isolates the programs of tasks here
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(context: &Context) -> Result<Exit, Failure> {
    let data = context.data()?;
    let config = data.config()?;
    let address = writ_server::listen_address(&config.listen).map_err(Failure::usage)?;
    config.reach()?.admit(address).map_err(Failure::usage)?;
    config.metrics()?;
    config.sinks()?;
    let (in_force, doubts) = data.check(&config).await?;
    for doubt in doubts {
        remark(&doubt);
    }
    let file = data.config_file();
    print(&format!("{in_force}\n{} is fine", file.display()));
    Ok(Exit::Done)
}
