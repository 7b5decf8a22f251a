use std::fmt;

/// What every store obeys; each law is rows of the [`TABLE`](super::TABLE).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// 1: an append is stored with all of its events or none.
    Atomic = 1,
    /// 2: revisions of a stream are 1, 2, 3 … without gaps.
    Contiguous,
    /// 3: of concurrent appends that expect the same revision exactly one wins, as if they came one by one.
    OneWinner,
    /// 4: an expectation is met by the states of a stream that it names, and by no others.
    Expectation,
    /// 5: an append is known by its event ids within its stream, before its expectation is looked at.
    Idempotent,
    /// 6: what was acknowledged survives the process.
    Durable,
    /// 7: positions increase in commit order, so a reader never skips an event.
    CommitOrder,
    /// 8: a read after an acknowledgement sees the append, from any handle.
    ReadYourWrites,
    /// 9: catching up and following live join without a gap or a duplicate.
    Following,
    /// 10: what was stored comes back, byte for byte.
    RoundTrip,
    /// 11: what can't be stored is refused before it is queued.
    Refused,
    /// 12: events are neither changed nor deleted.
    Immutable,
    /// 13: a dropped future leaves all of its append or nothing.
    Cancellable,
    /// 14: record time never decreases with position.
    RecordTime,
    /// 15: errors are told apart as their type says, and show no payload.
    Errors,
}

impl Law {
    /// Every law, in order.
    pub const ALL: [Self; 15] = [
        Self::Atomic,
        Self::Contiguous,
        Self::OneWinner,
        Self::Expectation,
        Self::Idempotent,
        Self::Durable,
        Self::CommitOrder,
        Self::ReadYourWrites,
        Self::Following,
        Self::RoundTrip,
        Self::Refused,
        Self::Immutable,
        Self::Cancellable,
        Self::RecordTime,
        Self::Errors,
    ];

    /// Its number, from 1 to 15.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {} ({self:?})", self.number())
    }
}

/// What a store says it can't keep. Its rows then test that it is as declared: one that keeps the law after all has to
/// drop the declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Declared {
    /// Law 6: what was acknowledged is gone with the process.
    Volatile,
    /// Law 12: there is no database beneath the library that could refuse a change.
    NoDatabase,
    /// Law 14: record time comes from a clock that a test can't set.
    OwnClock,
    /// Law 14: record time never decreases along a stream; from one stream to another it may step back with the clock.
    RecordTimeOfStream,
}
