use super::correction::is_correction;
use super::fact::Fact;
use super::read::decoded;
use super::standing::Standing;
use crate::{
    DecodeError, EventSet, EventStore, Recorded, Revision, StoreError, StoredEvent, StreamQuery,
    spans,
};

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

impl<E: EventSet> Corrected<E> {
    /// What a stored event corrected; `None` if it isn't a correction. Reads its stream up to it.
    pub async fn by<S: EventStore + ?Sized>(
        store: &S,
        event: &StoredEvent,
    ) -> Result<Option<Self>, StoreError> {
        if !is_correction(&event.name) {
            return Ok(None);
        }
        let entries = up_to(store, event).await?;
        let (_, earlier) = entries.split_last().unwrap_or((event, &[]));
        let old = Standing::of(earlier)?.facts(earlier)?;
        let new = Standing::of(&entries)?.facts(&entries)?;
        Ok(Some(Self {
            before: only_in(&old, &new)?,
            after: only_in(&new, &old)?,
        }))
    }
}

/// The stream's entries up to and including this one.
async fn up_to<S: EventStore + ?Sized>(
    store: &S,
    event: &StoredEvent,
) -> Result<Vec<StoredEvent>, StoreError> {
    let (stream, last) = (&event.envelope.stream, event.envelope.revision);
    let mut entries: Vec<StoredEvent> = Vec::new();
    let mut next = Some(StreamQuery::forwards(stream.clone()));
    while let Some(query) = next.take() {
        let page = spans::read_stream(store, query.clone()).await?;
        next = query.after(&page);
        let known = |entry: &StoredEvent| entry.envelope.revision <= last;
        entries.extend(page.events.into_iter().filter(known));
        if entries
            .last()
            .map_or(Revision::EMPTY, |entry| entry.envelope.revision)
            >= last
        {
            break;
        }
    }
    Ok(entries)
}

/// The fact that the one history has and the other hasn't: there is at most one, as a correction changes one place.
fn only_in<E: EventSet>(one: &[Fact], other: &[Fact]) -> Result<Option<Recorded<E>>, StoreError> {
    let ids: std::collections::HashSet<_> =
        other.iter().map(|fact| fact.event.envelope.id).collect();
    let fact = one
        .iter()
        .find(|fact| !ids.contains(&fact.event.envelope.id));
    match fact.map(|fact| decoded(&fact.event)) {
        None => Ok(None),
        // A reader of some events doesn't know the others.
        Some(Err(StoreError::Undecodable(error))) if error.reason == DecodeError::UnknownName => {
            Ok(None)
        }
        Some(decoded) => decoded,
    }
}
