//! What the session does by itself: it asks the host for nothing but the time and
//! what tasks there are.

use super::Session;
use crate::binder::Bound;
use crate::cmdlets::{self, Cmdlet};
use crate::help;
use crate::host::{Console, Described, Host};
use crate::letters::plain_lines;
use crate::record::{ErrorRecord, Reason};
use crate::values::{Object, Value, call};

impl<H: Host> Session<H> {
    /// Does it, if it is one of these.
    pub(super) async fn own(
        &mut self,
        bound: &Bound,
        console: &mut dyn Console,
    ) -> Option<Result<Vec<Value>, ErrorRecord>> {
        Some(match bound.cmdlet.name {
            "Get-Command" => {
                let tasks = self.host.tasks().await.unwrap_or_else(|error| {
                    console.err(&format!(
                        "WARNING: The tasks of the organization are not among these: {}",
                        plain_lines(&error.message)
                    ));
                    Vec::new()
                });
                Ok(help::commands(bound, &tasks))
            }
            "Get-Help" => self.help(bound).await,
            "Get-Date" => self.date(bound),
            "Get-History" => Ok(self.history(bound)),
            "Write-Output" => Ok(bound
                .get("InputObject")
                .cloned()
                .unwrap_or_default()
                .items()),
            "Write-Host" => {
                let separator = bound.text("Separator").unwrap_or_else(|| " ".to_owned());
                let items = bound.get("Object").cloned().unwrap_or_default().items();
                let texts: Vec<_> = items.iter().map(Value::text).collect();
                console.out(&plain_lines(&texts.join(&separator)));
                Ok(Vec::new())
            }
            "Clear-Host" => {
                console.clear();
                Ok(Vec::new())
            }
            "Import-Module" => import(bound, console),
            "Connect-IPPSSession" => {
                console.err(
                    "There is no second service to connect to: Connect-ExchangeOnline signs in, \
                     and nothing was done.",
                );
                Ok(Vec::new())
            }
            _ => return None,
        })
    }

    /// How a command is used, or which there are.
    async fn help(&mut self, bound: &Bound) -> Result<Vec<Value>, ErrorRecord> {
        let Some(name) = bound.text("Name") else {
            return Ok(help::overview());
        };
        if let Some(cmdlet) = cmdlets::find(&name) {
            return Ok(help::of_cmdlet(cmdlet, bound.switch("Examples")));
        }
        if name.contains(['*', '?', '[']) {
            let tasks = self.host.tasks().await.unwrap_or_default();
            return help::that_fit(&name, &tasks);
        }
        let task = super::perform::invocation_name(&name, false);
        let listed = self.host.tasks().await.unwrap_or_default();
        let described = match task {
            Ok(task) => self.host.described(&task).await?,
            Err(_) => None,
        };
        // An open workload has a task of any name.
        let is_known = |task: &Described| {
            !task.parameters.is_empty()
                || !task.title.is_empty()
                || listed.iter().any(|known| known.task == task.task)
        };
        match described {
            Some(task) if is_known(&task) => Ok(help::of_task(&task)),
            Some(task) => Err(help::not_known(&task)),
            None => Err(help::not_found(&name)),
        }
    }

    /// The help of what `-?` stands after.
    pub(super) async fn asked_help(&mut self, name: &str) -> Result<Vec<Value>, ErrorRecord> {
        let mut bound = Bound::new(help_cmdlet()?);
        let cmdlet = bound.cmdlet;
        if let Some(parameter) = cmdlet.parameters.iter().find(|p| p.name == "Name") {
            bound.give(parameter, Value::from(name))?;
        }
        self.help(&bound).await
    }

    fn date(&self, bound: &Bound) -> Result<Vec<Value>, ErrorRecord> {
        let date = bound.get("Date").cloned();
        let date = date.unwrap_or_else(|| Value::Time(self.host.now()));
        let shown = match bound.get("Format") {
            Some(format) => call(&date, "ToString", std::slice::from_ref(format)),
            None => Ok(date),
        };
        shown
            .map(|date| vec![date])
            .map_err(|problem| ErrorRecord::binding("Get-Date", "FormatException", problem))
    }

    fn history(&self, bound: &Bound) -> Vec<Value> {
        let count = bound.integer("Count").unwrap_or(i64::MAX);
        let count = usize::try_from(count).unwrap_or(0);
        let skipped = self.typed.len().saturating_sub(count);
        let lines = self.typed.iter().zip(1_i64..).skip(skipped);
        let shown = lines.map(|(line, id)| {
            Value::Object(
                Object::new()
                    .with("Id", id)
                    .with("CommandLine", line.as_str()),
            )
        });
        shown.collect()
    }
}

fn help_cmdlet() -> Result<&'static Cmdlet, ErrorRecord> {
    cmdlets::find("Get-Help").ok_or_else(|| ErrorRecord::unknown_command("Get-Help"))
}

/// The one module that there is, under its names.
fn import(bound: &Bound, console: &mut dyn Console) -> Result<Vec<Value>, ErrorRecord> {
    let known = ["ExchangeOnlineManagement", "CreateExoPSSession"];
    for name in bound.texts("Name").unwrap_or_default() {
        let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(&name));
        if !is_known {
            let message = format!(
                "The specified module '{name}' was not loaded because no valid module file was \
                 found: this shell has no modules. What it has is shown by Get-Command."
            );
            return Err(ErrorRecord::new(
                Reason::Usage,
                "Modules_ModuleNotFound,Import-Module",
                message,
            ));
        }
    }
    console.err("The cmdlets are there already: nothing was imported.");
    Ok(Vec::new())
}
