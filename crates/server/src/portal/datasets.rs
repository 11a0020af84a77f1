//! Data in words: the columns of a dataset, and what of it is asked for or granted.

use serde_json::json;
use writ_core::dataset::{Dataset, EVERYBODY, Sensitivity, Wanted, is_data};
use writ_core::names::TaskName;
use writ_core::object::Task;
use writ_core::state::State;
use writ_core::value::{Constraints, Value};
use writ_core::view::RequestView;

use super::line::Line;
use super::text;

/// The dataset that a task is, if it is one.
pub(super) fn dataset(state: &State, task: &Task) -> Option<Dataset> {
    let workload = state.workload(&task.name.workload())?;
    match is_data(workload) {
        true => Dataset::read(&task.template).ok(),
        false => None,
    }
}

fn defined(state: &State, task: &TaskName) -> Option<Dataset> {
    dataset(state, state.task(task)?)
}

/// A column, with what there is to know of it.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) title: Option<String>,
    /// Its type; none, where the dataset has it no more.
    pub(super) kind: Option<&'static str>,
    pub(super) sensitivity: Option<Sensitivity>,
    pub(super) mentions: bool,
    pub(super) free_text: bool,
    /// Whether the app has it not yet, and has others.
    pub(super) is_new: bool,
}

impl Column {
    fn new(name: &str, dataset: Option<&Dataset>) -> Self {
        let found = dataset.and_then(|dataset| dataset.column(name));
        Self {
            name: name.to_owned(),
            title: found.and_then(|column| column.title.clone()),
            kind: found.map(|column| column.column_type.name()),
            sensitivity: found.map(|column| column.sensitivity),
            mentions: found.is_some_and(|column| column.mentions),
            free_text: found.is_some_and(|column| column.free_text),
            is_new: false,
        }
    }

    /// The columns of a dataset.
    pub(super) fn all(dataset: &Dataset) -> Vec<Self> {
        let names = dataset.columns.iter().map(|column| &column.name);
        names.map(|name| Self::new(name, Some(dataset))).collect()
    }

    /// What to think of before somebody gets it.
    pub(super) fn notes(&self) -> String {
        let notes = [
            (self.is_new, "new"),
            (self.kind.is_none(), "not there any more"),
            (self.mentions, "mentions people"),
            (self.free_text, "free text"),
        ];
        let notes = notes.into_iter().filter(|(is, _)| *is);
        notes.map(|(_, note)| note).collect::<Vec<_>>().join(", ")
    }
}

/// How much of a dataset: what a run can read at most under some limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) columns: Vec<String>,
    /// Whose rows: groups, or everybody's.
    pub(super) scope: Vec<String>,
    pub(super) filter: Vec<String>,
    /// Whose rows not.
    pub(super) deny: Vec<String>,
    /// What else is limited.
    pub(super) others: Vec<String>,
}

impl Share {
    /// Nothing, where it cannot be said as lists.
    pub(super) fn of(limits: &[Constraints]) -> Option<Self> {
        const TOLD: [&str; 4] = ["columns", "scope", "filter", "deny"];
        let list = |value: Value| match value {
            Value::List(items) => items.iter().map(super::fields::typed).collect(),
            other => vec![super::fields::typed(&other)],
        };
        let mut share = Self::default();
        for (name, value) in Wanted::most(limits).ok()? {
            match name.as_str() {
                "columns" => share.columns = list(value),
                "scope" => share.scope = list(value),
                "filter" => share.filter = list(value),
                "deny" => share.deny = list(value),
                _ => {}
            }
        }
        let others = limits.iter().flatten();
        let others = others.filter(|(name, _)| !TOLD.contains(&name.as_str()));
        share.others = others
            .map(|(name, limit)| format!("{name} {limit}"))
            .collect();
        Some(share)
    }

    pub(super) fn is_of_everybody(&self) -> bool {
        self.scope == [EVERYBODY]
    }

    /// Whose rows, in words.
    pub(super) fn whose(&self) -> String {
        match self.scope.as_slice() {
            [] => "nobody".to_owned(),
            [one] if one == EVERYBODY => "everybody".to_owned(),
            groups => groups.join(", "),
        }
    }

    /// How many columns, in words.
    pub(super) fn count(&self) -> String {
        match self.columns.len() {
            1 => "1 column".to_owned(),
            count => format!("{count} columns"),
        }
    }
}

/// What an app asks for, beside what every request says.
pub(super) struct Ask {
    pub(super) columns: Vec<Column>,
    pub(super) asked: Share,
    /// What is granted, where that is less.
    pub(super) granted: Option<Share>,
    /// Whether the dataset is defined otherwise than when it was asked for.
    pub(super) is_outdated: bool,
    /// Whether it was defined otherwise when the app got what it has of the same columns.
    pub(super) is_redefined: bool,
}

impl Ask {
    /// None, where it is for no app.
    pub(super) fn of(state: &State, view: &RequestView) -> Option<Self> {
        let app = view.app.as_ref()?;
        let dataset = defined(state, &view.task);
        let asked = Share::of(std::slice::from_ref(&view.parameters)).unwrap_or_default();
        let before = app.before.as_ref();
        let had = before.and_then(|before| Share::of(&before.limits));
        let columns = asked.columns.iter().map(|name| Column {
            is_new: had.as_ref().is_some_and(|had| !had.columns.contains(name)),
            ..Column::new(name, dataset.as_ref())
        });
        let now = dataset
            .as_ref()
            .and_then(|dataset| dataset.fingerprint(&asked.columns).ok());
        let sorted = |share: &Share| {
            let mut columns = share.columns.clone();
            columns.sort();
            columns
        };
        let has_same = had
            .as_ref()
            .is_some_and(|had| sorted(had) == sorted(&asked));
        let grant = view.grant.as_ref();
        Some(Self {
            columns: columns.collect(),
            granted: grant
                .and_then(|grant| Share::of(&grant.limits))
                .filter(|granted| *granted != asked),
            is_outdated: now != Some(app.definition),
            is_redefined: has_same
                && before.is_some_and(|before| before.definition != app.definition),
            asked,
        })
    }

    /// The columns that are free text.
    pub(super) fn free_text(&self) -> Vec<&str> {
        self.named(|column| column.free_text)
    }

    /// The columns that mention people.
    pub(super) fn mentioning(&self) -> Vec<&str> {
        self.named(|column| column.mentions)
    }

    fn named(&self, is: impl Fn(&Column) -> bool) -> Vec<&str> {
        let columns = self.columns.iter().filter(|column| is(column));
        columns.map(|column| column.name.as_str()).collect()
    }
}

/// Requests of one app that wait for the same person, to be approved at once.
pub(super) struct Together<'a> {
    pub(super) lines: Vec<Line<'a>>,
}

impl<'a> Together<'a> {
    /// Those of these that belong together, where there is more than one.
    pub(super) fn among(waiting: &[Line<'a>]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for line in waiting.iter().filter(|line| line.view.app.is_some()) {
            let own = all.iter_mut().find(|one| one.is_with(&line.view));
            match own {
                Some(own) => own.lines.push(line.clone()),
                None => all.push(Self {
                    lines: vec![line.clone()],
                }),
            }
        }
        all.retain(|one| one.lines.len() > 1);
        all
    }

    /// Whether a request is of the same installation.
    pub(super) fn is_with(&self, view: &RequestView) -> bool {
        let of = |view: &RequestView| {
            let app = view.app.as_ref();
            app.map(|app| (app.upn.clone(), app.installer.clone()))
        };
        let first = self.lines.first();
        first.is_some_and(|first| of(&first.view) == of(view))
    }

    /// What the app is called.
    pub(super) fn app(&self) -> String {
        let first = self.lines.first();
        first.and_then(Line::app).unwrap_or_default()
    }

    /// The requests, as the form's script is told of them.
    pub(super) fn about(&self) -> String {
        let each = self.lines.iter().map(|line| {
            let mut about = text::asked(&line.view, "approve");
            if let Some(members) = about.as_object_mut() {
                members.insert("request".into(), json!(line.view.id));
                members.insert("title".into(), json!(line.title()));
            }
            about
        });
        json!(each.collect::<Vec<_>>()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use writ_core::value::{Constraint, Value};

    use super::*;

    fn limits(all: &[(&str, Constraint)]) -> Constraints {
        let all = all.iter().cloned();
        all.map(|(name, limit)| (name.parse().unwrap(), limit))
            .collect()
    }

    fn list(texts: &[&str]) -> Vec<Value> {
        let texts = texts.iter();
        texts.map(|text| Value::Text((*text).into())).collect()
    }

    #[test]
    fn a_share_is_what_all_limits_leave() {
        let asked = limits(&[
            ("columns", Constraint::SubsetOf(list(&["id", "kind"]))),
            ("scope", Constraint::SubsetOf(list(&["everybody"]))),
            ("filter", Constraint::Absent),
        ]);
        let less = limits(&[
            ("columns", Constraint::SubsetOf(list(&["id"]))),
            ("deny", Constraint::SupersetOf(list(&["hr@example.com"]))),
            ("format", Constraint::Equals(Value::Text("csv".into()))),
        ]);
        let share = Share::of(&[asked.clone(), less]).unwrap();
        assert_eq!(
            (share.count(), share.whose()),
            ("1 column".into(), "everybody".into())
        );
        assert_eq!(share.columns, ["id"]);
        assert_eq!(share.deny, ["hr@example.com"]);
        assert_eq!(share.others, ["format = csv"]);
        let whole = Share::of(&[asked]).unwrap();
        assert!(whole.deny.is_empty() && whole.others.is_empty() && whole.is_of_everybody());
        let odd = limits(&[("columns", Constraint::Glob("i*".into()))]);
        assert_eq!(Share::of(&[odd]), None);
    }
}
