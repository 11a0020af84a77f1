//! Manifests: what an app says of itself, and what it wants.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::extraction::{scope, texts};
use super::{Condition, Dataset};
use crate::names::{ParameterName, TaskName};
use crate::object::check_text;
use crate::value::{Constraint, Constraints, Value, Values};

/// How many datasets an app may want.
const MAX_DATASETS: usize = 50;

/// What an app says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Who makes it.
    pub publisher: String,
    /// Which version it is.
    pub version: String,
    /// What it belongs to.
    pub service: String,
    /// What it is for.
    pub purpose: String,
    /// Where its terms are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
    /// Where it says how it treats what it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<String>,
    /// What it wants; what was asked for stands in the requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<Wanted>,
}

/// What an app wants of one dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Which.
    pub dataset: TaskName,
    /// Which of its columns.
    pub columns: Vec<String>,
    /// Whose rows: groups, or `everybody`.
    pub scope: Vec<String>,
    /// Which of these rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<String>,
}

impl Manifest {
    /// Reads what a person object holds.
    pub fn read(members: &BTreeMap<String, Value>) -> Result<Self, String> {
        let bad = |error: serde_json::Error| format!("manifest: {error}");
        let value = serde_json::to_value(members).map_err(bad)?;
        let manifest: Self = serde_json::from_value(value).map_err(bad)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The manifest as a person object holds it.
    pub fn members(&self) -> Result<BTreeMap<String, Value>, String> {
        let value = serde_json::to_value(self).map_err(|error| error.to_string())?;
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn check(&self) -> Result<(), String> {
        for (what, text, longest) in [
            ("publisher", &self.publisher, 200),
            ("version", &self.version, 50),
            ("service", &self.service, 100),
            ("purpose", &self.purpose, 1_000),
        ] {
            if text.trim().is_empty() {
                return Err(format!("manifest: {what} must not be blank"));
            }
            check_text(what, text, longest)?;
        }
        for (what, link) in [("terms", &self.terms), ("privacy", &self.privacy)] {
            let Some(link) = link else { continue };
            check_text(what, link, 500)?;
            // It becomes a link on a page, so it leads to a page.
            if !link.starts_with("https://") || link.contains(char::is_whitespace) {
                return Err(format!(
                    "manifest: {what} must be a link that begins with https://"
                ));
            }
        }
        if self.datasets.len() > MAX_DATASETS {
            return Err(format!("manifest: at most {MAX_DATASETS} datasets"));
        }
        let mut seen = BTreeSet::new();
        for wanted in &self.datasets {
            if !seen.insert(wanted.dataset.key().to_owned()) {
                return Err(format!("manifest: {} is wanted twice", wanted.dataset));
            }
            if wanted.columns.is_empty() {
                return Err(format!("manifest: name columns of {}", wanted.dataset));
            }
            scope(&wanted.scope).map_err(|problem| format!("manifest: {problem}"))?;
        }
        Ok(())
    }

    /// What it wants of one dataset.
    pub fn wants(&self, dataset: &TaskName) -> Option<&Wanted> {
        let mut datasets = self.datasets.iter();
        datasets.find(|wanted| wanted.dataset == *dataset)
    }

    /// The same without what it wants: what a request keeps of it.
    #[must_use]
    pub fn head(&self) -> Self {
        Self {
            datasets: Vec::new(),
            ..self.clone()
        }
    }
}

impl Wanted {
    /// What a request for it asks for, if the dataset has all of it.
    pub fn constraints(&self, dataset: &Dataset) -> Result<Constraints, String> {
        let columns = dataset.chosen(&self.columns)?;
        for text in &self.filter {
            let condition = Condition::read(dataset, text)?;
            if !columns.iter().any(|column| column.name == condition.column) {
                return Err(format!(
                    "the filter tells something of the column `{}`, which is not among those that \
                     are wanted",
                    condition.column
                ));
            }
        }
        let list = |texts: &[String]| texts.iter().cloned().map(Value::Text).collect::<Vec<_>>();
        let filter = match self.filter.is_empty() {
            true => Constraint::Absent,
            false => Constraint::Equals(Value::List(list(&self.filter))),
        };
        let all = [
            ("columns", Constraint::SubsetOf(list(&self.columns))),
            ("scope", Constraint::SubsetOf(list(&self.scope))),
            ("filter", filter),
        ];
        let named = |(name, constraint): (&str, Constraint)| {
            let name = ParameterName::parse(name).map_err(|error| error.to_string())?;
            Ok((name, constraint))
        };
        all.into_iter().map(named).collect()
    }

    /// What a run may give at most under some limits: all columns and groups that
    /// each of them allows, and everybody who must be denied.
    pub fn most(limits: &[Constraints]) -> Result<Values, String> {
        let mut values = Values::new();
        for (name, constraint) in limits.iter().flatten() {
            let before = values.get(name);
            let value = match (constraint, before) {
                (Constraint::SubsetOf(items), None) => Value::List(items.clone()),
                (Constraint::SubsetOf(items), Some(Value::List(before))) => {
                    let both = before.iter().filter(|item| items.contains(item));
                    Value::List(both.cloned().collect())
                }
                (Constraint::SupersetOf(items), Some(Value::List(before))) => {
                    let more = items.iter().filter(|item| !before.contains(item));
                    Value::List(before.iter().chain(more).cloned().collect())
                }
                (Constraint::SupersetOf(items), None) => Value::List(items.clone()),
                (Constraint::Equals(value), _) => value.clone(),
                (Constraint::Absent, _) => continue,
                _ => return Err(format!("`{name}` must be {constraint}: give it yourself")),
            };
            values.insert(name.clone(), value);
        }
        Ok(values)
    }
}

/// What one grant allows and another request does not, and the other way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What it is about: `columns`, `scope`, `filter`, `deny`.
    pub parameter: String,
    /// What comes to it.
    pub added: Vec<String>,
    /// What is no longer in it.
    pub removed: Vec<String>,
}

/// What a request would change in what is granted already.
pub fn difference(before: &[Constraints], now: &[Constraints]) -> Vec<Difference> {
    // What is under limits that nobody can satisfy, nobody gets.
    let before = Wanted::most(before).unwrap_or_default();
    let now = Wanted::most(now).unwrap_or_default();
    let lists = |values: &Values, name: &str| texts(values, name).unwrap_or_default();
    ["columns", "scope", "filter", "deny"]
        .into_iter()
        .map(|name| {
            let (before, now) = (lists(&before, name), lists(&now, name));
            let without = |these: &[String], others: &[String]| {
                let rest = these.iter().filter(|text| !others.contains(text));
                rest.cloned().collect()
            };
            Difference {
                parameter: name.to_owned(),
                added: without(&now, &before),
                removed: without(&before, &now),
            }
        })
        .filter(|difference| !difference.added.is_empty() || !difference.removed.is_empty())
        .collect()
}
