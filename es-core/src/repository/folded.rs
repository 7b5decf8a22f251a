use crate::process::is_record;
use crate::temporal::{Key, Late, is_correction};
use crate::{
    Aggregate, At, DecodeError, Envelope, EventId, EventStore, Known, Repository, Revision,
    StoreError, StoredEvent, StreamId, StreamQuery, Timestamp, spans,
};

/// A state and how far it is folded.
#[derive(Debug, Clone)]
pub(crate) struct Folded<A> {
    pub(crate) state: Option<A>,
    pub(crate) revision: Revision,
    /// The last event's id; `None` for an empty stream.
    pub(super) last: Option<EventId>,
    /// When the last event was recorded; a later one is recorded no earlier.
    pub(crate) recorded_at: Option<Timestamp>,
    /// Where the last fact stands in the fold of an aggregate that takes corrections.
    pub(crate) key: Option<Key>,
    /// Which entries were out of order.
    pub(crate) late: Late,
    /// Whether the stream holds an event of the aggregate, and not only what processes wrote into it.
    pub(crate) begun: bool,
}

/// Where a page was folded to.
enum Reached {
    End,
    /// An event that wasn't known yet.
    Unknown,
    /// An event that changes what was folded before.
    Change,
}

impl<A: Aggregate> Folded<A> {
    pub(crate) fn empty() -> Self {
        Self {
            state: A::initial(),
            revision: Revision::EMPTY,
            last: None,
            recorded_at: None,
            key: None,
            late: Late::default(),
            begun: false,
        }
    }

    /// Whether this is still the event that the state is folded up to.
    pub(crate) fn stands_on(&self, stored: &StoredEvent) -> bool {
        let Envelope { id, revision, .. } = &stored.envelope;
        self.last == Some(*id) && self.revision == *revision
    }

    /// Folds a stored event; one whose name is retired, or that a process wrote, only moves the revision.
    ///
    /// `false` if it can't be folded onto this state, since it changes what was folded before.
    pub(super) fn apply(&mut self, stored: &StoredEvent) -> Result<bool, StoreError> {
        if A::CORRECTIONS.is_some() && !is_record(&stored.name) {
            let key = Key::of(stored);
            if is_correction(&stored.name) || self.key.is_some_and(|last| key < last) {
                return Ok(false);
            }
            self.key = Some(key);
            self.late.take(stored.envelope.revision, key);
        }
        match A::fold_stored(&mut self.state, stored) {
            Ok(()) => self.begun = true,
            // Asked only here, so that the events of the aggregate pay nothing for it.
            Err(DecodeError::UnknownName) if is_record(&stored.name) => {}
            Err(reason) => return Err(stored.undecodable(reason)),
        }
        self.stand_on(stored);
        Ok(true)
    }

    /// Whether these events can be folded onto this state, one after the other: asked before the first of them is, so that
    /// those before a correction aren't folded twice.
    fn takes<'e>(&self, events: impl Iterator<Item = &'e StoredEvent>) -> bool {
        if A::CORRECTIONS.is_none() {
            return true;
        }
        let mut last = self.key;
        for stored in events.filter(|stored| !is_record(&stored.name)) {
            let key = Key::of(stored);
            if is_correction(&stored.name) || last.is_some_and(|last| key < last) {
                return false;
            }
            last = Some(key);
        }
        true
    }

    /// Folds the events of a page as far as they are known.
    fn apply_known(&mut self, events: &[StoredEvent], known: Known) -> Result<Reached, StoreError> {
        let is_known = |stored: &&StoredEvent| known.includes(&stored.envelope, stored.position);
        if !self.takes(events.iter().take_while(is_known)) {
            return Ok(Reached::Change);
        }
        for stored in events {
            if !is_known(&stored) {
                return Ok(Reached::Unknown);
            }
            if !self.apply(stored)? {
                return Ok(Reached::Change);
            }
        }
        Ok(Reached::End)
    }

    /// Takes an event as the one that the state is folded up to.
    pub(crate) fn stand_on(&mut self, stored: &StoredEvent) {
        self.revision = stored.envelope.revision;
        self.last = Some(stored.envelope.id);
        self.recorded_at = Some(stored.envelope.recorded_at);
    }
}

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// Folds a stream from its newest usable snapshot, or from its beginning.
    pub(super) async fn fold(
        &self,
        stream: &StreamId,
        known: Known,
    ) -> Result<Folded<A>, StoreError> {
        let folded = match self.read_from_snapshot(stream, known).await? {
            Some(folded) => folded,
            None => self.fold_on(stream, Folded::empty(), known).await?,
        };
        tracing::trace!(%stream, revision = %folded.revision, "folded");
        Ok(folded)
    }

    /// Folds what a stream holds beyond `folded`.
    pub(super) async fn fold_on(
        &self,
        stream: &StreamId,
        folded: Folded<A>,
        known: Known,
    ) -> Result<Folded<A>, StoreError> {
        let start = folded.revision;
        let wanted = known
            .highest_revision()
            .number()
            .saturating_sub(start.number());
        if wanted == 0 {
            return Ok(folded);
        }
        let query = StreamQuery::forwards(stream.clone()).from(start.next());
        let limit = usize::try_from(wanted).map_or(query.limit, |wanted| wanted.min(query.limit));
        let query = query.limit(limit);
        let Some(folded) = self.fold_pages(query, folded, known).await? else {
            return Box::pin(self.refold(stream, At::known(known))).await;
        };
        if matches!(known, Known::Head) {
            self.keep_snapshot(stream, start, &folded).await;
        }
        Ok(folded)
    }

    /// `None` if an event changes what was folded before.
    async fn fold_pages(
        &self,
        query: StreamQuery,
        mut folded: Folded<A>,
        known: Known,
    ) -> Result<Option<Folded<A>>, StoreError> {
        let mut next = Some(query);
        while let Some(query) = next.take() {
            let page = spans::read_stream(&self.store, query.clone()).await?;
            match folded.apply_known(&page.events, known)? {
                Reached::End => next = query.after(&page),
                Reached::Unknown => return Ok(Some(folded)),
                Reached::Change => return Ok(None),
            }
        }
        Ok(Some(folded))
    }

    /// The state of a snapshot with its tail, if a snapshot is there that fits in every respect.
    async fn read_from_snapshot(
        &self,
        stream: &StreamId,
        mut known: Known,
    ) -> Result<Option<Folded<A>>, StoreError> {
        loop {
            let Some(mut folded) = self.snapshot(stream, known.highest_revision()).await else {
                return Ok(None);
            };
            let start = folded.revision;
            // The page begins with the event that the snapshot stands on, which must still be the same one.
            let wanted = known.highest_revision().number() - start.number();
            let query = StreamQuery::forwards(stream.clone()).from(start);
            let limit = usize::try_from(wanted).map_or(query.limit, |wanted| {
                query.limit.min(wanted.saturating_add(1))
            });
            let query = query.limit(limit);
            let page = spans::read_stream(&self.store, query.clone()).await?;
            let Some(base) = page.events.first().filter(|base| folded.stands_on(base)) else {
                return Ok(None);
            };
            folded.stand_on(base);
            if !known.includes(&base.envelope, base.position) {
                // It was recorded later than asked for; one from before that point may be there.
                let revision = self.known_below(stream, known, start).await?;
                known = Known::Revision(revision);
                continue;
            }
            match folded.apply_known(&page.events[1..], known)? {
                Reached::End => {}
                Reached::Unknown => return Ok(Some(folded)),
                Reached::Change => {
                    return Box::pin(self.refold(stream, At::known(known)))
                        .await
                        .map(Some);
                }
            }
            if let Some(query) = query.after(&page) {
                match self.fold_pages(query, folded, known).await? {
                    Some(further) => folded = further,
                    None => {
                        return Box::pin(self.refold(stream, At::known(known)))
                            .await
                            .map(Some);
                    }
                }
            }
            if matches!(known, Known::Head) {
                self.keep_snapshot(stream, start, &folded).await;
            }
            return Ok(Some(folded));
        }
    }
}
