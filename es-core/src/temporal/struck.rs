use super::corrected_facts::CorrectedFacts;
use super::fact::Key;
use super::standing::Standing;
use crate::{
    EventStore, Revision, StoreError, StoredEvent, StreamId, StreamQuery, Timestamp, spans,
};

/// What one correction changed, as stored events: each with its correction's envelope, if one carries it.
#[derive(Debug, Clone)]
pub(crate) struct Struck {
    pub(crate) before: Option<StoredEvent>,
    pub(crate) after: Option<StoredEvent>,
}

impl Struck {
    /// What a stored event corrected; `None` if it isn't a correction. Reads its stream from what it corrects up to it.
    pub(crate) async fn by<S: EventStore + ?Sized>(
        store: &S,
        event: &StoredEvent,
    ) -> Result<Option<Self>, StoreError> {
        let mut facts = CorrectedFacts::default();
        facts.read(store, event).await?;
        facts.into_struck(event)
    }

    /// What the last of a stream's entries corrected. They begin with what it leads to in the end.
    pub(crate) fn among(entries: &[StoredEvent]) -> Result<Self, StoreError> {
        let earlier = entries.split_last().map_or(entries, |(_, earlier)| earlier);
        let old = Standing::of(earlier)?;
        let new = Standing::of(entries)?;
        Ok(Self {
            before: old.counts_not_in(&new, earlier)?,
            after: new.counts_not_in(&old, entries)?,
        })
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

/// All of an event's stream up to and including it.
pub(super) async fn up_to<S: EventStore + ?Sized>(
    store: &S,
    event: &StoredEvent,
) -> Result<Vec<StoredEvent>, StoreError> {
    let envelope = &event.envelope;
    let (stream, until) = (envelope.stream.clone(), envelope.revision);
    let mut entries = between(store, stream, Revision::FIRST, until).await?;
    entries.push(event.clone());
    Ok(entries)
}

/// The entries from a revision on up to another one, exclusive.
async fn between<S: EventStore + ?Sized>(
    store: &S,
    stream: StreamId,
    from: Revision,
    until: Revision,
) -> Result<Vec<StoredEvent>, StoreError> {
    let mut entries = Vec::new();
    let query = StreamQuery::forwards(stream).from(from);
    let wanted = until.number().saturating_sub(from.number());
    if wanted == 0 {
        return Ok(entries);
    }
    let limit = usize::try_from(wanted).map_or(query.limit, |wanted| query.limit.min(wanted));
    let mut next = Some(query.limit(limit));
    while let Some(query) = next.take() {
        let page = spans::read_stream(store, query.clone()).await?;
        next = query.after(&page);
        let is_before = |entry: &StoredEvent| entry.envelope.revision < until;
        if page
            .events
            .last()
            .is_some_and(|last| last.envelope.revision.next() >= until)
        {
            next = None;
        }
        entries.extend(page.events.into_iter().filter(is_before));
    }
    Ok(entries)
}
