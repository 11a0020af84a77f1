//! What is delivered is what a plain query gives, and never one more.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio_postgres::SimpleQueryMessage;
use writ_connect::Output;
use writ_connect::pipe::Next;
use writ_core::testing::{World, group};
use writ_core::value::Value;
use writ_data::Source;

use crate::database::shared;
use crate::world::{COLUMNS, PEOPLE, SMALL, connector, dataset, job, list, read};

/// What an app may be granted, in numbers.
#[derive(Clone, Debug)]
struct Case {
    columns: Vec<usize>,
    /// The people of two groups, the second inside the first; none is everybody.
    scope: Option<(Vec<u32>, Vec<u32>)>,
    /// A group that is denied, and a person.
    denied: (Vec<u32>, Option<u32>),
    filters: Vec<usize>,
    after: Option<u32>,
}

/// Filters, as they are asked for and as plain SQL, by the column that they name.
const FILTERS: [(usize, &str, &str); 7] = [
    (0, "id <= 3000", "id <= 3000"),
    (1, "kind = news", "kind = 'news'"),
    (1, "kind != it's, \"quoted\"", "kind <> 'it''s, \"quoted\"'"),
    (3, "is_read = true", "is_read"),
    (
        4,
        "sent >= 2026-01-02T00:00:00Z",
        "sent >= timestamptz '2026-01-02 00:00+00'",
    ),
    (6, "due < 2026-06-01", "due < date '2026-06-01'"),
    (
        7,
        "we\"ird; DROP != x' OR true --",
        "\"we\"\"ird; DROP\" <> 'x'",
    ),
];

fn case() -> impl Strategy<Value = Case> {
    let people = || subsequence((0..PEOPLE).collect::<Vec<_>>(), 0..6);
    (
        subsequence((0..COLUMNS.len()).collect::<Vec<_>>(), 1..=COLUMNS.len()),
        proptest::option::of((people(), people())),
        (people(), proptest::option::of(0..PEOPLE)),
        subsequence((0..FILTERS.len()).collect::<Vec<_>>(), 0..3),
        proptest::option::weighted(0.3, 0..SMALL),
    )
        .prop_map(|(columns, scope, denied, filters, after)| Case {
            // A filter names what is read; and so does what to go on after.
            filters: filters
                .into_iter()
                .filter(|at| columns.contains(&FILTERS[*at].0))
                .collect(),
            after: after.filter(|_| columns.contains(&0)),
            columns,
            scope,
            denied,
        })
}

fn address(person: u32) -> String {
    format!("p{person}@fabrikam.example")
}

fn members(people: &[u32], group: Option<&str>) -> Vec<String> {
    people
        .iter()
        .map(|p| address(*p))
        .chain(group.map(Into::into))
        .collect()
}

impl Case {
    fn world(&self) -> World {
        let mut w = World::new();
        for person in 0..PEOPLE {
            w.set(writ_core::testing::person(&address(person)));
        }
        let as_group = |name: &str, members: &[String]| {
            let members: Vec<_> = members.iter().map(String::as_str).collect();
            group(name, &members)
        };
        if let Some((outer, inner)) = &self.scope {
            w.set(as_group("inner", &members(inner, None)));
            w.set(as_group(
                "outer",
                &members(outer, Some("inner@fabrikam.example")),
            ));
        }
        w.set(as_group("denied", &members(&self.denied.0, None)));
        w
    }

    fn given(&self) -> Vec<(&'static str, Value)> {
        let columns: Vec<_> = self.columns.iter().map(|at| COLUMNS[*at].0).collect();
        let scope = match self.scope {
            None => "everybody",
            Some(_) => "outer@fabrikam.example",
        };
        let denied = self.denied.1.map(address);
        let deny: Vec<_> = std::iter::once("denied@fabrikam.example".to_owned())
            .chain(denied)
            .collect();
        let filters: Vec<_> = self.filters.iter().map(|at| FILTERS[*at].1).collect();
        let mut given = vec![
            ("columns", list(&columns)),
            ("scope", list(&[scope])),
            ("deny", list(&deny)),
        ];
        if !filters.is_empty() {
            given.push(("filter", list(&filters)));
        }
        if let Some(after) = self.after {
            given.push(("after", Value::Text(after.to_string())));
        }
        given
    }

    fn denied(&self) -> BTreeSet<u32> {
        self.denied.0.iter().copied().chain(self.denied.1).collect()
    }

    /// The same as plain SQL, rows as JSON of PostgreSQL's own making.
    fn plain(&self, table: &str, count: bool) -> String {
        let owner = "lower(trim(owner))";
        let mut all = vec!["true".to_owned()];
        let quoted = |people: &mut dyn Iterator<Item = u32>| {
            let mut text = "'nobody'".to_owned();
            for person in people {
                write!(text, ", '{}'", address(person)).unwrap();
            }
            text
        };
        if let Some((outer, inner)) = &self.scope {
            let people = quoted(&mut outer.iter().chain(inner).copied());
            all.push(format!("{owner} IN ({people})"));
        }
        let mut denied = format!(
            "coalesce({owner} IN ({}), false)",
            quoted(&mut self.denied().into_iter())
        );
        for person in self.denied() {
            write!(denied, " OR sender LIKE '%<{}>%'", address(person)).unwrap();
        }
        all.push(if count {
            format!("({denied})")
        } else {
            format!("NOT ({denied})")
        });
        all.extend(self.filters.iter().map(|at| FILTERS[*at].2.to_owned()));
        all.extend(self.after.map(|after| format!("id > {after}")));
        let value = |at: &usize| {
            let name = COLUMNS[*at].0.replace('"', "\"\"");
            match COLUMNS[*at].0 {
                "weight" => format!("weight::text AS \"{name}\""),
                "sent" => format!(
                    "replace((sent AT TIME ZONE 'UTC')::text, ' ', 'T') || '.000000Z' AS \"{name}\""
                ),
                _ => format!("\"{name}\""),
            }
        };
        let columns: Vec<_> = self.columns.iter().map(value).collect();
        let conditions = all.join(" AND ");
        match count {
            true => format!("SELECT count(*) FROM {table} WHERE {conditions}"),
            false => format!(
                "SELECT row_to_json(r)::text FROM (SELECT {} FROM {table} WHERE {conditions}) r",
                columns.join(", ")
            ),
        }
    }
}

async fn plain(client: &tokio_postgres::Client, query: &str) -> Vec<serde_json::Value> {
    let rows = client.simple_query(query).await.unwrap();
    let text = |message: &SimpleQueryMessage| {
        let SimpleQueryMessage::Row(row) = message else {
            return None;
        };
        Some(serde_json::from_str(row.get(0).unwrap()).unwrap())
    };
    rows.iter().filter_map(text).collect()
}

fn sorted(mut values: Vec<serde_json::Value>) -> Vec<String> {
    let mut texts: Vec<_> = values.drain(..).map(|value| value.to_string()).collect();
    texts.sort();
    texts
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The small table as a file, as PostgreSQL writes it; its empty texts are no
/// values there, since a file cannot tell them apart.
async fn as_file(client: &tokio_postgres::Client, folder: &std::path::Path) {
    let query = "SELECT id, owner, nullif(kind, '') AS kind, sender, \
                 CASE WHEN is_read THEN 'true' ELSE 'false' END AS is_read, \
                 to_char(sent AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS sent, \
                 weight, due, \"we\"\"ird; DROP\" FROM mail.small ORDER BY id";
    let query = format!("COPY ({query}) TO STDOUT (FORMAT csv, HEADER)");
    let copied = client.copy_out(&query);
    let copied = copied.await.unwrap();
    let chunks: Vec<_> = futures_util::TryStreamExt::try_collect(copied)
        .await
        .unwrap();
    std::fs::write(folder.join("small.csv"), chunks.concat()).unwrap();
}

fn cases(count: u32, check: impl Fn(Case) -> Result<(), TestCaseError>) {
    let config = Config {
        cases: count,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    if let Err(error) = TestRunner::new_with_rng(config, rng).run(&case(), check) {
        panic!("{error}");
    }
}

#[test]
fn what_is_delivered_is_what_a_plain_query_gives() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = shared();
    let client = runtime.block_on(database.connect());
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(as_file(&client, folder.path()));
    let connector = connector(&[
        ("base", database.source()),
        ("files", Source::Folder(folder.path().to_owned())),
    ]);
    cases(80, |case| {
        let state = case.world().state;
        for relation in [Some("mail.small"), None] {
            let dataset = dataset(relation);
            let job = job(&dataset, &state, &case.given());
            let (text, ended, rows) = runtime.block_on(read(&connector, &job));
            prop_assert_eq!(ended, Ok(()));
            let table = match relation {
                Some(_) => "mail.small",
                None => {
                    "(SELECT id, owner, nullif(kind, '') AS kind, sender, is_read, sent, weight, due, \"we\"\"ird; DROP\" FROM mail.small) s"
                }
            };
            let expected = runtime.block_on(plain(&client, &case.plain(table, false)));
            let delivered = lines(&text);
            // In the order of the key where it is read.
            if case.columns.contains(&0) {
                let ids: Vec<_> = delivered.iter().map(|row| row["id"].as_i64()).collect();
                prop_assert!(ids.is_sorted());
            }
            let rows = rows.unwrap();
            prop_assert_eq!(rows.delivered, expected.len() as u64);
            prop_assert_eq!(sorted(delivered), sorted(expected));
            let withheld = runtime.block_on(plain(&client, &case.plain(table, true)));
            prop_assert_eq!(Some(rows.withheld), withheld[0].as_u64());
            prop_assert_eq!(rows.asked, rows.delivered + rows.withheld);
        }
        Ok(())
    });
}

#[test]
fn a_million_rows_come_whole_and_in_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = shared();
    let client = runtime.block_on(database.connect());
    let connector = connector(&[("base", database.source())]);
    cases(2, |case| {
        let case = Case {
            after: None,
            filters: Vec::new(),
            ..case
        };
        let state = case.world().state;
        let job = job(&dataset(Some("mail.large")), &state, &case.given());
        let (text, ended, _) = runtime.block_on(read(&connector, &job));
        prop_assert_eq!(ended, Ok(()));
        let expected = runtime.block_on(plain(&client, &case.plain("mail.large", false)));
        prop_assert_eq!(sorted(lines(&text)), sorted(expected));
        Ok(())
    });
    let all = job(
        &dataset(Some("mail.large")),
        &World::new().state,
        &[("columns", list(&["id"])), ("scope", list(&["everybody"]))],
    );
    let (text, ended, rows) = runtime.block_on(read(&connector, &all));
    assert_eq!(ended, Ok(()));
    assert_eq!(rows.unwrap().delivered, 1_000_000);
    assert!(
        text.lines()
            .zip(1..)
            .all(|(line, id)| line == format!("{{\"id\":{id}}}"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_ends_and_says_how_far_it_came() {
    let database = shared();
    let connector = connector(&[("base", database.source())]);
    let job = job(
        &dataset(Some("mail.large")),
        &World::new().state,
        &[
            ("columns", list(&["id", "sender"])),
            ("scope", list(&["everybody"])),
        ],
    );
    let output = Output::new(0);
    let (writer, mut reader) = (output.writer().unwrap(), output.reader().unwrap());
    let take = async {
        let Next::Bytes(first) = reader.next().await else {
            panic!("nothing came")
        };
        reader.cut("its grant has ended in between");
        assert_eq!(reader.next().await, Next::BrokeOff);
        first.len()
    };
    let (ended, first) = tokio::join!(connector.extract(&job, writer, &output), take);
    assert_eq!(ended, Err("its grant has ended in between".into()));
    assert!(first > 10_000);
    let rows = output.rows().unwrap();
    assert!(rows.delivered > 0 && rows.delivered < 100_000, "{rows:?}");
}

#[tokio::test]
async fn values_are_written_as_their_form_has_it() {
    let database = shared();
    let connector = connector(&[("base", database.source())]);
    let given = [
        ("columns", list(&["kind", "weight", "due"])),
        (
            "scope",
            list(&["p1@fabrikam.example", "p2@fabrikam.example"]),
        ),
        ("format", Value::Text("csv".into())),
        ("filter", list(&["due < 2026-01-04"])),
    ];
    let job = job(&dataset(Some("mail.small")), &World::new().state, &given);
    let (text, ended, _) = read(&connector, &job).await;
    assert_eq!(ended, Ok(()));
    let mut lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(lines.remove(0), "kind,weight,due");
    lines.sort_unstable();
    assert!(
        lines.contains(&"\"it's, \"\"quoted\"\"\",0.125,2026-01-02"),
        "{lines:?}"
    );
    assert!(lines.contains(&",0.250,2026-01-03"), "{lines:?}");
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_shows_nothing() {
    let database = shared();
    let folder = tempfile::tempdir().unwrap();
    let connector = connector(&[
        ("base", database.source()),
        ("files", Source::Folder(folder.path().to_owned())),
    ]);
    let given = [
        ("columns", list(&["id", "kind"])),
        ("scope", list(&["everybody"])),
    ];
    let state = World::new().state;
    for (relation, expected) in [
        ("mail.none", "PostgreSQL answered 42P01"),
        ("mail.x\"y", "PostgreSQL answered 42P01"),
    ] {
        let job = job(&dataset(Some(relation)), &state, &given);
        assert_eq!(read(&connector, &job).await.1, Err(expected.into()));
    }
    let mut wrong = dataset(Some("mail.small"));
    wrong.columns[1].column_type = writ_core::dataset::ColumnType::Integer;
    let job_of_wrong = job(&wrong, &state, &given);
    let (text, ended, _) = read(&connector, &job_of_wrong).await;
    assert_eq!(
        (text.as_str(), ended),
        ("", Err("PostgreSQL answered 22P02".into()))
    );
    for (content, expected) in [
        ("id,owner,sender\n1,a,b\n", "the file has no column `kind`"),
        (
            "id,owner,sender,kind\n1,a,b,c\n1,a,b,c\n",
            "line 3: the file is not in the order of its key",
        ),
        (
            "id,owner,sender,kind\nsecret,a,b,c\n",
            "line 2: column `id` has a value that is no integer",
        ),
    ] {
        std::fs::write(folder.path().join("small.csv"), content).unwrap();
        let job = job(&dataset(None), &state, &given);
        let (text, ended, _) = read(&connector, &job).await;
        assert_eq!((text.as_str(), ended), ("", Err(expected.into())));
    }
}
