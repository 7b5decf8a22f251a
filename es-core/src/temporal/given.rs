//! Corrections of a log that stands in no store, for the test kit.

use super::checked::check;
use super::fact::Facts;
use super::ground::Start;
use super::judging::Step as Correcting;
use super::step::Step;
use super::{CorrectError, Correctable};
use crate::{Aggregate, EventId, Fold, NewEvent, Placement, Revision, StoreError, StoredEvent};

/// The correction of a stream of these entries as it would be appended, by the same rules as in a store.
///
/// # Errors
///
/// Those that the correction would have.
pub fn correct_given<A: Correctable>(
    entries: &[StoredEvent],
    correcting: &Correcting<A::Event>,
    id: EventId,
) -> Result<NewEvent, CorrectError<A::Error>> {
    let old = Facts::of::<A>(entries)?;
    let head = entries
        .last()
        .map_or(Revision::EMPTY, |last| last.envelope.revision);
    let mut event = correcting.judged::<A>(entries, head)?.encode(id)?;
    event.effective_at = correcting.effective_at();
    let mut entries = entries.to_vec();
    if let Some(last) = entries.last() {
        let envelope = &last.envelope;
        let next = Placement::new(
            envelope.revision.next(),
            last.position,
            envelope.recorded_at,
        );
        entries.push(StoredEvent::placed(&envelope.stream, event.clone(), next));
    }
    let new = Facts::of::<A>(&entries)?;
    check::<A>(&Start::NOTHING, old.all(), new.all(), head)?;
    Ok(event)
}

/// What counts of a stream's entries, in the order of the fold: each fact as the event that it is.
///
/// # Errors
///
/// A correction can't be read.
pub fn facts_given<A: Aggregate>(entries: &[StoredEvent]) -> Result<Vec<StoredEvent>, StoreError> {
    let facts = Facts::of::<A>(entries)?;
    Ok(facts.into_iter().map(|fact| fact.event).collect())
}

/// Folds the next event of a log into a projection, which may have to know what is before it in the log.
///
/// # Errors
///
/// The event can't be read.
pub fn fold_given<P: Fold>(
    state: &mut P,
    before: &[StoredEvent],
    event: &StoredEvent,
) -> Result<(), StoreError> {
    Step::among(before, state, event.clone())?.fold_effective(state, None)
}
