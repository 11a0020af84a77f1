//! Extractions: what one run of a dataset asks for.

use std::collections::BTreeSet;

use super::condition::operand;
use super::{Column, Condition, Dataset, Operand};
use crate::names::{Address, ParameterName, Upn};
use crate::object::MAX_GROUP_DEPTH;
use crate::state::State;
use crate::value::{Schema, Schemas, Value, ValueType, Values};

/// The scope that leaves nobody out.
pub const EVERYBODY: &str = "everybody";

/// What a run of a dataset asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// The columns, in this order.
    pub columns: Vec<Column>,
    /// The groups whose people's rows; everybody's, if none.
    pub scope: Option<Vec<Address>>,
    /// And only rows that satisfy all of these.
    pub filter: Vec<Condition>,
    /// And none about or mentioning these people and members of these groups.
    pub deny: Vec<Address>,
    /// Only rows after this value of the key.
    pub after: Option<Operand>,
    /// How rows are written.
    pub form: Form,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A JSON object a line.
    #[default]
    Ndjson,
    /// Comma-separated values with a line of names first (RFC 4180).
    Csv,
}

/// Somebody, by all that a row may name them by; in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Their name.
    pub upn: String,
    /// Where their mail goes, if elsewhere.
    pub mail: Option<String>,
}

/// Whom an extraction is about, as groups are now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// Only these people's rows; everybody's, if none.
    pub only: Option<BTreeSet<Subject>>,
    /// And none about these or mentioning them.
    pub denied: BTreeSet<Subject>,
}

/// The parameters that every dataset has.
pub fn parameters() -> Schemas {
    let schema = |value_type, required, title: &str| Schema {
        required,
        title: Some(title.to_owned()),
        ..Schema::of(value_type)
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let form = Schema {
        one_of: Some(vec![text("ndjson"), text("csv")]),
        ..schema(ValueType::String, false, "How rows are written")
    };
    let after = Schema {
        leading_dash: true,
        ..schema(ValueType::String, false, "Only rows after this key")
    };
    [
        ("columns", schema(ValueType::List, true, "Which columns")),
        ("scope", schema(ValueType::List, true, "Whose rows")),
        (
            "filter",
            schema(ValueType::List, false, "Which of these rows"),
        ),
        ("deny", schema(ValueType::List, false, "Whose rows not")),
        ("after", after),
        ("format", form),
    ]
    .into_iter()
    .filter_map(|(name, schema)| Some((ParameterName::parse(name).ok()?, schema)))
    .collect()
}

/// The texts of a list; an empty one, where there is none.
pub(crate) fn texts(values: &Values, name: &str) -> Result<Vec<String>, String> {
    match value(values, name) {
        None => Ok(Vec::new()),
        Some(Value::List(items)) => items.iter().map(|item| text_of(item, name)).collect(),
        Some(_) => Err(format!("parameter `{name}` must be a list of texts")),
    }
}

fn text_of(value: &Value, name: &str) -> Result<String, String> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Integer(_) | Value::Boolean(_) | Value::List(_) | Value::Table(_) => {
            Err(format!("parameter `{name}` must be a list of texts"))
        }
    }
}

fn value<'a>(values: &'a Values, name: &str) -> Option<&'a Value> {
    values.get(name)
}

fn addresses(texts: &[String], name: &str) -> Result<Vec<Address>, String> {
    let address = |text: &String| {
        Address::parse(text).map_err(|error| format!("parameter `{name}`: {error}"))
    };
    texts.iter().map(address).collect()
}

/// A scope: groups, or none that stands for everybody.
pub(super) fn scope(texts: &[String]) -> Result<Option<Vec<Address>>, String> {
    match texts {
        [] => Err("scope: name groups, or `everybody`".into()),
        [one] if one == EVERYBODY => Ok(None),
        groups => addresses(groups, "scope").map(Some),
    }
}

impl Extraction {
    /// Reads what a run gives for its parameters.
    ///
    /// A filter, or what to go on after, says something of a column: so it names
    /// none that the run does not get.
    pub fn read(dataset: &Dataset, values: &Values) -> Result<Self, String> {
        let columns: Vec<Column> = dataset
            .chosen(&texts(values, "columns")?)?
            .into_iter()
            .cloned()
            .collect();
        let is_given = |name: &str| columns.iter().any(|column| column.name == name);
        let filter: Vec<_> = texts(values, "filter")?
            .iter()
            .map(|text| Condition::read(dataset, text))
            .collect::<Result<_, _>>()?;
        if let Some(hidden) = filter.iter().find(|condition| !is_given(&condition.column)) {
            return Err(format!(
                "the filter tells something of the column `{}`, which is not among those that are \
                 read",
                hidden.column
            ));
        }
        let after = match value(values, "after") {
            None => None,
            Some(Value::Text(text)) => Some(Self::after(dataset, &is_given, text)?),
            Some(_) => return Err("parameter `after` must be a text".into()),
        };
        let form = match value(values, "format") {
            None => Form::Ndjson,
            Some(Value::Text(text)) if text == "ndjson" => Form::Ndjson,
            Some(Value::Text(text)) if text == "csv" => Form::Csv,
            Some(_) => return Err("parameter `format` must be ndjson or csv".into()),
        };
        Ok(Self {
            scope: scope(&texts(values, "scope")?)?,
            deny: addresses(&texts(values, "deny")?, "deny")?,
            columns,
            filter,
            after,
            form,
        })
    }

    fn after(
        dataset: &Dataset,
        is_given: &impl Fn(&str) -> bool,
        text: &str,
    ) -> Result<Operand, String> {
        let key = dataset.key.as_deref();
        let key = key.and_then(|key| dataset.column(key));
        let key = key.ok_or("the dataset has no key to go on after; begin anew without `after`")?;
        if !is_given(&key.name) {
            return Err(format!(
                "`after` is a value of `{}`, which is not among the columns that are read; begin \
                 anew without it",
                key.name
            ));
        }
        operand(key.column_type, text).ok_or_else(|| {
            format!(
                "`after` must be a value of `{}`, a {}",
                key.name,
                key.column_type.name()
            )
        })
    }

    /// The key that rows are ordered by, if they are: only where it is read, so
    /// that their order tells nothing else.
    pub fn key<'a>(&self, dataset: &'a Dataset) -> Option<&'a Column> {
        let key = dataset.column(dataset.key.as_deref()?)?;
        let is_read = self.columns.iter().any(|column| column.name == key.name);
        is_read.then_some(key)
    }
}

impl State {
    /// Whom an extraction is about, as groups are in this State.
    pub fn subjects(&self, asked: &Extraction) -> Subjects {
        let all = |addresses: &Vec<Address>| {
            let people = addresses.iter().flat_map(|address| self.people_of(address));
            people.map(|upn| self.subject(&upn)).collect()
        };
        Subjects {
            only: asked.scope.as_ref().map(all),
            denied: all(&asked.deny),
        }
    }

    fn subject(&self, upn: &Upn) -> Subject {
        let mail = self.person(upn).and_then(|person| person.mail.as_ref());
        Subject {
            upn: upn.as_str().to_owned(),
            mail: mail.map(|mail| mail.to_lowercase()),
        }
    }

    /// The people of a group, also through other groups; of any other address,
    /// whoever has it.
    fn people_of(&self, address: &Address) -> BTreeSet<Upn> {
        let mut seen = BTreeSet::from([address.clone()]);
        let mut level = vec![address.clone()];
        let mut people = BTreeSet::new();
        // A group, and as many levels below it as membership counts.
        for _ in 0..=MAX_GROUP_DEPTH {
            let mut next = Vec::new();
            for address in &level {
                match self.group(address) {
                    Some(group) => next.extend(group.members.iter().cloned()),
                    None => {
                        people.insert(Upn::from(address));
                    }
                }
            }
            next.retain(|member| seen.insert(member.clone()));
            level = next;
        }
        people
    }
}
