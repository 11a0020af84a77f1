//! Datasets and the apps that read them.
//!
//! A **dataset** is a task of a workload whose connector is `data`: its
//! template is the **definition**, which says where the rows are, whose each
//! one is, and which **columns** there are. An **app** is a person of kind app;
//! its [`Manifest`] says which columns of which datasets it wants, about whom.
//! Each of these is asked for by a request **for** the app, and what was granted
//! is read by its runs: an [`Extraction`] each.
//!
//! Nothing here reads data. `docs/adr/0011` has the whole.

mod condition;
mod extraction;
mod manifest;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use condition::{Compare, Condition, Operand};
pub(crate) use extraction::texts;
pub use extraction::{EVERYBODY, Extraction, Form, Subject, Subjects, parameters};
pub use manifest::{Difference, Manifest, Wanted, difference};

use crate::digest::Digest;
use crate::names::{Domain, Name};
use crate::object::{Template, Workload, check_text, is_false};
use crate::value::plain;

/// The connector whose tasks are datasets.
pub const CONNECTOR: &str = "data";
/// How many columns a dataset may have.
const MAX_COLUMNS: usize = 200;

/// Whether the tasks of a workload are datasets.
pub fn is_data(workload: &Workload) -> bool {
    workload.connector.key() == CONNECTOR
}

/// What a dataset is: the template of its task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Which of the node's sources has it; its operator names these.
    pub source: Name,
    /// The table or view, with its schema: `public.messages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// Or the file, in the source's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whose row each is.
    pub subject: SubjectColumn,
    /// The column that rows are ordered by, each value once; without one a
    /// stream that broke off begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// Which column says whose a row is, and how its values name people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectColumn {
    /// The column; it need not be one of the dataset's, so that no app gets it.
    pub column: String,
    /// How its values name people.
    #[serde(rename = "as")]
    pub named: Naming,
    /// What follows the `@` of a person whose account is a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
}

/// How values name people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Naming {
    /// By their name here.
    Upn,
    /// By where their mail goes.
    Mail,
    /// By what stands before the `@` of their name.
    Account,
}

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name, as the source spells it.
    pub name: String,
    /// The type of its values.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// How much harm it does in wrong hands.
    pub sensitivity: Sensitivity,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether its values hold addresses of people. Rows that mention somebody
    /// who is denied are withheld, whether this column is asked for or not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mentions: bool,
    /// Whether its values are free text, in which anybody may be written about.
    #[serde(default, skip_serializing_if = "is_false")]
    pub free_text: bool,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// An exact decimal; written as text.
    Decimal,
    /// True or false.
    Boolean,
    /// An instant; written as `2026-11-30T18:00:00.000000Z`.
    Timestamp,
    /// A day; written as `2026-11-30`.
    Date,
}

impl ColumnType {
    /// As definitions spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
        }
    }
}

/// How much harm a column does in wrong hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl Sensitivity {
    /// As definitions spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What of a definition an approval is about: where the rows are, whose they
/// are, and the columns that were asked for. Titles are not part of it.
#[derive(Serialize)]
struct Approved<'a> {
    source: &'a Name,
    relation: &'a Option<String>,
    file: &'a Option<String>,
    subject: &'a SubjectColumn,
    key: &'a Option<String>,
    columns: Vec<&'a Column>,
    mentions: BTreeSet<&'a str>,
}

impl Dataset {
    /// Reads a definition, and says what is wrong with one.
    pub fn read(template: &Template) -> Result<Self, String> {
        let bad = |error: serde_json::Error| format!("the definition of the dataset: {error}");
        let value = serde_json::to_value(template).map_err(bad)?;
        let dataset: Self = serde_json::from_value(value).map_err(bad)?;
        dataset.check()?;
        Ok(dataset)
    }

    /// The definition as a task holds it.
    pub fn template(&self) -> Result<Template, String> {
        let value = serde_json::to_value(self).map_err(|error| error.to_string())?;
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn check(&self) -> Result<(), String> {
        match (&self.relation, &self.file) {
            (Some(relation), None) => check_relation(relation)?,
            (None, Some(file)) => check_file(file)?,
            (Some(_), Some(_)) | (None, None) => {
                return Err("a dataset has a `relation` or a `file`, and not both".into());
            }
        }
        check_identifier(&self.subject.column)?;
        match (self.subject.named, &self.subject.domain) {
            (Naming::Account, None) => {
                return Err("subject: say the `domain` that accounts belong to".into());
            }
            (Naming::Upn | Naming::Mail, Some(_)) => {
                return Err("subject: `domain` is for accounts".into());
            }
            (Naming::Account, Some(_)) | (Naming::Upn | Naming::Mail, None) => {}
        }
        if self.columns.is_empty() || self.columns.len() > MAX_COLUMNS {
            return Err(format!("columns: from 1 to {MAX_COLUMNS}"));
        }
        let mut names = BTreeSet::new();
        for column in &self.columns {
            check_identifier(&column.name)?;
            if !names.insert(&column.name) {
                return Err(format!("columns: `{}` stands there twice", column.name));
            }
            check_text("title", column.title.as_deref().unwrap_or_default(), 200)?;
            let holds_text = column.column_type == ColumnType::Text;
            if (column.mentions || column.free_text) && !holds_text {
                return Err(format!(
                    "column `{}`: only text mentions people or is free text",
                    column.name
                ));
            }
        }
        match &self.key {
            Some(key) if self.column(key).is_none() => {
                Err(format!("key: `{key}` is not one of the columns"))
            }
            Some(key) if !self.is_ordered(key) => Err(format!(
                "key: `{key}` must be an integer, a date, a timestamp or text"
            )),
            _ => Ok(()),
        }
    }

    fn is_ordered(&self, name: &str) -> bool {
        self.column(name)
            .is_some_and(|column| match column.column_type {
                ColumnType::Text
                | ColumnType::Integer
                | ColumnType::Timestamp
                | ColumnType::Date => true,
                ColumnType::Decimal | ColumnType::Boolean => false,
            })
    }

    /// A column by its name, as it is spelled.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Columns by their names, in the order asked for; each once.
    pub fn chosen(&self, names: &[String]) -> Result<Vec<&Column>, String> {
        let mut seen = BTreeSet::new();
        let mut chosen = Vec::new();
        for name in names {
            let column = self
                .column(name)
                .ok_or_else(|| format!("the dataset has no column `{}`", plain(name)))?;
            if !seen.insert(name) {
                return Err(format!("column `{name}` is named twice"));
            }
            chosen.push(column);
        }
        match chosen.is_empty() {
            true => Err("no column is named".into()),
            false => Ok(chosen),
        }
    }

    /// The columns whose values hold addresses of people.
    pub fn mentioning(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.mentions)
    }

    /// Names what of this definition somebody approves who approves these
    /// columns: as long as it stays, what they approved is what is read.
    pub fn fingerprint(&self, columns: &[String]) -> Result<Digest, String> {
        let mut columns: Vec<_> = self.chosen(columns)?;
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        let bare: Vec<Column> = columns
            .into_iter()
            .map(|column| Column {
                title: None,
                ..column.clone()
            })
            .collect();
        let approved = Approved {
            source: &self.source,
            relation: &self.relation,
            file: &self.file,
            subject: &self.subject,
            key: &self.key,
            columns: bare.iter().collect(),
            mentions: self
                .mentioning()
                .map(|column| column.name.as_str())
                .collect(),
        };
        let bytes = serde_json::to_vec(&approved).map_err(|error| error.to_string())?;
        Ok(Digest::of_parts(&[b"writ-dataset-v1\0", &bytes]))
    }
}

/// A name in a database, as it stands there: quoted wherever it is used.
fn check_identifier(name: &str) -> Result<(), String> {
    let ok = (1..=63).contains(&name.len()) && name.chars().all(|c| !c.is_control());
    match ok && crate::object::check_text("name", name, 63).is_ok() {
        true => Ok(()),
        false => Err(format!(
            "`{}` is not a name of a column: 1 to 63 bytes, without control characters",
            plain(name)
        )),
    }
}

fn check_relation(relation: &str) -> Result<(), String> {
    let mut parts = relation.split('.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(schema), Some(name), None) => {
            check_identifier(schema)?;
            check_identifier(name)
        }
        _ => Err(format!(
            "relation: `{}` must be a schema and a table or view, as in public.messages",
            plain(relation)
        )),
    }
}

/// A name in one folder: nothing that leads out of it.
fn check_file(file: &str) -> Result<(), String> {
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let ok = (1..=100).contains(&file.len()) && file.chars().all(is_of_names);
    match ok && !file.starts_with('.') {
        true => Ok(()),
        false => Err(format!(
            "file: `{}` must be a name such as contacts.csv, in the source's folder",
            plain(file)
        )),
    }
}
