//! P16: how fast an app reads rows of a database through the node, to a plain
//! `COPY` of the same, and whether many rows take more memory than few.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Instant;

use writ_bench::{Bound, Figure, is_restless};
use writ_core::dataset::{Dataset, Wanted};
use writ_core::digest::{OrganizationId, RequestId};
use writ_core::envelope::Envelope;
use writ_core::object::{Object, Person, Policy};
use writ_core::testing::{
    app, approving, asking_for, data_workload, dataset, invitation, manual, running, wanted,
};
use writ_core::time::Seconds;
use writ_core::value::{Value, Values};
use writ_core::view::Posted;
use writ_data::testing::Database;
use writ_engine::{Clock as _, SystemClock};
use writ_store::Sqlite;

use crate::Tier;
use crate::null::{Counts, Null};
use crate::place::{self, approver, said, setting};
use crate::process::Role;
use crate::rounds::figure;
use crate::wire::{Wire, get, post};

/// With few rows, and with many.
const FEW: &str = r"Data\Few";
const MANY: &str = r"Data\Many";
const APP: &str = "insights";
const COLUMNS: [&str; 4] = ["id", "kind", "sender", "body"];

/// An app reads 10,000 rows, then a million, in turns with a `COPY` of the same.
pub(crate) async fn read(
    tier: Tier,
    directory: &Path,
    organization: OrganizationId,
) -> Vec<Figure> {
    let database = Database::start();
    database.sql(&format!(
        "{}; {}",
        table("few", 10_000),
        table("many", 1_000_000)
    ));
    let source = database.socket().to_str().unwrap();
    let sources =
        format!("[mail.postgres]\nhost = \"{source}\"\ndatabase = \"postgres\"\nuser = \"writ\"\n");
    fs::write(directory.join(place::SOURCES), sources).unwrap();
    install(directory, organization).await;
    let node = Role::start("node", directory);
    let mut reader = Reader::open(&node, organization).await;
    let client = database.connect().await;

    let few = reader.rows(FEW).await;
    assert_eq!(few, 10_000);
    let peak = node.peak();
    let (mut ratios, mut copies) = (Vec::new(), Vec::new());
    let (mut rows, mut seconds, mut copied) = (0, 0.0, 0.0);
    for _ in 0..tier.pick(5, 9) {
        let begun = Instant::now();
        rows = reader.rows(MANY).await;
        seconds = begun.elapsed().as_secs_f64();
        assert_eq!(rows, 1_000_000);
        let begun = Instant::now();
        let columns = COLUMNS.join(", ");
        let query = format!("SELECT {columns} FROM many ORDER BY id");
        assert!(Database::copy(&client, &query).await > 0);
        copied = begun.elapsed().as_secs_f64();
        ratios.push(copied / seconds);
        copies.push(copied);
    }
    let most = node.peak();
    let _: Counts = node.end();
    fs::remove_file(directory.join(place::SOURCES)).unwrap();

    let mut rate = figure(
        "P16",
        "rows an app reads as JSON, to COPY of the same rows",
        Bound::AtLeast(0.5),
        Bound::AtLeast(0.8),
    );
    rate.made_of = format!("last: {rows} rows in {seconds:.2} s, COPY {copied:.2} s");
    // The database works for both, so what others had says nothing here.
    rate.restless = is_restless(&copies);
    rate.values = ratios;
    let mut memory = figure(
        "P16",
        "the node's memory at its most, a million rows to 10,000",
        Bound::AtMost(1.2),
        Bound::AtMost(1.1),
    );
    memory.made_of = format!("{most:.1} MiB to {peak:.1} MiB");
    memory.values.push(most / peak);
    vec![rate, memory]
}

fn table(name: &str, rows: u32) -> String {
    format!(
        "CREATE TABLE {name} AS SELECT n::bigint AS id, 'u' || n % 400 || '@fabrikam.com' AS owner,
            CASE n % 3 WHEN 0 THEN 'news' WHEN 1 THEN 'meeting' ELSE NULL END AS kind,
            'u' || (n * 7) % 400 || '@fabrikam.com' AS sender,
            'It is about the ' || n || 'th thing, as \"ever\"' AS body
        FROM generate_series(1, {rows}) AS n;
        ALTER TABLE {name} ADD PRIMARY KEY (id); ANALYZE {name}"
    )
}

/// The dataset of a table.
fn of_table(name: &str, table: &str) -> writ_core::object::Task {
    let task = dataset(name);
    let mut definition = Dataset::read(&task.template).unwrap();
    definition.relation = Some(format!("public.{table}"));
    writ_core::object::Task {
        template: definition.template().unwrap(),
        ..task
    }
}

fn wants() -> Vec<Wanted> {
    [FEW, MANY].map(|name| wanted(name, &COLUMNS)).to_vec()
}

/// Sets up both datasets, and an app that may read them.
async fn install(directory: &Path, organization: OrganizationId) {
    let store = Sqlite::open(&place::database(directory)).unwrap();
    let engine = place::open(
        directory,
        std::sync::Arc::new(store),
        Null::blind(),
        place::USUAL,
    );
    let engine = engine.await;
    let until = SystemClock.now().plus(Seconds::DAY);
    let policy = |name| Policy {
        max_duration_s: Seconds(4_320 * 3_600),
        ..manual(name, &[])
    };
    let reads = Person {
        invitation: Some(invitation(&format!("code of {APP}"), until)),
        ..app(APP, "1.0", wants())
    };
    let objects: [Object; 6] = [
        data_workload("Data").into(),
        of_table(FEW, "few").into(),
        of_table(MANY, "many").into(),
        policy(FEW).into(),
        policy(MANY).into(),
        reads.into(),
    ];
    for object in objects {
        let set = setting(&engine, object);
        place::yes(&engine, said(organization, "admin", set)).await;
    }
    place::yes(&engine, place::joining(organization, APP)).await;
    for wanted in wants() {
        let request = asking_for(APP, &wanted);
        let envelope = said(organization, "admin", request);
        let id = RequestId(envelope.digest());
        place::yes(&engine, envelope).await;
        place::yes(&engine, said(organization, &approver(0), approving(id))).await;
    }
    engine.stop(std::time::Duration::from_secs(5)).await;
}

/// The app, on one connection.
struct Reader {
    wire: Wire,
    organization: OrganizationId,
}

impl Reader {
    async fn open(node: &Role, organization: OrganizationId) -> Self {
        let wire = Wire::open(Ipv4Addr::LOCALHOST, node.address).await.unwrap();
        Self { wire, organization }
    }

    /// Reads all rows of a dataset; how many they were.
    async fn rows(&mut self, dataset: &str) -> usize {
        let texts = |texts: &[&str]| {
            Value::List(
                texts
                    .iter()
                    .map(|text| Value::Text((*text).into()))
                    .collect(),
            )
        };
        let parameters: Values = [
            ("columns", texts(&COLUMNS)),
            ("scope", texts(&[writ_core::dataset::EVERYBODY])),
        ]
        .map(|(name, value)| (writ_core::testing::parameter(name), value))
        .into();
        let invoke = writ_core::statement::Invoke {
            parameters,
            ..running(dataset, &[])
        };
        let envelope: Envelope = said(self.organization, APP, invoke);
        let text = writ_core::json::write(&envelope).unwrap();
        let body = [b"{\"envelope\":", &*text, b"}"].concat();
        let (status, answer) = self
            .wire
            .call(&post("/v1/statements", &body))
            .await
            .unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        let posted: Posted = serde_json::from_slice(&answer).unwrap();
        assert!(posted.receipt.accepted, "{posted:?}");
        let path = format!("/v1/data/{}", envelope.digest());
        let bearer = place::bearer(self.organization, APP);
        let (status, rows) = self.wire.call(&get(&path, Some(&bearer))).await.unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&rows));
        rows.iter().filter(|byte| **byte == b'\n').count()
    }
}
