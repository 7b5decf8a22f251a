use super::corrected::{Corrected, of_set};
use super::corrected_facts::CorrectedFacts;
use super::correction::is_correction;
use crate::{EventSet, Failure, Recorded, StoreError, StoredEvent};

/// What a handler takes in that follows corrections: an event, or a correction with what it changed.
///
/// Either says which fact counts that didn't and which doesn't that did, so that a handler which keeps sums needs no more
/// than the two:
///
/// ```
/// use es_core::{Entry, Recorded};
/// # enum MonthlyEvent { Deposited { cents: i64 } }
///
/// /// What is to be added to the months.
/// fn changes(entry: &Entry<MonthlyEvent>) -> Vec<(&Recorded<MonthlyEvent>, i64)> {
///     let before = entry.before().map(|fact| (fact, -1));
///     let after = entry.after().map(|fact| (fact, 1));
///     before.into_iter().chain(after).collect()
/// }
/// # let _ = changes;
/// ```
///
/// What is undone was done before: in the order of the log, exactly once, by the same handler.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry<E> {
    /// An event.
    Event(Recorded<E>),
    /// A correction: who made it, when and why, and what it changed. At least one of its facts is there.
    Correction(Box<Recorded<Corrected<E>>>),
}

impl<E> Entry<E> {
    /// The fact that doesn't count any more; none where an event or an insert comes.
    pub fn before(&self) -> Option<&Recorded<E>> {
        match self {
            Self::Event(_) => None,
            Self::Correction(corrected) => corrected.before.as_ref(),
        }
    }

    /// The fact that counts now: the event, or what a correction put in place; none where it took one away.
    pub fn after(&self) -> Option<&Recorded<E>> {
        match self {
            Self::Event(event) => Some(event),
            Self::Correction(corrected) => corrected.after.as_ref(),
        }
    }
}

/// What a handler is given of the events `E`: [`Recorded<E>`], or an [`Entry<E>`] if it follows corrections.
///
/// Implemented for these two, and for nothing else; `#[derive(Projection)]` names the one that is meant, as
/// [`ProjectionEvents::Input`](crate::ProjectionEvents::Input).
pub trait HandlerInput<E>: Sized + Send + Sealed {
    #[doc(hidden)]
    fn of(stored: &StoredEvent, facts: &CorrectedFacts) -> Result<Option<Self>, Failure>;
}

mod sealed {
    /// Nobody else gives a handler anything.
    pub trait Sealed {}
    impl<E> Sealed for crate::Recorded<E> {}
    impl<E> Sealed for super::Entry<E> {}
}
use sealed::Sealed;

#[diagnostic::do_not_recommend]
impl<E: EventSet> HandlerInput<E> for Recorded<E> {
    fn of(stored: &StoredEvent, _: &CorrectedFacts) -> Result<Option<Self>, Failure> {
        let failed = |reason| Failure::decode(stored, reason);
        let event = E::decode(&stored.name, stored.version, stored.payload.as_str());
        let Some(event) = event.map_err(failed)? else {
            return Ok(None);
        };
        let recorded = Self::new(event, &stored.envelope);
        recorded.map(Some).map_err(failed)
    }
}

#[diagnostic::do_not_recommend]
impl<E: EventSet> HandlerInput<E> for Entry<E> {
    fn of(stored: &StoredEvent, facts: &CorrectedFacts) -> Result<Option<Self>, Failure> {
        if !is_correction(&stored.name) {
            return Ok(Recorded::of(stored, facts)?.map(Self::Event));
        }
        // The correction is what fails, whichever entry of its stream can't be read: it is the one that comes next.
        let position = stored.position;
        let unreadable = |error| Failure::Decoding { position, error };
        let failed = |error| match error {
            StoreError::Undecodable(error) => unreadable(error),
            error => error.into(),
        };
        let Some(struck) = facts.struck(stored) else {
            let cause = "a correction is taken in that wasn't looked up by `CorrectedFacts`";
            return Err(StoreError::Backend(cause.into()).into());
        };
        let struck = struck.as_ref().map_err(|error| unreadable(error.clone()))?;
        let before = of_set(struck.before.as_ref()).map_err(failed)?;
        let after = of_set(struck.after.as_ref()).map_err(failed)?;
        if before.is_none() && after.is_none() {
            return Ok(None);
        }
        let corrected = Recorded::new(Corrected::new(before, after), &stored.envelope);
        let corrected = corrected.map_err(|reason| Failure::decode(stored, reason))?;
        Ok(Some(Self::Correction(Box::new(corrected))))
    }
}
