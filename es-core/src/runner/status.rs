use std::sync::Arc;
use std::time::Duration;

use super::{ConsumerProfile, Failure};
use crate::{Partition, Position};

/// Where a runner is, and how it does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// The consumer's name.
    pub name: &'static str,
    /// The consumer's version.
    pub version: u32,
    /// Which of its partitions this is about; the whole, if it says so or where there are none.
    pub partition: Partition,
    /// What it is doing.
    pub phase: Phase,
    /// Whether what the consumer makes is there to be read, though perhaps still empty: this runner was in charge once, or
    /// another one is.
    pub has_begun: bool,
    /// Every event at or below that passes the filter can be seen in what the consumer makes, or is parked.
    pub frontier: Position,
    /// How far it has taken events in. In front of the frontier while what was taken in isn't shown yet.
    pub position: Position,
    /// The log's last position when it was last asked; none before that.
    pub head: Option<Position>,
    /// How long ago the last event was recorded when it was taken in, or the one that waits after a failure; nothing once it
    /// has caught up. What another process is behind isn't known while this one stands by.
    pub behind: Duration,
    /// How many events were taken in since the runner began.
    pub events: u64,
    /// Events per second, over the last second or more.
    pub rate: f64,
    /// How many events are parked.
    pub parked: u64,
    /// How often the last failure was met in a row; none since it was overcome.
    pub tries: u32,
    /// The last failure, with its class and the position of the event that is to blame. It stays after it was overcome.
    pub last_failure: Option<Arc<Failure>>,
}

/// What a runner is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It takes charge, or has not been run yet.
    Starting,
    /// Another process is in charge; it waits for its turn.
    Standby,
    /// It takes in what is stored.
    CatchingUp,
    /// It has caught up, and takes in what is appended.
    Live,
    /// It waits after a failure, and will try again.
    Retrying,
    /// A failure has stopped it.
    Stopped,
    /// It was shut down.
    Ended,
}

impl Phase {
    /// Whose phase is that of the whole: it is over when all partitions are.
    const MOST_TELLING: [Self; 7] = [
        Self::Retrying,
        Self::CatchingUp,
        Self::Starting,
        Self::Live,
        Self::Standby,
        Self::Stopped,
        Self::Ended,
    ];

    /// Whether it will go no further.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Stopped | Self::Ended)
    }
}

impl Status {
    /// Before anything was done.
    pub(super) fn new(profile: &ConsumerProfile) -> Self {
        Self {
            name: profile.name,
            version: profile.version,
            partition: profile.partition,
            phase: Phase::Starting,
            has_begun: false,
            frontier: Position::START,
            position: Position::START,
            head: None,
            behind: Duration::ZERO,
            events: 0,
            rate: 0.0,
            parked: 0,
            tries: 0,
            last_failure: None,
        }
    }

    /// That of the whole: as far as the partition that is furthest behind.
    pub(super) fn of_all(partitions: &[Self]) -> Option<Self> {
        let (first, others) = partitions.split_first()?;
        let mut whole = first.clone();
        whole.partition = Partition::WHOLE;
        for other in others {
            whole.has_begun &= other.has_begun;
            whole.frontier = whole.frontier.min(other.frontier);
            whole.position = whole.position.min(other.position);
            whole.head = whole.head.max(other.head);
            whole.behind = whole.behind.max(other.behind);
            whole.events += other.events;
            whole.rate += other.rate;
            whole.parked += other.parked;
            whole.tries = whole.tries.max(other.tries);
        }
        let is_in = |phase: &Phase| partitions.iter().any(|partition| partition.phase == *phase);
        whole.phase = Phase::MOST_TELLING.into_iter().find(is_in)?;
        let failed = |partition: &&Self| {
            partition.phase == Phase::Stopped || partition.tries == whole.tries.max(1)
        };
        let failures = || partitions.iter().filter(|one| one.last_failure.is_some());
        let last = failures().find(failed).or_else(|| failures().next());
        whole.last_failure = last.and_then(|one| one.last_failure.clone());
        Some(whole)
    }

    /// How much of the log was taken in, from 0 to 1: an estimate, as positions aren't always dense. `None` before it is
    /// known how long the log is, when neither "nothing" nor "all" would be true.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a progress bar has fewer steps than 2^52"
    )]
    pub fn progress(&self) -> Option<f64> {
        let head = self.head?;
        Some(if self.position >= head {
            1.0
        } else {
            self.position.number() as f64 / head.number() as f64
        })
    }
}
