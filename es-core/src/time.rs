use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// An instant, to the microsecond, in UTC.
///
/// Written and parsed as RFC 3339 (`2026-01-01T00:00:00Z`); parsing takes any offset and keeps the instant. The type
/// is our own so that no time crate is part of a signature; the features `jiff` and `chrono` add conversions.
///
/// ```
/// use es_core::Timestamp;
/// let new_year: Timestamp = "2026-01-01T01:00:00+01:00".parse()?;
/// assert_eq!(new_year.to_string(), "2026-01-01T00:00:00Z");
/// # Ok::<(), es_core::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant: `0001-01-01T00:00:00Z`.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// The latest instant: `9999-12-30T22:00:00Z`, where RFC 3339 still has a year of four digits in every offset.
    pub const MAX: Self = Self(253_402_207_200_000_000);
    /// `1970-01-01T00:00:00Z`.
    pub const EPOCH: Self = Self(0);

    /// The instant so many microseconds after (before, if negative) 1970, or `None` outside [`MIN`](Self::MIN) to
    /// [`MAX`](Self::MAX).
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 {
            None
        } else {
            Some(Self(micros))
        }
    }

    /// Microseconds since 1970, negative before.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant `duration` later, at most [`MAX`](Self::MAX). What is below a microsecond is cut off.
    pub fn saturating_add(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros)).min(Self::MAX)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => fmt::Display::fmt(&instant, f),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

/// As [`Display`](fmt::Display): a number of microseconds tells nobody when.
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp(()))?;
        let micros = instant.as_nanosecond().div_euclid(1_000);
        i64::try_from(micros)
            .ok()
            .and_then(Self::from_micros)
            .ok_or(InvalidTimestamp(()))
    }
}

/// A text that is not an RFC 3339 instant between the years 1 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an instant like `2026-01-01T00:00:00Z` between the years 1 and 9999")]
pub struct InvalidTimestamp(pub(crate) ());

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the system's clock doesn't go back so far, its first instant: Windows counts from the year 1601.
impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let distance = Duration::from_micros(timestamp.0.unsigned_abs());
        if timestamp.0 < 0 {
            (SystemTime::UNIX_EPOCH.checked_sub(distance))
                .unwrap_or_else(|| SystemTime::UNIX_EPOCH - FROM_1601_TO_1970)
        } else {
            SystemTime::UNIX_EPOCH + distance
        }
    }
}

const FROM_1601_TO_1970: Duration = Duration::from_hours(3_234_576);

impl TryFrom<SystemTime> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(time: SystemTime) -> Result<Self, Self::Error> {
        let micros = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).ok(),
            Err(before) => i64::try_from(before.duration().as_micros())
                .ok()
                .map(|micros| -micros),
        };
        micros
            .and_then(Self::from_micros)
            .ok_or(InvalidTimestamp(()))
    }
}

#[cfg(feature = "jiff")]
impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        // Our range lies within jiff's.
        jiff::Timestamp::from_microsecond(timestamp.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

#[cfg(feature = "jiff")]
impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(instant: jiff::Timestamp) -> Result<Self, Self::Error> {
        Self::from_micros(instant.as_microsecond()).ok_or(InvalidTimestamp(()))
    }
}

#[cfg(feature = "chrono")]
impl From<Timestamp> for chrono::DateTime<chrono::Utc> {
    fn from(timestamp: Timestamp) -> Self {
        // Our range lies within chrono's.
        chrono::DateTime::from_timestamp_micros(timestamp.0)
            .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC)
    }
}

#[cfg(feature = "chrono")]
impl TryFrom<chrono::DateTime<chrono::Utc>> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(time: chrono::DateTime<chrono::Utc>) -> Result<Self, Self::Error> {
        Self::from_micros(time.timestamp_micros()).ok_or(InvalidTimestamp(()))
    }
}

/// Tells a store what time it is, so that a test can say so instead.
///
/// Implemented by [`SystemClock`] and by the test kit's fixed clock; called by a store once for each append, to stamp
/// `recorded_at`. It is not where an event's effective time comes from: the caller gives that.
///
/// ```
/// use es_core::{Clock, Timestamp};
///
/// /// It is always 1970.
/// struct Stopped;
///
/// impl Clock for Stopped {
///     fn now(&self) -> Timestamp {
///         Timestamp::EPOCH
///     }
/// }
/// # assert_eq!(Stopped.now().micros(), 0);
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The current instant. May step back; a store keeps `recorded_at` from doing so.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Only a clock set before the year 1 or after 9999 has no timestamp.
        SystemTime::now().try_into().unwrap_or(Timestamp::MAX)
    }
}

#[cfg(all(test, any(feature = "jiff", feature = "chrono")))]
mod tests {
    use super::Timestamp;

    /// The ends of the range, and both sides of 1970.
    const INSTANTS: [i64; 5] = [
        Timestamp::MIN.0,
        -1,
        0,
        1_700_000_000_123_456,
        Timestamp::MAX.0,
    ];

    #[cfg(feature = "jiff")]
    #[test]
    fn an_instant_of_jiff_is_the_same_one() {
        for micros in INSTANTS {
            let instant = Timestamp(micros);
            let theirs = jiff::Timestamp::from(instant);
            assert_eq!(theirs.as_microsecond(), micros);
            assert_eq!(Timestamp::try_from(theirs), Ok(instant));
        }
        assert!(Timestamp::try_from(jiff::Timestamp::MIN).is_err());
    }

    #[cfg(feature = "chrono")]
    #[test]
    fn an_instant_of_chrono_is_the_same_one() {
        use chrono::{DateTime, Utc};
        for micros in INSTANTS {
            let instant = Timestamp(micros);
            let theirs = DateTime::<Utc>::from(instant);
            assert_eq!(theirs.timestamp_micros(), micros);
            assert_eq!(Timestamp::try_from(theirs), Ok(instant));
        }
        assert!(Timestamp::try_from(DateTime::<Utc>::MAX_UTC).is_err());
    }
}
