//! Commands that a host does: bound, asked about, and then done.

use super::{Halt, Session, spelled};
use crate::binder::{Bound, Common, Given, bind, bind_common};
use crate::cmdlets::{self, Cmdlet, Effect, Kind};
use crate::host::{Console, Host, Invocation};
use crate::letters::in_quotes;
use crate::record::{ErrorRecord, Reason};
use crate::values::Value;

/// The workload that a name without one means.
pub(crate) const WORKLOAD: &str = "Exchange";

/// What stands for a command that only the server knows.
static TASK: Cmdlet = Cmdlet {
    name: "Invoke-Task",
    aliases: &[],
    synopsis: "Runs a task.",
    description: "",
    parameters: &[],
    examples: &[],
    effect: Effect::Changes,
};

impl<H: Host> Session<H> {
    /// A cmdlet of ours, once, or for each object of the pipeline.
    pub(super) async fn cmdlet(
        &mut self,
        cmdlet: &'static Cmdlet,
        given: Vec<Given>,
        input: Option<Vec<Value>>,
        console: &mut dyn Console,
    ) -> Result<Vec<Value>, Halt> {
        let bound = bind(cmdlet, given).and_then(|mut bound| {
            complete(&mut bound, input.is_some(), console)?;
            Ok(bound)
        });
        let bound = bound.map_err(|error| self.report(&error, cmdlet.name, None, console))?;
        let common = Some(bound.common);
        let all: Vec<_> = match input {
            None => bound.each().into_iter().map(Ok).collect(),
            Some(items) => {
                let each = bound.each();
                let with = |item| each.iter().map(move |bound| bound.with_piped(item));
                items.iter().flat_map(with).collect()
            }
        };
        let is_one = all.len() == 1;
        let mut values = Vec::new();
        for bound in all {
            let done = match bound {
                Ok(bound) => self.perform(&bound, console).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(more) => values.extend(more),
                Err(error) => match self.report(&error, cmdlet.name, common, console) {
                    // One of several: the others are done.
                    Halt::Statement if !is_one => {}
                    halt @ (Halt::Statement | Halt::Script) => return Err(halt),
                },
            }
        }
        Ok(values)
    }

    async fn perform(
        &mut self,
        bound: &Bound,
        console: &mut dyn Console,
    ) -> Result<Vec<Value>, ErrorRecord> {
        let cmdlet = bound.cmdlet;
        if let Some(done) = self.own(bound, console).await {
            return done;
        }
        // What is impossible is not what would be done.
        if bound.common.what_if && cmdlet.effect != Effect::Reads {
            self.host.try_call(bound, console).await?;
        }
        let what = cmdlet.synopsis;
        let more = match cmdlet.effect {
            Effect::TakesAway => cmdlet.description,
            Effect::Pipeline | Effect::Reads | Effect::Changes => "",
        };
        let asks = cmdlet.effect == Effect::TakesAway;
        match may(
            cmdlet.name,
            &target(bound),
            &[what, more],
            bound.common,
            asks,
            console,
        )? {
            true => self.host.call(bound, console).await,
            false => Ok(Vec::new()),
        }
    }

    /// A task, by its name.
    pub(super) async fn task(
        &mut self,
        name: &str,
        given: Vec<Given>,
        input: Option<Vec<Value>>,
        console: &mut dyn Console,
    ) -> Result<Vec<Value>, Halt> {
        let mut common = Common::default();
        let invocation = invocation(name, given, input.is_some());
        let done = match invocation {
            Ok(invocation) => {
                common = invocation.common;
                self.run_task(&invocation, console).await
            }
            Err(error) => Err(error),
        };
        if !common.what_if {
            self.task_code = done
                .as_ref()
                .err()
                .map_or(0, |error| error.reason.exit_code());
        }
        done.map_err(|error| self.report(&error, spelled(name), Some(common), console))
    }

    async fn run_task(
        &mut self,
        invocation: &Invocation,
        console: &mut dyn Console,
    ) -> Result<Vec<Value>, ErrorRecord> {
        let unnamed = invocation.positional.iter().map(Value::text);
        let named = invocation
            .parameters
            .iter()
            .map(|(name, value)| match value {
                Some(value) => format!("-{name} {}", value.text()),
                None => format!("-{name}"),
            });
        let parameters: Vec<_> = unnamed.chain(named).collect();
        let target = match parameters.is_empty() {
            true => invocation.task.clone(),
            false => parameters.join(" "),
        };
        let task = match invocation.common.what_if {
            true => self.host.try_invoke(invocation, console).await?,
            false => invocation.task.clone(),
        };
        match may(&task, &target, &[], invocation.common, false, console)? {
            true => self.host.invoke(invocation, console).await,
            false => Ok(Vec::new()),
        }
    }
}

/// Asks for mandatory parameters that miss, if there is somebody to ask.
fn complete(bound: &mut Bound, piped: bool, console: &mut dyn Console) -> Result<(), ErrorRecord> {
    let missing: Vec<_> = bound
        .missing()
        .filter(|parameter| !piped || parameter.from.is_empty())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let cmdlet = bound.cmdlet.name;
    if !console.is_interactive() {
        let names: Vec<_> = missing.iter().map(|parameter| parameter.name).collect();
        return Err(lacking(cmdlet, &names));
    }
    console.err(&format!(
        "\ncmdlet {cmdlet} at command pipeline position 1\n\
         Supply values for the following parameters:"
    ));
    for parameter in missing {
        let canceled = || ErrorRecord::binding(cmdlet, "PipelineStopped", "Nothing was done.");
        let value = match parameter.kind {
            Kind::Texts | Kind::Each => Value::List(several(parameter.name, console)),
            Kind::Text
            | Kind::Rest
            | Kind::Count
            | Kind::Integer
            | Kind::Switch
            | Kind::Boolean
            | Kind::Word(_)
            | Kind::Table
            | Kind::Time
            | Kind::Duration
            | Kind::Properties
            | Kind::Any => {
                let answer = console.ask(&format!("{}: ", parameter.name));
                Value::Text(answer.ok_or_else(canceled)?)
            }
        };
        bound.give(parameter, value)?;
    }
    Ok(())
}

/// What a command cannot do without.
pub(super) fn lacking(cmdlet: &str, names: &[&str]) -> ErrorRecord {
    let message = format!(
        "Cannot process command because of one or more missing mandatory parameters: {}.",
        names.join(" ")
    );
    ErrorRecord::binding(cmdlet, "MissingMandatoryParameter", message)
        .with_next(format!("Get-Help {cmdlet}"))
}

/// Asks for texts until there are no more.
fn several(name: &str, console: &mut dyn Console) -> Vec<Value> {
    let mut values = Vec::new();
    while let Some(answer) = console.ask(&format!("{name}[{}]: ", values.len())) {
        if answer.trim().is_empty() {
            break;
        }
        values.push(Value::Text(answer));
    }
    values
}

/// What an effect is on, in words.
pub(super) fn target(bound: &Bound) -> String {
    let mut places: Vec<_> = bound
        .cmdlet
        .parameters
        .iter()
        .filter(|parameter| parameter.position == Some(0))
        .filter_map(|parameter| bound.text(parameter.name))
        .collect();
    places.truncate(1);
    places
        .pop()
        .unwrap_or_else(|| "privileged access".to_owned())
}

/// Whether it is done: not with `-WhatIf`, and not if a person says no.
fn may(
    operation: &str,
    target: &str,
    said: &[&str],
    common: Common,
    asks: bool,
    console: &mut dyn Console,
) -> Result<bool, ErrorRecord> {
    if common.what_if {
        what_if(operation, target, console);
        return Ok(false);
    }
    let is_asked = common.confirm.unwrap_or(asks && console.is_interactive());
    if !is_asked {
        return Ok(true);
    }
    if !console.is_interactive() {
        return Err(ErrorRecord::new(
            Reason::Usage,
            "PSInvalidOperationException",
            format!("{operation} asks first, and there is nobody to ask; say -Confirm:$false."),
        ));
    }
    let said: Vec<_> = said
        .iter()
        .filter(|said| !said.is_empty())
        .copied()
        .collect();
    console.err(&format!(
        "\nConfirm\nAre you sure you want to perform this action?\n\
         Performing the operation \"{operation}\" on target \"{}\".\n{}",
        crate::letters::plain_lines(target),
        said.join(" ")
    ));
    let answer = console.ask("[Y] Yes  [N] No  (default is \"N\"): ");
    let answer = answer.unwrap_or_default().trim().to_ascii_lowercase();
    match answer.as_str() {
        "y" | "yes" => Ok(true),
        _ => {
            console.err("Nothing was done.");
            Ok(false)
        }
    }
}

/// Says what would be done.
pub(super) fn what_if(operation: &str, target: &str, console: &mut dyn Console) {
    console.out(&format!(
        "What if: Performing the operation \"{operation}\" on target \"{}\".",
        crate::letters::plain_lines(target)
    ));
}

/// The task that a name means. What nobody can have meant is none: each task that
/// is typed becomes an entry of the log.
pub(super) fn invocation_name(name: &str, piped: bool) -> Result<String, ErrorRecord> {
    if let Some(cmdlet) = nearly(name) {
        return Err(ErrorRecord::unknown_command(name).with_next(cmdlet.name));
    }
    let unknown = |_| ErrorRecord::unknown_command(name).with_next("Get-Command");
    let task = match name.contains('\\') {
        true => name.to_owned(),
        false if is_command(name) => format!("{WORKLOAD}\\{name}"),
        false => return Err(unknown(())),
    };
    let task = writ_core::names::TaskName::parse(&task).map_err(|_| unknown(()))?;
    if piped {
        return Err(ErrorRecord::binding(
            name,
            "InputObjectNotBound",
            format!(
                "Tasks take nothing from a pipeline. Name the parameters: \
                 | ForEach-Object {{ {name} -Identity $_.Identity }}"
            ),
        ));
    }
    Ok(task.to_string())
}

/// Whether a name is a verb, a dash and more.
fn is_command(name: &str) -> bool {
    let parts = name.split_once('-');
    parts.is_some_and(|(verb, noun)| {
        !verb.is_empty()
            && verb.chars().all(|c| c.is_ascii_alphabetic())
            && noun.starts_with(|c: char| c.is_ascii_alphabetic())
    })
}

/// The cmdlet that a name is nearly, if it has a noun of ours.
fn nearly(name: &str) -> Option<&'static Cmdlet> {
    let typed = name.to_ascii_lowercase();
    cmdlets::all().find(|cmdlet| {
        let known = cmdlet.name.to_ascii_lowercase();
        // One letter in eight, and two at most: short names are soon others.
        let most = (known.len() / 8).min(2);
        typed != known && distance(&typed, &known) <= most
    })
}

/// How many letters are to be added, left out or changed.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut before = at;
        let mut last = at + 1;
        let mut next = vec![last];
        for (above, other) in row.iter().skip(1).zip(&right) {
            let changed = before + usize::from(letter != *other);
            last = changed.min(last + 1).min(above + 1);
            before = *above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// What is to be run, and with what.
fn invocation(name: &str, given: Vec<Given>, piped: bool) -> Result<Invocation, ErrorRecord> {
    let task = invocation_name(name, piped)?;
    let (common, given) = bind_common(&TASK, given)?;
    let (mut parameters, mut positional) = (Vec::new(), Vec::new());
    let mut given = given.into_iter().peekable();
    while let Some(argument) = given.next() {
        let (name_given, value) = match argument {
            Given::Named(name, value) => (name, value),
            Given::Value(value) => {
                positional.push(value);
                continue;
            }
        };
        let value = match value {
            Some(value) => Some(value),
            None => match given.next_if(|next| matches!(next, Given::Value(_))) {
                Some(Given::Value(value)) => Some(value),
                Some(Given::Named(..)) | None => None,
            },
        };
        parameters.push((name_given, value));
    }
    Ok(Invocation {
        task,
        parameters,
        positional,
        common,
    })
}

/// A text as it is typed.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"@._\\:/-".contains(&b));
    match is_plain {
        true => text.to_owned(),
        false => in_quotes(text),
    }
}

/// Whether a name is a cmdlet of ours.
pub(super) fn ours(name: &str) -> Option<&'static Cmdlet> {
    cmdlets::find(name)
}
