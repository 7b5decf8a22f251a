use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use es_core::Timestamp;

use crate::row::{day, midnight};

/// A day in UTC, written `2024-02-29`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Timestamp);

/// How long a day is; UTC as it is counted here has no leap seconds.
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// What isn't a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it isn't a day like `2024-02-29` between the years 1 and 9999")]
pub struct NotADay;

impl Day {
    /// The day of an instant.
    pub fn of(instant: Timestamp) -> Self {
        // What a calendar says of an instant can be read again.
        Self(midnight(&day(instant).to_string()).unwrap_or(instant))
    }

    /// Its first instant, at which its entries are true.
    pub fn start(self) -> Timestamp {
        self.0
    }

    /// Its last instant: what is true before the next day is true by then.
    pub fn end(self) -> Timestamp {
        let last = DAY.saturating_sub(Duration::from_micros(1));
        self.0.saturating_add(last)
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        midnight(text).map(Self).ok_or(NotADay)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&day(self.0).to_string())
    }
}
