//! Reads what a past state is made of.

use super::fact::{Facts, fold};
use crate::repository::{Folded, check_reached};
use crate::{
    Aggregate, At, EventSet, EventStore, Known, LoadError, Recorded, Repository, StoreError,
    StoredEvent, StreamId, StreamQuery, spans,
};

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// A stream's entries that are known.
    pub(crate) async fn entries(
        &self,
        stream: &StreamId,
        known: Known,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut entries = Vec::new();
        let mut next = Some(StreamQuery::forwards(stream.clone()));
        while let Some(query) = next.take() {
            let page = spans::read_stream(self.store(), query.clone()).await?;
            next = query.after(&page);
            for event in page.events {
                if !known.includes(&event.envelope, event.position) {
                    return Ok(entries);
                }
                entries.push(event);
            }
        }
        Ok(entries)
    }

    /// The entries that are known, which come to the revision that was asked for.
    pub(crate) async fn entries_at(
        &self,
        stream: &StreamId,
        at: At,
    ) -> Result<Vec<StoredEvent>, LoadError> {
        let entries = self.entries(stream, at.known_point()).await?;
        let head = entries.last().map(|last| last.envelope.revision);
        check_reached(stream, at, head.unwrap_or_default())?;
        Ok(entries)
    }

    /// Folds what is effective of what is known.
    pub(crate) async fn fold_effective(
        &self,
        stream: &StreamId,
        at: At,
    ) -> Result<Folded<A>, StoreError> {
        if A::CORRECTIONS.is_some() {
            return Box::pin(self.refold(stream, at)).await;
        }
        let entries = self.entries(stream, at.known_point()).await?;
        let facts = Facts::of::<A>(&entries)?;
        let mut folded = Folded::empty();
        fold(
            &mut folded.state,
            facts.effective::<A>(at.effective_instant()),
        )?;
        if let Some(last) = entries.last() {
            folded.stand_on(last);
        }
        Ok(folded)
    }

    /// The events that make up the state at a point in time, in the order in which they are folded.
    ///
    /// # Errors
    ///
    /// [`LoadError::NoSuchRevision`] if the stream hasn't come to a revision that was asked for.
    pub async fn facts(
        &self,
        id: &A::Id,
        at: impl Into<At>,
    ) -> Result<Vec<Recorded<A::Event>>, LoadError> {
        let at = at.into();
        let stream = StreamId::of::<A>(id).map_err(StoreError::from)?;
        let facts = Facts::of::<A>(&self.entries_at(&stream, at).await?)?;
        let effective = facts.effective::<A>(at.effective_instant());
        Ok(recorded(effective.into_iter().map(|fact| &fact.event))?)
    }

    /// The events that the state at `to` is made of and the one at `from` isn't, in the order in which they are folded.
    ///
    /// Between two revisions these are the events recorded after the first up to the second; between two effective
    /// instants those that happened in between. The other way round it says which events stopped counting.
    ///
    /// # Errors
    ///
    /// [`LoadError::NoSuchRevision`] if the stream hasn't come to a revision that was asked for.
    pub async fn between(
        &self,
        id: &A::Id,
        from: impl Into<At>,
        to: impl Into<At>,
    ) -> Result<Vec<Recorded<A::Event>>, LoadError> {
        let (from, to) = (from.into(), to.into());
        let stream = StreamId::of::<A>(id).map_err(StoreError::from)?;
        let before = Facts::of::<A>(&self.entries_at(&stream, from).await?)?;
        let after = Facts::of::<A>(&self.entries_at(&stream, to).await?)?;
        let counted: std::collections::HashSet<_> = before
            .effective::<A>(from.effective_instant())
            .into_iter()
            .map(|fact| fact.event.envelope.id)
            .collect();
        let came = after.effective::<A>(to.effective_instant());
        let came = came.into_iter().map(|fact| &fact.event);
        Ok(recorded(
            came.filter(|event| !counted.contains(&event.envelope.id)),
        )?)
    }

    /// Shows each event with the state after it, as folded at a point in time: for a state that isn't `Clone`, or that
    /// needn't be kept.
    ///
    /// # Errors
    ///
    /// [`LoadError::NoSuchRevision`] if the stream hasn't come to a revision that was asked for.
    pub async fn visit(
        &self,
        id: &A::Id,
        at: impl Into<At>,
        mut see: impl FnMut(&Recorded<A::Event>, &A),
    ) -> Result<(), LoadError> {
        let at = at.into();
        let stream = StreamId::of::<A>(id).map_err(StoreError::from)?;
        let facts = Facts::of::<A>(&self.entries_at(&stream, at).await?)?;
        let mut state = A::initial();
        for fact in facts.effective::<A>(at.effective_instant()) {
            fold(&mut state, [fact])?;
            if let (Some(event), Some(state)) = (decoded(&fact.event)?, &state) {
                see(&event, state);
            }
        }
        Ok(())
    }
}

/// The event with its envelope; `None` if its name is retired.
pub(crate) fn decoded<E: EventSet>(event: &StoredEvent) -> Result<Option<Recorded<E>>, StoreError> {
    let recorded = |payload| Recorded::new(payload, &event.envelope);
    let decoded = event.decode()?.map(recorded).transpose();
    decoded.map_err(|reason| event.undecodable(reason))
}

fn recorded<'e, E: EventSet>(
    events: impl Iterator<Item = &'e StoredEvent>,
) -> Result<Vec<Recorded<E>>, StoreError> {
    events
        .filter_map(|event| decoded(event).transpose())
        .collect()
}
