//! **Preferences**: what one person chose for oneself, and nobody for another.

use serde::{Deserialize, Serialize};

use super::is_false;
use crate::time::Time;

/// What one person chose for oneself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// One mail a day instead of one each.
    #[serde(default, skip_serializing_if = "is_false")]
    pub digest: bool,
    /// Hours without mail, `22:00-07:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<String>,
    /// When they are back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_until: Option<Time>,
}

impl Preferences {
    pub(super) fn check(&self) -> Result<(), String> {
        let fits = self.quiet.as_deref().is_none_or(|quiet| {
            quiet
                .split_once('-')
                .is_some_and(|(from, to)| is_time_of_day(from) && is_time_of_day(to) && from != to)
        });
        match fits {
            true => Ok(()),
            false => Err("quiet: two different times of day, such as 22:00-07:00".into()),
        }
    }
}

/// `00:00` to `23:59`.
fn is_time_of_day(text: &str) -> bool {
    let below = |digits: &str, limit: u8| {
        digits.len() == 2 && digits.parse::<u8>().is_ok_and(|number| number < limit)
    };
    text.bytes().all(|b| b.is_ascii_digit() || b == b':')
        && text
            .split_once(':')
            .is_some_and(|(hour, minute)| below(hour, 24) && below(minute, 60))
}
