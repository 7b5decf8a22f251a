use super::read::decoded;
use super::struck::Struck;
use crate::{DecodeError, EventSet, EventStore, Recorded, StoreError, StoredEvent};

/// What one correction changed: the fact that doesn't count any more, and the one that counts now.
///
/// For whoever keeps sums of single events: undo the one, do the other. A correction of what is already corrected shows
/// what it changes and not what the log began with, so following each in order comes to what counts in the end. A
/// replacement that only moves a fact in time shows it twice, with its two effective times.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Corrected<E> {
    /// The fact that doesn't count any more; `None` if it is none of `E`, or nothing was struck.
    pub before: Option<Recorded<E>>,
    /// The fact that counts now; `None` if it is none of `E`, or nothing took its place.
    pub after: Option<Recorded<E>>,
}

impl<E> Corrected<E> {
    /// What a correction changed.
    pub const fn new(before: Option<Recorded<E>>, after: Option<Recorded<E>>) -> Self {
        Self { before, after }
    }
}

impl<E: EventSet> Corrected<E> {
    /// What a stored event corrected; `None` if it isn't a correction. Reads its stream from what it corrects up to it.
    pub async fn by<S: EventStore + ?Sized>(
        store: &S,
        event: &StoredEvent,
    ) -> Result<Option<Self>, StoreError> {
        let Some(struck) = Struck::by(store, event).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            before: of_set(struck.before.as_ref())?,
            after: of_set(struck.after.as_ref())?,
        }))
    }
}

pub(super) fn of_set<E: EventSet>(
    fact: Option<&StoredEvent>,
) -> Result<Option<Recorded<E>>, StoreError> {
    match fact.map(decoded) {
        None => Ok(None),
        // A reader of some events doesn't know the others.
        Some(Err(StoreError::Undecodable(error))) if error.reason == DecodeError::UnknownName => {
            Ok(None)
        }
        Some(decoded) => decoded,
    }
}
