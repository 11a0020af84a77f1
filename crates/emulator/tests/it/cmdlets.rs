//! Cmdlets, and the form of their answers.

use serde_json::{Value, json};
use writ_emulator::{Endpoint, Settings, cmdlets};

use crate::world::{World, checked};

const TABLE: &str = "#Exchange.GenericHashTable";

#[tokio::test]
async fn objects_are_made_changed_and_removed() {
    let world = World::new().await;
    let made = world
        .rows(
            "New-MoveRequest",
            json!({"Identity": "alice", "BatchName": "one", "BadItemLimit": "10"}),
        )
        .await;
    assert_eq!(made[0]["Status"], "Queued");
    assert_eq!(made[0]["Guid@data.type"], "System.Guid");
    let alice = json!({"Identity": "ALICE"});
    let twice = world.refused("New-MoveRequest", alice.clone(), 400).await;
    assert!(
        twice.contains("|Microsoft.") && twice.starts_with("Ex"),
        "{twice}"
    );
    world.rows("Suspend-MoveRequest", alice.clone()).await;
    let shown = world
        .rows("Get-MoveRequest", json!({"MoveStatus": "suspended"}))
        .await;
    assert_eq!((shown.len(), &shown[0]["BadItemLimit"]), (1, &json!(10)));
    let (_, body) = world.run("Suspend-MoveRequest", alice.clone()).await;
    assert_eq!(body["@adminapi.warnings"].as_array().unwrap().len(), 1);
    world.rows("Remove-MoveRequest", alice.clone()).await;
    let gone = world.refused("Get-MoveRequest", alice, 404).await;
    assert!(gone.contains("ManagementObjectNotFoundException"), "{gone}");

    let rule = json!({"Name": "All mail", "JournalEmailAddress": "j@example.com"});
    world.rows("New-JournalRule", rule).await;
    let it = json!({"Identity": "All mail"});
    world.rows("Disable-JournalRule", it.clone()).await;
    let shown = world.rows("Get-JournalRule", it).await;
    assert_eq!(shown[0]["Enabled"], false);

    let rights = json!({"Identity": "sales", "User": "bob", "AccessRights": ["FullAccess"]});
    world.rows("Add-MailboxPermission", rights.clone()).await;
    let sales = json!({"Identity": "sales"});
    let shown = world.rows("Get-MailboxPermission", sales.clone()).await;
    assert_eq!(shown[0]["User"], "bob");
    world.rows("Remove-MailboxPermission", rights).await;
    assert!(world.rows("Get-MailboxPermission", sales).await.is_empty());

    let carol = json!({"Identity": "staff", "Member": "carol"});
    world
        .rows("Add-DistributionGroupMember", carol.clone())
        .await;
    world
        .refused("Add-DistributionGroupMember", carol, 400)
        .await;
    let staff = json!({"Identity": "staff"});
    assert_eq!(
        world.rows("Get-DistributionGroupMember", staff).await.len(),
        3
    );

    let set = json!({"CustomerLockBoxEnabled": true});
    world.rows("Set-OrganizationConfig", set).await;
    let config = world.rows("Get-OrganizationConfig", json!({})).await;
    assert_eq!(config[0]["CustomerLockBoxEnabled"], true);
}

#[tokio::test]
async fn parameters_have_types() {
    let world = World::new().await;
    for (parameters, words) in [
        (json!({}), "mandatory parameter 'Identity'"),
        (
            json!({"Identity": "alice", "Colour": "red"}),
            "parameter name 'Colour'",
        ),
        (
            json!({"Identity": "alice", "LitigationHoldEnabled": "maybe"}),
            "LitigationHoldEnabled",
        ),
        (json!({"Identity": "alice", "Type": "Round"}), "'Type'"),
        (
            json!({"Identity": "alice", "identity": "bob"}),
            "more than once",
        ),
        (json!({"Identity": ["alice"]}), "'Identity'"),
        // A table that does not say that it is one.
        (
            json!({"Identity": "alice", "EmailAddresses": {"Add": "x"}}),
            "'EmailAddresses'",
        ),
    ] {
        let line = world.refused("Set-Mailbox", parameters, 400).await;
        assert!(line.contains(words), "{line}");
    }
    let table = json!({"@odata.type": TABLE, "Add": ["smtp:a@example.com"]});
    let set = json!({"Identity": "alice", "EmailAddresses": table, "WarningAction": "Ignore"});
    world.rows("Set-Mailbox", set).await;
    let shown = world
        .rows("Get-Mailbox", json!({"Identity": "alice"}))
        .await;
    assert_eq!(shown[0]["EmailAddresses"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_not_there_is_answered_as_it_is_there() {
    let world = World::with(Settings {
        not_permitted: vec!["Remove-Mailbox".into()],
        ..Settings::default()
    })
    .await;
    for cmdlet in ["Get-Nothing", "Remove-Mailbox", "", "Get-Mailbox; Get-User"] {
        let (status, body) = world.run(cmdlet, json!({"Identity": "alice"})).await;
        assert_eq!((status, body), (403, Value::Null), "{cmdlet}");
    }
    let url = world.invoke_url().replace("beta", "v1.0");
    let (status, _) = world
        .post(&url, "Get-Mailbox", &json!({}), 1)
        .await
        .unwrap();
    assert_eq!(status, 405);
    let names: Vec<_> = cmdlets().collect();
    assert!(names.len() >= 20);
    let tenant = &world.emulator.settings().domain;
    let url = format!(
        "{}/adminapi/v1.0/{tenant}/EXOModuleFile?Version=3.9.2",
        world.emulator.url()
    );
    let answer = world.client.get(url).bearer_auth(&world.token).send().await;
    let answer = checked(answer.unwrap()).text().await.unwrap();
    assert!(
        answer.contains("Get-Mailbox") && !answer.contains("Remove-Mailbox,"),
        "{answer}"
    );
}

#[tokio::test]
async fn pages_follow_each_other() {
    let world = World::with(Settings {
        more_mailboxes: 1_200,
        ..Settings::default()
    })
    .await;
    let all = json!({"ResultSize": "Unlimited"});
    let mut url = world.invoke_url();
    let mut sizes = Vec::new();
    loop {
        let (_, body) = world.post(&url, "Get-Mailbox", &all, 500).await.unwrap();
        sizes.push(body["value"].as_array().unwrap().len());
        let Some(next) = body["@odata.nextLink"].as_str() else {
            break;
        };
        // The link is for this call alone.
        let other = world.post(next, "Get-Mailbox", &json!({}), 500).await;
        assert_eq!(other.unwrap().0, 400);
        url = next.to_owned();
    }
    assert_eq!(sizes, [500, 500, 205]);
    let (_, body) = world.run("Get-Mailbox", json!({})).await;
    assert_eq!(body["@adminapi.warnings"].as_array().unwrap().len(), 1);
    let filter = json!({"Filter": "Name -eq 'alice'"});
    assert_eq!(world.rows("Get-Mailbox", filter).await.len(), 1);
    let select = format!("{}?$select=Name", world.invoke_url());
    let one = json!({"Identity": "alice"});
    let (_, body) = world.post(&select, "Get-Mailbox", &one, 1).await.unwrap();
    assert_eq!(body["value"][0], json!({"Name": "alice"}));
}

#[tokio::test]
async fn asking_first_changes_nothing() {
    let world = World::new().await;
    for more in ["Confirm", "WhatIf"] {
        let mut set = json!({"Identity": "alice"});
        set[more] = json!(true);
        let (status, body) = world.run("Remove-Mailbox", set).await;
        assert_eq!(status, 200);
        let asks = body["@adminapi.confirmationmessage"].is_string();
        assert_eq!(asks, more == "Confirm");
        assert_eq!(
            world
                .rows("Get-Mailbox", json!({"Identity": "alice"}))
                .await
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn the_journal_holds_every_call() {
    let world = World::new().await;
    let text = "'; $(x) `y` \"z\"\n{ }";
    world
        .run(
            "Set-Mailbox",
            json!({"Identity": "alice", "DisplayName": text}),
        )
        .await;
    world.run("Get-Nothing", json!({})).await;
    let calls = world.emulator.calls();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.number, call.endpoint, call.status, call.done))
        .collect();
    assert_eq!(
        seen,
        [
            (1, Endpoint::Token, Some(200), true),
            (2, Endpoint::Invoke, Some(200), true),
            (3, Endpoint::Invoke, Some(403), false),
        ]
    );
    assert_eq!(calls[1].parameters["DisplayName"], text);
}
