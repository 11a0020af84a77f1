//! Pipelines, element after element.

use super::check::{asks_help, format_object};
use super::perform::{lacking, ours, target, what_if};
use super::{Flow, Halt, Session, spelled};
use crate::binder::{Bound, bind};
use crate::cmdlets::Effect;
use crate::format::{Table, list, table};
use crate::host::{Console, Host};
use crate::pipe;
use crate::record::{ErrorRecord, Reason};
use crate::syntax::{Argument, Command, Condition, Element, Expr, Member, Operator, Pipeline};
use crate::values::Value;

/// What has been made so far: nothing before the first element.
type Input = Option<Vec<Value>>;

impl<H: Host> Session<H> {
    /// Runs a pipeline.
    pub(super) async fn pipeline(
        &mut self,
        pipeline: &Pipeline,
        console: &mut dyn Console,
    ) -> Result<Flow, Halt> {
        self.try_files(pipeline, console)?;
        let mut flow: Option<Flow> = None;
        for element in &pipeline.elements {
            let input = match flow {
                None => None,
                Some(Flow::Values(values)) => Some(values),
                // What was to be shown may go into a file.
                Some(Flow::Shown(text)) if is_end(element) => {
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    Some(vec![Value::from(text)])
                }
                Some(Flow::Shown(_)) => {
                    return Err(self.report(&format_object(), "", None, console));
                }
            };
            flow = Some(match element {
                Element::Value(expr) => {
                    let value = self.value(expr, true, console).await?;
                    Flow::Values(value.items())
                }
                Element::Command(command) => {
                    let made = self.command(command, input, console).await?;
                    if let Flow::Values(values) = &made {
                        self.see(&command.name, values);
                    }
                    made
                }
            });
        }
        Ok(flow.unwrap_or(Flow::Values(Vec::new())))
    }

    async fn command(
        &mut self,
        command: &Command,
        input: Input,
        console: &mut dyn Console,
    ) -> Result<Flow, Halt> {
        if asks_help(&command.arguments) {
            let name = spelled(&command.name);
            let shown = self.asked_help(name).await;
            return shown
                .map(Flow::Values)
                .map_err(|error| self.report(&error, "Get-Help", None, console));
        }
        let Some(cmdlet) = ours(&command.name) else {
            let given = self.given(&command.arguments, console).await?;
            let values = self.task(&command.name, given, input, console).await?;
            return Ok(Flow::Values(values));
        };
        match cmdlet.name {
            "Where-Object" => {
                let input = input.unwrap_or_default();
                return self.filter(command, input, console).await.map(Flow::Values);
            }
            "ForEach-Object" => {
                let input = input.unwrap_or_default();
                return self.each(command, input, console).await.map(Flow::Values);
            }
            _ => {}
        }
        let given = self.given(&command.arguments, console).await?;
        match cmdlet.effect {
            Effect::Pipeline => {
                let bound = bind(cmdlet, given);
                let common = bound.as_ref().map(|bound| bound.common).ok();
                let input = input.unwrap_or_default();
                bound
                    .and_then(|bound| match bound.cmdlet.name {
                        "Tee-Object" => self.tee(&bound, input, console),
                        _ => stage(&bound, input, console),
                    })
                    .map_err(|error| self.report(&error, cmdlet.name, common, console))
            }
            Effect::Reads | Effect::Changes | Effect::TakesAway => {
                let values = self.cmdlet(cmdlet, given, input, console).await?;
                Ok(Flow::Values(values))
            }
        }
    }

    /// Tee-Object: what goes through is kept, too.
    fn tee(
        &mut self,
        bound: &Bound,
        input: Vec<Value>,
        console: &mut dyn Console,
    ) -> Result<Flow, ErrorRecord> {
        let variable = bound.text("Variable");
        match (&variable, bound.get("FilePath")) {
            (Some(_), Some(_)) | (None, None) => {
                let message = "Give a file, or a variable with -Variable.";
                let id = "AmbiguousParameterSet";
                return Err(ErrorRecord::binding("Tee-Object", id, message));
            }
            (None, Some(_)) => pipe::out(bound, &input, console)?,
            (Some(name), None) => {
                let name = name.trim_start_matches('$').to_ascii_lowercase();
                let kept = Value::List(input.clone()).unwrapped();
                self.variables.insert(name, kept);
            }
        }
        Ok(Flow::Values(input))
    }

    /// Where-Object, in both of its forms.
    async fn filter(
        &mut self,
        command: &Command,
        input: Vec<Value>,
        console: &mut dyn Console,
    ) -> Result<Vec<Value>, Halt> {
        let condition = match command.arguments.as_slice() {
            [Argument::Condition(condition)] => condition.clone(),
            arguments => simple(arguments).ok_or_else(|| {
                let record = ErrorRecord::binding(
                    "Where-Object",
                    "InvalidArgument",
                    "Give a condition, such as {$_.RequestStatus -eq 'Pending'} or RequestStatus -eq \
                     Pending.",
                );
                self.report(&record, "Where-Object", None, console)
            })?,
        };
        let before = self.set_this(None);
        let mut values = Vec::new();
        let mut halted = None;
        for item in input {
            self.set_this(Some(item.clone()));
            match self.holds(&condition, console).await {
                Ok(true) => values.push(item),
                Ok(false) => {}
                Err(halt) => {
                    halted = Some(halt);
                    break;
                }
            }
        }
        self.set_this(before);
        halted.map_or(Ok(values), Err)
    }

    /// ForEach-Object, in both of its forms.
    async fn each(
        &mut self,
        command: &Command,
        input: Vec<Value>,
        console: &mut dyn Console,
    ) -> Result<Vec<Value>, Halt> {
        let pipeline = match command.arguments.as_slice() {
            [Argument::Each(pipeline)] => pipeline,
            [Argument::Value(Expr::Word(name) | Expr::Quoted(name), _)] => {
                let name = name.literal().unwrap_or_default();
                let members = input.iter().flat_map(|item| item.member(&name).items());
                return Ok(members.collect());
            }
            _ => {
                let record = ErrorRecord::binding(
                    "ForEach-Object",
                    "InvalidArgument",
                    "Give one pipeline in braces, or the name of a property.",
                );
                return Err(self.report(&record, "ForEach-Object", None, console));
            }
        };
        let before = self.set_this(None);
        let mut values = Vec::new();
        let mut halted = None;
        for item in input {
            self.set_this(Some(item));
            match Box::pin(self.pipeline(pipeline, console)).await {
                Ok(Flow::Values(more)) => values.extend(more),
                Ok(Flow::Shown(text)) => console.out(text.trim_end_matches('\n')),
                // One of several: the others are done.
                Err(Halt::Statement) => {}
                Err(halt @ Halt::Script) => {
                    halted = Some(halt);
                    break;
                }
            }
        }
        self.set_this(before);
        halted.map_or(Ok(values), Err)
    }
}

/// Whether a pipeline ends with it, whatever comes.
fn is_end(element: &Element) -> bool {
    let Element::Command(command) = element else {
        return false;
    };
    ours(&command.name).is_some_and(|cmdlet| matches!(cmdlet.name, "Out-File" | "Out-Null"))
}

/// `Property -eq Value`, `Property`, `-Not Property`.
fn simple(arguments: &[Argument]) -> Option<Condition> {
    let property = |argument: &Argument| match argument {
        Argument::Value(Expr::Word(name) | Expr::Quoted(name), _) => Some(Expr::Variable(
            "_".to_owned(),
            vec![Member::Property(name.literal()?)],
        )),
        Argument::Value(..)
        | Argument::Named { .. }
        | Argument::Splat(..)
        | Argument::Condition(_)
        | Argument::Each(_) => None,
    };
    match arguments {
        [one] => Some(Condition::Is(property(one)?)),
        [
            Argument::Named {
                name, value: None, ..
            },
            one,
        ] if name.eq_ignore_ascii_case("not") => {
            Some(Condition::Not(Box::new(Condition::Is(property(one)?))))
        }
        [
            left,
            Argument::Named {
                name, value: None, ..
            },
            Argument::Value(right, _),
        ] => Some(Condition::Compare(
            property(left)?,
            Operator::named(name)?,
            right.clone(),
        )),
        _ => None,
    }
}

/// What needs nothing but the objects.
fn stage(bound: &Bound, input: Vec<Value>, console: &mut dyn Console) -> Result<Flow, ErrorRecord> {
    if let Some(parameter) = bound.missing().next() {
        return Err(lacking(bound.cmdlet.name, &[parameter.name]));
    }
    let shown = || {
        let (names, items) = pipe::properties(bound, &input);
        (names, items, console.width())
    };
    match bound.cmdlet.name {
        "Select-Object" => pipe::select(bound, input).map(Flow::Values),
        "Group-Object" => Ok(Flow::Values(pipe::group(bound, input))),
        "Sort-Object" => Ok(Flow::Values(pipe::sort(bound, input))),
        "Measure-Object" => pipe::measure(bound, &input).map(Flow::Values),
        "Format-List" if input.is_empty() => Ok(Flow::Values(Vec::new())),
        "Format-Table" if input.is_empty() => Ok(Flow::Values(Vec::new())),
        "Format-List" => {
            let (names, items, width) = shown();
            Ok(Flow::Shown(list(&items, names.as_deref(), width)))
        }
        "Format-Table" => {
            let (names, items, width) = shown();
            let how = Table {
                width,
                wrap: bound.switch("Wrap"),
                header: !bound.switch("HideTableHeaders"),
            };
            Ok(Flow::Shown(table(&items, names.as_deref(), &how)))
        }
        "ConvertTo-Json" => Ok(Flow::Values(vec![json(bound, input, console)])),
        "ConvertFrom-Json" => from_json(&input).map(Flow::Values),
        "ConvertTo-Csv" => {
            let lines = pipe::csv_lines(bound, &input)?;
            Ok(Flow::Values(lines.into_iter().map(Value::Text).collect()))
        }
        "Get-Member" => pipe::members(bound, &input).map(Flow::Values),
        "Out-Null" => Ok(Flow::Values(Vec::new())),
        name @ ("Export-Csv" | "Out-File") if bound.common.what_if => {
            what_if(name, &target(bound), console);
            Ok(Flow::Values(Vec::new()))
        }
        "Out-File" => {
            pipe::out(bound, &input, console)?;
            Ok(Flow::Values(Vec::new()))
        }
        "Export-Csv" => {
            pipe::export(bound, &input, console)?;
            Ok(Flow::Values(Vec::new()))
        }
        other => Err(ErrorRecord::unknown_command(other)),
    }
}

fn json(bound: &Bound, input: Vec<Value>, console: &mut dyn Console) -> Value {
    let depth = bound.integer("Depth").unwrap_or(2);
    let depth = usize::try_from(depth).unwrap_or(0).min(100);
    let value = match input.len() == 1 && !bound.switch("AsArray") {
        true => Value::List(input).unwrapped(),
        false => Value::List(input),
    };
    let (text, is_cut) = pipe::to_json(&value, depth, bound.switch("Compress"));
    if is_cut {
        console.err(&format!(
            "WARNING: Resulting JSON is truncated as serialization has exceeded the set depth of \
             {depth}."
        ));
    }
    Value::Text(text)
}

fn from_json(input: &[Value]) -> Result<Vec<Value>, ErrorRecord> {
    let lines: Vec<_> = input.iter().map(Value::text).collect();
    let value = pipe::from_json(&lines.join("\n")).map_err(|problem| {
        let message = format!("Conversion from JSON failed with error: {problem}");
        ErrorRecord::new(Reason::Usage, "ConvertFromJson", message)
    })?;
    Ok(value.items())
}
