//! Reads Rust as far as these tests need it: what is code, what is not.

/// What to do with the contents of string and character literals.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Literals {
    Keep,
    Blank,
}

/// The source with comments, and literals if asked, turned into spaces. Every
/// line keeps its number.
pub(super) fn code(source: &str, literals: Literals) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let (length, keep) = token(&chars, at, literals);
        for c in &chars[at..at + length] {
            out.push(if keep || *c == '\n' { *c } else { ' ' });
        }
        at += length;
    }
    out
}

/// How long the token at a place is, and whether it stays.
fn token(chars: &[char], at: usize, literals: Literals) -> (usize, bool) {
    let rest = &chars[at..];
    let starts = |text: &str| text.chars().zip(rest).filter(|(a, b)| a == *b).count();
    let follows_word = at > 0 && is_word(chars[at - 1]);
    let keep = literals == Literals::Keep;
    if starts("//") == 2 {
        return (line_length(rest), false);
    }
    if starts("/*") == 2 {
        return (block_length(rest), false);
    }
    match rest[0] {
        '"' => (quoted_length(rest, '"'), keep),
        'r' if !follows_word || matches!(chars[at - 1], 'b' | 'c') => match raw_length(rest) {
            Some(length) => (length, keep),
            None => (1, true),
        },
        '\'' if rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'') => {
            (quoted_length(rest, '\''), keep)
        }
        _ => (1, true),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_length(rest: &[char]) -> usize {
    rest.iter().take_while(|c| **c != '\n').count()
}

/// Block comments nest.
fn block_length(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match (rest[at], rest.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted_length(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// `r"…"`, `r#"…"#` and so on; `None` if it is only a word with an r.
fn raw_length(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    let open = 1 + hashes;
    if rest.get(open) != Some(&'"') {
        return None;
    }
    let close = |at: &usize| {
        rest[*at] == '"' && rest[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes
    };
    let end = (open + 1..rest.len()).find(close)?;
    Some(end + 1 + hashes)
}

/// Where code names something directly below a path, in `use` lines and
/// elsewhere: line and name. `below(…, "std")` finds `fs` in `std::fs::read`
/// and in `use std::{fmt, fs};`.
pub(super) fn below(code: &str, path: &str) -> Vec<(usize, String)> {
    let prefix = format!("{path}::");
    let mut found = Vec::new();
    for (at, _) in code.match_indices(&prefix) {
        if code[..at].ends_with(|c: char| is_word(c) || c == ':' || c == '$') {
            continue;
        }
        let line = 1 + code[..at].matches('\n').count();
        let rest = &code[at + prefix.len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => first_names(group),
            None => vec![first_name(rest)],
        };
        found.extend(names.into_iter().map(|name| (line, name)));
    }
    found
}

fn first_name(text: &str) -> String {
    let text = text.trim_start();
    match text.chars().next() {
        Some('*') => "*".to_owned(),
        _ => text.chars().take_while(|c| is_word(*c)).collect(),
    }
}

/// The first name of each member of a group in braces.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                names.push(first_name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => (),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let source =
        "a /* b /* c */ d */ e // f\n\"g // h\" 'i' '\\'' '\"' &'j k r#\"l\"m\"# br\"n\" o\n";
    let kept = code(source, Literals::Keep);
    let words = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(
        words(&kept),
        "ae\"g//h\"'i''\\'''\"'&'jkr#\"l\"m\"#br\"n\"o"
    );
    assert_eq!(words(&code(source, Literals::Blank)), "ae&'jkbo");
    assert_eq!(kept.lines().count(), source.lines().count());
}

#[test]
fn paths_are_found_in_use_lines_and_in_code() {
    let source =
        "use std::{fmt, io::{self, Read},\n fs};\nlet x = std::env::args(); my_std::no();\n";
    assert_eq!(
        below(source, "std"),
        [(1, "fmt"), (1, "io"), (1, "fs"), (3, "env")].map(|(n, t)| (n, t.to_owned()))
    );
}
