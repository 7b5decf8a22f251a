//! A state as effective at an instant, without reading all that was recorded since: the newest snapshot says which entries
//! were out of order, and all others are true after what is asked for.

use super::fact::{Fact, fold};
use super::ground::Ground;
use super::late::Late;
use super::standing::Standing;
use crate::process::is_record;
use crate::repository::Folded;
use crate::{
    Aggregate, At, EventStore, Repository, Revision, StoreError, StoredEvent, StreamId,
    StreamQuery, Timestamp, spans,
};

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// Folds what is effective at an instant from the last snapshot before it; `None` if it can't be told without looking
    /// through what was recorded since.
    pub(super) async fn fold_skipping(
        &self,
        stream: &StreamId,
        at: At,
    ) -> Result<Option<Folded<A>>, StoreError> {
        let Some(instant) = at.effective_instant() else {
            return Ok(None);
        };
        let mut newest = Ground::new(self, stream, At::known(at.known_point()));
        // Where the newest snapshot serves, or there is none, nothing is to be skipped.
        let (kept, _) = newest.snapshot_within().await;
        if (kept.key).is_none_or(|last| last.effective_at <= instant) {
            return Ok(None);
        }
        newest.descend().await?;
        let reached = newest.folded.revision;
        if (newest.folded.key).is_none_or(|last| last.effective_at <= instant) {
            return Ok(None);
        }
        let late = newest.late(&newest.tail)?;
        let Some(mut folded) = self.serving(stream, instant, reached, &late).await? else {
            return Ok(None);
        };
        let Some(mut entries) =
            (self.effective_by(stream, instant, &folded, (reached, &late))).await?
        else {
            return Ok(None);
        };
        let read = entries
            .last()
            .map_or(folded.revision, |last| last.envelope.revision);
        if read == reached {
            entries.extend_from_slice(&newest.tail);
        } else if late.touches_by(read, instant) {
            return Ok(None);
        }
        let standing = Standing::of(&entries)?;
        if standing.touched().is_some() {
            return Ok(None);
        }
        let facts = standing.facts(&entries)?;
        if (facts.first()).is_some_and(|first| Some(first.key) <= folded.key) {
            return Ok(None);
        }
        let effective = |fact: &&Fact| fact.key.effective_at <= instant;
        fold(&mut folded.state, facts.iter().take_while(effective))?;
        folded.begun = true;
        if let Some(last) = newest.last() {
            folded.stand_on(last);
        }
        Ok(Some(folded))
    }

    /// The last state before an instant that nothing later touches, or the one before any event.
    async fn serving(
        &self,
        stream: &StreamId,
        instant: Timestamp,
        reached: Revision,
        late: &Late,
    ) -> Result<Option<Folded<A>>, StoreError> {
        let mut at_most = Revision::new(reached.number().saturating_sub(1));
        loop {
            let asked = At::effective(instant).known_at(at_most);
            let (folded, _) = Ground::new(self, stream, asked).snapshot_within().await;
            match late.leaves(folded.revision, folded.key) {
                Some(true) => return Ok(Some(folded)),
                Some(false) if !folded.revision.is_empty() => {
                    at_most = Revision::new(folded.revision.number().saturating_sub(1));
                }
                _ => return Ok(None),
            }
        }
    }

    /// The entries behind a state up to the first that is in order and effective later; `None` if the state doesn't stand on
    /// this stream.
    async fn effective_by(
        &self,
        stream: &StreamId,
        instant: Timestamp,
        folded: &Folded<A>,
        (reached, late): (Revision, &Late),
    ) -> Result<Option<Vec<StoredEvent>>, StoreError> {
        let is_beyond = |entry: &StoredEvent| {
            let envelope = &entry.envelope;
            let effective_at = envelope.effective_at.unwrap_or(envelope.recorded_at);
            effective_at > instant && !is_record(&entry.name) && !late.contains(envelope.revision)
        };
        let mut entries: Vec<StoredEvent> = Vec::new();
        // Small pages first: how many there are isn't known.
        let from = folded.revision.max(Revision::FIRST);
        let mut query = StreamQuery::forwards(stream.clone()).from(from).limit(16);
        loop {
            let page = spans::read_stream(self.store(), query.clone()).await?;
            let next = query.after(&page);
            for entry in page.events {
                let revision = entry.envelope.revision;
                if revision == folded.revision {
                    if !folded.stands_on(&entry) {
                        return Ok(None);
                    }
                    continue;
                }
                if revision > reached || is_beyond(&entry) {
                    return Ok(Some(entries));
                }
                entries.push(entry);
            }
            let Some(next) = next else {
                return Ok(Some(entries));
            };
            let limit = next.limit.saturating_mul(4).min(1_000);
            query = next.limit(limit);
        }
    }
}
