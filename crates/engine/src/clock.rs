//! Time and randomness, as parameters: a simulation brings its own.

use writ_connect::Uptime;
use writ_core::time::Time;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in milliseconds since 1970 in UTC.
    fn now(&self) -> Time;

    /// For how long the host has been up.
    fn uptime(&self) -> Uptime {
        Uptime::default()
    }
}

/// Draws random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with bytes that nobody can foretell.
    fn fill(&self, bytes: &mut [u8]);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that asks the system"
        )]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let millis = since.map(|since| since.as_millis()).unwrap_or_default();
        Time(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

/// The system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(
            clippy::expect_used,
            reason = "without randomness nothing here is safe"
        )]
        aws_lc_rs::rand::fill(bytes).expect("the system gives random bytes");
    }
}
