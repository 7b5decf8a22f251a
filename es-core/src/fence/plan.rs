use super::succession::Succession;
use super::{Fence, FenceState};
use crate::{Checkpoint, Position, Standing, StoredEvent};

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
/// fn key(event: &StoredEvent) -> &str {
///     event.envelope.stream.as_str()
/// }
/// let plan = built.plan(&[older, built], &events, Position::new(2), key, |_| false);
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
    /// How many of the events; those behind them wait for the version's other partitions:
    /// [`Failure::Waiting`](crate::Failure::Waiting).
    pub taken: usize,
    /// The row afterwards.
    pub after: Fence,
    /// Whether this version answers afterwards.
    pub answers: bool,
    /// How far what answers is afterwards.
    pub standing: Standing,
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
    Park {
        /// The event.
        event: &'e StoredEvent,
        /// Whether an older version has taken it in before: to be kept with it, as the handler is told when it is retried.
        replay: bool,
    },
    /// Of the rows of older versions those that are active or succeeding are halted and the others retired, and their epochs
    /// raised; the other partitions of this version, which are ready, are succeeding. Where each version is one partition this
    /// never comes.
    Halt,
    /// The rows of older versions are retired and their epochs raised, and the handler shows its data.
    TakeOver,
}

impl Fence {
    /// Whether this partition, which has looked so far, may halt the older version or retire it by what is planned next: then
    /// all rows of the projection have to be read again, and stay as they are until the transaction ends.
    pub fn may_switch(&self, stored: &[Self], looked_to: Position) -> bool {
        let Some(succession) = Succession::of(self, stored) else {
            return false;
        };
        match self.state {
            FenceState::Building | FenceState::Ready => succession.may_begin(looked_to),
            FenceState::Succeeding => looked_to >= succession.last,
            _ => false,
        }
    }

    /// What is done with these events, where this partition is in charge of itself and is one of the rows that are stored.
    ///
    /// By `key` it is told what an older version has taken in, which had several partitions: the key has to be what it was
    /// there.
    pub fn plan<'e>(
        &self,
        stored: &[Self],
        events: &'e [StoredEvent],
        looked_to: Position,
        key: fn(&StoredEvent) -> &str,
        is_parked: impl Fn(&'e StoredEvent) -> bool,
    ) -> FencePlan<'e> {
        let succession = Succession::of(self, stored);
        let mut plan = FencePlan {
            steps: Vec::with_capacity(events.len() + 1),
            taken: 0,
            after: *self,
            answers: succession.is_none(),
            standing: Self::standing(stored, self.version, self.partition),
        };
        if let Some(succession) = &succession {
            plan.begin(succession, looked_to);
        }
        for event in events {
            let replay = match &succession {
                Some(succession) => match plan.meet(succession, event, key) {
                    Some(replay) => replay,
                    None => break,
                },
                None => false,
            };
            plan.take(event, replay, is_parked(event));
        }
        if let (Some(succession), true) = (&succession, plan.taken == events.len()) {
            plan.arrive(succession, looked_to);
        }
        if self.state.is_before_succession() && plan.after.state.had_effects() && !plan.answers {
            plan.steps.insert(0, FenceStep::Halt);
        }
        if plan.answers {
            plan.standing = Standing::at(looked_to).with_parked(plan.after.parked);
        }
        plan
    }
}

impl<'e> FencePlan<'e> {
    /// Halts the older version, if that may be.
    fn begin(&mut self, succession: &Succession<'_>, looked_to: Position) {
        if self.after.state.is_before_succession() && succession.may_begin(looked_to) {
            self.after.state = FenceState::Succeeding;
        }
    }

    /// Whether the next event is a replay; `None` if it isn't to be taken in yet.
    fn meet(
        &mut self,
        succession: &Succession<'_>,
        event: &StoredEvent,
        key: fn(&StoredEvent) -> &str,
    ) -> Option<bool> {
        if self.after.state.is_before_succession() {
            if event.position > succession.first {
                self.come_to(succession, succession.first);
                return None;
            }
            return Some(true);
        }
        if event.position > succession.last {
            self.pass(succession);
            return Some(false);
        }
        Some(succession.has_taken(event.position, key(event)))
    }

    fn take(&mut self, event: &'e StoredEvent, replay: bool, is_parked: bool) {
        self.taken += 1;
        self.after.checkpoint = Checkpoint::after(event);
        self.steps.push(if is_parked {
            self.after.parked += 1;
            FenceStep::Park { event, replay }
        } else {
            FenceStep::Handle { event, replay }
        });
    }

    /// All was taken in that there was up to here.
    fn arrive(&mut self, succession: &Succession<'_>, looked_to: Position) {
        match self.after.state {
            FenceState::Building if looked_to >= succession.first => {
                self.come_to(succession, looked_to);
            }
            FenceState::Succeeding if looked_to >= succession.last => self.pass(succession),
            _ => {}
        }
    }

    /// This partition has all that it may have for now.
    fn come_to(&mut self, succession: &Succession<'_>, looked_to: Position) {
        self.after.mark = succession.target;
        if succession.is_ready(looked_to) {
            self.after.state = FenceState::Ready;
        }
    }

    /// This partition has all that the older version had. The last one that does retires it.
    fn pass(&mut self, succession: &Succession<'_>) {
        if self.after.state == FenceState::Active {
            return;
        }
        self.after.state = FenceState::Active;
        self.after.mark = succession.last;
        if succession.others_are(FenceState::Active) {
            self.steps.push(FenceStep::TakeOver);
            self.answers = true;
        }
    }
}
