//! What a request for an app says, as labels and texts: the same in a mail and in a channel.

use writ_core::dataset::{Dataset, Sensitivity, Wanted, difference};
use writ_core::record::{AppAsk, RequestRecord};
use writ_core::state::State;
use writ_core::value::{Constraints, Value};

/// How many columns are named.
const MOST_COLUMNS: usize = 30;

/// The app and what it asks for; nothing, where somebody asks for oneself.
pub(crate) fn rows(state: &State, request: &RequestRecord) -> Vec<(&'static str, String)> {
    let Some(app) = &request.app else {
        return Vec::new();
    };
    let asked = std::slice::from_ref(&request.parameters);
    let mut rows = vec![
        ("App", named(app)),
        ("Publisher", app.manifest.publisher.clone()),
        ("Purpose", app.manifest.purpose.clone()),
    ];
    rows.extend(share(state, request, asked));
    rows.extend(changes(app, asked).map(|changes| ("Changes", changes)));
    rows.push(("Installed by", app.installer.to_string()));
    rows
}

/// Names lie; the UPN is what counts.
fn named(app: &AppAsk) -> String {
    let version = &app.manifest.version;
    match &app.name {
        Some(name) => format!("{} ({name} {version})", app.upn),
        None => format!("{} {version}", app.upn),
    }
}

/// How much of the dataset a run can read under some limits.
pub(crate) fn share(
    state: &State,
    request: &RequestRecord,
    limits: &[Constraints],
) -> Vec<(&'static str, String)> {
    let Ok(most) = Wanted::most(limits) else {
        return Vec::new();
    };
    let task = state.task(&request.task);
    let dataset = task.and_then(|task| Dataset::read(&task.template).ok());
    let labels = [
        ("columns", "Columns"),
        ("scope", "Whose rows"),
        ("filter", "Only where"),
        ("deny", "Left out"),
    ];
    let line = |(name, label): (&str, &'static str)| {
        let Value::List(items) = most.get(name)? else {
            return None;
        };
        let text = |item: &Value| match (name, item) {
            ("columns", Value::Text(column)) => told(column, dataset.as_ref()),
            (_, Value::Text(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        let mut all: Vec<String> = items.iter().take(MOST_COLUMNS).map(text).collect();
        match items.len().saturating_sub(MOST_COLUMNS) {
            0 => {}
            more => all.push(format!("and {more} more, see the page")),
        }
        let all = all.join(", ");
        Some((label, if all.is_empty() { "none".into() } else { all }))
    };
    labels.into_iter().filter_map(line).collect()
}

/// A column, with what to think of before somebody gets it.
fn told(name: &str, dataset: Option<&Dataset>) -> String {
    let column = dataset.and_then(|dataset| dataset.column(name));
    let Some(column) = column else {
        return name.to_owned();
    };
    let notes = [
        (column.sensitivity == Sensitivity::High, "high"),
        (column.mentions, "mentions people"),
        (column.free_text, "free text"),
    ];
    let notes = notes.into_iter().filter(|(is, _)| *is);
    let notes: Vec<&str> = notes.map(|(_, note)| note).collect();
    match notes.is_empty() {
        true => name.to_owned(),
        false => format!("{name} ({})", notes.join(", ")),
    }
}

/// What would change in what the app has, if it has anything of the dataset.
fn changes(app: &AppAsk, asked: &[Constraints]) -> Option<String> {
    let before = app.before.as_ref()?;
    let version = (before.version != app.manifest.version)
        .then(|| format!("version {} before", before.version));
    let differences = difference(&before.limits, asked).into_iter();
    let differences = differences.map(|one| {
        let added = one.added.iter().map(|text| format!("+{text}"));
        let removed = one.removed.iter().map(|text| format!("-{text}"));
        let all: Vec<String> = added.chain(removed).collect();
        // A request leaves nobody out: whoever approves it does.
        match one.parameter.as_str() {
            "deny" => format!("no longer left out: {}", one.removed.join(" ")),
            parameter => format!("{parameter}: {}", all.join(" ")),
        }
    });
    let all: Vec<String> = version.into_iter().chain(differences).collect();
    Some(match all.is_empty() {
        true => "none: the same again".into(),
        false => all.join("; "),
    })
}
