//! The connector `exchange`: runs cmdlets of Exchange Online.
//!
//! A task's **cmdlet** is its command, `Exchange\New-MoveRequest`, or what its
//! template names. It goes to the admin API's `InvokeCommand` as JSON: each value
//! is typed, and none becomes a part of a command line. Who asks is an **app** of
//! the tenant (see [`settings`]) with a secret, or a certificate and its key.
//!
//! A cmdlet **reads** if its verb is `Get`; every other one may **change**
//! something. What reads is asked again where an answer did not come. What
//! changes leaves this node at most once: an answer that did not come, or that
//! does not say what happened, makes the run unknown.
//!
//! Each row that comes back is one line of JSON; warnings are remarks.

mod app;
pub mod hints;
mod http;
mod invoke;
mod reply;
mod settings;
mod token;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use thiserror::Error;
use writ_core::digest::ExecutionId;
use writ_core::names::{ParameterName, TaskName};
use writ_core::object::{Task, Workload};
use writ_core::run::{Job, Permit};
use writ_core::value::Value;

use self::http::Http;
use self::invoke::{Conversation, Progress};
use self::token::Tokens;
use crate::{Connector, Credentials, Ended, Hint, Output, Uptime};

pub use settings::{Cloud, Settings};

/// How long to wait before a second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest call that is sent, in bytes.
const MAX_CALL: usize = 8 << 20;

/// Runs cmdlets of Exchange Online.
#[derive(Debug)]
pub struct ExchangeConnector {
    http: Http,
    tokens: Tokens,
    pause: Duration,
    uptime: Uptime,
}

/// Why the connector cannot be had.
#[derive(Debug, Error)]
#[error("cannot speak HTTPS here: {0}")]
pub struct ExchangeError(#[from] reqwest::Error);

impl ExchangeConnector {
    /// A connector that trusts whom this machine trusts.
    pub fn new() -> Result<Self, ExchangeError> {
        Ok(Self {
            http: Http::new()?,
            tokens: Tokens::default(),
            pause: PAUSE,
            uptime: Uptime::default(),
        })
    }

    /// The same with less patience between attempts.
    #[cfg(feature = "testing")]
    #[must_use]
    pub const fn with_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// The same on a host that a test may suspend.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with_uptime(mut self, uptime: Uptime) -> Self {
        self.uptime = uptime;
        self
    }

    /// Carries out a job; [`execute`](Connector::execute) without the permit.
    pub async fn run(&self, job: &Job, credentials: &Credentials, output: &Output) -> Ended {
        let limit = job.task.deadline_s;
        let deadline = self.uptime.deadline(Duration::from_secs(limit.0));
        let prepared = Call::of(job, credentials).and_then(|call| {
            let settings = Settings::of(&job.workload)?;
            let app = app::App::of(settings, credentials)?;
            Ok((call, app))
        });
        let (call, app) = match prepared {
            Ok(prepared) => prepared,
            Err(why) => return Ended::not_started(why),
        };
        let progress = Progress::default();
        let conversation = Conversation {
            http: &self.http,
            tokens: &self.tokens,
            pause: self.pause,
            app: &app,
            call: &call,
            output,
            progress: &progress,
            uptime: &self.uptime,
            began: job.authorized,
            deadline: &deadline,
        };
        let ended = deadline.before(conversation.run()).await;
        ended.unwrap_or_else(|| at_deadline(&call, &progress, limit.0))
    }
}

fn at_deadline(call: &Call, progress: &Progress, limit: u64) -> Ended {
    match (call.changes(), progress.is_sent()) {
        (_, false) => Ended::not_started(format!(
            "no token came from Entra ID by the deadline of {limit}s"
        )),
        (true, true) => Ended::Unknown {
            note: format!(
                "no answer from Exchange Online by the deadline of {limit}s; {}",
                call.look()
            ),
        },
        (false, true) => Ended::Failed {
            exit: None,
            note: format!(
                "no whole answer from Exchange Online by the deadline of {limit}s; \
                 `{}` changes nothing",
                call.cmdlet
            ),
        },
    }
}

#[async_trait]
impl Connector for ExchangeConnector {
    fn check_task(&self, task: &Task) -> Result<(), String> {
        cmdlet_of(task).map(|_| ())
    }

    fn check_workload(&self, workload: &Workload) -> Result<(), String> {
        Settings::of(workload).map(|_| ())
    }

    fn hint(&self, task: &TaskName) -> Option<Hint> {
        hints::find(task.command()).map(|known| Hint {
            command: known.cmdlet.to_owned(),
            parameters: known.schemas(),
            usual: known.usual(),
        })
    }

    fn commands(&self) -> Vec<&'static str> {
        hints::HINTS.iter().map(|known| known.cmdlet).collect()
    }

    async fn execute(&self, permit: &Permit, credentials: &Credentials, output: &Output) -> Ended {
        self.run(permit.job(), credentials, output).await
    }

    /// Exchange Online cannot say what became of a call: it knows no keys of
    /// callers. Its audit log can, later, and it has the id.
    async fn probe(&self, execution: ExecutionId) -> Option<Ended> {
        Some(Ended::Unknown {
            note: format!(
                "the node was restarted while it ran; look at the object in Exchange Online, or \
                 for client-request-id {} with Microsoft, then: writ executions resolve",
                execution.short()
            ),
        })
    }
}

/// What a run asks for.
#[derive(Debug)]
pub(crate) struct Call {
    /// `New-MoveRequest`.
    pub(crate) cmdlet: String,
    /// Canonical JSON of the call.
    pub(crate) body: Vec<u8>,
    /// What the service calls the call, too.
    pub(crate) request_id: String,
}

/// The cmdlet that a task runs.
fn cmdlet_of(task: &Task) -> Result<String, String> {
    if let Some(name) = task.template.keys().find(|name| *name != "cmdlet") {
        return Err(format!(
            "the template of a task of Exchange has `cmdlet` or nothing, so `{}` means nothing",
            name.escape_debug()
        ));
    }
    let named = match task.template.get("cmdlet") {
        None => task.name.command().to_owned(),
        Some(Value::Text(name)) => name.clone(),
        Some(Value::Integer(_) | Value::Boolean(_) | Value::List(_) | Value::Table(_)) => {
            return Err("`cmdlet` is the name of a cmdlet, such as Get-Mailbox".into());
        }
    };
    match is_cmdlet(&named) {
        true => Ok(named),
        false => Err(format!(
            "`{}` is not the name of a cmdlet: a verb, a dash and a noun, such as Get-Mailbox",
            named.escape_debug()
        )),
    }
}

/// Whether a text is `Verb-Noun`.
pub fn is_cmdlet(text: &str) -> bool {
    let parts = text.split_once('-');
    text.len() <= 128
        && parts.is_some_and(|(verb, noun)| {
            !verb.is_empty()
                && verb.bytes().all(|byte| byte.is_ascii_alphabetic())
                && noun.starts_with(|c: char| c.is_ascii_alphabetic())
                && noun.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

impl Call {
    fn of(job: &Job, credentials: &Credentials) -> Result<Self, String> {
        let cmdlet = cmdlet_of(&job.task)?;
        let mut parameters = Map::new();
        let mut names = BTreeSet::new();
        let mut add = |name: &ParameterName, value: Json| {
            // Names ignore case there, so two spellings would be one parameter.
            if !names.insert(name.as_str().to_ascii_lowercase()) {
                return Err(format!("the parameter `{name}` is given in two spellings"));
            }
            parameters.insert(name.as_str().to_owned(), value);
            Ok(())
        };
        for (name, value) in &job.parameters {
            let value = json(value).map_err(|problem| format!("parameter `{name}`: {problem}"))?;
            add(name, value)?;
        }
        for (name, secret) in &credentials.parameters {
            let text = std::str::from_utf8(secret.expose());
            let text = text.map_err(|_| format!("the secret parameter `{name}` is not text"))?;
            add(name, Json::String(text.to_owned()))?;
        }
        let set = job.task.parameters.keys().map(ParameterName::as_str);
        if let Some(short) = shortened(&cmdlet, &names, set) {
            return Err(short);
        }
        let input = serde_json::json!({
            "CmdletInput": {"CmdletName": &cmdlet, "Parameters": parameters}
        });
        let body = serde_json::to_vec(&input).map_err(|error| error.to_string())?;
        match body.len() > MAX_CALL {
            true => Err(format!(
                "its parameters take {} bytes; at most {MAX_CALL} are sent",
                body.len()
            )),
            false => Ok(Self {
                cmdlet,
                body,
                request_id: job.execution.short(),
            }),
        }
    }

    /// Whether it may change something: all but `Get-` do.
    pub(crate) fn changes(&self) -> bool {
        let verb = self.cmdlet.split('-').next().unwrap_or_default();
        !verb.eq_ignore_ascii_case("get")
    }

    /// What to do about an effect that nobody knows.
    pub(crate) fn look(&self) -> String {
        format!(
            "it may have had its effect or not, and is not sent again: look at the object in \
             Exchange Online (client-request-id {}), then: writ executions resolve",
            self.request_id
        )
    }
}

/// Exchange may take a shortened name for the whole one, so a constraint on that
/// would be gone round: no name is the beginning of another.
fn shortened<'a>(
    cmdlet: &str,
    names: &BTreeSet<String>,
    set: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let known = hints::find(cmdlet).map(hints::Hint::parameters);
    let known: Vec<String> = known
        .into_iter()
        .flatten()
        .flat_map(|parameter| parameter.aliases.into_iter().chain([parameter.name]))
        .chain(set)
        .map(str::to_ascii_lowercase)
        .collect();
    let is_short = |name: &&String| {
        let begins = |whole: &String| whole != *name && whole.starts_with(name.as_str());
        !known.contains(name) && (known.iter().any(begins) || names.iter().any(begins))
    };
    let name = names.iter().find(is_short)?;
    Some(format!(
        "the parameter `{name}` is a shortened name, which Exchange could take for another one; \
         write it whole"
    ))
}

/// A value as the admin API takes it.
fn json(value: &Value) -> Result<Json, String> {
    Ok(match value {
        Value::Text(text) => Json::String(text.clone()),
        Value::Integer(number) => Json::from(*number),
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::List(items) => Json::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        Value::Table(members) => {
            let mut table = Map::new();
            for (name, member) in members {
                // What is marked with it speaks to the service, not to the cmdlet.
                if name.contains('@') {
                    return Err("a name in a table cannot hold `@`".into());
                }
                table.insert(name.clone(), json(member)?);
            }
            table.insert("@odata.type".into(), "#Exchange.GenericHashTable".into());
            Json::Object(table)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use writ_core::names::TaskName;

    #[test]
    fn a_task_names_a_cmdlet() {
        let task = |name: &str, template: &[(&str, Value)]| {
            let template = template.iter().map(|(k, v)| ((*k).to_owned(), v.clone()));
            cmdlet_of(&Task::new(
                TaskName::parse(name).unwrap(),
                template.collect(),
            ))
        };
        let text = |text: &str| Value::Text(text.into());
        assert_eq!(task(r"Exchange\Get-Mailbox", &[]).unwrap(), "Get-Mailbox");
        let named = [("cmdlet", text("New-MoveRequest"))];
        assert_eq!(task(r"Exchange\Move", &named).unwrap(), "New-MoveRequest");
        assert!(task(r"Exchange\Move", &[]).is_err());
        for bad in [
            "", "Get", "-", "Get-", "-x", "Get-A;B", "Get-A B", "Get-1", "a-b-c", "Gét-X",
        ] {
            let named = [("cmdlet", text(bad))];
            assert!(task(r"Exchange\Move", &named).is_err(), "{bad}");
        }
        let more = [("cmdlet", text("Get-User")), ("shell", text("x"))];
        assert!(task(r"Exchange\Move", &more).unwrap_err().contains("shell"));
    }

    #[test]
    fn no_name_is_short_for_another() {
        let found = |cmdlet: &str, names: &[&str]| {
            let names = names.iter().map(|name| name.to_ascii_lowercase());
            shortened(cmdlet, &names.collect(), ["Ident2"].into_iter()).is_some()
        };
        assert!(found("New-MoveRequest", &["TargetDelivery"]));
        assert!(found("new-moverequest", &["targetdatab", "TargetDatabase"]));
        assert!(found("Get-Unheard", &["Ident", "Identity"]));
        assert!(!found("New-MoveRequest", &["Identity", "TargetDatabase"]));
        assert!(!found("New-MoveRequest", &["SomethingElse"]));
        assert!(!found("Get-Unheard", &["Name"]));
        // Whole names that begin alike.
        assert!(!found("Set-Mailbox", &["Type", "EmailAddresses"]));
    }

    #[test]
    fn values_are_json_of_their_type() {
        let table = BTreeMap::from([("Add".to_owned(), Value::List(vec![Value::Integer(1)]))]);
        assert_eq!(
            json(&Value::Table(table)).unwrap().to_string(),
            r##"{"@odata.type":"#Exchange.GenericHashTable","Add":[1]}"##
        );
        let odd = BTreeMap::from([("@odata.type".to_owned(), Value::Boolean(true))]);
        assert!(json(&Value::Table(odd)).is_err());
    }
}
