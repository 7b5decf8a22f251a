//! Who is in charge of a projection in a database, and what is done with its events.

mod parked;
mod plan;

pub use parked::{ParkedEvent, Retried};
pub use plan::{FencePlan, FenceStep};

use crate::{Checkpoint, Position};

/// Where a version of a projection is, and who may move it: a row in the read model's database, beside its data.
///
/// For whoever writes what keeps projections in a database: this is the part that doesn't depend on which one. The rows
/// of all versions of a projection are read, judged and changed in one transaction that no other process can write
/// beside; `es-sqlite` is the one to read, and `examples/sqlx` shows how a driver of your own is joined to it.
///
/// - **Taking charge**: [`Fence::charge`] says what a process may do. It inserts what is [`Charge::New`], and writes the
///   epoch and lease of what is [`Charge::Taken`].
/// - **Moving on**: the last statement before each commit sets the position where the epoch and the position are the
///   ones that were read; if that changes no row, another process has taken over, and nothing is committed. The lease
///   says when another one may take over, the epoch that what comes from before it is refused: so a process that was
///   held up, for however long, does no harm.
/// - **A new version** is built while the older one answers, and takes its place in the transaction of the first event
///   that the older one hasn't taken in, or once it has looked through all that the older one has: see
///   [`Fence::plan`]. That transaction retires the older rows and raises their epochs.
///
/// ```
/// use es_core::{Charge, Fence, FenceState};
///
/// // Nobody was here before.
/// let Charge::New(first) = Fence::charge(&[], 1, None) else { panic!() };
/// assert_eq!((first.state, first.epoch), (FenceState::Active, 1));
/// // While its lease lasts it is left alone; then another process takes it, with a higher epoch.
/// assert!(matches!(Fence::charge(&[first], 1, None), Charge::Held(_)));
/// let mut stored = first;
/// stored.expired = true;
/// let Charge::Taken(second) = Fence::charge(&[stored], 1, None) else { panic!() };
/// assert_eq!(second.epoch, 2);
/// // A new version is built beside it.
/// let Charge::New(next) = Fence::charge(&[second], 2, None) else { panic!() };
/// assert_eq!(next.state, FenceState::Building);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fence {
    /// The projection's version.
    pub version: u32,
    /// Raised by whoever takes over, from 1.
    pub epoch: i64,
    /// Every event of its at or below is in its data, or parked; with the id of the event that stands there.
    pub checkpoint: Checkpoint,
    /// Whether its lease has run out, by the database's clock.
    pub expired: bool,
    /// Whether it answers.
    pub state: FenceState,
    /// Up to here the version before it had its effects.
    pub mark: Position,
}

/// Whether a version of a projection answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FenceState {
    /// Not yet: an older version does, until this one has caught up with it.
    Building,
    /// It does.
    Active,
    /// Not any more: a newer version has taken its place.
    Retired,
}

impl FenceState {
    /// Its name, to be stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Building, Self::Active, Self::Retired];
        all.into_iter().find(|state| state.as_str() == name)
    }
}

/// What a process may do that wants to be in charge of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// Insert this row: the version is new here.
    New(Fence),
    /// Write this row's epoch and a new lease: nobody else has it.
    Taken(Fence),
    /// Wait: another process has it, or a newer version has taken its place. This row answers meanwhile.
    Held(Fence),
}

impl Fence {
    /// The row of a version, before any event.
    pub fn new(version: u32, state: FenceState) -> Self {
        Self {
            version,
            epoch: 1,
            checkpoint: Checkpoint::START,
            expired: false,
            state,
            mark: Position::START,
        }
    }

    /// What a process may do that runs this version and was in charge with the epoch `mine` before, given the rows of
    /// all versions.
    pub fn charge(stored: &[Self], version: u32, mine: Option<i64>) -> Charge {
        let answering = Self::answering(stored);
        let own = stored.iter().find(|fence| fence.version == version);
        match (own, answering) {
            (None, None) => Charge::New(Self::new(version, FenceState::Active)),
            (None, Some(older)) if older.version < version => {
                Charge::New(Self::new(version, FenceState::Building))
            }
            // A lower version never takes over by itself.
            (None, Some(newer)) => Charge::Held(newer),
            (Some(own), answering) => {
                let free = own.expired || mine == Some(own.epoch);
                if own.state != FenceState::Retired && free {
                    Charge::Taken(Self {
                        epoch: own.epoch + 1,
                        expired: false,
                        ..*own
                    })
                } else {
                    Charge::Held(answering.unwrap_or(*own))
                }
            }
        }
    }

    /// The row of the version that answers.
    pub fn answering(stored: &[Self]) -> Option<Self> {
        let active = |fence: &&Self| fence.state == FenceState::Active;
        stored.iter().find(active).copied()
    }

    /// Whether a version that is built has to take the place of the one that answers before it takes in an event at this
    /// position: what that event does beyond the database is its own to do, and what those before it do was done.
    pub fn passes(&self, answering: Option<&Self>, position: Position) -> bool {
        self.state == FenceState::Building && position > Self::reached(answering)
    }

    /// Whether a version that is built may take the place of the one that answers, having looked through the log so far.
    pub fn has_caught_up(&self, answering: Option<&Self>, looked_to: Position) -> bool {
        self.state == FenceState::Building && looked_to >= Self::reached(answering)
    }

    /// In place of the one that answered, whose position stays as the mark.
    pub fn in_place_of(self, answering: Option<&Self>) -> Self {
        Self {
            state: FenceState::Active,
            mark: Self::reached(answering),
            ..self
        }
    }

    /// Whether an event at this position was a replay when this version put it aside: an older one has taken it in.
    pub fn is_replay(&self, position: Position) -> bool {
        self.state == FenceState::Building || position <= self.mark
    }

    fn reached(answering: Option<&Self>) -> Position {
        answering.map_or(Position::START, |fence| fence.checkpoint.position)
    }
}

#[cfg(test)]
mod tests {
    use super::{Charge, Fence, FenceState};
    use crate::{Checkpoint, Position};

    fn fence(version: u32, state: FenceState, expired: bool) -> Fence {
        Fence {
            epoch: 7,
            expired,
            ..Fence::new(version, state)
        }
    }

    fn at(position: u64) -> Fence {
        let checkpoint = Checkpoint {
            position: Position::new(position),
            event_id: None,
        };
        Fence {
            checkpoint,
            ..Fence::new(1, FenceState::Active)
        }
    }

    #[test]
    fn only_an_expired_row_or_ones_own_is_taken() {
        let held = fence(1, FenceState::Active, false);
        assert_eq!(Fence::charge(&[held], 1, None), Charge::Held(held));
        assert_eq!(Fence::charge(&[held], 1, Some(6)), Charge::Held(held));
        let expired = fence(1, FenceState::Active, true);
        for (stored, mine) in [(expired, None), (held, Some(7))] {
            let Charge::Taken(taken) = Fence::charge(&[stored], 1, mine) else {
                panic!("it is free");
            };
            assert_eq!((taken.epoch, taken.expired), (8, false));
        }
    }

    #[test]
    fn a_lower_version_never_takes_over_by_itself() {
        let newer = fence(3, FenceState::Active, true);
        assert_eq!(Fence::charge(&[newer], 2, None), Charge::Held(newer));
        let retired = fence(2, FenceState::Retired, true);
        let stored = [newer, retired];
        assert_eq!(Fence::charge(&stored, 2, Some(7)), Charge::Held(newer));
    }

    #[test]
    fn a_version_that_is_built_takes_over_where_the_older_one_ends() {
        let (older, built) = (at(5), Fence::new(2, FenceState::Building));
        assert!(!built.passes(Some(&older), Position::new(5)));
        assert!(built.passes(Some(&older), Position::new(6)));
        assert!(!built.has_caught_up(Some(&older), Position::new(4)));
        assert!(built.has_caught_up(Some(&older), Position::new(5)));
        let active = built.in_place_of(Some(&older));
        assert_eq!(active.state, FenceState::Active);
        assert_eq!(active.mark, Position::new(5));
        assert!(!active.passes(Some(&older), Position::new(6)));
        assert!(!active.has_caught_up(Some(&older), Position::new(6)));
    }

    #[test]
    fn a_state_has_a_name() {
        for state in [
            FenceState::Building,
            FenceState::Active,
            FenceState::Retired,
        ] {
            assert_eq!(FenceState::parse(state.as_str()), Some(state));
        }
        assert_eq!(FenceState::parse("Active"), None);
    }
}
