//! A session: runs what was read, statement after statement.
//!
//! What comes out of a pipeline is shown, or kept in a variable. An error ends
//! its statement; the script goes on, unless `Stop` was said. Of a script with a
//! fault nothing is run: it never comes here.

mod check;
mod evaluate;
mod files;
mod own;
mod perform;
mod stages;

pub(crate) use perform::{WORKLOAD, quoted};

use std::collections::BTreeMap;

use crate::binder::{ErrorAction, Given, error_action};
use crate::cmdlets;
use crate::format::default_view;
use crate::host::{Console, Host};
use crate::record::{ErrorRecord, Reason};
use crate::syntax::{Argument, Element, Pipeline, Script, Statement};
use crate::values::Value;

/// How a script ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Why the last statement that failed did.
    pub failed: Option<Reason>,
    /// Whether the session is to end.
    pub exit: bool,
    /// The exit code that was said with it.
    pub code: Option<u8>,
}

/// Runs scripts. Variables last as long as it does.
#[derive(Debug)]
pub struct Session<H> {
    host: H,
    variables: BTreeMap<String, Value>,
    failed: Option<Reason>,
    /// Whether something of this statement failed, and of the one before it.
    is_faulted: bool,
    was_faulted: bool,
    /// The exit code of the last task.
    task_code: u8,
    /// What was typed at the prompt.
    typed: Vec<String>,
    /// The properties of what commands made, by the command.
    seen: BTreeMap<String, Vec<String>>,
}

/// How many lines are remembered.
const MOST_TYPED: usize = 4_096;
/// Of how many commands the properties are remembered, and how many.
const MOST_SEEN: usize = 200;

/// What comes out of a pipeline.
pub(crate) enum Flow {
    /// Values.
    Values(Vec<Value>),
    /// What is only to be shown.
    Shown(String),
}

/// Why something does not go on.
pub(crate) enum Halt {
    /// It was shown; the next statement goes on.
    Statement,
    /// It was shown; the script ends.
    Script,
}

impl<H: Host> Session<H> {
    /// A session without variables.
    pub const fn new(host: H) -> Self {
        Self {
            host,
            variables: BTreeMap::new(),
            failed: None,
            is_faulted: false,
            was_faulted: false,
            task_code: 0,
            typed: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    /// The properties of what commands made, by the command in small letters.
    pub const fn seen(&self) -> &BTreeMap<String, Vec<String>> {
        &self.seen
    }

    /// Remembers which properties a command makes.
    fn see(&mut self, command: &str, values: &[Value]) {
        let Some(object) = values.first().and_then(Value::object) else {
            return;
        };
        if self.seen.len() < MOST_SEEN {
            let names = object.fields().map(|(name, _)| name.to_owned());
            let names = names.take(MOST_SEEN).collect();
            self.seen
                .insert(spelled(command).to_ascii_lowercase(), names);
        }
    }

    /// Remembers what was typed, for Get-History.
    pub fn remember(&mut self, typed: &str) {
        if self.typed.len() < MOST_TYPED && !crate::prompt::is_sensitive(typed) {
            self.typed.push(typed.trim_end().to_owned());
        }
    }

    /// Who does what cmdlets say.
    pub const fn host(&mut self) -> &mut H {
        &mut self.host
    }

    /// The names of the variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Runs a script.
    pub async fn run(&mut self, script: &Script, console: &mut dyn Console) -> Ended {
        self.failed = None;
        // Nothing of it is run if something in it is known to fail.
        if let Err(problem) = check::script(script, console.is_interactive()) {
            let (record, command) = *problem;
            let shown = record.shown(&command, false);
            console.err(&format!("{shown}\n\nNothing was run."));
            self.was_faulted = true;
            return Ended {
                failed: Some(record.reason),
                ..Ended::default()
            };
        }
        for statement in &script.statements {
            if let Some(arguments) = exit_of(&statement.pipeline) {
                match self.exit_code(arguments, console).await {
                    Ok(code) => {
                        return Ended {
                            failed: self.failed,
                            exit: true,
                            code,
                        };
                    }
                    Err(Halt::Statement) => continue,
                    Err(Halt::Script) => break,
                }
            }
            self.is_faulted = false;
            let done = self.statement(statement, console).await;
            self.was_faulted = self.is_faulted;
            match done {
                Ok(()) | Err(Halt::Statement) => {}
                Err(Halt::Script) => break,
            }
        }
        Ended {
            failed: self.failed,
            ..Ended::default()
        }
    }

    /// The code that is said with `exit`, if one is.
    async fn exit_code(
        &mut self,
        arguments: &[Argument],
        console: &mut dyn Console,
    ) -> Result<Option<u8>, Halt> {
        let given = self.given(arguments, console).await?;
        let code = match given.as_slice() {
            [] => return Ok(None),
            [Given::Value(value)] => value.number().and_then(|code| u8::try_from(code).ok()),
            _ => None,
        };
        code.map(Some).ok_or_else(|| {
            let message = "exit takes nothing, or one number from 0 to 255.";
            let record = ErrorRecord::new(Reason::Usage, "InvalidArgument", message);
            self.report(&record, "exit", None, console)
        })
    }

    async fn statement(
        &mut self,
        statement: &Statement,
        console: &mut dyn Console,
    ) -> Result<(), Halt> {
        let flow = self.pipeline(&statement.pipeline, console).await?;
        match (flow, &statement.target) {
            (Flow::Values(values), Some(target)) => {
                let value = Value::List(values).unwrapped();
                self.variables.insert(target.to_ascii_lowercase(), value);
            }
            (Flow::Values(values), None) => {
                let text = default_view(&values, console.width());
                if !text.is_empty() {
                    console.out(text.strip_suffix('\n').unwrap_or(&text));
                }
            }
            (Flow::Shown(text), None) => {
                console.out(text.strip_suffix('\n').unwrap_or(&text));
            }
            (Flow::Shown(_), Some(_)) => {
                let record = ErrorRecord::new(
                    Reason::Usage,
                    "FormatObject",
                    "What Format-List and Format-Table make is only shown, not kept.",
                );
                return Err(self.report(&record, "", None, console));
            }
        }
        Ok(())
    }

    /// Shows an error, or keeps it quiet, and says what goes on.
    fn report(
        &mut self,
        record: &ErrorRecord,
        command: &str,
        common: Option<crate::binder::Common>,
        console: &mut dyn Console,
    ) -> Halt {
        let common = common.unwrap_or_default();
        let preferred = self
            .variables
            .get("erroractionpreference")
            .map(error_action);
        let action = common.error_action.or(preferred).unwrap_or_default();
        self.is_faulted = true;
        if action == ErrorAction::Quiet {
            return Halt::Statement;
        }
        let view = self.variables.get("errorview").map(Value::text);
        let is_whole = view.is_some_and(|view| view.eq_ignore_ascii_case("NormalView"));
        console.err(&record.shown(command, is_whole || common.verbose));
        self.failed = Some(record.reason);
        match action {
            ErrorAction::Stop => Halt::Script,
            ErrorAction::Continue | ErrorAction::Quiet => Halt::Statement,
        }
    }
}

/// What stands after `exit`, if it is that.
fn exit_of(pipeline: &Pipeline) -> Option<&[Argument]> {
    let [Element::Command(command)] = pipeline.elements.as_slice() else {
        return None;
    };
    is_exit(&command.name).then_some(command.arguments.as_slice())
}

fn is_exit(name: &str) -> bool {
    ["exit", "quit"]
        .iter()
        .any(|exit| name.eq_ignore_ascii_case(exit))
}

/// The name that a command is shown by.
pub(crate) fn spelled(name: &str) -> &str {
    cmdlets::find(name).map_or(name, |cmdlet| cmdlet.name)
}
