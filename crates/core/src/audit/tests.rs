use std::collections::BTreeMap;

use super::sieve::Sieve;
use super::*;

/// A file of vectors, by its name.
macro_rules! file {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../tests/vectors/", $name, ".json")),
        )
    };
}

const FILES: [(&str, &str); 20] = [
    file!("approve"),
    file!("end"),
    file!("enrol"),
    file!("genesis"),
    file!("invoke"),
    file!("outcome"),
    file!("recover"),
    file!("request"),
    file!("revoke-key"),
    file!("set-control"),
    file!("set-group"),
    file!("set-person"),
    file!("set-policy"),
    file!("set-preferences"),
    file!("set-remove"),
    file!("set-site"),
    file!("set-task"),
    file!("set-workload"),
    file!("signout"),
    file!("tick"),
];

/// A vector of core, as an entry at some index.
fn vector(name: &str, index: u64) -> Record {
    let (file, title) = name.split_once(' ').unwrap();
    let (_, text) = FILES.iter().find(|(name, _)| *name == file).unwrap();
    let all: Vec<BTreeMap<String, Value>> = serde_json::from_str(text).unwrap();
    let one = all.iter().find(|vector| vector["title"] == title).unwrap();
    Record::read(index, one["leaf"].as_str().unwrap().as_bytes()).unwrap()
}

#[test]
fn every_kind_and_every_noun_has_its_operation() {
    for (name, operation, object, workload, user_type) in [
        (
            "genesis full",
            "New-Organization",
            "fabrikam.example",
            "Writ",
            2,
        ),
        ("set-site full", "Set-Site", "", "Writ", 2),
        (
            "set-control minimal",
            "Disable-ElevatedAccessControl",
            "",
            "Writ",
            2,
        ),
        (
            "set-control full",
            "Enable-ElevatedAccessControl",
            "",
            "Writ",
            2,
        ),
        (
            "set-person minimal",
            "Set-Person",
            "alice@fabrikam.example",
            "Writ",
            2,
        ),
        (
            "set-group full",
            "Set-ElevatedAccessGroup",
            "approvers@fabrikam.example",
            "Writ",
            2,
        ),
        ("set-workload full", "Set-Workload", "Host", "Writ", 2),
        (
            "set-task full",
            "Set-Task",
            r"Host\Restart-Service",
            "Writ",
            2,
        ),
        (
            "set-policy minimal",
            "Set-ElevatedAccessApprovalPolicy",
            "*",
            "Writ",
            2,
        ),
        ("set-preferences full", "Set-Preferences", "", "Writ", 0),
        (
            "set-remove group",
            "Remove-ElevatedAccessGroup",
            "approvers@fabrikam.example",
            "Writ",
            2,
        ),
        ("set-remove workload", "Remove-Workload", "Host", "Writ", 2),
        (
            "set-remove task",
            "Remove-Task",
            r"Host\Restart-Service",
            "Writ",
            2,
        ),
        (
            "set-remove policy",
            "Remove-ElevatedAccessApprovalPolicy",
            r"Host\Get-*",
            "Writ",
            2,
        ),
        ("enrol full", "Add-Key", "alice@fabrikam.example", "Writ", 0),
        (
            "revoke-key full",
            "Revoke-Key",
            "alice@fabrikam.example",
            "Writ",
            0,
        ),
        (
            "signout full",
            "Disconnect-Session",
            "alice@fabrikam.example",
            "Writ",
            0,
        ),
        (
            "request full",
            "New-ElevatedAccessRequest",
            r"Host\Restart-Service",
            "Host",
            0,
        ),
        (
            "approve full",
            "Approve-ElevatedAccessRequest",
            "af0bf2a5-62da-be2a-81e0-b0b47a33a515",
            "Writ",
            0,
        ),
        (
            "end full",
            "End-ElevatedAccessRequest",
            "af0bf2a5-62da-be2a-81e0-b0b47a33a515",
            "Writ",
            0,
        ),
        (
            "invoke full",
            "Restart-Service",
            r"Host\Restart-Service",
            "Host",
            0,
        ),
        (
            "outcome full",
            "Complete-Execution",
            "124119c2-8dcc-bdf3-1528-5aa9b5dcb6ed",
            "Writ",
            4,
        ),
        ("recover full", "Restore-Log", "", "Writ", 2),
        ("tick full", "Update-Time", "", "Writ", 4),
    ] {
        let data = vector(name, 7).data;
        let said = (
            &*data.operation,
            data.object_id.as_deref().unwrap_or_default(),
        );
        assert_eq!(said, (operation, object), "{name}");
        assert_eq!(
            (&*data.workload, data.user_type),
            (workload, user_type),
            "{name}"
        );
        assert_eq!(
            (data.record_type, data.result_status),
            (1, "True"),
            "{name}"
        );
    }
}

#[test]
fn a_record_has_the_members_of_the_schema() {
    let record = vector("request full", 7);
    let line: Value = serde_json::from_str(&record.line()).unwrap();
    let names: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        names.join(" "),
        "CreationTime ExtendedProperties Id ObjectId Operation OrganizationId Parameters \
         RecordType ResultStatus UserId UserKey UserType Workload"
    );
    assert_eq!(line["Id"], record.digest.short());
    assert_eq!(line["UserKey"].as_str().unwrap().len(), 64);
    assert_eq!(line["CreationTime"].as_str().unwrap().len(), 19);
    let named = |list: &str, name: &str| {
        let pairs = line[list].as_array().unwrap();
        let pair = pairs.iter().find(|pair| pair["Name"] == name);
        pair.unwrap()["Value"].as_str().unwrap().to_owned()
    };
    assert_eq!(named("Parameters", "DurationHours"), "2");
    assert_eq!(named("ExtendedProperties", "Index"), "7");
    assert_eq!(
        named("ExtendedProperties", "Digest"),
        record.digest.to_string()
    );
    let signed: Value = serde_json::from_str(&named("ExtendedProperties", "Statement")).unwrap();
    assert_eq!(signed, record.signed);
    // The first entry founds what the others name.
    let founded = vector("genesis minimal", 0).data.organization_id;
    assert_eq!(founded.len(), 36);
}

#[test]
fn nothing_in_a_line_moves_a_cursor_or_hides() {
    let mut record = vector("tick minimal", 3);
    let odd = "\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\r\n\u{7f}é\u{1f600}";
    record.data.object_id = Some(odd.to_owned());
    let line = record.line();
    assert!(line.chars().all(|letter| is_plain(letter, false)), "{line}");
    assert!(line.contains("\\u009b31m\\u202e"), "{line}");
    let read: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["ObjectId"], odd);
}

/// A log: who asks, decides, runs; and others in between.
fn log() -> Vec<Record> {
    let names = [
        "genesis minimal",
        "set-policy minimal",
        "set-remove policy",
        "request minimal",
        "tick minimal",
        "approve full",
        "invoke full",
        "set-group full",
        "outcome full",
        "end full",
        "tick full",
        "set-task minimal",
    ];
    let read = names.iter().zip(0..);
    let mut log: Vec<_> = read.map(|(name, index)| vector(name, index)).collect();
    for record in &mut log {
        record.time = Time(i64::try_from(record.index).unwrap());
    }
    // What the approval, the end and the outcome name.
    let named = |record: &Record| {
        let About::Earlier(digest) = record.about else {
            unreachable!("{record:?}");
        };
        digest
    };
    let (request, run) = (named(&log[5]), named(&log[8]));
    log[3].digest = request;
    log[6].digest = run;
    log
}

/// What is found, as indices.
fn found(wanted: Wanted) -> Vec<u64> {
    let before = wanted.before.unwrap_or(u64::MAX);
    let mut sieve = Sieve::new(wanted);
    let mut found = Vec::new();
    for record in log().into_iter().rev().filter(|r| r.index < before) {
        if sieve.is_done() {
            break;
        }
        sieve.see(record);
        while let Some(record) = sieve.take() {
            found.push(record.index);
        }
    }
    sieve.end();
    while let Some(record) = sieve.take() {
        found.push(record.index);
    }
    found
}

/// What may be wanted.
fn wishes() -> Vec<(Wanted, &'static [u64])> {
    let none = Wanted::default;
    let of = |task| Wanted {
        task: Some(Pattern::parse(task).unwrap()),
        ..none()
    };
    let says = |operation: &str| Wanted {
        operations: vec![operation.to_owned()],
        ..none()
    };
    let by = |user: &str| Wanted {
        users: vec![user.to_owned()],
        ..none()
    };
    let has = |text: &str| Wanted {
        text: Some(text.to_owned()),
        ..none()
    };
    let timed = |from, to, wanted| Wanted {
        from: Some(Time(from)),
        to: Some(Time(to)),
        ..wanted
    };
    vec![
        (none(), &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (timed(3, 6, none()), &[5, 4, 3]),
        (by("BOB@*"), &[9, 5]),
        (says("deny-elevatedaccessrequest"), &[9]),
        (says("new-elevatedaccessapprovalpolicy"), &[1]),
        (has("IT IS BROKEN"), &[3]),
        (has("nothing has this"), &[]),
        (of(r"host\restart-service"), &[9, 8, 6, 5, 3, 1]),
        (of(r"Host\*"), &[11, 9, 8, 6, 5, 3, 2, 1]),
        (of(r"Other\*"), &[1]),
        // The request is before the period, and still names the task.
        (timed(5, 9, of(r"Host\Restart-Service")), &[8, 6, 5]),
        (timed(5, 9, of(r"Host\Other")), &[]),
    ]
}

#[test]
fn what_is_wanted_is_found() {
    for (wanted, indices) in wishes() {
        assert_eq!(found(wanted.clone()), indices, "{wanted:?}");
    }
}

#[test]
fn pages_neither_lose_nor_repeat() {
    for (wanted, indices) in wishes() {
        for size in 1..=indices.len() {
            let (mut pages, mut before) = (Vec::new(), None);
            loop {
                let page = found(Wanted {
                    before,
                    ..wanted.clone()
                });
                let Some(last) = page.iter().take(size).next_back() else {
                    break;
                };
                before = Some(*last);
                pages.extend_from_slice(&page[..size.min(page.len())]);
            }
            assert_eq!(pages, indices, "{size} of {wanted:?}");
        }
    }
}
