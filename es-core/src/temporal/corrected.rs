use std::collections::HashSet;

use super::correction::is_correction;
use super::fact::{Fact, Key};
use super::read::decoded;
use super::standing::Standing;
use crate::{
    DecodeError, EventSet, EventStore, Recorded, Revision, StoreError, StoredEvent, StreamQuery,
    Timestamp, spans,
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

impl<E> Corrected<E> {
    /// What a correction changed.
    pub const fn new(before: Option<Recorded<E>>, after: Option<Recorded<E>>) -> Self {
        Self { before, after }
    }
}

impl<E: EventSet> Corrected<E> {
    /// What a stored event corrected; `None` if it isn't a correction. Reads its stream up to it.
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

/// What one correction changed, as stored events: each with its correction's envelope, if one carries it.
#[derive(Debug, Clone)]
pub(crate) struct Struck {
    pub(crate) before: Option<StoredEvent>,
    pub(crate) after: Option<StoredEvent>,
}

impl Struck {
    /// What a stored event corrected; `None` if it isn't a correction. Reads its stream up to it.
    pub(crate) async fn by<S: EventStore + ?Sized>(
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
            before: only_in(&old, &new),
            after: only_in(&new, &old),
        }))
    }

    /// Only what is effective by this instant.
    pub(crate) fn effective(self, instant: Timestamp) -> Self {
        let by = |fact: &StoredEvent| Key::of(fact).effective_at <= instant;
        Self {
            before: self.before.filter(by),
            after: self.after.filter(by),
        }
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
fn only_in(one: &[Fact], other: &[Fact]) -> Option<StoredEvent> {
    let ids: HashSet<_> = other.iter().map(|fact| fact.event.envelope.id).collect();
    let mut facts = one.iter();
    let fact = facts.find(|fact| !ids.contains(&fact.event.envelope.id))?;
    Some(fact.event.clone())
}

fn of_set<E: EventSet>(fact: Option<&StoredEvent>) -> Result<Option<Recorded<E>>, StoreError> {
    match fact.map(decoded) {
        None => Ok(None),
        // A reader of some events doesn't know the others.
        Some(Err(StoreError::Undecodable(error))) if error.reason == DecodeError::UnknownName => {
            Ok(None)
        }
        Some(decoded) => decoded,
    }
}
