//! Folds a stream whose order of recording isn't the order of its facts, from the newest snapshot that nothing later
//! touches.
//!
//! A snapshot holds the facts that were known at its revision, the last of which has its key. It serves if everything
//! in it is effective and nothing recorded after it adds, strikes or restores a fact up to that key; else an earlier
//! one may, or none.

use super::fact::{Fact, Key, fold};
use super::standing::Standing;
use crate::repository::Folded;
use crate::{
    Aggregate, At, EventStore, Known, Repository, Revision, StoreError, StoredEvent, StreamId,
    StreamQuery, Timestamp, spans,
};

/// Which snapshots may still serve.
struct Bounds {
    known: Known,
    at_most: Revision,
    /// The last fact's key is below this one.
    below: Option<Key>,
}

impl Bounds {
    fn of(at: At) -> Self {
        let after = |instant: Timestamp| Key {
            effective_at: instant,
            slot: Revision::new(u64::MAX),
        };
        Self {
            known: at.known_point(),
            at_most: at.known_point().highest_revision(),
            below: at.effective_instant().map(after),
        }
    }

    fn admit<A>(&self, folded: &Folded<A>) -> bool {
        self.below
            .is_none_or(|below| folded.key.is_none_or(|last| last < below))
    }
}

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// Folds what is effective of what is known, for an aggregate that takes corrections.
    pub(crate) async fn refold(&self, stream: &StreamId, at: At) -> Result<Folded<A>, StoreError> {
        let mut bounds = Bounds::of(at);
        let mut tail = Vec::new();
        loop {
            let mut folded = self.extend_down(stream, &mut bounds, &mut tail).await?;
            let standing = Standing::of(&tail)?;
            if let Some(touched) = standing.touched() {
                bounds.at_most = before(touched.min(folded.revision));
                continue;
            }
            let facts = standing.facts(&tail)?;
            if let (Some(first), Some(last)) = (facts.first(), folded.key)
                && first.key <= last
            {
                bounds.at_most = before(folded.revision);
                bounds.below = Some(bounds.below.map_or(first.key, |below| below.min(first.key)));
                continue;
            }
            let instant = at.effective_instant();
            let effective = |fact: &&Fact| instant.is_none_or(|at| fact.key.effective_at <= at);
            let facts = facts.iter().take_while(effective);
            fold(&mut folded.state, facts.clone())?;
            folded.key = facts.last().map(|fact| fact.key).or(folded.key);
            if let Some(last) = tail.last() {
                folded.stand_on(last);
            }
            if at == At::NOW {
                // Whatever newer snapshot there is, it didn't serve: this one will.
                self.keep_snapshot(stream, Revision::EMPTY, &folded).await;
            }
            return Ok(folded);
        }
    }

    /// The state of the next snapshot that may serve, or of nothing; and all that is known after it in front of `tail`.
    async fn extend_down(
        &self,
        stream: &StreamId,
        bounds: &mut Bounds,
        tail: &mut Vec<StoredEvent>,
    ) -> Result<Folded<A>, StoreError> {
        loop {
            let folded = self.snapshot_within(stream, bounds).await;
            let until = tail.first().map(|first| first.envelope.revision);
            let from = folded.revision;
            let mut read = self.segment(stream, from, until, bounds.known).await?;
            if !from.is_empty() {
                // The segment begins with the event that the snapshot stands on, which must still be the same one.
                let Some(base) = read.first().filter(|base| folded.stands_on(base)) else {
                    bounds.at_most = Revision::EMPTY;
                    continue;
                };
                if !bounds.known.includes(&base.envelope, base.position) {
                    bounds.at_most = self.known_below(stream, bounds.known, from).await?;
                    bounds.known = bounds.at_most.into();
                    continue;
                }
                read.remove(0);
            }
            tail.splice(0..0, read);
            return Ok(folded);
        }
    }

    /// The newest snapshot that may serve, found by halving as the keys of later ones are mostly later; else nothing.
    async fn snapshot_within(&self, stream: &StreamId, bounds: &Bounds) -> Folded<A> {
        if bounds.at_most.is_empty() {
            return Folded::empty();
        }
        let Some(newest) = self.snapshot(stream, bounds.at_most).await else {
            return Folded::empty();
        };
        if bounds.admit(&newest) {
            return newest;
        }
        let (mut low, mut high, mut found) = (0, newest.revision.number(), None);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.snapshot(stream, Revision::new(middle)).await {
                Some(snapshot) if bounds.admit(&snapshot) => {
                    low = middle;
                    found = Some(snapshot);
                }
                Some(snapshot) => high = snapshot.revision.number(),
                None => low = middle,
            }
        }
        found.unwrap_or_else(Folded::empty)
    }

    /// The entries from a revision on (inclusive, known or not) up to another one (exclusive), as far as they are known.
    async fn segment(
        &self,
        stream: &StreamId,
        from: Revision,
        until: Option<Revision>,
        known: Known,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut entries: Vec<StoredEvent> = Vec::new();
        let mut next = Some(StreamQuery::forwards(stream.clone()).from(from.max(Revision::FIRST)));
        while let Some(query) = next.take() {
            let page = spans::read_stream(self.store(), query.clone()).await?;
            next = query.after(&page);
            entries.extend(page.events);
            let reached = |entry: &StoredEvent| {
                until.is_some_and(|until| entry.envelope.revision >= until)
                    || entry.envelope.revision > from
                        && !known.includes(&entry.envelope, entry.position)
            };
            if entries.last().is_some_and(reached) {
                entries.retain(|entry| !reached(entry));
                break;
            }
        }
        Ok(entries)
    }
}

fn before(revision: Revision) -> Revision {
    Revision::new(revision.number().saturating_sub(1))
}
