use crate::{
    Aggregate, Envelope, EventId, EventStore, Repository, Revision, Snapshot, SnapshotPolicy,
    StoreError, StoredEvent, StreamId, StreamQuery, Timestamp,
};

/// A state and how far it is folded.
#[derive(Debug, Clone)]
pub(super) struct Folded<A> {
    pub(super) state: Option<A>,
    pub(super) revision: Revision,
    /// The last event's id; `None` for an empty stream.
    last: Option<EventId>,
}

/// How far to fold, inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    Head,
    Revision(Revision),
    Instant(Timestamp),
}

impl Until {
    fn includes(self, envelope: &Envelope) -> bool {
        match self {
            Self::Head => true,
            Self::Revision(revision) => envelope.revision <= revision,
            Self::Instant(instant) => envelope.recorded_at <= instant,
        }
    }

    fn highest_revision(self) -> Revision {
        match self {
            Self::Revision(revision) => revision,
            Self::Head | Self::Instant(_) => Revision::new(u64::MAX),
        }
    }
}

impl<A: Aggregate> Folded<A> {
    pub(super) fn empty() -> Self {
        Self {
            state: A::initial(),
            revision: Revision::EMPTY,
            last: None,
        }
    }

    /// Folds a stored event; one whose name is retired only moves the revision.
    pub(super) fn apply(&mut self, stored: &StoredEvent) -> Result<(), StoreError> {
        A::fold_stored(&mut self.state, stored).map_err(|reason| stored.undecodable(reason))?;
        self.revision = stored.envelope.revision;
        self.last = Some(stored.envelope.id);
        Ok(())
    }
}

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// Folds a stream from its newest usable snapshot, or from its beginning.
    pub(super) async fn fold(
        &self,
        stream: &StreamId,
        until: Until,
    ) -> Result<Folded<A>, StoreError> {
        let folded = match self.read_from_snapshot(stream, until).await? {
            Some(folded) => folded,
            None => self.fold_on(stream, Folded::empty(), until).await?,
        };
        tracing::trace!(%stream, revision = %folded.revision, "folded");
        Ok(folded)
    }

    /// Folds what a stream holds beyond `folded`.
    pub(super) async fn fold_on(
        &self,
        stream: &StreamId,
        folded: Folded<A>,
        until: Until,
    ) -> Result<Folded<A>, StoreError> {
        let start = folded.revision;
        let wanted = until
            .highest_revision()
            .number()
            .saturating_sub(start.number());
        if wanted == 0 {
            return Ok(folded);
        }
        let query = StreamQuery::forwards(stream.clone()).from(start.next());
        let limit = usize::try_from(wanted).map_or(query.limit, |wanted| wanted.min(query.limit));
        let query = query.limit(limit);
        let folded = self.fold_pages(query, folded, until).await?;
        if matches!(until, Until::Head) {
            self.keep_snapshot(stream, start, &folded).await;
        }
        Ok(folded)
    }

    async fn fold_pages(
        &self,
        query: StreamQuery,
        mut folded: Folded<A>,
        until: Until,
    ) -> Result<Folded<A>, StoreError> {
        let mut next = Some(query);
        while let Some(query) = next.take() {
            let page = self.store.read_stream(query.clone()).await?;
            for stored in &page.events {
                if !until.includes(&stored.envelope) {
                    return Ok(folded);
                }
                folded.apply(stored)?;
            }
            next = query.after(&page);
        }
        Ok(folded)
    }

    /// The state of a snapshot with its tail, if a snapshot is there that fits in every respect.
    async fn read_from_snapshot(
        &self,
        stream: &StreamId,
        until: Until,
    ) -> Result<Option<Folded<A>>, StoreError> {
        let (Some(snapshots), Some(policy)) = (&self.snapshots, A::SNAPSHOTS) else {
            return Ok(None);
        };
        let snapshot = match snapshots
            .load_snapshot(stream, until.highest_revision())
            .await
        {
            Ok(Some(snapshot)) => snapshot,
            Ok(None) => return Ok(None),
            Err(error) => {
                tracing::warn!(%stream, %error, "a snapshot couldn't be loaded; folding the stream instead");
                return Ok(None);
            }
        };
        let Some(folded) = thawed(&policy, &snapshot) else {
            tracing::debug!(%stream, revision = %snapshot.revision, "a snapshot of another schema or fold is ignored");
            return Ok(None);
        };
        // The page begins with the event that the snapshot stands on, which must still be the same one.
        let query = StreamQuery::forwards(stream.clone()).from(snapshot.revision);
        let page = self.store.read_stream(query.clone()).await?;
        let stands = page.events.first().is_some_and(|stored| {
            stored.envelope.id == snapshot.event_id
                && stored.envelope.revision == snapshot.revision
                && until.includes(&stored.envelope)
        });
        if !stands {
            return Ok(None);
        }
        let start = folded.revision;
        let mut folded = folded;
        for stored in &page.events[1..] {
            if !until.includes(&stored.envelope) {
                return Ok(Some(folded));
            }
            folded.apply(stored)?;
        }
        if let Some(query) = query.after(&page) {
            folded = self.fold_pages(query, folded, until).await?;
        }
        if matches!(until, Until::Head) {
            self.keep_snapshot(stream, start, &folded).await;
        }
        Ok(Some(folded))
    }

    /// Keeps a snapshot if the policy asks for one between the revision `since` and the state's.
    pub(super) async fn keep_snapshot(
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
        let saved = match (policy.encode)(state) {
            Ok(json) => {
                let snapshot = Snapshot::new(
                    stream.clone(),
                    folded.revision,
                    last,
                    policy.schema,
                    policy.fold,
                    json,
                );
                snapshots.save_snapshot(snapshot).await
            }
            Err(error) => Err(StoreError::Backend(error.into())),
        };
        if let Err(error) = saved {
            tracing::warn!(%stream, %error, "a snapshot couldn't be kept; the stream is unharmed");
        }
    }
}

/// The state of a snapshot, if this program's schema and fold made it.
fn thawed<A>(policy: &SnapshotPolicy<A>, snapshot: &Snapshot) -> Option<Folded<A>> {
    if (snapshot.schema, snapshot.fold) != (policy.schema, policy.fold) {
        return None;
    }
    let state = (policy.decode)(snapshot.state.as_str())?;
    Some(Folded {
        state: Some(state),
        revision: snapshot.revision,
        last: Some(snapshot.event_id),
    })
}
