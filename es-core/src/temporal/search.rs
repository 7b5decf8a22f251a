//! Finds where in a stream a point in time lies, so that a past state needn't be folded from the beginning.

use crate::{
    Aggregate, EventStore, Known, Repository, Revision, StoreError, StoredEvent, StreamId,
    StreamQuery, spans,
};

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// The last revision that is known, below one that isn't: by halving, since record time and position only grow
    /// along a stream.
    pub(crate) async fn known_below(
        &self,
        stream: &StreamId,
        known: Known,
        unknown: Revision,
    ) -> Result<Revision, StoreError> {
        let (mut low, mut high) = (0, unknown.number());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.event_at(stream, Revision::new(middle)).await? {
                Some(event) if known.includes(&event.envelope, event.position) => low = middle,
                _ => high = middle,
            }
        }
        Ok(Revision::new(low))
    }

    async fn event_at(
        &self,
        stream: &StreamId,
        revision: Revision,
    ) -> Result<Option<StoredEvent>, StoreError> {
        let query = StreamQuery::forwards(stream.clone())
            .from(revision)
            .limit(1);
        let page = spans::read_stream(self.store(), query).await?;
        Ok(page.events.into_iter().next())
    }
}
