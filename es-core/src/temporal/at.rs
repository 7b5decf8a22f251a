use crate::{Envelope, Position, Revision, Timestamp};

/// Which state is asked for, by two clocks: as effective at an instant of the world, as known to the store at some
/// point. Both are inclusive.
///
/// ```
/// use es_core::{At, Revision, Timestamp};
///
/// let new_year: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// let in_march: Timestamp = "2026-03-01T00:00:00Z".parse()?;
///
/// // What was true at new year, as far as it is known today.
/// let now = At::effective(new_year);
/// // The same, as far as it was known in March: what was recorded later plays no part.
/// let then = At::effective(new_year).known_at(in_march);
/// // All that the first seven events say, whenever it is true.
/// let seven = At::known(Revision::new(7));
/// # assert_ne!(now, then);
/// # assert_eq!(seven, Revision::new(7).into());
/// # Ok::<(), es_core::InvalidTimestamp>(())
/// ```
///
/// Also found as *bitemporal query*, *time travel* or *point-in-time query* in other libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct At {
    effective: Option<Timestamp>,
    known: Known,
}

impl At {
    /// All that is known now, whenever it is true: what a load and a decision mean.
    pub const NOW: Self = Self {
        effective: None,
        known: Known::Head,
    };

    /// As effective at this instant of the world: what is true later plays no part.
    pub const fn effective(instant: Timestamp) -> Self {
        Self {
            effective: Some(instant),
            known: Known::Head,
        }
    }

    /// As known at this instant, revision or position, whenever it is true.
    pub fn known(known: impl Into<Known>) -> Self {
        Self::NOW.known_at(known)
    }

    /// As known at this instant, revision or position: what was recorded later plays no part.
    pub fn known_at(self, known: impl Into<Known>) -> Self {
        Self {
            known: known.into(),
            ..self
        }
    }

    /// The instant of the world, if one is asked for.
    pub fn effective_instant(self) -> Option<Timestamp> {
        self.effective
    }

    /// The point in the store's knowledge.
    pub fn known_point(self) -> Known {
        self.known
    }
}

impl<K: Into<Known>> From<K> for At {
    fn from(known: K) -> Self {
        Self::known(known)
    }
}

/// A point in what a store knows, inclusive. [`Timestamp`], [`Revision`] and [`Position`] turn into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Known {
    /// Everything recorded so far.
    #[default]
    Head,
    /// What the stream held up to this revision.
    Revision(Revision),
    /// What was recorded up to this instant.
    Instant(Timestamp),
    /// What the log held up to this position.
    Position(Position),
}

impl Known {
    pub(crate) fn includes(self, envelope: &Envelope, position: Position) -> bool {
        match self {
            Self::Head => true,
            Self::Revision(revision) => envelope.revision <= revision,
            Self::Instant(instant) => envelope.recorded_at <= instant,
            Self::Position(known) => position <= known,
        }
    }

    pub(crate) fn highest_revision(self) -> Revision {
        match self {
            Self::Revision(revision) => revision,
            Self::Head | Self::Instant(_) | Self::Position(_) => Revision::new(u64::MAX),
        }
    }
}

impl From<Revision> for Known {
    fn from(revision: Revision) -> Self {
        Self::Revision(revision)
    }
}

impl From<Timestamp> for Known {
    fn from(instant: Timestamp) -> Self {
        Self::Instant(instant)
    }
}

impl From<Position> for Known {
    fn from(position: Position) -> Self {
        Self::Position(position)
    }
}
