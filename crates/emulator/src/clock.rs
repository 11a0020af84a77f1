//! The time, for tokens and for when something was made.

use jiff::Timestamp;

/// Seconds since 1970.
pub(crate) fn now_s() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "an imitation of a service has that service's own clock"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.map(|since| since.as_secs()).unwrap_or_default();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// A time as the admin API writes it.
pub(crate) fn written(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00").to_string()
}
