//! The command line: what there is.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    app, approve, audit, check_config, completions, control, data, dataset, demo, doctor, emulator,
    end, executions, grants, group, init, key, log, login, man, notify, person, policy,
    preferences, prove, recover, request, requests, run, secret, serve, shell, show, site, status,
    system_account, task, verify, workload,
};
use crate::context::Form;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER: &str = r"Begin with `writ demo`, or found an organization with `writ init`.

Exit codes: 0 done, 1 broken, 2 usage, 3 refused, 4 denied (of --wait),
5 expired or ended (of --wait), 6 no answer, 7 the task failed, 8 its outcome is unknown.";

/// Single tasks instead of standing power: ask, approve, run, prove
#[derive(Debug, Parser)]
#[command(
    name = "writ",
    version,
    styles = STYLES,
    after_help = AFTER,
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command line, with its examples.
pub(crate) fn command() -> clap::Command {
    crate::examples::shown(Cli::command())
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// The person to act as on this machine [default: the first that logged in]
    #[arg(
        long,
        global = true,
        env = "WRIT_PROFILE",
        value_name = "NAME",
        hide_env_values = true
    )]
    pub(crate) profile: Option<String>,
    /// The server to speak to, instead of the profile's
    #[arg(
        long,
        global = true,
        env = "WRIT_SERVER",
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) server: Option<String>,
    /// The data directory of the node on this machine
    #[arg(
        long,
        global = true,
        env = "WRIT_DATA_DIR",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where profiles and keys are kept
    #[arg(
        long,
        global = true,
        env = "WRIT_CONFIG_HOME",
        value_name = "DIR",
        hide = true
    )]
    pub(crate) config_home: Option<PathBuf>,
    /// Authorities whose certificates to trust beside the system's, PEM
    #[arg(
        long,
        global = true,
        env = "WRIT_CA_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub(crate) ca_file: Option<PathBuf>,
    /// In which form to print
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORM"
    )]
    pub(crate) output: Form,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Args),
    Init(init::Args),
    Serve(serve::Args),
    CheckConfig(check_config::Args),
    #[command(subcommand)]
    Notify(notify::Args),
    Recover(recover::Args),
    Login(login::LoginArgs),
    Logout(login::LogoutArgs),
    Whoami(status::WhoamiArgs),
    Status(status::StatusArgs),
    Doctor(doctor::Args),
    Request(request::Args),
    Requests(requests::Args),
    Show(show::Args),
    Cancel(end::CancelArgs),
    Approve(approve::Args),
    Deny(end::DenyArgs),
    Revoke(end::RevokeArgs),
    Run(run::Args),
    Shell(shell::Args),
    Grants(grants::Args),
    Executions(executions::Args),
    Prove(prove::Args),
    Verify(verify::Args),
    #[command(subcommand)]
    Person(person::Args),
    #[command(subcommand)]
    Key(key::Args),
    #[command(subcommand)]
    Group(group::Args),
    #[command(subcommand)]
    App(app::Args),
    #[command(subcommand)]
    Dataset(dataset::Args),
    #[command(subcommand)]
    Data(data::Args),
    #[command(subcommand)]
    Workload(workload::Args),
    #[command(subcommand)]
    Secret(secret::Args),
    #[command(subcommand)]
    Task(task::Args),
    #[command(subcommand)]
    Policy(policy::Args),
    #[command(subcommand)]
    SystemAccount(system_account::Args),
    #[command(subcommand)]
    Site(site::Args),
    #[command(subcommand)]
    Preferences(preferences::Args),
    Enable(control::EnableArgs),
    Disable(control::DisableArgs),
    #[command(subcommand)]
    Audit(audit::Args),
    #[command(subcommand)]
    Log(log::Args),
    #[command(subcommand)]
    Emulator(emulator::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(subcommand, hide = true)]
    DemoService(demo::service::Args),
}
