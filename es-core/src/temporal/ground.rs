//! What a history stands on whose order of recording isn't the order of its facts: the newest snapshot that nothing later
//! touches.
//!
//! A snapshot holds the facts that were known at its revision, the last of which has its key. It serves if everything
//! in it is effective and nothing recorded after it adds, strikes or restores a fact up to that key; else an earlier
//! one may, or none.

use super::fact::{Fact, Key};
use super::kept::read_kept;
use super::late::Late;
use super::standing::Standing;
use crate::repository::Folded;
use crate::{
    Aggregate, At, EventStore, Known, Repository, Revision, Snapshot, StoreError, StoredEvent,
    StreamId, StreamQuery, Timestamp, spans,
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

/// A state that nothing later touches, as often as it is needed; and what is out of order up to the end of the history that
/// begins with it.
pub(crate) struct Start {
    snapshot: Option<Snapshot>,
    pub(crate) late: Late,
}

impl Start {
    /// The state before any event.
    pub(crate) const NOTHING: Self = Self {
        snapshot: None,
        late: Late::unknown(Revision::EMPTY, None),
    };

    pub(crate) fn is_nothing(&self) -> bool {
        self.snapshot.is_none()
    }

    pub(crate) fn state<A: Aggregate>(&self) -> Option<A> {
        match &self.snapshot {
            Some(snapshot) => snapshot.state_of(),
            None => A::initial(),
        }
    }

    /// Where its last fact stands.
    pub(crate) fn key<A: Aggregate>(&self) -> Option<Key> {
        read_kept::<A>(self.snapshot.as_ref()?.state.as_str())?.last
    }

    /// How far it goes.
    pub(crate) fn revision(&self) -> Revision {
        let snapshot = self.snapshot.as_ref();
        snapshot.map_or(Revision::EMPTY, |it| it.revision)
    }
}

/// What serves as far as was looked, and all that is known after it.
pub(crate) struct Ground<'r, A: Aggregate, S> {
    repository: &'r Repository<A, S>,
    stream: StreamId,
    bounds: Bounds,
    pub(crate) folded: Folded<A>,
    snapshot: Option<Snapshot>,
    /// The event that the snapshot stands on.
    base: Option<StoredEvent>,
    pub(crate) tail: Vec<StoredEvent>,
}

impl<'r, A: Aggregate, S: EventStore> Ground<'r, A, S> {
    pub(crate) fn new(repository: &'r Repository<A, S>, stream: &StreamId, at: At) -> Self {
        Self {
            repository,
            stream: stream.clone(),
            bounds: Bounds::of(at),
            folded: Folded::empty(),
            snapshot: None,
            base: None,
            tail: Vec::new(),
        }
    }

    /// Goes down to the next snapshot that may serve, or to nothing, which does.
    pub(crate) async fn descend(&mut self) -> Result<(), StoreError> {
        loop {
            let (mut folded, snapshot) = self.snapshot_within().await;
            let until = self.tail.first().map(|first| first.envelope.revision);
            let from = folded.revision;
            let mut read = self.segment(from, until).await?;
            let mut base = None;
            if !from.is_empty() {
                // The segment begins with the event that the snapshot stands on, which must still be the same one.
                let Some(event) = read.first().filter(|base| folded.stands_on(base)) else {
                    self.bounds.at_most = Revision::EMPTY;
                    continue;
                };
                let known = self.bounds.known;
                if !known.includes(&event.envelope, event.position) {
                    let below = self.repository.known_below(&self.stream, known, from);
                    self.bounds.at_most = below.await?;
                    self.bounds.known = self.bounds.at_most.into();
                    continue;
                }
                folded.stand_on(event);
                base = Some(read.remove(0));
            }
            self.tail.splice(0..0, read);
            (self.folded, self.snapshot, self.base) = (folded, snapshot, base);
            return Ok(());
        }
    }

    /// The last event that is known; `None` for an empty stream.
    pub(crate) fn last(&self) -> Option<&StoredEvent> {
        self.tail.last().or(self.base.as_ref())
    }

    /// What is out of order up to the end of these entries, which begin with the tail.
    pub(crate) fn late(&self, entries: &[StoredEvent]) -> Result<Late, StoreError> {
        let mut late = self.folded.late.clone();
        late.extend(entries, &Standing::of(entries)?)?;
        Ok(late)
    }

    /// Where the history with these entries begins, which begin with the tail.
    pub(crate) fn into_start(self, entries: &[StoredEvent]) -> Result<Start, StoreError> {
        let late = self.late(entries)?;
        Ok(Start {
            snapshot: self.snapshot,
            late,
        })
    }

    /// The facts of these entries, which begin with the tail, in the order of the fold; `None` if they touch what is in the
    /// snapshot, so that it has to be gone down.
    pub(crate) fn facts(
        &mut self,
        entries: &[StoredEvent],
    ) -> Result<Option<Vec<Fact>>, StoreError> {
        let standing = Standing::of(entries)?;
        if let Some(touched) = standing.touched() {
            self.leave(touched);
            return Ok(None);
        }
        let facts = standing.facts(entries)?;
        if let (Some(first), Some(last)) = (facts.first(), self.folded.key)
            && first.key <= last
        {
            self.leave(self.folded.revision);
            let below = self.bounds.below;
            self.bounds.below = Some(below.map_or(first.key, |below| below.min(first.key)));
            return Ok(None);
        }
        Ok(Some(facts))
    }

    /// Whether an entry is in the snapshot, which has to be gone down then to see it.
    pub(crate) fn covers(&mut self, revision: Revision) -> bool {
        let covers = !revision.is_empty() && revision <= self.folded.revision;
        if covers {
            self.leave(revision);
        }
        covers
    }

    /// The snapshot doesn't serve, nor does another one that holds this entry.
    fn leave(&mut self, entry: Revision) {
        let lowest = entry.min(self.folded.revision).number();
        self.bounds.at_most = Revision::new(lowest.saturating_sub(1));
    }

    /// The newest snapshot that may serve, found by halving as the keys of later ones are mostly later; else nothing.
    pub(super) async fn snapshot_within(&self) -> (Folded<A>, Option<Snapshot>) {
        let (repository, bounds) = (self.repository, &self.bounds);
        let nothing = || (Folded::empty(), None);
        if bounds.at_most.is_empty() {
            return nothing();
        }
        let kept = |at_most| repository.snapshot_with_state(&self.stream, at_most);
        let Some((newest, snapshot)) = kept(bounds.at_most).await else {
            return nothing();
        };
        if bounds.admit(&newest) {
            return (newest, Some(snapshot));
        }
        let (mut low, mut high, mut found) = (0, newest.revision.number(), None);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match kept(Revision::new(middle)).await {
                Some((folded, snapshot)) if bounds.admit(&folded) => {
                    low = middle;
                    found = Some((folded, Some(snapshot)));
                }
                Some((folded, _)) => high = folded.revision.number(),
                None => low = middle,
            }
        }
        found.unwrap_or_else(nothing)
    }

    /// The entries from a revision on (inclusive, known or not) up to another one (exclusive), as far as they are known.
    async fn segment(
        &self,
        from: Revision,
        until: Option<Revision>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let (stream, known) = (self.stream.clone(), self.bounds.known);
        let mut entries: Vec<StoredEvent> = Vec::new();
        let query = StreamQuery::forwards(stream).from(from.max(Revision::FIRST));
        // What is beyond a revision isn't read.
        let wanted = known
            .highest_revision()
            .number()
            .saturating_sub(from.number());
        let limit = usize::try_from(wanted.saturating_add(1)).unwrap_or(query.limit);
        let limit = limit.min(query.limit);
        let mut next = Some(query.limit(limit));
        while let Some(query) = next.take() {
            let page = spans::read_stream(self.repository.store(), query.clone()).await?;
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
