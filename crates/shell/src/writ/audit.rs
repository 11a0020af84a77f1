//! Search-UnifiedAuditLog: the log itself, read entry by entry.

use writ_client::Client;
use writ_core::entry::Entry;
use writ_core::object::{Object as Noun, ObjectName};
use writ_core::statement::{Body, Change, Statement, Unverified};
use writ_core::time::Time;

use super::refused::refused;
use super::{Done, usage};
use crate::binder::Bound;
use crate::pipe::{from_json, to_json, wildcard};
use crate::record::{ErrorRecord, Reason};
use crate::values::{Object, Value, iso_date};

/// How many entries are read at once.
const CHUNK: u64 = 500;
/// How many records are answered where nobody said how many, and at most.
const RECORDS: i64 = 100;
const MOST_RECORDS: i64 = 5_000;
/// How deep what was signed is written.
const DEPTH: usize = 20;

/// An entry that was read.
struct Read {
    index: u64,
    entry: Entry,
    statement: Statement,
    id: String,
}

impl Read {
    fn new(index: u64, leaf: &[u8]) -> Result<Self, ErrorRecord> {
        let odd = |error: &dyn std::fmt::Display| {
            let message = format!("Entry {index} cannot be read: {error}");
            ErrorRecord::new(Reason::Broken, "Untrusted", message)
        };
        let entry = Entry::parse(leaf).map_err(|error| odd(&error))?;
        let said = Unverified::read(entry.envelope.clone()).map_err(|error| odd(&error))?;
        Ok(Self {
            index,
            id: said.digest().short(),
            statement: said.statement().clone(),
            entry,
        })
    }
}

pub(super) async fn search(client: &Client, bound: &Bound) -> Done {
    let time = |name: &str| bound.get(name).and_then(Value::time);
    let (Some(from), Some(to)) = (time("StartDate"), time("EndDate")) else {
        return Err(usage("-StartDate and -EndDate are needed."));
    };
    if from >= to {
        return Err(usage("-EndDate must be after -StartDate."));
    }
    let most = bound.integer("ResultSize").unwrap_or(RECORDS);
    if !(1..=MOST_RECORDS).contains(&most) {
        return Err(usage(format!("-ResultSize is from 1 to {MOST_RECORDS}.")));
    }
    let size = client.status().await.map_err(refused)?.log_size;
    let mut next = first_since(client, from, size).await?;
    let mut records = Vec::new();
    'log: while next < size {
        let leaves = client.leaves(next, CHUNK).await.map_err(refused)?;
        if leaves.is_empty() {
            break;
        }
        for leaf in leaves {
            let read = Read::new(next, &leaf)?;
            next += 1;
            if read.entry.time >= to {
                break 'log;
            }
            let record = record(&read);
            if is_meant(&read, &record, bound) {
                records.push(record);
            }
        }
    }
    // The newest first, as many as were asked for.
    records.reverse();
    let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
    records.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let numbered = records.into_iter().zip(1_i64..).map(|(mut record, index)| {
        record.set("ResultIndex", index);
        record.set("ResultCount", count);
        Value::Object(record)
    });
    Ok(numbered.collect())
}

/// The first entry that is not before an instant: the times of entries never go
/// back.
async fn first_since(client: &Client, from: Time, size: u64) -> Result<u64, ErrorRecord> {
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let leaves = client.leaves(middle, 1).await.map_err(refused)?;
        let leaf = leaves.first().ok_or_else(|| {
            let message = format!("The server has no entry {middle}.");
            ErrorRecord::new(Reason::Broken, "Untrusted", message)
        })?;
        match Read::new(middle, leaf)?.entry.time < from {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    Ok(low)
}

fn is_meant(read: &Read, record: &Object, bound: &Bound) -> bool {
    let has = |parameter: &str, texts: &[String]| {
        let wanted = bound.texts(parameter);
        wanted.is_none_or(|wanted| {
            wanted
                .iter()
                .any(|wanted| texts.iter().any(|text| wildcard(wanted, text, false)))
        })
    };
    let data = record.get("AuditData").map(|(_, value)| value.text());
    let is_found = bound.text("FreeText").is_none_or(|text| {
        let data = data.unwrap_or_default().to_lowercase();
        data.contains(&text.to_lowercase())
    });
    is_found
        && has("UserIds", &[read.statement.by.to_string()])
        && has("Operations", &operations(&read.statement.body))
}

fn record(read: &Read) -> Object {
    let Read {
        entry, statement, ..
    } = read;
    let operations = operations(&statement.body);
    let operation = operations.first().cloned().unwrap_or_default();
    let user = statement.by.to_string();
    let signed = String::from_utf8_lossy(&entry.envelope.payload);
    let signed = from_json(&signed).unwrap_or_default();
    let data = Object::new()
        .with("CreationTime", iso_date(entry.time))
        .with("Id", read.id.as_str())
        .with("Operation", operation.as_str())
        .with("RecordType", 1)
        .with(
            "ResultStatus",
            if entry.accepted { "True" } else { "False" },
        )
        .with("UserId", user.as_str())
        .with("Workload", workload(&statement.body))
        .with("Index", i64::try_from(read.index).unwrap_or(i64::MAX))
        .with("Refusal", entry.code.as_deref().map(ToOwned::to_owned))
        .with("Node", entry.node.as_str())
        .with("Statement", signed);
    let (data, _) = to_json(&Value::Object(data), DEPTH, true);
    Object::new()
        .with("RecordType", "ExchangeAdmin")
        .with("CreationDate", entry.time)
        .with("UserIds", user)
        .with("Operations", operation)
        .with("AuditData", data)
        .with("ResultIndex", 0)
        .with("ResultCount", 0)
        .with("Identity", read.id.as_str())
        .with("IsValid", true)
}

fn workload(body: &Body) -> String {
    match body {
        Body::Request(request) => request.task.workload().to_string(),
        Body::Invoke(invoke) => invoke.task.workload().to_string(),
        Body::Genesis(_)
        | Body::Set(_)
        | Body::Enrol(_)
        | Body::RevokeKey(_)
        | Body::Signout(_)
        | Body::Approve(_)
        | Body::End(_)
        | Body::Outcome(_)
        | Body::Recover(_)
        | Body::Tick(_) => "Writ".to_owned(),
    }
}

/// The cmdlet that says such a thing, and others that do.
fn operations(body: &Body) -> Vec<String> {
    let names: &[&str] = match body {
        Body::Invoke(invoke) => return vec![invoke.task.command().to_owned()],
        Body::Set(set) => match set.change() {
            Some(Change::Object(object)) => match object {
                Noun::Control(control) if control.enabled => &["Enable-ElevatedAccessControl"],
                Noun::Control(_) => &["Disable-ElevatedAccessControl"],
                Noun::Policy(_) => &[
                    "Set-ElevatedAccessApprovalPolicy",
                    "New-ElevatedAccessApprovalPolicy",
                ],
                Noun::Group(_) => &["Set-ElevatedAccessGroup", "New-ElevatedAccessGroup"],
                Noun::Site(_)
                | Noun::Person(_)
                | Noun::Workload(_)
                | Noun::Task(_)
                | Noun::Preferences(_) => return vec![format!("Set-{}", object_name(object))],
            },
            Some(Change::Remove(ObjectName::Policy(_))) => &["Remove-ElevatedAccessApprovalPolicy"],
            Some(Change::Remove(ObjectName::Group(_))) => &["Remove-ElevatedAccessGroup"],
            Some(Change::Remove(ObjectName::Task(_))) => &["Remove-Task"],
            Some(Change::Remove(ObjectName::Workload(_))) => &["Remove-Workload"],
            None => &["Set"],
        },
        Body::Request(_) => &["New-ElevatedAccessRequest"],
        Body::Approve(_) => &["Approve-ElevatedAccessRequest"],
        // What it ended is in the log before it: pending or live.
        Body::End(_) => &[
            "End-ElevatedAccessRequest",
            "Deny-ElevatedAccessRequest",
            "Revoke-ElevatedAccessAuthorization",
        ],
        Body::Genesis(_) => &["New-Organization"],
        Body::Enrol(_) => &["Add-Key"],
        Body::RevokeKey(_) => &["Revoke-Key"],
        Body::Signout(_) => &["Disconnect-Session"],
        Body::Outcome(_) => &["Complete-Execution"],
        Body::Recover(_) => &["Restore-Log"],
        Body::Tick(_) => &["Update-Time"],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The noun of an object, as a cmdlet would name it.
fn object_name(object: &Noun) -> String {
    let noun = object.noun().to_string();
    let mut letters = noun.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
