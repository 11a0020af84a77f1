//! Queries: the text of one, and what is bound to it.
//!
//! Names come from the dataset's definition and are quoted; every value is bound.

use writ_core::dataset::{Column, ColumnType, Condition, Dataset, Extraction, Operand};

use crate::address::{AROUND, BETWEEN, Named};

/// What is bound to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Text(String),
    Texts(Vec<String>),
    Integer(i64),
    Boolean(bool),
}

/// The queries of an extraction.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    /// The rows.
    pub(crate) rows: (String, Vec<Bound>),
    /// How many are withheld, where anybody is denied.
    pub(crate) withheld: Option<(String, Vec<Bound>)>,
}

#[derive(Default)]
struct Values(Vec<Bound>);

impl Values {
    fn bind(&mut self, value: Bound) -> String {
        let cast = match &value {
            Bound::Text(_) => "text",
            Bound::Texts(_) => "text[]",
            Bound::Integer(_) => "bigint",
            Bound::Boolean(_) => "boolean",
        };
        self.0.push(value);
        format!("${}::{cast}", self.0.len())
    }

    fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a String>) -> String {
        self.bind(Bound::Texts(texts.into_iter().cloned().collect()))
    }
}

/// A name as it stands in a query.
fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn column(column: &str) -> String {
    format!("t.{}", name(column))
}

/// A value of a column, as it is compared.
fn value(of: &Column) -> String {
    let column = column(&of.name);
    match of.column_type {
        ColumnType::Text => format!("({column}::text COLLATE \"C\")"),
        ColumnType::Integer => format!("{column}::bigint"),
        ColumnType::Decimal => format!("{column}::numeric"),
        ColumnType::Boolean => format!("{column}::boolean"),
        ColumnType::Timestamp => format!("{column}::timestamptz"),
        ColumnType::Date => format!("{column}::date"),
    }
}

/// A value of a column, as text of its type.
fn written(of: &Column) -> String {
    let value = value(of);
    match of.column_type {
        ColumnType::Text => format!("{}::text", column(&of.name)),
        ColumnType::Integer | ColumnType::Decimal | ColumnType::Boolean => {
            format!("{value}::text")
        }
        ColumnType::Timestamp => {
            format!("to_char({value} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        }
        ColumnType::Date => format!("to_char({value}, 'YYYY-MM-DD')"),
    }
}

fn operand(values: &mut Values, operand: &Operand) -> String {
    match operand {
        Operand::Text(text) => values.bind(Bound::Text(text.clone())),
        Operand::Integer(number) => values.bind(Bound::Integer(*number)),
        Operand::Boolean(boolean) => values.bind(Bound::Boolean(*boolean)),
        Operand::Timestamp(text) => {
            format!("{}::timestamptz", values.bind(Bound::Text(text.clone())))
        }
        Operand::Date(text) => format!("{}::date", values.bind(Bound::Text(text.clone()))),
    }
}

fn condition(dataset: &Dataset, values: &mut Values, of: &Condition) -> Option<String> {
    let column = dataset.column(&of.column)?;
    let sign = of.compare.sign();
    let operand = operand(values, &of.operand);
    Some(format!("{} {sign} {operand}", value(column)))
}

/// The subject of a row, as people are named.
fn subject(dataset: &Dataset, values: &mut Values) -> String {
    let column = column(&dataset.subject.column);
    let folded = format!("lower(btrim({column}::text, ' ') COLLATE \"C\")");
    match &dataset.subject.domain {
        None => folded,
        Some(domain) => {
            let domain = values.bind(Bound::Text(format!("@{domain}")));
            format!("({folded} || {domain})")
        }
    }
}

/// That a row is withheld.
fn withheld(dataset: &Dataset, values: &mut Values, named: &Named) -> String {
    let subject = subject(dataset, values);
    let denied = values.texts(&named.denied);
    let mut any = vec![format!("coalesce({subject} = ANY({denied}), false)")];
    for mentioning in dataset.mentioning() {
        let between = values.bind(Bound::Text(BETWEEN.to_owned()));
        let around = values.bind(Bound::Text(AROUND.to_owned()));
        let people = values.texts(&named.denied);
        let column = column(&mentioning.name);
        any.push(format!(
            "EXISTS (SELECT FROM regexp_split_to_table(lower({column}::text COLLATE \"C\"), \
             {between}) AS w WHERE btrim(w, {around}) = ANY({people}))"
        ));
    }
    format!("({})", any.join(" OR "))
}

/// That a row is in scope.
fn in_scope(
    dataset: &Dataset,
    asked: &Extraction,
    named: &Named,
    values: &mut Values,
) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    if let Some(only) = &named.only {
        let subject = subject(dataset, values);
        let only = values.texts(only);
        all.push(format!("{subject} = ANY({only})"));
    }
    for one in &asked.filter {
        let odd = || "a filter names a column that the dataset has not".to_owned();
        all.push(condition(dataset, values, one).ok_or_else(odd)?);
    }
    if let (Some(after), Some(key)) = (&asked.after, asked.key(dataset)) {
        let after = operand(values, after);
        all.push(format!("{} > {after}", value(key)));
    }
    Ok(all)
}

fn whole(select: &str, relation: &str, all: &[String]) -> String {
    let all = match all.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", all.join(" AND ")),
    };
    format!("SELECT {select} FROM {relation} AS t{all}")
}

impl Queries {
    pub(crate) fn new(
        dataset: &Dataset,
        asked: &Extraction,
        named: &Named,
    ) -> Result<Self, String> {
        let relation = dataset
            .relation
            .as_deref()
            .and_then(|it| it.split_once('.'));
        let (schema, table) = relation.ok_or("the dataset is no table or view")?;
        let relation = format!("{}.{}", name(schema), name(table));
        let is_denied = !named.denied.is_empty();

        let mut values = Values::default();
        let mut all = in_scope(dataset, asked, named, &mut values)?;
        if is_denied {
            all.push(format!("NOT {}", withheld(dataset, &mut values, named)));
        }
        let select: Vec<_> = asked.columns.iter().map(written).collect();
        let order = asked
            .key(dataset)
            .map(|key| format!(" ORDER BY {}", value(key)));
        let rows = whole(&select.join(", "), &relation, &all) + &order.unwrap_or_default();
        let rows = (rows, values.0);

        let withheld = match is_denied {
            false => None,
            true => {
                let mut values = Values::default();
                let mut all = in_scope(dataset, asked, named, &mut values)?;
                all.push(withheld(dataset, &mut values, named));
                Some((whole("count(*)", &relation, &all), values.0))
            }
        };
        Ok(Self { rows, withheld })
    }
}
