//! A version on its way into the place of an older one.

use super::{Fence, FenceState};
use crate::{Partition, Position};

/// The rows of those before it that had effects, and those of its own other partitions.
pub(super) struct Succession<'s> {
    older: Vec<(Partition, &'s Fence)>,
    others: Vec<&'s Fence>,
    /// What all of the older partitions have taken in, whatever its key.
    pub(super) first: Position,
    /// Beyond it none of them has taken anything in.
    pub(super) last: Position,
    /// Where the furthest of them was when this partition first came to where the others were.
    pub(super) target: Position,
}

impl<'s> Succession<'s> {
    /// `None` if the version answers already.
    pub(super) fn of(own: &Fence, stored: &'s [Fence]) -> Option<Self> {
        let is_older = |fence: &&Fence| fence.version < own.version && fence.state.had_effects();
        let older = || stored.iter().filter(is_older);
        let count_of = |version| older().filter(|fence| fence.version == version).count();
        let place = |fence: &Fence| {
            let count = u32::try_from(count_of(fence.version)).unwrap_or(u32::MAX);
            Partition::all(count).find(|partition| partition.number() == fence.partition)
        };
        let positions = || older().map(|fence| fence.checkpoint.position);
        let is_other =
            |fence: &&Fence| fence.version == own.version && fence.partition != own.partition;
        let last = positions().max()?;
        Some(Self {
            first: positions().min()?,
            last,
            target: if own.mark > Position::START {
                own.mark
            } else {
                last
            },
            older: older()
                .filter_map(|fence| Some((place(fence)?, fence)))
                .collect(),
            others: stored.iter().filter(is_other).collect(),
        })
    }

    /// Whether all other partitions are in this state.
    pub(super) fn others_are(&self, state: FenceState) -> bool {
        self.others.iter().all(|other| other.state == state)
    }

    /// Whether the older version may be halted by this partition, which has looked so far.
    pub(super) fn may_begin(&self, looked_to: Position) -> bool {
        self.is_ready(looked_to) && self.others_are(FenceState::Ready)
    }

    /// Whether this partition has all that can be had while the older version goes on. One of its partitions that somebody is
    /// in charge of will come to where the furthest was: that is waited for, as what is left once it is halted holds up
    /// readers.
    pub(super) fn is_ready(&self, looked_to: Position) -> bool {
        let behind = |fence: &&Fence| !fence.expired && fence.checkpoint.position < self.target;
        looked_to >= self.first && !self.older.iter().any(|(_, fence)| behind(fence))
    }

    /// Whether an event of this key at this position was taken in by one of the older versions, where they stay as they are.
    pub(super) fn has_taken(&self, position: Position, key: &str) -> bool {
        let mut older = self.older.iter();
        older
            .any(|(partition, fence)| position <= fence.checkpoint.position && partition.holds(key))
    }
}
