//! What is read, and what is refused and how.

use writ_shell::{Argument, Element, Expr, Member, parse};

fn member(member: &Member) -> String {
    match member {
        Member::Property(name) => format!(".{name}"),
        Member::Method(name, given) => format!(".{name}({})", given.len()),
    }
}

fn fault(text: &str) -> String {
    parse(text).unwrap_err().shown(text)
}

/// The arguments of the one command in a text, in short.
fn arguments(text: &str) -> String {
    let script = parse(text).map_err(|fault| fault.shown(text)).unwrap();
    let Element::Command(command) = &script.statements[0].pipeline.elements[0] else {
        panic!("no command: {text}");
    };
    let shown: Vec<_> = command
        .arguments
        .iter()
        .map(|argument| match argument {
            Argument::Named { name, value, .. } => match value {
                Some(value) => format!("-{name}:{}", expr(value)),
                None => format!("-{name}"),
            },
            Argument::Value(value, _) => expr(value),
            Argument::Condition(_) => "{condition}".to_owned(),
            Argument::Each(_) => "{each}".to_owned(),
            Argument::Splat(name, _) => format!("@{name}"),
        })
        .collect();
    shown.join(" ")
}

fn expr(value: &Expr) -> String {
    match value {
        Expr::Word(text) => text.literal().unwrap_or_else(|| format!("{text:?}")),
        Expr::Quoted(text) => format!("«{}»", text.literal().unwrap_or_else(|| "…".to_owned())),
        Expr::Variable(name, members) => {
            format!("${name}{}", members.iter().map(member).collect::<String>())
        }
        Expr::List(items) => format!("[{}]", items.iter().map(expr).collect::<Vec<_>>().join(",")),
        Expr::Table(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| format!("{name}={}", expr(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Expr::Pipeline(_, members) => {
            format!("(…){}", members.iter().map(member).collect::<String>())
        }
        Expr::Member(names) => format!("{{$_.{}}}", names.join(".")),
    }
}

#[test]
fn arguments_are_read_as_they_are_typed() {
    for (text, wanted) in [
        ("X -A b", "-A b"),
        ("X -A:b", "-A:b"),
        ("X -A: b", "-A:b"),
        ("X -Confirm:$false", "-Confirm:$false"),
        ("X \u{2013}A b", "-A b"),
        ("X \u{2014}A b", "-A b"),
        ("X 'it''s'", "«it's»"),
        ("X \u{2018}a\u{2019}", "«a»"),
        ("X \u{201c}a b\u{201d}", "«a b»"),
        ("X \"a `\"b`\" `$c\"", "«a \"b\" $c»"),
        ("X 'a $b (c) #d'", "«a $b (c) #d»"),
        ("X Exchange\\New-MoveRequest", "Exchange\\New-MoveRequest"),
        ("X a@b.c", "a@b.c"),
        ("X a#b # c", "a#b"),
        ("X -5 - 4", "-5 - 4"),
        ("X a'b c'd", "ab cd"),
        ("X a, 'b',c", "[a,«b»,c]"),
        ("X @('a','b')", "[«a»,«b»]"),
        ("X @()", "[]"),
        ("X @('a'\n'b')", "[«a»,«b»]"),
        ("X @{a='b'; 'c d' = 4\ne=$f}", "{a=«b»,c d=4,e=$f}"),
        ("X $a.b.c", "$a.b.c"),
        ("X (Get-Y).Context", "(…).Context"),
        ("X ''", "«»"),
        ("X -A `\n b", "-A b"),
        ("X a |\n fl", "a"),
        ("X a=b", "a=b"),
    ] {
        assert_eq!(arguments(text), wanted, "{text}");
    }
}

#[test]
fn what_is_not_spoken_is_refused_by_name() {
    for (text, words) in [
        ("X $(Get-Y)", "subexpressions"),
        ("X \"$(Get-Y)\"", "subexpressions"),
        ("X a$(Get-Y)", "subexpressions"),
        ("X {Get-Y}", "script blocks"),
        ("Select-Object {$_.x}", "script blocks"),
        ("& X", "ampersand"),
        ("X a&b", "ampersand"),
        (". ./x.ps1", "dot-sourcing"),
        ("./x.ps1", "dot-sourcing"),
        ("X > file", "redirections"),
        ("X 2>&1", "redirections"),
        ("X < file", "reserved for future use"),
        ("X && Y", "not a valid statement separator"),
        ("X || Y", "not a valid statement separator"),
        ("X @ y", "an @ alone"),
        ("X @'\na\n'@", "here-strings"),
        ("[int]5", "types and casts"),
        ("X [a]", "types and casts"),
        ("X $a[0]", "indexes"),
        ("X $a.b()", "the method 'b'"),
        ("X $env:PATH", "scope or a drive"),
        ("X ${a b}", "in braces"),
        ("if ($a) {X}", "statements of the language"),
        ("foreach ($a in $b) {X}", "statements of the language"),
        ("function a {X}", "statements of the language"),
        ("$x.y = 5", "Unexpected token '='"),
        ("$true = 5", "read-only"),
        ("$_ = 5", "read-only"),
        ("X | | Y", "empty pipe element"),
        ("| X", "empty pipe element"),
        ("X | 'a'", "Expressions are only allowed as the first"),
        ("X )", "Unexpected token ')'"),
        ("X (Y", "Missing closing ')'"),
        ("X @{a=1", "Missing closing '}'"),
        ("X @{a}", "hash literal was incomplete"),
        ("X @{a=1;A=2}", "Duplicate keys"),
        ("X @(Get-ElevatedAccessRequest)", "commands in @( )"),
        ("X | ?{$_.a -like}", "Unexpected token '}'"),
        ("X | ?{$_.a -bogus 5}", "operators are"),
        ("X | ?{Get-Y}", "text stands in quotes"),
        ("X | ?{}", "Unexpected token '}'"),
        ("X -A'b'c", "at once"),
        ("X 'a'b", "at once"),
        ("X \u{200b}a", "U+200B"),
        ("X 'a\u{202e}b'", "U+202E"),
        ("X \"`u\"", "the escape `u"),
        ("-Comment 'a'", "no command stands before it"),
        ("Get-X\n\n-Comment 'a'", "no command stands before it"),
        ("<# a", "'#>' is missing"),
        ("$a X", "Unexpected token 'X'"),
    ] {
        let shown = fault(text);
        assert!(shown.contains(words), "{text}: {shown}");
        assert!(shown.contains("Nothing was run."), "{text}: {shown}");
    }
}

#[test]
fn what_is_missing_is_told_from_what_is_wrong() {
    for text in [
        "X |",
        "X a,",
        "X (Y",
        "X @(",
        "X @{a=1",
        "X `",
        "<# a",
        "X | ?{$_.a",
        "$a =",
    ] {
        assert!(parse(text).unwrap_err().is_incomplete, "{text}");
    }
    for text in ["X 'a", "X )", "X | | Y", "& X"] {
        assert!(!parse(text).unwrap_err().is_incomplete, "{text}");
    }
}

#[test]
fn the_line_as_it_was_meant_is_shown() {
    for (text, wanted) in [
        ("X -A 'b", "X -A 'b'"),
        ("X -A 'b c -D 4", "X -A 'b c' -D 4"),
        ("X -A b' -D 4", "X -A 'b' -D 4"),
        ("X @('a', b')", "X @('a', 'b')"),
        ("X @('a', 'b)", "X @('a', 'b')"),
        ("X \"a | fl", "X \"a\" | fl"),
        (
            "Get-X -RequestId $id).Context | ConvertFrom-Json",
            "(Get-X -RequestId $id).Context | ConvertFrom-Json",
        ),
        ("$c = Get-X).Context", "$c = (Get-X).Context"),
        ("X (Get-Y", "X (Get-Y)"),
        ("Get-X | ?{$_.a -eq 'b'", "Get-X | ?{$_.a -eq 'b'}"),
    ] {
        let repaired = parse(text).unwrap_err().repaired;
        assert_eq!(repaired.as_deref(), Some(wanted), "{text}");
    }
    assert_eq!(parse("X ))").unwrap_err().repaired, None);
}

#[test]
fn a_fault_says_where() {
    insta::assert_snapshot!(fault("Get-X\n  \u{2018}a b\nGet-Y"));
    insta::assert_snapshot!(fault("Get-X & Get-Y"));
    insta::assert_snapshot!(fault("-Comment 'a'"));
}

#[test]
fn brackets_are_not_endless() {
    let deep = format!("X {}", "(".repeat(100_000));
    assert!(fault(&deep).contains("too many brackets"));
    let deep = format!("X | ?{{{}", "!".repeat(100_000));
    assert!(fault(&deep).contains("too many brackets"));
    let long = "a".repeat(writ_shell::MAX_INPUT + 1);
    assert!(fault(&long).contains("longer than"));
}
