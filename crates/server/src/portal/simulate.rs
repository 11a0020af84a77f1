//! A simulator: may this person ask for this task, or run it now, and who
//! would have to say yes?
//!
//! It is answered by the rules themselves, tried on a copy of State. It says
//! nothing to the log and needs no script.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use writ_core::Unable;
use writ_core::names::{Address, ParameterName, TaskName, Upn};
use writ_core::object::{Policy, Rule, Task};
use writ_core::record::Status;
use writ_core::sight::Resource;
use writ_core::statement::{Invoke, Request};
use writ_core::value::{Constraint, Value, ValueType, Values};

use super::asked::Asked;
use super::frame::{Frame, Part};
use super::show as answer;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    person: Option<Upn>,
    task: Option<TaskName>,
    /// One `name=value` a line.
    #[serde(default)]
    with: String,
}

/// Who is asked in one step.
pub(super) struct Stage {
    pub(super) group: Address,
    pub(super) approvals: u32,
    pub(super) able: Vec<Upn>,
    pub(super) unable: Vec<(Upn, Unable)>,
}

/// Who is asked by a rule, and who of them can decide a request of `requester`.
pub(super) fn stages(caller: &Caller<Anyone>, requester: &Upn, rule: &Rule) -> Vec<Stage> {
    let stage = |stage: &writ_core::object::Stage| {
        let mut members = caller.state().deciders(&stage.group, rule.policy.passkey);
        members.remove(requester);
        let (mut able, mut unable) = (Vec::new(), Vec::new());
        for (upn, why) in members {
            match why {
                None => able.push(upn),
                Some(why) => unable.push((upn, why)),
            }
        }
        Stage {
            group: stage.group.clone(),
            approvals: stage.approvals.get(),
            able,
            unable,
        }
    };
    rule.stages.iter().map(stage).collect()
}

/// What the rules say of a question.
struct Answer {
    person: Upn,
    task: TaskName,
    /// Whether a request would be taken, and be live at once; or why not.
    ask: Result<bool, String>,
    /// Whether a run would be authorised now, and whether without a grant.
    run: Result<bool, String>,
    /// Why nobody could ever approve it.
    unreachable: Option<String>,
    /// Why the person could not even sign.
    unable: Option<Unable>,
    policy: Option<Policy>,
    stages: Vec<Stage>,
}

#[derive(Template)]
#[template(path = "simulate.html")]
struct Page {
    frame: Frame,
    person: Upn,
    task: String,
    with: String,
    tasks: Vec<TaskName>,
    /// Whether the reader may ask about others.
    asks_about_others: bool,
    answer: Option<Result<Answer, String>>,
}

/// `GET /policies/simulate?person=&task=&with=`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Asked(question): Asked<Question>,
) -> Result<Response, Failure> {
    let person = question.person.unwrap_or_else(|| caller.upn().clone());
    let said = question.task.as_ref().map(|task| {
        match caller.may_read(&Resource::Person(person.clone())) {
            true => judge(&caller, &app, &person, task, &question.with),
            false => Err(format!("You may ask for yourself only, not for {person}.")),
        }
    });
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Policies, "What if").await?,
        tasks: caller
            .state()
            .tasks()
            .map(|task| task.name.clone())
            .collect(),
        asks_about_others: caller.may_read(&Resource::People),
        task: question
            .task
            .map(|task| task.to_string())
            .unwrap_or_default(),
        with: question.with,
        answer: said,
        person,
    })
}

fn judge(
    caller: &Caller<Anyone>,
    app: &App,
    person: &Upn,
    task: &TaskName,
    with: &str,
) -> Result<Answer, String> {
    let state = caller.state();
    let now = app.engine().now();
    let values = values(state.defined(task).as_deref(), with)?;
    let equals =
        |(name, value): (&ParameterName, &Value)| (name.clone(), Constraint::Equals(value.clone()));
    let ask = Request {
        task: task.clone(),
        reason: "What if".to_owned(),
        duration_s: None,
        parameters: values.iter().map(equals).collect(),
        start: None,
        ticket: None,
        runs: None,
        on_behalf_of: None,
    };
    let run = Invoke {
        task: task.clone(),
        parameters: values,
        attached: Default::default(),
        request: None,
        sealed: Default::default(),
        node: None,
    };
    let governed = state.governing(task, now);
    let rule = governed.ok().map(|governed| governed.rule);
    let ask = state.try_request(person, &ask, now);
    let run = state.try_run(person, app.engine().node(), &run, now);
    let reachable = rule
        .as_ref()
        .map(|rule| state.reachable(Some(person), rule));
    Ok(Answer {
        person: person.clone(),
        task: task.clone(),
        ask: ask
            .map(|record| record.status == Status::Live)
            .map_err(|refusal| refusal.to_string()),
        run: run
            .map(|record| record.request.is_none())
            .map_err(|refusal| refusal.to_string()),
        unreachable: reachable
            .and_then(Result::err)
            .map(|missing| missing.problem),
        unable: state
            .person(person)
            .and_then(|_| state.unable(person, false)),
        stages: rule
            .as_ref()
            .map(|rule| stages(caller, person, rule))
            .unwrap_or_default(),
        policy: rule.map(|rule| rule.policy),
    })
}

impl Answer {
    /// Whether a request would do anything.
    fn may_ask(&self) -> bool {
        self.ask.is_ok() && self.unreachable.is_none()
    }
}

/// Values as somebody types them, one `name=value` a line, read as the task
/// wants them. A list has a line for each of its elements.
fn values(task: Option<&Task>, with: &str) -> Result<Values, String> {
    let mut values = Values::new();
    for line in with.lines().filter(|line| !line.trim().is_empty()) {
        let pair = line.split_once('=');
        let (name, text) = pair.ok_or_else(|| format!("`{line}`: write one name=value a line"))?;
        let name: ParameterName = name
            .trim()
            .parse()
            .map_err(|error| format!("`{line}`: {error}"))?;
        let schema = task.and_then(|task| task.parameters.get(&name));
        let value = value(schema.map(|schema| schema.value_type), text)
            .map_err(|problem| format!("`{line}`: {problem}"))?;
        match (values.get_mut(&name), value) {
            (Some(Value::List(before)), Value::List(more)) => before.extend(more),
            (Some(_), _) => return Err(format!("`{line}`: {name} is there twice")),
            (None, value) => {
                values.insert(name, value);
            }
        }
    }
    Ok(values)
}

fn value(kind: Option<ValueType>, text: &str) -> Result<Value, String> {
    match kind {
        Some(ValueType::Integer) => match text.trim().parse() {
            Ok(number) => Ok(Value::Integer(number)),
            Err(_) => Err("write a whole number".to_owned()),
        },
        Some(ValueType::Boolean) => match text.trim() {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            _ => Err("write true or false".to_owned()),
        },
        Some(ValueType::List) => Ok(Value::List(vec![Value::Text(text.to_owned())])),
        Some(ValueType::Table) => {
            serde_json::from_str(text).map_err(|_| "write a table as JSON".to_owned())
        }
        Some(ValueType::String | ValueType::Secret) | None => Ok(Value::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use writ_core::value::Schema;

    use super::*;

    fn read(with: &str) -> Result<Values, String> {
        let mut task = Task::new("Host\\X".parse().unwrap(), Default::default());
        for (name, kind) in [
            ("n", ValueType::Integer),
            ("l", ValueType::List),
            ("s", ValueType::String),
        ] {
            task.parameters
                .insert(name.parse().unwrap(), Schema::of(kind));
        }
        values(Some(&task), with)
    }

    #[test]
    fn values_are_read_as_the_task_wants_them() {
        let values = read("n=5\r\ns= a=b \nl=x\nl=y\n\nother=7\n").unwrap();
        let of = |name: &str| values.get(name).unwrap().clone();
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(of("n"), Value::Integer(5));
        assert_eq!(of("s"), text(" a=b "));
        assert_eq!(of("l"), Value::List(vec![text("x"), text("y")]));
        assert_eq!(of("other"), text("7"));
        for odd in ["n=five", "s", "s=1\ns=2", "1x=2"] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
