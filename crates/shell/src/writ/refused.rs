//! What the client says no with, as an error record.

use writ_client::{Client, Error};
use writ_core::view::Receipt;

use crate::host::Invocation;
use crate::letters::{in_quotes, plain_lines};
use crate::record::{ErrorRecord, Reason};
use crate::session::quoted;
use crate::values::{Value, date};

/// Commands of the command line, and what they are here.
const SPOKEN: [(&str, &str); 28] = [
    (
        "writ enable --admin-group ",
        "Enable-ElevatedAccessControl -AdminGroup ",
    ),
    ("writ enable", "Enable-ElevatedAccessControl"),
    (
        "writ requests --mine, writ cancel ID",
        "Get-ElevatedAccessRequest; Deny-ElevatedAccessRequest ID",
    ),
    (
        "writ grants, writ revoke ID",
        "Get-ElevatedAccessAuthorization; Revoke-ElevatedAccessAuthorization ID",
    ),
    ("writ requests --to-approve", "Get-ElevatedAccessRequest"),
    ("writ requests", "Get-ElevatedAccessRequest"),
    ("writ show ", "Get-ElevatedAccessRequest "),
    ("writ grants", "Get-ElevatedAccessAuthorization"),
    ("writ policy list", "Get-ElevatedAccessApprovalPolicy"),
    ("writ policy show ", "Get-ElevatedAccessApprovalPolicy "),
    ("writ group list", "Get-ElevatedAccessGroup"),
    ("writ group show ", "Get-ElevatedAccessGroup "),
    ("writ group set ", "Set-ElevatedAccessGroup "),
    (" --add UPN", " -Add UPN"),
    ("writ policy set ", "New-ElevatedAccessApprovalPolicy "),
    (" --approval manual", " Manual"),
    ("writ request ", "New-ElevatedAccessRequest "),
    (" --reason 'TEXT'", " -Reason 'TEXT'"),
    ("writ task list", "Get-Command -CommandType Task"),
    ("writ task show ", "Get-Help "),
    ("writ executions show ", "Get-ElevatedAccessExecution "),
    (
        "writ system-account list",
        "Get-ElevatedAccessControl | select -ExpandProperty SystemAccounts",
    ),
    (
        "writ login URL --as UPN",
        "Connect-ExchangeOnline; where that says no, outside of the shell: writ login URL --as UPN",
    ),
    ("give another: --for ", "give another: -Duration "),
    ("leave it out: --for ", "leave it out: -Duration "),
    (": --start TIME", ": -StartTime TIME"),
    (": --runs ", ": -Runs "),
    ("add --comment TEXT", "add -Comment TEXT"),
];

/// The id of the record of what was only tried, and would be done.
pub(super) const ONLY_TRIED: &str = "OnlyTried";

/// A sentence with the commands that are typed here.
fn spoken(sentence: &str) -> String {
    let mut sentence = sentence.to_owned();
    for (typed, spoken) in SPOKEN {
        sentence = sentence.replace(typed, spoken);
    }
    sentence
}

/// Any no, as a record.
pub(super) fn refused(error: Error) -> ErrorRecord {
    let sentence = spoken(&error.to_string());
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
        Error::OnlyTried => ErrorRecord::new(Reason::Usage, ONLY_TRIED, sentence),
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
            format!("{}={value}", key(name))
        })
        .collect();
    if !fields.is_empty() {
        line.push_str(&format!(" -Parameters @{{{}}}", fields.join("; ")));
    }
    plain_lines(&line)
}

/// The name of a field of a table, as it is typed.
fn key(name: &str) -> String {
    match name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => name.to_owned(),
        false => in_quotes(name),
    }
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
        Value::Table(table) | Value::Object(table) => {
            let fields: Vec<_> = table
                .fields()
                .map(|(name, value)| format!("{}={}", key(name), literal(value)))
                .collect();
            format!("@{{{}}}", fields.join("; "))
        }
        Value::Number(_) => value.text(),
        Value::Text(_) | Value::Time(_) => in_quotes(&value.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binder::Common;
    use crate::parser::parse;
    use crate::values::Object;

    #[test]
    fn commands_are_those_that_are_typed_here() {
        for (said, wanted) in [
            (
                "disabled; an administrator enables it: writ enable",
                "disabled; an administrator enables it: Enable-ElevatedAccessControl",
            ),
            (
                "once: writ enable --admin-group ADDRESS",
                "once: Enable-ElevatedAccessControl -AdminGroup ADDRESS",
            ),
            (
                "with: writ policy set 'Exchange\\X' --approval manual",
                "with: New-ElevatedAccessApprovalPolicy 'Exchange\\X' Manual",
            ),
            (
                "add you: writ group set a@example.com --add UPN",
                "add you: Set-ElevatedAccessGroup a@example.com -Add UPN",
            ),
            (
                "cancel some first: writ requests --mine, writ cancel ID",
                "cancel some first: Get-ElevatedAccessRequest; Deny-ElevatedAccessRequest ID",
            ),
            (
                "see: writ system-account list",
                "see: Get-ElevatedAccessControl | select -ExpandProperty SystemAccounts",
            ),
            (
                "takes: writ task show 'Exchange\\X'",
                "takes: Get-Help 'Exchange\\X'",
            ),
        ] {
            assert_eq!(spoken(said), wanted);
            let typed = wanted.rsplit(": ").next().unwrap_or_default();
            assert!(parse(typed).is_ok(), "{typed}");
        }
    }

    /// What others wrote stays text in a line that is shown to be copied.
    #[test]
    fn the_line_that_asks_holds_values_alone() {
        let table = Object::new().with("Add", vec!["it’s", "b"]).with("a-b", 1);
        let run = Invocation {
            task: r"Exchange\Set-Mailbox".to_owned(),
            positional: Vec::new(),
            parameters: vec![
                ("Identity".to_owned(), Some("’; Remove-Mailbox ‘".into())),
                ("Force".to_owned(), None),
                ("EmailAddresses".to_owned(), Some(Value::Table(table))),
            ],
            common: Common::default(),
        };
        let line = raising(&run);
        assert_eq!(
            line,
            "New-ElevatedAccessRequest -Task Exchange\\Set-Mailbox -Reason 'why' -Parameters \
             @{Identity='’’; Remove-Mailbox ‘‘'; Force=$true; \
             EmailAddresses=@{Add=@('it’’s', 'b'); 'a-b'=1}}"
        );
        assert_eq!(parse(&line).unwrap().statements.len(), 1);
    }
}
