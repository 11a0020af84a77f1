//! The operators of Where-Object.

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;

use crate::syntax::{Operator, Test};
use crate::values::Value;

/// The largest regular expression, compiled, in bytes.
const MAX_REGEX: usize = 1 << 20;

/// Whether a comparison holds; of several values on the left, for one of them.
pub(crate) fn holds(left: &Value, operator: Operator, right: &Value) -> Result<bool, String> {
    let Operator { test, not, case } = operator;
    match (test, left) {
        (Test::Contains, _) => Ok(has(left, right, case) != not),
        (Test::In, _) => Ok(has(right, left, case) != not),
        (Test::Eq | Test::Lt | Test::Le | Test::Like | Test::Match, Value::List(items)) => {
            for item in items {
                if one(item, test, right, case)? != not {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (Test::Eq | Test::Lt | Test::Le | Test::Like | Test::Match, _) => {
            Ok(one(left, test, right, case)? != not)
        }
    }
}

fn has(all: &Value, one: &Value, case: bool) -> bool {
    let items = all.clone().items();
    items.iter().any(|item| item.compare(one, case).is_eq())
}

/// Why two values cannot be compared: what is no date is neither before nor after one,
/// and what is no number neither less nor more. Silence would look like an answer.
fn incomparable(left: &Value, test: Test, right: &Value) -> Option<String> {
    let is_ordered = matches!(test, Test::Lt | Test::Le);
    let is_compared = is_ordered || test == Test::Eq;
    let (odd, kind, why) = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => return None,
        (Value::Time(_), other) | (other, Value::Time(_))
            if is_compared && other.time().is_none() =>
        {
            let why = "String was not recognized as a valid DateTime.";
            (other, "System.DateTime", why)
        }
        (Value::Integer(_) | Value::Number(_), other)
            if is_ordered && other.fraction().is_none() =>
        {
            let why = "Input string was not in a correct format.";
            (other, "System.Double", why)
        }
        _ => return None,
    };
    let odd = odd.text();
    Some(format!(
        "Could not compare \"{}\" to \"{}\". Error: \"Cannot convert value \"{odd}\" to type \
         \"{kind}\". Error: \"{why}\"\"",
        left.text(),
        right.text()
    ))
}

fn one(left: &Value, test: Test, right: &Value, case: bool) -> Result<bool, String> {
    if let Some(problem) = incomparable(left, test, right) {
        return Err(problem);
    }
    match test {
        Test::Eq | Test::Contains | Test::In => Ok(left.compare(right, case).is_eq()),
        Test::Lt => Ok(left.compare(right, case).is_lt()),
        Test::Le => Ok(left.compare(right, case).is_le()),
        Test::Like => Ok(wildcard(&right.text(), &left.text(), case)),
        Test::Match => {
            let pattern = right.text();
            let regex = Regex::builder()
                .syntax(syntax::Config::new().case_insensitive(!case).nest_limit(50))
                .configure(Config::new().nfa_size_limit(Some(MAX_REGEX)))
                .build(&pattern)
                .map_err(|_| format!("Invalid pattern '{pattern}'."))?;
            Ok(regex.is_match(left.text().as_bytes()))
        }
    }
}

/// One place of a pattern.
enum Place {
    Any,
    One,
    Is(char),
    OneOf(Vec<(char, char)>),
}

/// Whether a text has the form of a pattern: `*` any text, `?` one character,
/// `[a-c]` one of some.
pub(crate) fn wildcard(pattern: &str, text: &str, case: bool) -> bool {
    let folded = |text: &str| match case {
        true => text.to_owned(),
        false => text.to_lowercase(),
    };
    let places = places(&folded(pattern));
    let letters: Vec<char> = folded(text).chars().collect();
    let (mut place, mut letter) = (0, 0);
    // Where to go on if what came after the last `*` does not fit.
    let mut back: Option<(usize, usize)> = None;
    while let Some(c) = letters.get(letter) {
        let fits = match places.get(place) {
            Some(Place::Any) => {
                back = Some((place, letter));
                place += 1;
                continue;
            }
            Some(Place::One) => true,
            Some(Place::Is(wanted)) => wanted == c,
            Some(Place::OneOf(ranges)) => ranges.iter().any(|(from, to)| from <= c && c <= to),
            None => false,
        };
        if fits {
            place += 1;
            letter += 1;
            continue;
        }
        match &mut back {
            Some((star, from)) => {
                *from += 1;
                letter = *from;
                place = *star + 1;
            }
            None => return false,
        }
    }
    places
        .get(place..)
        .is_some_and(|rest| rest.iter().all(|place| matches!(place, Place::Any)))
}

fn places(pattern: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(c) = letters.next() {
        places.push(match c {
            '*' => Place::Any,
            '?' => Place::One,
            '[' => {
                let mut ranges = Vec::new();
                while let Some(from) = letters.next_if(|c| *c != ']') {
                    let to = match letters.next_if_eq(&'-') {
                        Some(_) => letters.next_if(|c| *c != ']').unwrap_or(from),
                        None => from,
                    };
                    ranges.push((from, to));
                }
                letters.next();
                Place::OneOf(ranges)
            }
            '`' => Place::Is(letters.next().unwrap_or('`')),
            c => Place::Is(c),
        });
    }
    places
}
