use super::execution::Said;
use super::held::Held;
use super::{ExecuteError, Executed, Folded, Repository};
use crate::temporal::{Broken, Checked, Ground, check};
use crate::{
    Aggregate, Append, At, EventId, EventSet, EventStore, Expected, Invalid, Json, Misplaced,
    NewEvent, Placement, Revision, StoreError, StoredEvent, StreamId, StreamQuery, Timestamp,
    spans,
};

/// A command's way into the store.
pub(super) struct Appending<'r, A: Aggregate, S> {
    pub(super) repository: &'r Repository<A, S>,
    pub(super) stream: StreamId,
    pub(super) said: Said,
}

impl<A: Aggregate, S: EventStore> Appending<'_, A, S> {
    /// The outcome of an earlier command with the same key.
    pub(super) async fn earlier(&self) -> Result<Option<Executed<A>>, StoreError> {
        let Some(key) = &self.said.once else {
            return Ok(None);
        };
        let store = &self.repository.store;
        let id = |ordinal| EventId::derived(&self.stream, key, ordinal);
        let Some(first) = store.find(&self.stream, id(0)).await? else {
            return Ok(None);
        };
        let mut executed = Executed::earlier(first.envelope.revision);
        executed.add(&first)?;
        // Most commands bring forth one event: a look for a second costs less than a page, on some stores far less.
        if store.find(&self.stream, id(1)).await?.is_none() {
            return Ok(Some(executed));
        }
        let mut ordinal = 1;
        let query = StreamQuery::forwards(self.stream.clone())
            .from(first.envelope.revision.next())
            .limit(16);
        let mut next = Some(query);
        while let Some(query) = next.take() {
            let page = spans::read_stream(&self.repository.store, query.clone()).await?;
            for stored in &page.events {
                if stored.envelope.id != id(ordinal) {
                    return Ok(Some(executed));
                }
                ordinal += 1;
                executed.add(stored)?;
            }
            next = query.after(&page);
        }
        Ok(Some(executed))
    }

    /// Appends the events to the state's stream, and takes them; on an error the state comes back, as it was.
    pub(super) async fn append(
        &self,
        held: Held<A>,
        events: &mut Vec<A::Event>,
    ) -> Result<Executed<A>, (Held<A>, ExecuteError<A::Error>)> {
        let encoded =
            match check_places(events, held.state.is_none()).and_then(|()| self.encode(events)) {
                Ok(encoded) => encoded,
                Err(error) => return Err((held, error.into())),
            };
        let (encoded, checked) = match self.checked(&held, encoded).await {
            Ok(checked) => checked,
            Err(error) => return Err((held, error)),
        };
        let expected = Expected::Exact(held.revision);
        let append = Append::new(self.stream.clone(), expected, encoded.clone());
        let committed = match self.said.once {
            None => self.repository.commit_new(append).await,
            Some(_) => self.repository.commit(append).await,
        };
        let appended = match committed {
            Ok(appended) => appended,
            Err(error @ StoreError::IdReused { .. }) => return self.overtaken(held, error).await,
            Err(error) => return Err((held, error.into())),
        };
        if appended.is_repeated() && self.said.once.is_some() {
            let lost = StoreError::Backend("a repeated append is not in its stream".into());
            return self.overtaken(held, lost).await;
        }
        let stored: Vec<StoredEvent> = (encoded.into_iter().zip(appended.placements()))
            .map(|(event, at)| StoredEvent::placed(&self.stream, event, *at))
            .collect();
        match (checked, stored.last()) {
            (Some(checked), Some(last)) => self.keep(held, checked, last).await,
            _ => self.advance(held, &stored).await,
        }
        let envelopes = (stored.iter().map(|stored| stored.envelope.clone())).collect();
        let events = std::mem::take(events);
        Ok(Executed::appended(events, envelopes, &appended))
    }

    /// Checks the history that backdated events change, of an aggregate that takes corrections, and folds it with that.
    async fn checked(
        &self,
        folded: &Folded<A>,
        mut events: Vec<NewEvent>,
    ) -> Result<(Vec<NewEvent>, Option<Checked<A>>), ExecuteError<A::Error>> {
        let last = folded.key.filter(|_| A::CORRECTIONS.is_some());
        let Some(last) = last.map(|last| last.effective_at) else {
            return Ok((events, None));
        };
        let recorded_at = folded.recorded_at.unwrap_or(Timestamp::MIN);
        let effective_at = match self.said.effective_at {
            Some(said) => said,
            // Whatever this clock shows: record time never decreases along a stream, so the event comes last.
            None if last <= recorded_at => return Ok((events, None)),
            None => self.repository.clock.now().max(recorded_at),
        };
        // Said even where nothing was: what is recorded then may come before or after the one that will be effective,
        // and another clock than the one it was decided by would tell.
        for event in &mut events {
            event.effective_at = Some(effective_at);
        }
        if effective_at >= last {
            return Ok((events, None));
        }
        match Box::pin(self.check(folded.revision, &events)).await? {
            Ok(checked) => Ok((events, checked)),
            Err(Broken::Violated(violation)) => Err(ExecuteError::Violated(violation)),
            Err(Broken::Store(error)) => Err(error.into()),
            Err(Broken::BeforeInitial { name }) => {
                let misplaced = Misplaced::BeforeInitial { name };
                Err(StoreError::from(Invalid::Misplaced(misplaced)).into())
            }
        }
    }

    /// Checks the history with these events behind a revision, from the newest snapshot on that they don't touch.
    async fn check(
        &self,
        revision: Revision,
        events: &[NewEvent],
    ) -> Result<Result<Option<Checked<A>>, Broken<A::Error>>, StoreError> {
        let mut ground = Ground::new(self.repository, &self.stream, At::NOW);
        loop {
            ground.descend().await?;
            let Some(head) = ground.last().cloned() else {
                return Ok(Ok(None));
            };
            let actual = head.envelope.revision;
            // Nothing is refused because of a state that is too old: it is decided again on the tail.
            if actual != revision {
                let expected = Expected::Exact(revision);
                return Err(StoreError::conflict(&self.stream, expected, actual));
            }
            let mut entries = ground.tail.clone();
            let Some(old) = ground.facts(&entries)? else {
                continue;
            };
            for (ordinal, event) in (1..).zip(events) {
                let recorded_at = head.envelope.recorded_at;
                let at = Placement::new(revision.plus(ordinal), head.position, recorded_at);
                entries.push(StoredEvent::placed(&self.stream, event.clone(), at));
            }
            if let Some(new) = ground.facts(&entries)? {
                let start = ground.into_start(&entries)?;
                return Ok(check(&start, &old, &new, revision).map(Some));
            }
        }
    }

    /// Somebody else came first with the same key, perhaps with other events or more or fewer: theirs count.
    async fn overtaken(
        &self,
        held: Held<A>,
        otherwise: StoreError,
    ) -> Result<Executed<A>, (Held<A>, ExecuteError<A::Error>)> {
        match self.earlier().await {
            Ok(Some(earlier)) => Ok(earlier),
            Ok(None) => Err((held, otherwise.into())),
            Err(error) => Err((held, error.into())),
        }
    }

    fn encode(&self, events: &[A::Event]) -> Result<Vec<NewEvent>, StoreError> {
        let said = &self.said.metadata;
        if let Some(key) = said.extra.keys().find(|key| key.starts_with("es.")) {
            return Err(Invalid::MetadataKey(key.clone()).into());
        }
        let metadata = said.encode()?;
        let encode = |(ordinal, event): (u32, &A::Event)| {
            let descriptor = event.descriptor();
            let name = descriptor.name;
            let payload = event
                .encode()
                .map_err(|error| Invalid::Payload { name, error })?;
            let id = match &self.said.once {
                Some(key) => EventId::derived(&self.stream, key, ordinal),
                None => self.repository.ids.next_id(),
            };
            let mut encoded = NewEvent::new(id, name, descriptor.version, payload);
            encoded.metadata = Json::clone(&metadata);
            encoded.effective_at = self.said.effective_at;
            Ok(encoded)
        };
        (0..).zip(events).map(encode).collect()
    }

    /// Folds what was stored, and not what was decided, so that a kept state never differs from a loaded one.
    async fn advance(&self, held: Held<A>, events: &[StoredEvent]) {
        if self.repository.cache.is_none() && self.repository.snapshots.is_none() {
            return;
        }
        let mut folded = held.into_own();
        let since = folded.revision;
        for stored in events {
            match folded.apply(stored) {
                Ok(true) => {}
                // A backdated event: whoever comes next folds it where it belongs.
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(stream = %self.stream, %error, "an event was appended that can't be read back");
                    return;
                }
            }
        }
        self.repository.keep(&self.stream, since, folded).await;
    }

    /// Keeps what came of the check, in place of the state that was decided on.
    async fn keep(&self, held: Held<A>, checked: Checked<A>, last: &StoredEvent) {
        drop(held);
        if let Some((folded, since)) = checked.stored(last) {
            self.repository.keep(&self.stream, since, folded).await;
        }
    }

    /// Holds a state, in the cache if there is one.
    pub(super) fn hold(&self, folded: Folded<A>) -> Held<A> {
        Held::new(self.repository.cache.as_ref(), &self.stream, folded)
    }
}

/// Checks the rules of a stream's beginning, so that no decision makes a stream unreadable.
fn check_places<E: EventSet>(events: &[E], beginning: bool) -> Result<(), StoreError> {
    for (index, event) in events.iter().enumerate() {
        let descriptor = event.descriptor();
        let (name, first) = (descriptor.name, beginning && index == 0);
        let misplaced = match (first, descriptor.initial) {
            (true, false) => Misplaced::FirstNotInitial { name },
            (false, true) => Misplaced::InitialNotFirst { name },
            _ => continue,
        };
        return Err(Invalid::Misplaced(misplaced).into());
    }
    Ok(())
}
