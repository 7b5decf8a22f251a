use super::Repository;
use crate::{
    Aggregate, Append, Appended, EventStore, Expected, NewEvent, StoreError, StoredEvent, spans,
};

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// Appends; where the outcome is unknown, the same events again, which the store knows by their ids.
    pub(crate) async fn commit(&self, append: Append) -> Result<Appended, StoreError> {
        let mut attempts = 1;
        loop {
            match spans::append(&self.store, append.clone()).await {
                Err(StoreError::Unknown(cause)) if attempts < self.attempts => {
                    tracing::warn!(attempts, %cause, "the append's outcome is unknown; repeating it");
                    attempts += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Appends events that were minted just now: a store that has their ids already isn't believed before it shows
    /// these events where they were to be written.
    ///
    /// It may have them from this very append, tried again here or within the store; else the ids are another's.
    pub(crate) async fn commit_new(&self, append: Append) -> Result<Appended, StoreError> {
        let appended = self.commit(append.clone()).await?;
        if appended.is_repeated() {
            self.check_own(&append, &appended).await?;
        }
        Ok(appended)
    }

    async fn check_own(&self, append: &Append, appended: &Appended) -> Result<(), StoreError> {
        let first = appended.placements()[0].revision;
        let in_place = match append.expected {
            Expected::Exact(revision) => revision.next() == first,
            _ => true,
        };
        for event in &append.events {
            let found = if in_place {
                self.store.find(&append.stream, event.id).await?
            } else {
                None
            };
            if !found.is_some_and(|stored| is_same(&stored, event)) {
                return Err(StoreError::IdReused {
                    stream: append.stream.clone(),
                    id: event.id,
                });
            }
        }
        Ok(())
    }
}

/// Whether the store has what was to be written.
fn is_same(stored: &StoredEvent, event: &NewEvent) -> bool {
    stored.name == event.name
        && stored.version == event.version
        && stored.payload == event.payload
        && stored.envelope.metadata == event.metadata
        && stored.envelope.effective_at == event.effective_at
}
