//! Names of people, groups, workloads, tasks and parameters.
//!
//! A name is parsed once, at the edge, into a type that cannot hold a bad one.
//! **UPNs** and **addresses** are folded to lower case. **Task names**,
//! **patterns** and **plain names** keep their spelling and ignore ASCII case
//! when they are compared, so two spellings can never be two policies. No
//! alphabet here has room for look-alikes, blanks or control characters.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not a name of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    text: String,
    wanted: &'static str,
}

impl NameError {
    fn new(text: &str, wanted: &'static str) -> Self {
        let text = text.chars().take(80).collect();
        Self { text, wanted }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text.escape_debug(), self.wanted)
    }
}

impl std::error::Error for NameError {}

/// What every name type has in common: text in, text out, strict on both ways.
macro_rules! text_type {
    ($name:ident) => {
        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.as_str())
            }
        }
    };
}

macro_rules! mailbox_type {
    ($(#[$doc:meta])* $name:ident, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads and folds to lower case.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let folded = text.to_ascii_lowercase();
                if !is_mailbox(&folded) {
                    return Err(NameError::new(text, $wanted));
                }
                Ok(Self(folded.into()))
            }

            /// The folded text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_type!($name);
    };
}

mailbox_type! {
    /// Names a person, human or not: `alice@fabrikam.onmicrosoft.com`.
    Upn, "a user principal name such as alice@example.com"
}
mailbox_type! {
    /// Names a group, or a member of one: `approvers@fabrikam.onmicrosoft.com`.
    Address, "an address such as approvers@example.com"
}

impl From<&Upn> for Address {
    fn from(upn: &Upn) -> Self {
        Self(upn.0.clone())
    }
}

impl From<&Address> for Upn {
    /// The person who would have this name; there may be none.
    fn from(address: &Address) -> Self {
        Self(address.0.clone())
    }
}

fn is_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_ok = (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._%+'-#".contains(&b));
    local_ok && is_domain(domain) && text.len() <= 254
}

fn is_domain(text: &str) -> bool {
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    (1..=253).contains(&text.len()) && text.split('.').all(label_ok)
}

/// The domain that an organization is named by: `fabrikam.onmicrosoft.com`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(Arc<str>);

impl Domain {
    /// Reads and folds to lower case.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let folded = text.to_ascii_lowercase();
        if !is_domain(&folded) || !folded.contains('.') {
            return Err(NameError::new(text, "a domain such as example.com"));
        }
        Ok(Self(folded.into()))
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(Domain);

/// A text that keeps its spelling and is compared without regard to ASCII case.
#[derive(Clone)]
struct Folded {
    text: Arc<str>,
    key: Arc<str>,
}

impl Folded {
    fn new(text: &str) -> Self {
        let text: Arc<str> = text.into();
        let key = match text.bytes().any(|b| b.is_ascii_uppercase()) {
            true => text.to_ascii_lowercase().into(),
            false => text.clone(),
        };
        Self { text, key }
    }
}

macro_rules! folded_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Folded);

        impl $name {
            /// The spelling it was given.
            pub fn as_str(&self) -> &str {
                &self.0.text
            }

            /// The lower-case form that comparisons use.
            pub fn key(&self) -> &str {
                &self.0.key
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.key == other.0.key
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.key.cmp(&other.0.key)
            }
        }

        text_type!($name);
    };
}

folded_type! {
    /// Names a workload, a node, a secret: letters, digits, `.`, `_`, `-`.
    Name
}
folded_type! {
    /// Names a task: `Workload\Command`.
    TaskName
}
folded_type! {
    /// What a policy covers: a task, a beginning followed by `*`, or `*`.
    Pattern
}

/// The longest part of a task's name on either side of the backslash.
const MAX_PART: usize = 64;

fn is_part(text: &str) -> bool {
    (1..=MAX_PART).contains(&text.len()) && text.bytes().all(is_name_byte)
}

fn is_name(text: &str) -> bool {
    is_part(text) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

impl Name {
    /// Reads a plain name of 1 to 64 characters.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if !is_name(text) {
            return Err(NameError::new(
                text,
                "a name (a letter or digit, then letters, digits, `.`, `_` or `-`; at most 64)",
            ));
        }
        Ok(Self(Folded::new(text)))
    }
}

impl TaskName {
    /// Reads `Workload\Command`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text.split_once('\\') {
            Some((workload, command)) if is_name(workload) && is_name(command) => {
                Ok(Self(Folded::new(text)))
            }
            _ => Err(NameError::new(
                text,
                r"a task such as Host\Restart-Service (one backslash; quote it in a shell)",
            )),
        }
    }

    /// The workload it belongs to.
    pub fn workload(&self) -> Name {
        let workload = self.as_str().split_once('\\').map_or("", |(w, _)| w);
        Name(Folded::new(workload))
    }

    /// The part after the backslash.
    pub fn command(&self) -> &str {
        self.as_str().split_once('\\').map_or("", |(_, c)| c)
    }
}

impl Pattern {
    /// Reads an exact task, a prefix that ends in `*`, or `*`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let ok = match text.strip_suffix('*') {
            None => TaskName::parse(text).is_ok(),
            Some(prefix) => {
                prefix.len() <= 2 * MAX_PART + 1
                    && prefix.bytes().all(|b| is_name_byte(b) || b == b'\\')
                    && prefix.bytes().filter(|b| *b == b'\\').count() <= 1
                    && !prefix.starts_with('\\')
            }
        };
        if !ok {
            return Err(NameError::new(
                text,
                r"a task, a pattern such as Exchange\Get-*, or *",
            ));
        }
        Ok(Self(Folded::new(text)))
    }

    /// The pattern that covers exactly this task.
    pub fn exact(task: &TaskName) -> Self {
        Self(task.0.clone())
    }

    /// Whether it names one task.
    pub fn is_exact(&self) -> bool {
        !self.key().ends_with('*')
    }

    /// Whether it is the bare `*`, which never covers a task of high risk.
    pub fn is_everything(&self) -> bool {
        self.key() == "*"
    }

    /// What a task's lower-case name must begin with, or be.
    pub fn prefix(&self) -> &str {
        self.key().strip_suffix('*').unwrap_or(self.key())
    }

    /// Whether it covers a task, risk aside.
    pub fn covers(&self, task: &TaskName) -> bool {
        match self.is_exact() {
            true => self.key() == task.key(),
            false => task.key().starts_with(self.prefix()),
        }
    }

    /// Every pattern that could cover a task, the most specific first.
    ///
    /// As many as the name has characters, however many policies there are.
    pub fn candidates(task: &TaskName) -> impl Iterator<Item = Self> {
        let key: Arc<str> = task.key().into();
        let ends = (0..=key.len()).rev();
        std::iter::once(Self::exact(task)).chain(
            ends.filter_map(move |end| Some(Self(Folded::new(&format!("{}*", key.get(..end)?))))),
        )
    }
}

/// Names a parameter of a task: `TargetDatabase`, `unit`. Case counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParameterName(Arc<str>);

impl ParameterName {
    /// Reads a letter followed by letters, digits, `_` or `-`; at most 64.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let ok = (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !ok {
            return Err(NameError::new(
                text,
                "a parameter's name (a letter, then letters, digits, `_` or `-`; at most 64)",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(ParameterName);

// What is kept by name is found by its text: both are equal, ordered and hashed alike.
impl Borrow<str> for ParameterName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upns_fold_and_refuse_look_alikes() {
        assert_eq!(
            Upn::parse("Alice@Example.COM").unwrap().as_str(),
            "alice@example.com"
        );
        for bad in [
            "",
            "alice",
            "@x.com",
            "a@",
            "a b@x.com",
            "a@x..com",
            "a@x.com ",
            "a@@x.com",
            "al\u{456}ce@x.com",
            "a\0@x.com",
            "a@-x.com",
            ".a@x.com",
            "a@x.com\n",
            "a\u{200d}@x.com",
        ] {
            assert!(Upn::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn task_names_compare_without_case_and_refuse_variants() {
        let canonical = TaskName::parse(r"Host\Restart-Service").unwrap();
        assert_eq!(TaskName::parse(r"HOST\restart-service").unwrap(), canonical);
        assert_eq!(canonical.workload().as_str(), "Host");
        for bad in [
            r"Host\Restart-Service.\",
            r"Host\\Restart-Service",
            "Host/Restart-Service",
            r"Host\Restart-Service ",
            r"..\x",
            r"Host\",
            r"\x",
            "Host",
            r"Host\R\x",
            "Host\\Rest\u{0430}rt",
            "Host\\R\0",
            "Ｈost\\x",
            "Host\u{ff3c}Restart-Service",
            "Host\\Restart-Service\u{200d}",
            "Host\\Restart-Service\u{202e}",
            "\tHost\\Restart-Service",
            r"Host\..\Restart-Service",
        ] {
            assert!(TaskName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(TaskName::parse(&format!("Host\\{}", "x".repeat(10_000))).is_err());
    }

    #[test]
    fn candidates_run_from_the_exact_name_to_the_star() {
        let task = TaskName::parse(r"H\Ab").unwrap();
        let found: Vec<_> = Pattern::candidates(&task)
            .map(|p| p.key().to_owned())
            .collect();
        assert_eq!(found, [r"h\ab", r"h\ab*", r"h\a*", r"h\*", "h*", "*"]);
        assert!(Pattern::candidates(&task).all(|p| p.covers(&task)));
    }

    #[test]
    fn patterns_have_one_star_at_the_end() {
        for good in [
            "*",
            r"Exchange\*",
            r"Exchange\Get-*",
            "Ex*",
            r"Host\Restart-Service",
        ] {
            assert!(Pattern::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "**",
            r"*\x",
            r"Host\a*b",
            r"a\b\c*",
            "Host",
            r"\*",
            "Host\\ *",
        ] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }
}
