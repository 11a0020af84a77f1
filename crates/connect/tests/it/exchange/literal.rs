//! Values arrive as they are, or are refused before anything is sent.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use writ_connect::{Ended, testing};
use writ_core::secret::Secret;
use writ_core::value::Value;

use super::{Exchange, text};

/// What a shell, a script or JSON might take for more than text.
const ODD: [&str; 16] = [
    "'; Remove-Mailbox alice #",
    "\"; Remove-Mailbox alice",
    "$(Remove-Mailbox alice)",
    "$env:USERNAME ${x} $_",
    "`n`t `$x",
    "line\nbreak\r\n\u{2028}\u{2029}",
    "{ Get-Mailbox | Remove-Mailbox }",
    "& { Remove-Mailbox alice }",
    "[System.IO.File]::ReadAllText('/etc/passwd')",
    "@{x=1}",
    "@('a','b')",
    "a' -or Name -like '*",
    "\",\"Identity\":\"bob",
    "\u{0}\u{1}\u{1f}\u{7f}",
    "\u{2018}quoted\u{2019} \u{2013}Identity",
    "-Identity bob",
];

#[tokio::test]
async fn text_arrives_as_it_is() {
    let exchange = Exchange::new().await;
    let long = "x'\"$`\n".repeat(170_000);
    let all = ODD.iter().chain(&testing::TEXTS).copied();
    for odd in [long.as_str()].into_iter().chain(all) {
        let with = [("Identity", text("alice")), ("DisplayName", text(odd))];
        let (ended, _) = exchange.cmdlet("Set-Mailbox", &with).await;
        assert_eq!(ended, Ended::Succeeded { exit: None }, "{odd:.80}");
        let call = exchange.calls("Set-Mailbox").pop().unwrap();
        assert_eq!(call.parameters["DisplayName"], odd);
        assert_eq!(call.parameters.len(), 2);
    }
    // Nothing of it was done.
    let (ended, output) = exchange.cmdlet("Get-Mailbox", &[]).await;
    assert_eq!(ended, Ended::Succeeded { exit: None });
    assert_eq!(super::rows(&output).len(), 5);
}

#[tokio::test]
async fn every_type_arrives_as_itself() {
    let exchange = Exchange::new().await;
    let words = Value::List(vec![text("smtp:a@example.com"), text("'; x")]);
    let table = BTreeMap::from([("Add".to_owned(), words)]);
    let with = [
        ("Identity", text("alice")),
        ("EmailAddresses", Value::Table(table)),
        ("LitigationHoldEnabled", Value::Boolean(true)),
        ("Force", Value::Boolean(true)),
    ];
    let (ended, _) = exchange.cmdlet("Set-Mailbox", &with).await;
    assert_eq!(ended, Ended::Succeeded { exit: None });
    let call = exchange.calls("Set-Mailbox").pop().unwrap();
    assert_eq!(
        Json::Object(call.parameters),
        json!({
            "Identity": "alice",
            "EmailAddresses": {
                "@odata.type": "#Exchange.GenericHashTable",
                "Add": ["smtp:a@example.com", "'; x"],
            },
            "LitigationHoldEnabled": true,
            "Force": true,
        })
    );
    let tenant = &exchange.emulator.settings().tenant;
    let anchor = format!("APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{tenant}");
    assert_eq!(call.anchor, Some(anchor));
    let id = exchange.job_of("Get-Mailbox", &[]).execution.short();
    assert_eq!(call.request_id, Some(id));
    let count = [("ResultSize", Value::Integer(2))];
    let (_, output) = exchange.cmdlet("Get-Mailbox", &count).await;
    assert_eq!(super::rows(&output).len(), 2);
}

#[tokio::test]
async fn what_speaks_to_the_service_is_not_sent() {
    let mut exchange = Exchange::new().await;
    let odd = |name: &str| Value::Table(BTreeMap::from([(name.to_owned(), text("x"))]));
    let alice = ("Identity", text("alice"));
    for (with, words) in [
        (
            vec![("EmailAddresses", odd("@odata.type"))],
            "cannot hold `@`",
        ),
        (
            vec![("EmailAddresses", Value::List(vec![odd("a@b")]))],
            "cannot hold `@`",
        ),
        (
            vec![alice.clone(), ("identity", text("bob"))],
            "two spellings",
        ),
        (
            vec![("DisplayName", text(&"x".repeat(9 << 20)))],
            "at most 8388608 are sent",
        ),
    ] {
        let (ended, _) = exchange.cmdlet("Set-Mailbox", &with).await;
        let said = format!("{ended:?}");
        assert!(
            said.contains("not started") && said.contains(words),
            "{said}"
        );
    }
    let secret = Secret::new(vec![0xff]);
    let name = "Password".parse().unwrap();
    exchange.credentials.parameters.insert(name, secret);
    let (ended, _) = exchange.cmdlet("New-Mailbox", &[]).await;
    assert!(format!("{ended:?}").contains("is not text"), "{ended:?}");
    assert!(exchange.emulator.calls().is_empty());
    // A secret parameter that is text goes along with the others.
    let secret = Secret::new(b"pass'word".to_vec());
    let name = "Password".parse().unwrap();
    exchange.credentials.parameters.insert(name, secret);
    exchange
        .cmdlet("New-Mailbox", &[("Name", text("eve"))])
        .await;
    let call = exchange.calls("New-Mailbox").pop().unwrap();
    assert_eq!(call.parameters["Password"], "pass'word");
}
