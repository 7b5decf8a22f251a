use super::fact::Key;
use super::struck::Struck;
use crate::{DecodeError, EventStore, Fold, StoreError, StoredEvent, Timestamp};

/// What a projection folds.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Event(StoredEvent),
    /// A correction, with what it changed.
    Correction(StoredEvent, Struck),
}

impl Step {
    /// What the projection `P` makes of an event.
    pub(crate) async fn of<P: Fold, S: EventStore + ?Sized>(
        store: &S,
        event: StoredEvent,
    ) -> Result<Self, StoreError> {
        if P::CORRECTIONS
            && let Some(struck) = Struck::by(store, &event).await?
        {
            return Ok(Self::Correction(event, struck));
        }
        Ok(Self::Event(event))
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
        let (event, struck) = match self {
            Self::Event(event) => (Some(event), None),
            Self::Correction(_, struck) => (None, Some(struck)),
        };
        let struck = struck
            .into_iter()
            .flat_map(|Struck { before, after }| before.iter().chain(after));
        event.into_iter().chain(struck)
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
            _ => self.fold_stored(state),
        }
    }

    pub(crate) fn fold_into<P: Fold>(&self, state: &mut P) -> Result<(), DecodeError> {
        match self {
            Self::Event(event) => state.fold(event),
            Self::Correction(_, struck) => {
                state.correct(struck.before.as_ref(), struck.after.as_ref())
            }
        }
    }

    /// The same, and says which event is to blame.
    fn fold_stored<P: Fold>(&self, state: &mut P) -> Result<(), StoreError> {
        let (Self::Event(event) | Self::Correction(event, _)) = self;
        self.fold_into(state)
            .map_err(|reason| event.undecodable(reason))
    }
}

fn is_effective(event: &StoredEvent, instant: Timestamp) -> bool {
    Key::of(event).effective_at <= instant
}
