//! `writ login`, `writ logout`: this machine's key, and its sessions.

use std::io::Read;

use inquire::{Password, PasswordDisplayMode};
use writ_client::{Code, Joining, Profile, Purpose, computer_name};
use writ_core::names::Upn;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{is_interactive, print, print_json, remark};
use crate::parse::line;

/// The longest code that is read, in bytes.
const MAX_CODE: u64 = 1_024;

/// Log in with the code of an invitation: makes this machine's key and enrols it
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LoginArgs {
    /// Where the server is, such as https://writ.example.com
    url: String,
    /// Who you are there
    #[arg(long = "as", value_name = "UPN")]
    upn: Upn,
    /// Read the code from standard input instead of asking for it
    #[arg(long)]
    code_stdin: bool,
    /// The code is the recovery code of the first administrator
    #[arg(long)]
    recovery: bool,
    /// Without a code, where you have a key on another device: prints a text for
    /// `writ key add` there, and waits
    #[arg(long, conflicts_with_all = ["code_stdin", "recovery"])]
    pair: bool,
    /// What to call this machine's key [default: the machine's name]
    #[arg(long, value_name = "NAME", value_parser = line)]
    label: Option<String>,
}

/// End the session of this machine; its key stays for the next login
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LogoutArgs {
    /// End all your sessions, on every machine
    #[arg(long)]
    everywhere: bool,
}

pub(crate) async fn log_in(args: LoginArgs, context: &Context) -> Result<Exit, Failure> {
    let name = context.named_profile().unwrap_or(args.upn.as_str());
    let existing = context.profiles.find(name)?;
    let joining = Joining::begin(&context.profiles, &args.url, &args.upn).await?;
    if let Some(existing) = &existing {
        joining.check_profile(existing)?;
    }
    let profile = match known(&joining, existing, name, &args, context).await? {
        Some(profile) => profile,
        None if args.pair => pair(&args, name, context).await?,
        None => {
            let code = read_code(&args, &joining)?;
            let label = args.label.clone().unwrap_or_else(computer_name);
            joining
                .enrol(&context.profiles, name, &code, &label)
                .await?
        }
    };
    let is_current = context.profiles.current()?.as_deref() == Some(name);
    if context.is_json() {
        print_json(&serde_json::json!({
            "upn": profile.account().upn,
            "organization_id": profile.account().organization,
            "profile": profile.name(),
        }));
        return Ok(Exit::Done);
    }
    print(&format!(
        "You are {} of {}.",
        profile.account().upn,
        joining.organization()
    ));
    match is_current {
        true => print("See what you may ask for: writ task list"),
        false => print(&format!(
            "Act as this person with: writ --profile {name} …, or WRIT_PROFILE={name}"
        )),
    }
    Ok(Exit::Done)
}

/// Waits until another device of the same person adds this one's key.
async fn pair(args: &LoginArgs, name: &str, context: &Context) -> Result<Profile, Failure> {
    let label = args.label.clone().unwrap_or_else(computer_name);
    let joining = Joining::begin(&context.profiles, &args.url, &args.upn).await?;
    let pairing = joining.pair(&label)?;
    remark(&format!(
        "On a device where you are {} already, type within 5 minutes: writ key add TEXT\n\
         It must show the key {}. TEXT is:\n",
        args.upn,
        pairing.key_id().short()
    ));
    match context.is_json() {
        true => remark(pairing.text()),
        false => print(pairing.text()),
    }
    Ok(pairing.wait(&context.profiles, name).await?)
}

/// A login that needs no code: one whose answer was lost, or a key that is
/// here and known.
async fn known(
    joining: &Joining,
    existing: Option<Profile>,
    name: &str,
    args: &LoginArgs,
    context: &Context,
) -> Result<Option<Profile>, Failure> {
    if let Some(profile) = joining.resume(&context.profiles, name).await? {
        return Ok(Some(profile));
    }
    match existing.filter(|_| !args.code_stdin && !args.recovery) {
        Some(existing) => Ok(existing.log_in_again().await?),
        None => Ok(None),
    }
}

fn read_code(args: &LoginArgs, joining: &Joining) -> Result<Code, Failure> {
    let purpose = match args.recovery {
        true => Purpose::Recovery,
        false => Purpose::Invitation,
    };
    let text = match (args.code_stdin, is_interactive()) {
        (true, _) => from_input()?,
        (false, true) => ask(joining)?,
        (false, false) => {
            return Err(Failure::usage(
                "the code of your invitation is needed, and there is no terminal to ask on; \
                 repeat with --code-stdin and give it as standard input",
            ));
        }
    };
    let code = Code::read(purpose, &text).map_err(Failure::usage)?;
    joining.check_code(&code)?;
    Ok(code)
}

fn from_input() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .take(MAX_CODE)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("the code on standard input: {error}")))?;
    Ok(text)
}

fn ask(joining: &Joining) -> Result<Zeroizing<String>, Failure> {
    let question = format!("Code of your invitation to {}:", joining.organization());
    Password::new(&question)
        .with_display_mode(PasswordDisplayMode::Masked)
        .with_display_toggle_enabled()
        .with_help_message("Ctrl-R shows what you type")
        .without_confirmation()
        .prompt()
        .map(Zeroizing::new)
        .map_err(|error| Failure::usage(format!("nothing was done: {error}")))
}

pub(crate) async fn log_out(args: &LogoutArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    client.log_out(args.everywhere).await?;
    let account = client.account();
    let what = match args.everywhere {
        true => "All your sessions have ended, on every machine.",
        false => "Your session on this machine has ended.",
    };
    print(&format!(
        "{what} Come back with: writ login {} --as {}",
        account.url, account.upn
    ));
    Ok(Exit::Done)
}
