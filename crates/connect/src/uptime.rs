//! Time that goes on while the host sleeps.
//!
//! A timer's clock stands still while a host is suspended; a run that was to end
//! in five minutes would then go on five minutes after the host woke up. The
//! host's **uptime** counts the time asleep too, and nobody can set it. So a
//! **deadline** waits for its timer and looks at the uptime each second.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::linux;

/// How often a deadline looks at the uptime.
const LOOK: Duration = Duration::from_secs(1);

/// Tells for how long the host has been up, the time asleep included.
#[derive(Clone, Debug, Default)]
pub struct Uptime {
    /// How long a test has had the host asleep, in seconds.
    #[cfg(feature = "testing")]
    asleep: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Uptime {
    /// For how long the host has been up.
    pub fn now(&self) -> Duration {
        let up = linux::uptime();
        #[cfg(feature = "testing")]
        let up = up.saturating_add(Duration::from_secs(
            self.asleep.load(std::sync::atomic::Ordering::Relaxed),
        ));
        up
    }

    /// Passes as if the host were suspended: no timer sees it.
    #[cfg(feature = "testing")]
    pub fn suspend(&self, time: Duration) {
        let seconds = time.as_secs();
        self.asleep
            .fetch_add(seconds, std::sync::atomic::Ordering::Relaxed);
    }

    /// What begins now and may take so long.
    pub fn deadline(&self, limit: Duration) -> Deadline {
        Deadline {
            begun: self.now(),
            limit,
            timer: Instant::now() + limit,
            uptime: self.clone(),
        }
    }
}

/// When something must have ended, whether the host is awake all the time or not.
#[derive(Clone, Debug)]
pub struct Deadline {
    uptime: Uptime,
    begun: Duration,
    limit: Duration,
    /// The same for a host that never sleeps.
    timer: Instant,
}

impl Deadline {
    /// How much time has passed since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.uptime.now().saturating_sub(self.begun)
    }

    /// How much time is left.
    pub fn left(&self) -> Duration {
        let awake = self.timer.saturating_duration_since(Instant::now());
        self.limit.saturating_sub(self.elapsed()).min(awake)
    }

    /// Returns when no time is left, at most a second after the host woke up.
    pub async fn passed(&self) {
        loop {
            let left = self.left();
            if left.is_zero() {
                return;
            }
            sleep_until(Instant::now() + left.min(LOOK)).await;
        }
    }

    /// What the work comes to, or none if the deadline passes first.
    pub async fn before<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.passed() => None,
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test(start_paused = true)]
    async fn a_deadline_passes_by_its_timer_and_by_the_time_asleep() {
        let uptime = Uptime::default();
        let begun = Instant::now();
        let deadline = uptime.deadline(HOUR);
        assert_eq!(deadline.before(ready(1)).await, Some(1));
        assert_eq!(deadline.before(pending::<()>()).await, None);
        assert!(begun.elapsed() >= HOUR);

        let begun = Instant::now();
        let deadline = uptime.deadline(HOUR);
        uptime.suspend(HOUR / 2);
        assert!(deadline.left() <= HOUR / 2);
        let woken = async {
            sleep_until(begun + LOOK * 10).await;
            uptime.suspend(HOUR);
            pending::<()>().await;
        };
        assert_eq!(deadline.before(woken).await, None);
        assert!(begun.elapsed() <= LOOK * 12);
        assert!(deadline.elapsed() >= HOUR);
        // What is done is done, even if it was seen late.
        assert_eq!(deadline.before(ready(1)).await, Some(1));
    }
}
