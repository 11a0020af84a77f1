//! `writ policy`: which approval a task needs.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::str::FromStr;

use clap::ValueEnum;
use writ_client::{Client, Listing};
use writ_core::names::{Address, Pattern};
use writ_core::object::{Approval, Object, ObjectName, Others, Policy, Stage};
use writ_core::time::Seconds;
use writ_core::value::Schemas;

use super::listing::{Most, narrowed};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_fields, print_items, print_json, print_table};
use crate::parse::{Assignment, duration};

/// Say which approval a task needs; list, show and remove such policies
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Make a policy, or replace the one with the same pattern whole
    Set(SetArgs),
    /// List policies
    List {
        /// Only those that ask this group
        #[arg(long, value_name = "ADDRESS")]
        group: Option<Address>,
        #[command(flatten)]
        most: Most,
    },
    /// Show one policy
    Show {
        /// Which, as it is listed
        task: Pattern,
    },
    /// Remove a policy: what nothing else covers is then closed
    Remove {
        /// Which, as it is listed
        task: Pattern,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// What it covers: a task, a beginning such as 'Host\Get-*', or '*'
    task: Pattern,
    /// Whether somebody is asked
    #[arg(long, value_enum)]
    approval: ApprovalArg,
    /// Who is asked, and how many of them; repeat it for one stage after the
    /// other [default: the default group, one of them]
    #[arg(long, value_name = "ADDRESS[:N]", num_args = 1..)]
    approvers: Vec<StageArg>,
    /// Who may ask [default: anybody, where somebody approves]
    #[arg(long, value_name = "ADDRESS")]
    requesters: Option<Address>,
    /// The longest that it grants, such as 8h
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = duration)]
    max_duration: Seconds,
    /// How long a request waits for approval
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = duration)]
    pending_for: Seconds,
    /// What a parameter must be: NAME=VALUE, or NAME= and equals:A, one_of:A,B,
    /// subset_of:A,B, superset_of:A,B, glob:A*, range:1..9, absent; may be repeated
    #[arg(short = 'P', long, value_name = "NAME=RULE")]
    param: Vec<Assignment>,
    /// Whether parameters that no --param names may be given
    #[arg(long, value_enum, default_value = "allow")]
    others: OthersArg,
    /// How often one grant may be used [default: any number of times]
    #[arg(long, value_name = "N")]
    max_runs: Option<u64>,
    /// Ask that approvers use a passkey
    #[arg(long)]
    passkey: bool,
    /// Kill a run in flight when its grant ends
    #[arg(long)]
    kill_on_end: bool,
    /// Who else may read what runs put out; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    output_readers: Vec<Address>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ApprovalArg {
    /// The approvers are
    Manual,
    /// Nobody is: requested, recorded and bounded in time, and live at once
    Auto,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OthersArg {
    /// They may
    Allow,
    /// They may not
    Refuse,
}

/// `ADDRESS[:N]`
#[derive(Clone, Debug)]
struct StageArg(Stage);

impl FromStr for StageArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, approvals) = match text.rsplit_once(':') {
            Some((address, number)) => (
                address,
                number
                    .parse::<NonZeroU32>()
                    .map_err(|_| format!("`{number}` is not a number of approvers from 1"))?,
            ),
            None => (text, NonZeroU32::MIN),
        };
        let group = Address::parse(address).map_err(|error| error.to_string())?;
        Ok(Self(Stage { group, approvals }))
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Set(args) => set(args, context).await,
        Args::List { group, most } => {
            let listing = most.listing([narrowed("group", group)]);
            list(&listing, context).await
        }
        Args::Show { task } => {
            let policy = context.client()?.policy(&task).await?.value;
            match context.is_json() {
                true => print_json(&policy),
                false => print_policy(&policy),
            }
            Ok(Exit::Done)
        }
        Args::Remove { task, yes } => {
            let client = context.client()?;
            let seen = client.policy(&task).await?.seen;
            context.confirm(
                &format!("Remove the policy {task}? Grants under it end."),
                yes,
            )?;
            client
                .remove(ObjectName::Policy(task.clone()), seen)
                .await?;
            print(&format!("The policy {task} is removed."));
            Ok(Exit::Done)
        }
    }
}

async fn set(args: SetArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let seen = client.policies().await?.seen;
    let schemas = covered(&client, &args.task, &args.param).await?;
    let policy = Policy {
        stages: args.approvers.into_iter().map(|stage| stage.0).collect(),
        requesters: args.requesters,
        max_duration_s: args.max_duration,
        pending_for_s: args.pending_for,
        parameters: super::constraints(&args.param, &schemas)?,
        others: match args.others {
            OthersArg::Allow => Others::Allow,
            OthersArg::Refuse => Others::Refuse,
        },
        max_runs: args.max_runs,
        passkey: args.passkey,
        kill_on_end: args.kill_on_end,
        output_readers: args.output_readers.into_iter().collect::<BTreeSet<_>>(),
        ..Policy::new(
            args.task.clone(),
            match args.approval {
                ApprovalArg::Manual => Approval::Manual,
                ApprovalArg::Auto => Approval::Auto,
            },
        )
    };
    client.set(Object::Policy(policy.into()), seen).await?;
    print(&format!("The policy {} is set.", args.task));
    Ok(Exit::Done)
}

/// The parameters of the tasks that a pattern covers now.
async fn covered(
    client: &Client,
    pattern: &Pattern,
    given: &[Assignment],
) -> Result<Schemas, Failure> {
    if given.is_empty() {
        return Ok(Schemas::new());
    }
    let tasks = client.tasks().await?.value;
    let covered = tasks.into_iter().filter(|task| pattern.covers(&task.name));
    Ok(covered.flat_map(|task| task.parameters).collect())
}

async fn list(listing: &Listing, context: &Context) -> Result<Exit, Failure> {
    let policies: Vec<Policy> = context.client()?.objects(listing).await?.value;
    if context.is_json() {
        print_items(&policies);
        return Ok(Exit::Done);
    }
    let row = |policy: &Policy| {
        vec![
            policy.task.to_string(),
            approval(policy),
            policy.max_duration_s.to_string(),
            rules(policy, "; "),
        ]
    };
    print_table(
        &["task", "approval", "at most", "parameters"],
        policies.iter().map(row).collect(),
        "there are no policies, so nobody may run anything; make one: writ policy set TASK --approval manual",
    );
    Ok(Exit::Done)
}

fn print_policy(policy: &Policy) {
    let readers: Vec<_> = policy.output_readers.iter().map(Address::as_str).collect();
    print_fields(&[
        ("task", policy.task.to_string()),
        ("approval", approval(policy)),
        (
            "may ask",
            policy
                .requesters
                .as_ref()
                .map_or("anybody".to_owned(), ToString::to_string),
        ),
        ("at most", policy.max_duration_s.to_string()),
        ("waits", policy.pending_for_s.to_string()),
        ("parameters", rules(policy, "\n")),
        (
            "runs",
            policy
                .max_runs
                .map_or("any number of times".to_owned(), |most| {
                    format!("at most {most}")
                }),
        ),
        (
            "at its end",
            match policy.kill_on_end {
                true => "runs in flight are killed".to_owned(),
                false => "runs in flight go on".to_owned(),
            },
        ),
        ("output for", readers.join(", ")),
    ]);
}

fn approval(policy: &Policy) -> String {
    if policy.approval == Approval::Auto {
        return "auto".to_owned();
    }
    let stages: Vec<_> = policy
        .stages
        .iter()
        .map(|stage| format!("{} of {}", stage.approvals, stage.group))
        .collect();
    let who = match stages.as_slice() {
        [] => "manual, by the default group".to_owned(),
        stages => stages.join(", then "),
    };
    match policy.passkey {
        true => format!("{who}, with a passkey"),
        false => who,
    }
}

fn rules(policy: &Policy, between: &str) -> String {
    let mut rules: Vec<_> = policy
        .parameters
        .iter()
        .map(|(name, constraint)| format!("{name} {constraint}"))
        .collect();
    if policy.others == Others::Refuse {
        rules.push("no others".to_owned());
    }
    rules.join(between)
}
