//! Names and values of parameters.

use writ_shell::{
    Argument, Bound, Element, ErrorRecord, Expr, Given, Value, bind, date, find, parse, read_date,
    read_duration,
};

/// An argument without variables.
pub(crate) fn given(argument: &Argument) -> Given {
    match argument {
        Argument::Named { name, value, .. } => {
            Given::Named(name.clone(), value.as_ref().map(value_of))
        }
        Argument::Value(value, _) => Given::Value(value_of(value)),
        Argument::Splat(..) | Argument::Condition(_) | Argument::Each(_) => panic!("a block"),
    }
}

fn value_of(expr: &Expr) -> Value {
    match expr {
        Expr::Word(text) | Expr::Quoted(text) => Value::Text(text.literal().unwrap()),
        Expr::List(items) => Value::List(items.iter().map(value_of).collect()),
        Expr::Variable(name, _) => match name.to_ascii_lowercase().as_str() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            "null" => Value::Null,
            other => panic!("${other}"),
        },
        Expr::Table(_) | Expr::Pipeline(..) | Expr::Member(_) => panic!("{expr:?}"),
    }
}

fn bound(text: &str) -> Result<Bound, ErrorRecord> {
    let script = parse(text).unwrap();
    let Element::Command(command) = &script.statements[0].pipeline.elements[0] else {
        panic!("no command");
    };
    let cmdlet = find(&command.name).unwrap();
    bind(cmdlet, command.arguments.iter().map(given).collect())
}

#[test]
fn names_ignore_case_and_may_be_shortened() {
    for text in [
        "Approve-ElevatedAccessRequest -RequestId 1234 -Comment ok",
        "approve-elevatedaccessrequest -REQUESTID 1234 -comment ok",
        "Approve-ElevatedAccessRequest -Req 1234 -Com ok",
        "Approve-ElevatedAccessRequest -Identity 1234 -Comment:ok",
        "Approve-ElevatedAccessRequest -i 1234 ok",
        "Approve-ElevatedAccessRequest 1234 ok",
        "Approve-ElevatedAccessRequest -Comment ok 1234",
    ] {
        let bound = bound(text).map_err(|record| record.message).unwrap();
        assert_eq!(bound.text("RequestId").as_deref(), Some("1234"), "{text}");
        assert_eq!(bound.text("Comment").as_deref(), Some("ok"), "{text}");
    }
    let with = bound("Disable-ElevatedAccessControl -wi -cf:$false -ea Stop -vb").unwrap();
    assert!(with.common.what_if && with.common.verbose);
    assert_eq!(with.common.confirm, Some(false));
}

#[test]
fn what_cannot_be_bound_is_said_as_powershell_says_it() {
    for (text, message) in [
        (
            "New-ElevatedAccessRequest -Bogus 1",
            "A parameter cannot be found that matches parameter name 'Bogus'.",
        ),
        (
            "New-ElevatedAccessRequest -R x",
            "ambiguous. Possible matches include: -Reason -Runs.",
        ),
        (
            "New-ElevatedAccessRequest -Task",
            "Missing an argument for parameter 'Task'. Specify a parameter of type 'System.String' and try again.",
        ),
        (
            "New-ElevatedAccessRequest -Task -Reason x",
            "Missing an argument for parameter 'Task'.",
        ),
        (
            "New-ElevatedAccessRequest -Task a -Task b",
            "parameter 'Task' is specified more than once",
        ),
        (
            "New-ElevatedAccessRequest -Task a, b",
            "Cannot convert 'System.Object[]' to the type 'System.String' required by parameter 'Task'.",
        ),
        (
            "New-ElevatedAccessRequest -DurationHours four",
            "Input string was not in a correct format.",
        ),
        (
            "New-ElevatedAccessRequest -Reason ''",
            "because it is an empty string.",
        ),
        (
            "New-ElevatedAccessRequest -Reason $null",
            "because it is null.",
        ),
        (
            "New-ElevatedAccessRequest a b 3 d",
            "A positional parameter cannot be found that accepts argument 'd'.",
        ),
        (
            "New-ElevatedAccessApprovalPolicy -ApprovalType Sometimes",
            "Specify one of the following enumerator names and try again: Manual, Auto",
        ),
        (
            "Set-ElevatedAccessApprovalPolicy x -MaxDuration never",
            "30m, 8h, 08:00:00",
        ),
        (
            "Search-UnifiedAuditLog -StartDate soon",
            "not recognized as a valid DateTime",
        ),
    ] {
        let said = bound(text).unwrap_err().message;
        assert!(said.contains(message), "{text}: {said}");
    }
}

#[test]
fn words_may_be_shortened_and_lists_be_one() {
    let policy = bound("New-ElevatedAccessApprovalPolicy X\\Y m -Stages a@b.c").unwrap();
    assert_eq!(policy.text("ApprovalType").as_deref(), Some("Manual"));
    assert_eq!(policy.texts("Stages").unwrap(), ["a@b.c"]);
    let missing: Vec<_> = bound("New-ElevatedAccessRequest")
        .unwrap()
        .missing()
        .map(|p| p.name)
        .collect();
    assert_eq!(missing, ["Task", "Reason"]);
}

#[test]
fn durations_and_dates_are_read_in_several_forms() {
    for (text, seconds) in [
        ("4", 14_400),
        ("30m", 1_800),
        ("8h", 28_800),
        ("PT8H", 28_800),
        ("08:00:00", 28_800),
        ("0:30", 1_800),
        ("1.00:00:00", 86_400),
        ("2d", 172_800),
    ] {
        assert_eq!(read_duration(text), Some(seconds), "{text}");
    }
    for bad in [
        "",
        "0",
        "-1",
        "x",
        "25:00",
        "1:2:3:4",
        "1y",
        "99999999999999999999",
        "-1.00:00:00",
    ] {
        assert_eq!(read_duration(bad), None, "{bad}");
    }
    for text in [
        "7/24/2018 6:02:42 PM",
        "7/24/2018 18:02:42",
        "2018-07-24T18:02:42Z",
        "2018-07-24 18:02:42",
        "2018-07-24T20:02:42+02:00",
    ] {
        let time = read_date(text).unwrap();
        assert_eq!(date(time), "7/24/2018 6:02:42 PM", "{text}");
    }
    for (text, shown) in [
        ("7/24/2018", "7/24/2018 12:00:00 AM"),
        ("2018-07-24", "7/24/2018 12:00:00 AM"),
        ("7/24/2018 12:30 PM", "7/24/2018 12:30:00 PM"),
    ] {
        assert_eq!(date(read_date(text).unwrap()), shown, "{text}");
    }
    for bad in [
        "",
        "soon",
        "24/7/2018",
        "7/24/2018/1",
        "7/24/2018 25:00",
        "7/24/2018 13:00 PM",
        "7/24/2018 6:02 XM",
        "7/24/2018 6:02 PM x",
    ] {
        assert_eq!(read_date(bad), None, "{bad}");
    }
}
