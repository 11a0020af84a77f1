//! A **task**: one thing that can be done, with the form of its parameters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{check_text, is_false};
use crate::names::{ParameterName, TaskName};
use crate::time::Seconds;
use crate::value::{Constraint, Constraints, Schemas, Value, Values, admits_any, check_constraint};

/// How a task reaches its target; what is in it, the connector says.
pub type Template = BTreeMap<String, Value>;

/// One thing that can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The name, in its canonical spelling.
    pub name: TaskName,
    /// As people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How much harm it can do.
    #[serde(default, skip_serializing_if = "Risk::is_medium")]
    pub risk: Risk,
    /// The parameters it takes; a run gives no others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Schemas,
    /// Whether it takes parameters that it does not name, of any type; as every
    /// task does that nobody set, in a workload with open tasks.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open: bool,
    /// How it reaches its target.
    pub template: Template,
    /// How long a run may take.
    #[serde(default = "Task::deadline", skip_serializing_if = "Task::is_deadline")]
    pub deadline_s: Seconds,
    /// How many bytes of output are kept.
    #[serde(default = "Task::cap", skip_serializing_if = "Task::is_cap")]
    pub output_cap: u64,
}

/// How much harm a task can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Little.
    Low,
    /// Some.
    #[default]
    Medium,
    /// Much: a policy on the bare `*` never covers it.
    High,
}

impl Risk {
    /// As statements spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_medium(&self) -> bool {
        *self == Self::Medium
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
impl Task {
    const fn deadline() -> Seconds {
        Seconds(300)
    }

    fn is_deadline(seconds: &Seconds) -> bool {
        *seconds == Self::deadline()
    }

    const fn cap() -> u64 {
        1 << 20
    }

    const fn is_cap(bytes: &u64) -> bool {
        *bytes == Self::cap()
    }

    /// A task with everything but its name and template as it is by default.
    pub fn new(name: TaskName, template: Template) -> Self {
        Self {
            name,
            title: None,
            risk: Risk::default(),
            parameters: Schemas::new(),
            open: false,
            template,
            deadline_s: Self::deadline(),
            output_cap: Self::cap(),
        }
    }

    /// What a task is that nobody set, in a workload with open tasks. Nobody has
    /// said how much harm it can do, so it counts as much.
    pub fn unset(name: TaskName) -> Self {
        Self {
            risk: Risk::High,
            open: true,
            ..Self::new(name, Template::new())
        }
    }

    /// What is wrong with the value of a parameter, if anything is.
    pub fn admits(&self, name: &ParameterName, value: &Value) -> Result<(), String> {
        match self.parameters.get(name) {
            Some(schema) => schema.admits(value),
            None if self.open => admits_any(value),
            None => return Err(format!("the task has no parameter `{name}`")),
        }
        .map_err(|problem| format!("parameter `{name}` {problem}"))
    }

    /// What is wrong with values: the first problem, named.
    pub fn admits_all(&self, values: &Values) -> Result<(), String> {
        let mut values = values.iter();
        values.try_for_each(|(name, value)| self.admits(name, value))
    }

    /// What is wrong with constraints: the first problem, named.
    pub fn admits_constraints(&self, constraints: &Constraints) -> Result<(), String> {
        for (name, constraint) in constraints {
            match (self.parameters.get(name), constraint) {
                (None, Constraint::Equals(value)) if self.open => self.admits(name, value)?,
                (None, _) if self.open => {}
                (Some(_) | None, _) => check_constraint(&self.parameters, name, constraint)?,
            }
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        check_text("title", self.title.as_deref().unwrap_or_default(), 200)?;
        if !(1..=86_400).contains(&self.deadline_s.0) {
            return Err("deadline_s: from 1 second to 24 hours".into());
        }
        if self.output_cap > 64 << 20 {
            return Err("output_cap: at most 64 MiB".into());
        }
        for (name, schema) in &self.parameters {
            schema
                .check()
                .map_err(|problem| format!("parameter `{name}`: {problem}"))?;
            check_text("title", schema.title.as_deref().unwrap_or_default(), 200)?;
        }
        Ok(())
    }
}
