//! `docs/security.md` names tests that exist, and leaves no row without a word.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{none, root};

/// How a row says why it has no test, or not enough of them.
const REASONS: [&str; 3] = ["Waits for ", "Not shown yet", "Does not apply: "];

/// One line of a table: what must hold, and what shows it.
struct Row {
    name: String,
    shown: String,
}

/// The rows of the page, in its order.
fn rows(page: &str) -> Vec<Row> {
    let row = |line: &str| {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<_> = cells.split(" | ").collect();
        let [name, _, shown] = *cells.as_slice() else {
            return None;
        };
        let digits = name.strip_prefix(['F', 'A'])?;
        digits.parse::<u32>().ok()?;
        Some(Row {
            name: name.to_owned(),
            shown: shown.to_owned(),
        })
    };
    page.lines().filter_map(row).collect()
}

/// What stands between backticks and names a test.
fn tests(shown: &str) -> impl Iterator<Item = &str> {
    let quoted = shown.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.contains("::"))
}

/// The files that a module may be in: of the crate, or of its tests.
fn files(path: &str) -> Option<Vec<PathBuf>> {
    let (package, module) = path.split_once("::")?;
    let module = module.replace("::", "/");
    let file = |folder, end| format!("crates/{package}/{folder}/{module}{end}");
    let ends = [".rs", "/mod.rs"];
    let all = ends.map(|end| ["src", "tests/it"].map(|folder| root().join(file(folder, end))));
    Some(all.into_iter().flatten().collect())
}

/// Whether a source has a test of that name.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let is_it = |line: &str| {
        let rest = line.trim_start_matches("async ").strip_prefix("fn ");
        rest.and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    let above = |at: usize| lines[..at].iter().rev().take_while(|l| l.starts_with("#["));
    let is_test = |line: &&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    let mut found = (0..lines.len()).filter(|at| is_it(lines[*at]));
    found.any(|at| above(at).any(is_test))
}

fn exists(test: &str) -> bool {
    let named = test.rsplit_once("::");
    named.is_some_and(|(path, name)| {
        let files = files(path).unwrap_or_default();
        let mut sources = files
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok());
        sources.any(|source| has_test(&source, name))
    })
}

/// What is wrong with a row.
fn problems(row: &Row) -> Vec<String> {
    let missing = tests(&row.shown).filter(|test| !exists(test));
    let mut found: Vec<_> = missing
        .map(|test| format!("{}: there is no test `{test}`", row.name))
        .collect();
    let is_shown = tests(&row.shown).next().is_some();
    if !is_shown && !REASONS.iter().any(|reason| row.shown.contains(reason)) {
        found.push(format!(
            "{}: neither a test nor why there is none",
            row.name
        ));
    }
    found
}

#[test]
fn what_must_hold_is_shown_or_said_not_to_be() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let rows = rows(&page);
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    let failures: Vec<_> = (1..=52).map(|number| format!("F{number}")).collect();
    assert_eq!(names[..failures.len()], failures);
    let attacks: BTreeSet<_> = names[failures.len()..].iter().collect();
    assert!(attacks.iter().all(|name| name.starts_with('A')));
    // None is there twice, and none has gone.
    assert_eq!((attacks.len(), names.len()), (48, 100));
    let wrong: Vec<_> = rows.iter().flat_map(problems).collect();
    none("docs/security.md", &wrong);
}

#[test]
fn a_row_without_its_test_is_found() {
    let row = |shown: &str| Row {
        name: "A1".into(),
        shown: shown.into(),
    };
    let here = "`core::house::security::a_row_without_its_test_is_found`";
    for good in [
        here,
        "Waits for mail.",
        &format!("{here} Not shown yet: x."),
    ] {
        assert!(problems(&row(good)).is_empty(), "{good}");
    }
    for bad in [
        "",
        "of course",
        "`a_row_without_its_test_is_found`",
        "`core::house::security::a_row`",
        // A function, and no test.
        "`core::house::security::problems`",
        "`core::house::scan::a_row_without_its_test_is_found`",
        "`cores::house::security::a_row_without_its_test_is_found` Waits for mail.",
    ] {
        assert!(!problems(&row(bad)).is_empty(), "{bad}");
    }
    let page = "| A1 | x | y |\n| - | - | - |\nA2 | x | y |\n| F3 | x | y | z |\n| B4 | x | y |";
    assert_eq!(rows(page).len(), 1);
    assert!(!has_test("// #[test]\nfn a() {}", "a"));
    assert!(has_test(
        "#[tokio::test(flavor = \"x\")]\nasync fn a() {",
        "a"
    ));
}
