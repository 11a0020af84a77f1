//! Addresses in values: whether a value names somebody, or mentions them.

use std::collections::BTreeSet;

use writ_core::dataset::{Dataset, Naming, Subjects};

/// What stands between words that may be addresses, in PostgreSQL's regular
/// expressions; [`words`] is the same.
pub(crate) const BETWEEN: &str = "[^a-z0-9._%+'#@-]+";
/// What stands around an address that is not of it.
pub(crate) const AROUND: &str = ".'";

/// Whom an extraction is about, as the values of its dataset name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Only rows of these; everybody's, if none.
    pub(crate) only: Option<BTreeSet<String>>,
    /// No rows of these, and none that mention them.
    pub(crate) denied: BTreeSet<String>,
}

impl Named {
    pub(crate) fn of(dataset: &Dataset, subjects: &Subjects) -> Self {
        let by_mail = match dataset.subject.named {
            Naming::Mail => true,
            Naming::Upn | Naming::Account => false,
        };
        let only = subjects.only.as_ref().map(|people| {
            let name = |one: &writ_core::dataset::Subject| match &one.mail {
                Some(mail) if by_mail => mail.clone(),
                Some(_) | None => one.upn.clone(),
            };
            people.iter().map(name).collect()
        });
        // Whoever is denied is so by every name that they have.
        let denied = subjects
            .denied
            .iter()
            .flat_map(|one| std::iter::once(one.upn.clone()).chain(one.mail.clone()))
            .collect();
        Self { only, denied }
    }

    /// The name that a value of the subject's column is.
    pub(crate) fn name(dataset: &Dataset, value: &str) -> String {
        let name = value.trim_matches(' ').to_ascii_lowercase();
        match &dataset.subject.domain {
            Some(domain) => format!("{name}@{domain}"),
            None => name,
        }
    }

    /// Whether a row of this subject is in scope at all.
    pub(crate) fn has(&self, subject: Option<&str>) -> bool {
        match (&self.only, subject) {
            (None, _) => true,
            (Some(only), Some(subject)) => only.contains(subject),
            (Some(_), None) => false,
        }
    }

    /// Whether a row is withheld, by its subject and what mentions people.
    pub(crate) fn withholds<'a>(
        &self,
        subject: Option<&str>,
        mut mentions: impl Iterator<Item = &'a str>,
    ) -> bool {
        subject.is_some_and(|subject| self.denied.contains(subject))
            || (!self.denied.is_empty()
                && mentions.any(|value| {
                    let value = value.to_ascii_lowercase();
                    words(&value).any(|word| self.denied.contains(word))
                }))
    }
}

/// The words of a text in lower case that may be addresses.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_of_address =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._%+'#@-".contains(c);
    text.split(move |c| !is_of_address(c))
        .map(|word| word.trim_matches(['.', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_however_they_stand() {
        for text in [
            "bob@x.example",
            "Bob <bob@x.example>; carol@x.example",
            "carol@x.example,bob@x.example.",
            "'bob@x.example'",
            "mailto:BOB@X.example",
            "é\u{a0}bob@x.example\n",
        ] {
            let text = text.to_ascii_lowercase();
            assert!(words(&text).any(|word| word == "bob@x.example"), "{text}");
        }
        for text in ["rebob@x.example", "bob@x.example.org", "bob @x.example"] {
            assert!(words(text).all(|word| word != "bob@x.example"), "{text}");
        }
    }
}
