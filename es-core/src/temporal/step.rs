use super::correction::is_correction;
use super::fact::Key;
use super::standing::Standing;
use super::struck::{Struck, up_to};
use crate::{DecodeError, EventStore, Fold, StoreError, StoredEvent, Timestamp};

/// What a projection folds.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Event(StoredEvent),
    /// A correction, with what it changed.
    Correction(StoredEvent, Struck),
    /// An event that changes what was folded of its stream, with what counts of that since.
    Refold(StoredEvent, Vec<StoredEvent>),
}

impl Step {
    /// What a projection makes of the event that comes next.
    pub(crate) async fn of<P: Fold, S: EventStore + ?Sized>(
        store: &S,
        state: &P,
        event: StoredEvent,
    ) -> Result<Self, StoreError> {
        if P::REFOLDS {
            if state.is_late(&event) {
                return Self::anew(store, event).await;
            }
            return Ok(Self::Event(event));
        }
        if P::CORRECTIONS
            && let Some(struck) = Struck::by(store, &event).await?
        {
            return Ok(Self::Correction(event, struck));
        }
        Ok(Self::Event(event))
    }

    /// The same, where all that is in the log up to the event is at hand.
    pub(crate) fn among<P: Fold>(
        before: &[StoredEvent],
        state: &P,
        event: StoredEvent,
    ) -> Result<Self, StoreError> {
        let entries = || -> Vec<StoredEvent> {
            let entries = before.iter().chain([&event]);
            let of_stream = |entry: &&StoredEvent| entry.envelope.stream == event.envelope.stream;
            entries.filter(of_stream).cloned().collect()
        };
        if P::REFOLDS && state.is_late(&event) {
            return Self::refold(&entries(), event);
        }
        if P::CORRECTIONS && !P::REFOLDS && is_correction(&event.name) {
            let struck = Struck::among(&entries())?;
            return Ok(Self::Correction(event, struck));
        }
        Ok(Self::Event(event))
    }

    /// An event with which its stream is folded anew.
    pub(crate) async fn anew<S: EventStore + ?Sized>(
        store: &S,
        event: StoredEvent,
    ) -> Result<Self, StoreError> {
        Self::refold(&up_to(store, &event).await?, event)
    }

    fn refold(entries: &[StoredEvent], event: StoredEvent) -> Result<Self, StoreError> {
        let facts = Standing::of(entries)?.facts(entries)?;
        let facts = facts.into_iter().map(|fact| fact.event).collect();
        Ok(Self::Refold(event, facts))
    }

    /// Whether all of it is effective by an instant.
    pub(crate) fn is_effective(&self, instant: Timestamp) -> bool {
        self.facts().all(|fact| is_effective(fact, instant))
    }

    /// Whether some of it is effective by an instant.
    pub(crate) fn is_partly_effective(&self, instant: Timestamp) -> bool {
        self.facts().any(|fact| is_effective(fact, instant))
    }

    fn facts(&self) -> impl Iterator<Item = &StoredEvent> {
        let (event, struck, facts) = match self {
            Self::Event(event) => (Some(event), None, &[][..]),
            Self::Correction(_, struck) => (None, Some(struck), &[][..]),
            Self::Refold(_, facts) => (None, None, &facts[..]),
        };
        let struck = struck
            .into_iter()
            .flat_map(|Struck { before, after }| before.iter().chain(after));
        event.into_iter().chain(struck).chain(facts)
    }

    /// Folds its part that is effective by an instant; all of it, if none is asked for.
    pub(crate) fn fold_effective<P: Fold>(
        &self,
        state: &mut P,
        instant: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        match (self, instant) {
            (Self::Event(event), Some(instant)) if !is_effective(event, instant) => Ok(()),
            (Self::Correction(event, struck), Some(instant)) => {
                let struck = struck.clone().effective(instant);
                Self::Correction(event.clone(), struck).fold_stored(state)
            }
            (Self::Refold(event, facts), Some(instant)) => {
                let mut facts = facts.clone();
                facts.retain(|fact| is_effective(fact, instant));
                Self::Refold(event.clone(), facts).fold_stored(state)
            }
            _ => self.fold_stored(state),
        }
    }

    pub(crate) fn fold_into<P: Fold>(&self, state: &mut P) -> Result<(), DecodeError> {
        match self {
            Self::Event(event) => state.fold(event),
            Self::Correction(_, struck) => {
                state.correct(struck.before.as_ref(), struck.after.as_ref())
            }
            Self::Refold(event, facts) => state.refold(&event.envelope.stream, facts),
        }
    }

    /// The same, and says which event is to blame.
    fn fold_stored<P: Fold>(&self, state: &mut P) -> Result<(), StoreError> {
        let (Self::Event(event) | Self::Correction(event, _) | Self::Refold(event, _)) = self;
        self.fold_into(state)
            .map_err(|reason| event.undecodable(reason))
    }
}

fn is_effective(event: &StoredEvent, instant: Timestamp) -> bool {
    Key::of(event).effective_at <= instant
}
