use super::{Fence, FenceState};
use crate::{Checkpoint, Position, StoredEvent};

/// What is done with a batch of events in one transaction, for whoever keeps projections in a database.
///
/// Its steps are done in order; then the row is written as it is [`after`](Self::after), where it still is as it was
/// read.
///
/// ```
/// use es_core::{Envelope, EventId, Fence, FenceState, FenceStep, Json, Position, Revision, StoredEvent, StreamId, Timestamp};
///
/// let at = |position| {
///     let stream = StreamId::new("task", "1")?;
///     let envelope = Envelope::new(EventId::random(), stream, Revision::new(position), Timestamp::MIN);
///     let place = Position::new(position);
///     Ok::<_, es_core::InvalidStreamId>(StoredEvent::new(envelope, place, "task.done", 1, Json::EMPTY_OBJECT))
/// };
/// let mut older = Fence::new(1, FenceState::Active);
/// older.checkpoint.position = Position::new(1);
/// let built = Fence::new(2, FenceState::Building);
///
/// let events = [at(1)?, at(2)?];
/// let plan = built.plan(Some(&older), &events, Position::new(2), |_| false);
/// assert!(matches!(
///     plan.steps[..],
///     [FenceStep::Handle { replay: true, .. }, FenceStep::TakeOver, FenceStep::Handle { replay: false, .. }],
/// ));
/// assert_eq!(plan.after.state, FenceState::Active);
/// # Ok::<(), es_core::InvalidStreamId>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct FencePlan<'e> {
    /// What is done, in this order.
    pub steps: Vec<FenceStep<'e>>,
    /// The row afterwards.
    pub after: Fence,
    /// The version that answers afterwards.
    pub answering: u32,
    /// How far that one is.
    pub frontier: Position,
}

/// A step of a [`FencePlan`].
#[derive(Debug, Clone, Copy)]
pub enum FenceStep<'e> {
    /// The handler takes this event in.
    Handle {
        /// The event.
        event: &'e StoredEvent,
        /// Whether an older version has taken it in before.
        replay: bool,
    },
    /// This event is put aside, behind another one of its key.
    Park(&'e StoredEvent),
    /// The rows of older versions are retired and their epochs raised, and the handler shows its data.
    TakeOver,
}

impl Fence {
    /// What is done with these events, where this version of a projection is in charge of itself.
    ///
    /// `answering` is the older version that answers while this one is built. Whether it stays where it is until the
    /// transaction ends is for the caller to see to, where [`has_caught_up`](Self::has_caught_up) says yes.
    pub fn plan<'e>(
        &self,
        answering: Option<&Self>,
        events: &'e [StoredEvent],
        looked_to: Position,
        is_parked: impl Fn(&StoredEvent) -> bool,
    ) -> FencePlan<'e> {
        let mut after = *self;
        let mut steps = Vec::with_capacity(events.len() + 1);
        for event in events {
            if after.passes(answering, event.position) {
                after = after.in_place_of(answering);
                steps.push(FenceStep::TakeOver);
            }
            steps.push(if is_parked(event) {
                FenceStep::Park(event)
            } else {
                let replay = after.state == FenceState::Building;
                FenceStep::Handle { event, replay }
            });
        }
        if after.has_caught_up(answering, looked_to) {
            after = after.in_place_of(answering);
            steps.push(FenceStep::TakeOver);
        }
        if let Some(last) = events.last() {
            after.checkpoint = Checkpoint::after(last);
        }
        let (answering, frontier) = after.answers(answering, looked_to);
        FencePlan {
            steps,
            after,
            answering,
            frontier,
        }
    }

    /// Which version answers, and how far it is, where this one has looked so far.
    pub fn answers(&self, answering: Option<&Self>, looked_to: Position) -> (u32, Position) {
        match answering {
            Some(older) if self.state == FenceState::Building => {
                (older.version, older.checkpoint.position)
            }
            _ => (self.version, looked_to),
        }
    }
}
