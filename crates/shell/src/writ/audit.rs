//! Search-UnifiedAuditLog: the log itself, read entry by entry.

use writ_client::Client;
use writ_client::audit::{RECORD_TYPE, Record, Wanted};

use super::refused::refused;
use super::{Done, usage};
use crate::binder::Bound;
use crate::values::{Object, Value};

/// How many records are answered where nobody said how many, and at most.
const RECORDS: i64 = 100;
const MOST_RECORDS: i64 = 5_000;

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
    let wanted = Wanted {
        from: Some(from),
        to: Some(to),
        operations: bound.texts("Operations").unwrap_or_default(),
        users: bound.texts("UserIds").unwrap_or_default(),
        text: bound.text("FreeText"),
        ..Wanted::default()
    };
    let mut search = client.audit(wanted).await.map_err(refused)?;
    let (mut records, mut count) = (Vec::new(), 0_i64);
    // All are counted; the newest are answered.
    while let Some(record) = search.next().await.map_err(refused)? {
        count += 1;
        if count <= most {
            records.push(shown(&record, count));
        }
    }
    let counted = records.into_iter();
    let counted = counted.map(|record| Value::Object(record.with("ResultCount", count)));
    Ok(counted.collect())
}

fn shown(record: &Record, index: i64) -> Object {
    let data = &record.data;
    Object::new()
        .with("RecordType", RECORD_TYPE.1)
        .with("CreationDate", record.time)
        .with("UserIds", data.user_id.as_str())
        .with("Operations", data.operation.as_str())
        .with("AuditData", record.line())
        .with("ResultIndex", index)
        .with("ResultCount", 0)
        .with("Identity", data.id.as_str())
        .with("IsValid", true)
}
