use crate::process::is_record;
use crate::temporal::{Key, is_correction, kept_state, read_kept};
use crate::{
    Aggregate, At, DecodeError, Envelope, EventId, EventStore, Known, Repository, Revision,
    Snapshot, SnapshotPolicy, StoreError, StoredEvent, StreamId, StreamQuery, Timestamp, spans,
};

/// A state and how far it is folded.
#[derive(Debug, Clone)]
pub(crate) struct Folded<A> {
    pub(crate) state: Option<A>,
    pub(crate) revision: Revision,
    /// The last event's id; `None` for an empty stream.
    last: Option<EventId>,
    /// When the last event was recorded; a later one is recorded no earlier.
    pub(crate) recorded_at: Option<Timestamp>,
    /// Where the last fact stands in the fold of an aggregate that takes corrections.
    pub(crate) key: Option<Key>,
    /// Whether the stream holds an event of the aggregate, and not only what processes wrote into it.
    pub(crate) begun: bool,
}

impl<A: Aggregate> Folded<A> {
    pub(crate) fn empty() -> Self {
        Self {
            state: A::initial(),
            revision: Revision::EMPTY,
            last: None,
            recorded_at: None,
            key: None,
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
            return self.refold(stream, At::known(known)).await;
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
            for stored in &page.events {
                if !known.includes(&stored.envelope, stored.position) {
                    return Ok(Some(folded));
                }
                if !folded.apply(stored)? {
                    return Ok(None);
                }
            }
            next = query.after(&page);
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
            for stored in &page.events[1..] {
                if !known.includes(&stored.envelope, stored.position) {
                    return Ok(Some(folded));
                }
                if !folded.apply(stored)? {
                    return self.refold(stream, At::known(known)).await.map(Some);
                }
            }
            if let Some(query) = query.after(&page) {
                match self.fold_pages(query, folded, known).await? {
                    Some(further) => folded = further,
                    None => return self.refold(stream, At::known(known)).await.map(Some),
                }
            }
            if matches!(known, Known::Head) {
                self.keep_snapshot(stream, start, &folded).await;
            }
            return Ok(Some(folded));
        }
    }

    /// The state of the newest snapshot at or below a revision, if this program's schema and fold made it.
    async fn snapshot(&self, stream: &StreamId, at_most: Revision) -> Option<Folded<A>> {
        let found = self.snapshot_with_state(stream, at_most).await;
        found.map(|(folded, _)| folded)
    }

    /// The same, with the snapshot itself.
    pub(crate) async fn snapshot_with_state(
        &self,
        stream: &StreamId,
        at_most: Revision,
    ) -> Option<(Folded<A>, Snapshot)> {
        let (Some(snapshots), Some(policy)) = (&self.snapshots, A::SNAPSHOTS) else {
            return None;
        };
        let span = spans::snapshot(stream, "load", at_most);
        let loaded = spans::within(span, snapshots.load_snapshot(stream, at_most), |_, _| {});
        let snapshot = match loaded.await {
            Ok(snapshot) => snapshot?,
            Err(error) => {
                tracing::warn!(%stream, %error, "a snapshot couldn't be loaded; folding the stream instead");
                return None;
            }
        };
        let folded = thawed(&policy, &snapshot);
        if folded.is_none() {
            tracing::debug!(%stream, revision = %snapshot.revision, "a snapshot of another schema or fold is ignored");
        }
        Some((folded?, snapshot))
    }

    /// Keeps a snapshot if the policy asks for one between the revision `since` and the state's.
    pub(crate) async fn keep_snapshot(
        &self,
        stream: &StreamId,
        since: Revision,
        folded: &Folded<A>,
    ) {
        let (Some(snapshots), Some(policy)) = (&self.snapshots, A::SNAPSHOTS) else {
            return;
        };
        let every = policy.every.max(1);
        if since.number() / every == folded.revision.number() / every {
            return;
        }
        let (Some(state), Some(last)) = (&folded.state, folded.last) else {
            return;
        };
        let encoded = (policy.encode)(state);
        let saved = match encoded.map(|json| kept_state::<A>(folded.key, json)) {
            Ok(json) => {
                let snapshot = Snapshot::new(
                    stream.clone(),
                    folded.revision,
                    last,
                    policy.schema,
                    policy.fold,
                    json,
                );
                let span = spans::snapshot(stream, "keep", folded.revision);
                spans::within(span, snapshots.keep_snapshot(snapshot), |_, ()| {}).await
            }
            Err(error) => Err(StoreError::Backend(error.into())),
        };
        if let Err(error) = saved {
            tracing::warn!(%stream, %error, "a snapshot couldn't be kept; the stream is unharmed");
        }
    }
}

/// The state of a snapshot, if this program's schema and fold made it.
fn thawed<A: Aggregate>(policy: &SnapshotPolicy<A>, snapshot: &Snapshot) -> Option<Folded<A>> {
    if (snapshot.schema, snapshot.fold) != (policy.schema, policy.fold) {
        return None;
    }
    let (key, state) = read_kept::<A>(snapshot.state.as_str())?;
    Some(Folded {
        state: Some((policy.decode)(state)?),
        revision: snapshot.revision,
        last: Some(snapshot.event_id),
        recorded_at: None,
        key,
        begun: true,
    })
}
