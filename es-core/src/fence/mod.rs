//! Who is in charge of a projection in a database, and what is done with its events.

#[cfg(test)]
mod model;
mod parked;
mod plan;
mod state;
mod succession;
#[cfg(test)]
mod tests;

pub use parked::{ParkedEvent, Retried};
pub use plan::{FencePlan, FenceStep};
pub use state::FenceState;

use crate::{Checkpoint, Failure, Partition, Position, Standing};

/// Where a partition of a version of a projection is, and who may move it: a row in the read model's database, beside its
/// data.
///
/// For whoever writes what keeps projections in a database: this is the part that doesn't depend on which one. `es-sqlite`
/// is the one to read, where every version is one partition and no other process writes meanwhile; `es-postgres` has
/// several of each, and says what is locked; `examples/sqlx` shows how a driver of your own is joined to it.
///
/// - **Taking charge**: [`Fence::charge`] says what a process may do. It inserts what is [`Charge::New`], and writes the
///   epoch and lease of what is [`Charge::Taken`], in a transaction that no other process takes charge beside.
/// - **Moving on**: the last statement before each commit sets the position and the state where the epoch, the position and
///   the state are the ones that were read; if that changes no row, another process has taken over, and nothing is
///   committed. The lease says when another one may take over, the epoch that what comes from before it is refused: so a
///   process that was held up, for however long, does no harm.
/// - **A new version** is built while the older one answers, and takes its place as [`Fence::plan`] says: the partitions of
///   both, of which it may have more or fewer, change places as one. The rows stay; they say what was taken in before.
///
/// # How a version takes over
///
/// Its partitions are *building* until they have come to where the older one is, and then *ready*, and go no further than
/// it. Once all are, the older one is *halted* where each partition of its is, in one transaction, and answers from there;
/// the new one's are *succeeding*. They take in what is left: what the older one had taken in is a replay, what it hadn't
/// isn't. The last that has passed all of the older one retires it, and shows the new data. So no reader meets a step back,
/// no event has its effect twice or never, and a new version that fails at what the older one has taken in doesn't hold it
/// up. What holds up readers is what is left between the older one's partitions once it is halted: little where somebody is
/// in charge of them. Until then what the halted one had answers, without an error, and waits for more go on waiting.
///
/// If the new one fails in between, that lasts until its failure is overcome or parked, or until a still newer version has
/// taken the place of both. The older one isn't let go on: some of what it hadn't taken in has had its effects already, by
/// the new one, and would have them again.
///
/// Where both are one partition, all of that is one transaction.
///
/// ```
/// use es_core::{Charge, Fence, FenceState, Partition};
///
/// // Nobody was here before.
/// let Charge::New(first) = Fence::charge(&[], 1, Partition::WHOLE, None)? else { panic!() };
/// assert_eq!((first.state, first.epoch), (FenceState::Active, 1));
/// // While its lease lasts it is left alone; then another process takes it, with a higher epoch.
/// assert_eq!(Fence::charge(&[first], 1, Partition::WHOLE, None)?, Charge::Held);
/// let mut stored = first;
/// stored.expired = true;
/// let Charge::Taken(second) = Fence::charge(&[stored], 1, Partition::WHOLE, None)? else { panic!() };
/// assert_eq!(second.epoch, 2);
/// // A new version is built beside it.
/// let Charge::New(next) = Fence::charge(&[second], 2, Partition::WHOLE, None)? else { panic!() };
/// assert_eq!(next.state, FenceState::Building);
/// # Ok::<(), es_core::Failure>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fence {
    /// The projection's version.
    pub version: u32,
    /// The partition's number.
    pub partition: u32,
    /// Raised by whoever takes over, from 1.
    pub epoch: i64,
    /// Every event of its at or below is in its data, or parked; with the id of the event that stands there.
    pub checkpoint: Checkpoint,
    /// Whether its lease has run out, by the database's clock.
    pub expired: bool,
    /// Whether it answers.
    pub state: FenceState,
    /// Up to here, at most, the version before it had its effects; while it is built, where that one was when it was met.
    pub mark: Position,
    /// How many of its events are parked.
    pub parked: u64,
}

/// What a process may do that wants to be in charge of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// The version is new here: insert this row, and such a row for each of its other partitions, whose lease has run out.
    New(Fence),
    /// Write this row's epoch and a new lease: nobody else has it.
    Taken(Fence),
    /// Wait: another process has it, or a newer version has taken its place.
    Held,
}

impl Fence {
    /// The row of a version, before any event; of its first partition.
    pub fn new(version: u32, state: FenceState) -> Self {
        Self {
            version,
            partition: 0,
            epoch: 1,
            checkpoint: Checkpoint::START,
            expired: false,
            state,
            mark: Position::START,
            parked: 0,
        }
    }

    /// What a process may do that runs this partition of this version and was in charge with the epoch `mine` before, given
    /// the rows of all versions.
    ///
    /// # Errors
    ///
    /// [`Failure::Partitioned`] if the version is kept in another number of partitions: the same key would be in another one,
    /// which isn't where the key's events are taken in to.
    pub fn charge(
        stored: &[Self],
        version: u32,
        partition: Partition,
        mine: Option<i64>,
    ) -> Result<Charge, Failure> {
        let newer = |fence: &Self| fence.version > version && fence.state.had_effects();
        if stored.iter().any(newer) {
            // A lower version never takes over by itself.
            return Ok(Charge::Held);
        }
        let own: Vec<&Self> = of(stored, version).collect();
        if own.is_empty() {
            let state = match Self::answering(stored) {
                None => FenceState::Active,
                Some(_) => FenceState::Building,
            };
            let mut fence = Self::new(version, state);
            fence.partition = partition.number();
            return Ok(Charge::New(fence));
        }
        let kept = u32::try_from(own.len()).unwrap_or(u32::MAX);
        let mut own = own
            .iter()
            .filter(|fence| fence.partition == partition.number());
        let (Some(own), true) = (own.next(), kept == partition.count()) else {
            return Err(Failure::Partitioned {
                version,
                kept,
                asked: partition.count(),
            });
        };
        let free = own.expired || mine == Some(own.epoch);
        let over = matches!(own.state, FenceState::Halted | FenceState::Retired);
        if over || !free {
            return Ok(Charge::Held);
        }
        Ok(Charge::Taken(Self {
            epoch: own.epoch + 1,
            expired: false,
            ..**own
        }))
    }

    /// The version that answers.
    pub fn answering(stored: &[Self]) -> Option<u32> {
        let those = |state| move |fence: &&Self| fence.state == state;
        // Of several that were halted the lowest did.
        let halted = stored.iter().filter(those(FenceState::Halted));
        let halted = halted.map(|fence| fence.version).min();
        let active = || stored.iter().find(those(FenceState::Active));
        halted.or_else(|| active().map(|fence| fence.version))
    }

    /// How far what answers is, for whoever runs this partition of this version, by what is stored.
    ///
    /// Where that is another version it is the whole of that; what is parked of it is told by the first partition, so that it
    /// is counted once.
    pub fn standing(stored: &[Self], version: u32, partition: u32) -> Standing {
        let Some(answering) = Self::answering(stored) else {
            return Standing::default();
        };
        if answering == version {
            let own = of(stored, version).find(|fence| fence.partition == partition);
            return own.map_or_else(Standing::default, |own| {
                Standing::at(own.checkpoint.position).with_parked(own.parked)
            });
        }
        let frontier = of(stored, answering).map(|fence| fence.checkpoint.position);
        let parked = of(stored, answering).map(|fence| fence.parked).sum();
        let standing = Standing::at(frontier.min().unwrap_or(Position::START));
        standing.with_parked(if partition == 0 { parked } else { 0 })
    }

    /// The row that was read of the partition that is held, unless somebody has taken over since.
    ///
    /// # Errors
    ///
    /// [`Failure::Fenced`]: asked at the beginning of a transaction, so that no handler works in vain.
    pub fn still_held(&self, stored: &[Self]) -> Result<Self, Failure> {
        let is_held = |fence: &&Self| {
            (fence.partition, fence.epoch, fence.checkpoint.position)
                == (self.partition, self.epoch, self.checkpoint.position)
        };
        let held = of(stored, self.version).find(is_held);
        held.copied().ok_or(Failure::Fenced)
    }
}

/// The rows of a version.
fn of(stored: &[Fence], version: u32) -> impl Iterator<Item = &Fence> {
    stored.iter().filter(move |fence| fence.version == version)
}
