//! What the client says no with, as an error record.

use writ_client::{Client, Error};
use writ_core::view::Receipt;

use crate::host::Invocation;
use crate::letters::plain_lines;
use crate::record::{ErrorRecord, Reason};
use crate::session::quoted;
use crate::values::{Value, date};

/// Commands of the command line, and what they are here.
const SPOKEN: [(&str, &str); 8] = [
    ("writ requests --to-approve", "Get-ElevatedAccessRequest"),
    ("writ requests", "Get-ElevatedAccessRequest"),
    ("writ show ", "Get-ElevatedAccessRequest "),
    ("writ grants", "Get-ElevatedAccessAuthorization"),
    ("writ policy list", "Get-ElevatedAccessApprovalPolicy"),
    ("writ policy show ", "Get-ElevatedAccessApprovalPolicy "),
    ("writ group list", "Get-ElevatedAccessGroup"),
    ("writ group show ", "Get-ElevatedAccessGroup "),
];

/// Any no, as a record.
pub(super) fn refused(error: Error) -> ErrorRecord {
    let mut sentence = error.to_string();
    for (typed, spoken) in SPOKEN {
        sentence = sentence.replace(typed, spoken);
    }
    match error {
        Error::Usage(_) => ErrorRecord::new(Reason::Usage, "InvalidArgument", sentence),
        Error::Refused { code, receipt, .. } => ErrorRecord {
            category: "PermissionDenied: (:) [], RefusedException".to_owned(),
            id: match receipt {
                Some(receipt) => format!("[{}] {code}", mark("Writ", &receipt)),
                None => code,
            },
            ..ErrorRecord::new(Reason::Refused, "Refused", sentence)
        },
        Error::Unreachable(_) => ErrorRecord {
            category: "ConnectionError: (:) [], UnreachableException".to_owned(),
            ..ErrorRecord::new(Reason::Unreachable, "Unreachable", sentence)
        },
        Error::Untrusted(_) => ErrorRecord {
            category: "SecurityError: (:) [], UntrustedException".to_owned(),
            ..ErrorRecord::new(Reason::Broken, "Untrusted", sentence)
        },
    }
}

/// Where the entry is that says no, for whoever looks it up.
fn mark(server: &str, receipt: &Receipt) -> String {
    format!(
        "Server={server},RequestId={},TimeStamp={}",
        receipt.digest.short(),
        date(receipt.time)
    )
}

/// What is shown where no grant covers a run: the product's record, and the line
/// that would ask for one.
pub(super) fn insufficient(
    client: &Client,
    run: &Invocation,
    receipt: Option<&Receipt>,
) -> ErrorRecord {
    let url = client.url();
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split([':', '/']).next().unwrap_or(host);
    let mark = receipt.map_or_else(|| format!("Server={host}"), |receipt| mark(host, receipt));
    ErrorRecord {
        category: "NotSpecified: (:) [], LocalizedException".to_owned(),
        id: format!("[{mark}] [FailureCategory=Cmdlet-LocalizedException] 882BD051"),
        computer: Some(host.into()),
        whole: true,
        next: Some(raising(run).into()),
        ..ErrorRecord::new(
            Reason::Refused,
            "882BD051",
            "Insufficient permissions. Please raise an elevated access request for this task.",
        )
    }
}

/// The line that asks for what was to be run.
pub(super) fn raising(run: &Invocation) -> String {
    let mut line = format!(
        "New-ElevatedAccessRequest -Task {} -Reason 'why'",
        quoted(&run.task)
    );
    let fields: Vec<_> = run
        .parameters
        .iter()
        .map(|(name, value)| {
            let value = match value {
                None => "$true".to_owned(),
                Some(value) => literal(value),
            };
            let name = if name.contains('-') {
                quoted(name)
            } else {
                name.clone()
            };
            format!("{name}={value}")
        })
        .collect();
    if !fields.is_empty() {
        line.push_str(&format!(" -Parameters @{{{}}}", fields.join("; ")));
    }
    plain_lines(&line)
}

/// A value as it is typed.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "$null".to_owned(),
        Value::Boolean(boolean) => format!("${boolean}"),
        Value::Integer(number) => number.to_string(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(literal).collect();
            format!("@({})", items.join(", "))
        }
        Value::Text(_) | Value::Time(_) | Value::Table(_) | Value::Object(_) => {
            format!("'{}'", value.text().replace('\'', "''"))
        }
    }
}
