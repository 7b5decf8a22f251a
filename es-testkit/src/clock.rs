use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use es_core::{Clock, Timestamp};

/// A clock that stands still until it is set. Shared between the test and the store by `Arc`.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use es_core::{Clock, Timestamp};
/// use es_testkit::FixedClock;
///
/// let clock = Arc::new(FixedClock::at("2026-01-01T00:00:00Z".parse()?));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), "2026-01-01T00:01:00Z".parse()?);
/// # Ok::<(), es_core::InvalidTimestamp>(())
/// ```
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows this time.
    pub fn at(time: Timestamp) -> Self {
        Self(AtomicI64::new(time.micros()))
    }

    /// Shows this time from now on, which may be an earlier one.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.micros(), Ordering::SeqCst);
    }

    /// Goes on by this much.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().saturating_add(duration));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        // Only a timestamp's own number is ever stored.
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::EPOCH)
    }
}
