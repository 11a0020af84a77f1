//! Cmdlets: a name, typed parameters, and what it does to the tenant.

mod act;
mod table;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::envelope::Refused;
use crate::tenant::{Noun, Tenant};

pub(crate) use act::text;

/// One cmdlet.
#[derive(Debug)]
pub(crate) struct Cmdlet {
    pub(crate) name: &'static str,
    act: Act,
    parameters: &'static [Parameter],
}

/// What a cmdlet does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Get(Noun),
    New(Noun),
    Set(Noun),
    Remove(Noun),
    /// Gives a property a value.
    Turn(Noun, &'static str, &'static str),
    GetConfig,
    SetConfig,
    GetPermission,
    AddPermission,
    RemovePermission,
    GetMember,
    AddMember,
    RemoveMember,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
struct Parameter {
    name: &'static str,
    kind: Kind,
    is_mandatory: bool,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Switch,
    Boolean,
    Integer,
    /// Several texts, or one.
    Texts,
    /// Several texts, or a table of those to add and to remove.
    Changes,
    OneOf(&'static [&'static str]),
    /// A number, or `Unlimited`.
    Size,
}

/// A bound parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Text(String),
    Boolean(bool),
    Integer(i64),
    Texts(Vec<String>),
    Changes {
        add: Vec<String>,
        remove: Vec<String>,
    },
    Unlimited,
}

/// Bound parameters, by their proper names.
pub(crate) type Bounds = BTreeMap<&'static str, Bound>;

/// What a cmdlet answers.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) rows: Vec<Map<String, Value>>,
    pub(crate) warnings: Vec<String>,
    pub(crate) confirmation: Option<String>,
}

/// The cmdlets that there are.
pub fn names() -> impl Iterator<Item = &'static str> {
    table::CMDLETS.iter().map(|cmdlet| cmdlet.name)
}

/// A cmdlet by its name, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Cmdlet> {
    let is_it = |cmdlet: &&Cmdlet| cmdlet.name.eq_ignore_ascii_case(name);
    table::CMDLETS.iter().find(is_it)
}

/// Parameters that every cmdlet takes and that nothing comes of here.
const COMMON: [&str; 3] = ["ErrorAction", "WarningAction", "Verbose"];

impl Cmdlet {
    /// Binds the parameters and does it.
    pub(crate) fn run(
        &self,
        tenant: &mut Tenant,
        given: &Map<String, Value>,
        now: i64,
    ) -> Result<Done, Refused> {
        let mut bounds = self.bind(given)?;
        let is_true = |bound: Option<Bound>| bound == Some(Bound::Boolean(true));
        let what_if = is_true(bounds.remove("WhatIf"));
        let confirm = is_true(bounds.remove("Confirm"));
        if confirm && !self.reads() {
            return Ok(Done {
                confirmation: Some(format!("{} will change the tenant. Go on?", self.name)),
                ..Done::default()
            });
        }
        match what_if {
            // Tried on a copy, so that it refuses what it would refuse.
            true => self
                .act
                .run(&mut tenant.clone(), &bounds, now)
                .map(|_| Done {
                    warnings: vec![format!("What if: {} would be carried out.", self.name)],
                    ..Done::default()
                }),
            false => self.act.run(tenant, &bounds, now),
        }
    }

    fn reads(&self) -> bool {
        self.name.starts_with("Get-")
    }

    fn bind(&self, given: &Map<String, Value>) -> Result<Bounds, Refused> {
        let mut bounds = Bounds::new();
        for (name, value) in given {
            if name.contains('@') || COMMON.iter().any(|one| one.eq_ignore_ascii_case(name)) {
                continue;
            }
            let parameter = self.parameter(name).ok_or_else(|| {
                Refused::parameter(format!(
                    "A parameter cannot be found that matches parameter name '{name}'."
                ))
            })?;
            let bound = parameter.kind.bind(value).ok_or_else(|| {
                Refused::parameter(format!(
                    "The value of parameter '{name}' is not what it takes: {:?}.",
                    parameter.kind
                ))
            })?;
            if bounds.insert(parameter.name, bound).is_some() {
                return Err(Refused::parameter(format!(
                    "Parameter '{name}' is given more than once."
                )));
            }
        }
        let is_missing =
            |parameter: &&Parameter| parameter.is_mandatory && !bounds.contains_key(parameter.name);
        match self.parameters.iter().find(is_missing) {
            Some(missing) => Err(Refused::parameter(format!(
                "The mandatory parameter '{}' is missing.",
                missing.name
            ))),
            None => Ok(bounds),
        }
    }

    fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        let is_it = |parameter: &&Parameter| parameter.name.eq_ignore_ascii_case(name);
        let own = self.parameters.iter().find(is_it);
        let shared: &[Parameter] = match self.reads() {
            true => &table::READING,
            false => &table::CHANGING,
        };
        own.or_else(|| shared.iter().find(is_it))
    }
}

impl Kind {
    fn bind(self, value: &Value) -> Option<Bound> {
        let texts = |value: &Value| -> Option<Vec<String>> {
            match value {
                Value::String(text) => Some(vec![text.clone()]),
                Value::Array(items) => items.iter().map(text_of).collect(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
            }
        };
        match self {
            Self::Text => text_of(value).map(Bound::Text),
            Self::Switch | Self::Boolean => match value {
                Value::Bool(truth) => Some(Bound::Boolean(*truth)),
                Value::String(text) => text.to_ascii_lowercase().parse().ok().map(Bound::Boolean),
                Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
            },
            Self::Integer => text_of(value)?.parse().ok().map(Bound::Integer),
            Self::Size => match text_of(value)? {
                text if text.eq_ignore_ascii_case("unlimited") => Some(Bound::Unlimited),
                text => text.parse().ok().map(Bound::Integer),
            },
            Self::Texts => texts(value).map(Bound::Texts),
            Self::OneOf(words) => {
                let text = text_of(value)?;
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(&text))?;
                Some(Bound::Text((*word).to_owned()))
            }
            Self::Changes => match value {
                Value::Object(members) => {
                    // What is not marked as a table is refused, as it is there.
                    let marked = members.get("@odata.type")?;
                    if marked != "#Exchange.GenericHashTable" {
                        return None;
                    }
                    let part = |wanted: &str| {
                        let found = members
                            .iter()
                            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                        found.map_or(Some(Vec::new()), |(_, value)| texts(value))
                    };
                    Some(Bound::Changes {
                        add: part("Add")?,
                        remove: part("Remove")?,
                    })
                }
                Value::Null => Some(Bound::Texts(Vec::new())),
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    texts(value).map(Bound::Texts)
                }
            },
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
