//! What the rows have at hand: handles of the store under test, events to append, and a look at the whole store.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use es_core::{
    AnyStore, Append, Appended, EventId, EventStore, Expected, IdSource, Json, LogQuery, NewEvent,
    Position, StoreError, StoredEvent, StreamId, StreamQuery,
};

use super::{Declared, Failure, Profile, Subject};
use crate::CountingIds;

/// The store under test, for one row.
#[derive(Clone)]
pub(crate) struct Bench {
    pub subject: Arc<dyn Subject>,
    pub profile: Profile,
    ids: Arc<CountingIds>,
}

/// The category of the rows' streams, where none is said.
pub(crate) const CATEGORY: &str = "suite";
/// The name of the rows' events, where none is said.
pub(crate) const NAME: &str = "suite.noted";

impl Bench {
    pub(crate) fn new(subject: Arc<dyn Subject>) -> Self {
        let profile = subject.profile();
        let ids = Arc::default();
        Self {
            subject,
            profile,
            ids,
        }
    }

    pub(crate) fn declares(&self, declared: Declared) -> bool {
        self.profile.declared.contains(&declared)
    }

    /// A handle of the store.
    pub(crate) async fn handle(&self) -> Result<AnyStore, Failure> {
        Ok(self.subject.handle().await?)
    }

    pub(crate) async fn handles(&self, count: usize) -> Result<Vec<AnyStore>, Failure> {
        let mut handles = Vec::with_capacity(count);
        for _ in 0..count {
            handles.push(self.handle().await?);
        }
        Ok(handles)
    }

    pub(crate) fn id(&self) -> EventId {
        self.ids.next_id()
    }

    /// A new event that says nothing in particular.
    pub(crate) fn event(&self) -> NewEvent {
        NewEvent::new(self.id(), NAME, 1, json(r#"{"note": "…"}"#))
    }

    pub(crate) fn events(&self, count: usize) -> Vec<NewEvent> {
        (0..count).map(|_| self.event()).collect()
    }

    /// A new event with this payload.
    pub(crate) fn event_of(&self, payload: impl AsRef<str> + Into<Arc<str>>) -> NewEvent {
        NewEvent::new(self.id(), NAME, 1, json(payload))
    }

    /// A new event with this name.
    pub(crate) fn named(&self, name: &str) -> NewEvent {
        NewEvent::new(self.id(), name, 1, json("{}"))
    }

    /// Appends so many events to a stream, whatever its revision.
    pub(crate) async fn grow(
        &self,
        store: &AnyStore,
        stream: &StreamId,
        events: usize,
    ) -> Result<Appended, Failure> {
        Ok(append(store, stream, Expected::Any, self.events(events)).await?)
    }

    /// Waits for what must happen; a store that never gets there fails the row instead of hanging it.
    #[track_caller]
    pub(crate) fn soon<T>(
        &self,
        what: impl Display,
        future: impl Future<Output = T>,
    ) -> impl Future<Output = Result<T, Failure>> {
        let patience = self.profile.patience;
        let hung = Failure::new(format!("{what}: not within {patience:?}"));
        async move {
            tokio::time::timeout(patience, future)
                .await
                .map_err(|_| hung)
        }
    }
}

/// A text that is taken for JSON without parsing it.
pub(crate) fn json(text: impl AsRef<str> + Into<Arc<str>>) -> Json {
    Json::from_stored(text)
}

/// A stream of the rows' own category.
pub(crate) fn stream(id: &str) -> Result<StreamId, Failure> {
    Ok(StreamId::new(CATEGORY, id)?)
}

pub(crate) async fn append(
    store: &AnyStore,
    stream: &StreamId,
    expected: Expected,
    events: Vec<NewEvent>,
) -> Result<Appended, StoreError> {
    let append = Append::new(stream.clone(), expected, events);
    store.append(append).await
}

/// Every event of a stream, forwards.
pub(crate) async fn read(
    store: &AnyStore,
    stream: &StreamId,
) -> Result<Vec<StoredEvent>, StoreError> {
    pages(store, StreamQuery::forwards(stream.clone())).await
}

/// Every event that a query finds, page by page.
pub(crate) async fn pages(
    store: &AnyStore,
    query: StreamQuery,
) -> Result<Vec<StoredEvent>, StoreError> {
    let (mut events, mut next) = (Vec::new(), Some(query));
    while let Some(query) = next {
        let page = store.read_stream(query.clone()).await?;
        next = query.after(&page);
        events.extend(page.events);
    }
    Ok(events)
}

/// Every event of the log that a query finds, page by page.
pub(crate) async fn log_pages(
    store: &AnyStore,
    mut query: LogQuery,
) -> Result<Vec<StoredEvent>, Failure> {
    let mut events = Vec::new();
    loop {
        let page = store.read_log(query.clone()).await?;
        events.extend(page.events);
        if page.end {
            return Ok(events);
        }
        if page.looked_to <= query.after {
            let after = query.after;
            let message =
                format!("a page after {after} that isn't the log's end looked no further");
            return Err(Failure::new(message));
        }
        query.after = page.looked_to;
    }
}

/// All that a store shows: its log and its head.
#[derive(Debug, PartialEq)]
pub(crate) struct Whole {
    head: Position,
    log: Vec<StoredEvent>,
}

/// The whole store, to be compared before and after what must not change it.
pub(crate) async fn whole(store: &AnyStore) -> Result<Whole, Failure> {
    let head = store.head().await?;
    let log = log_pages(store, LogQuery::all()).await?;
    Ok(Whole { head, log })
}

impl Whole {
    pub(crate) fn log(&self) -> &[StoredEvent] {
        &self.log
    }
}

/// The ids of events, in their order.
pub(crate) fn ids_of(events: &[StoredEvent]) -> Vec<EventId> {
    events.iter().map(|event| event.envelope.id).collect()
}

/// The revisions of events, in their order.
pub(crate) fn revisions_of(events: &[StoredEvent]) -> Vec<u64> {
    events
        .iter()
        .map(|event| event.envelope.revision.number())
        .collect()
}

/// Numbers that look random and are the same on every run with the same seed (Steele's `SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % sides as u64).unwrap_or_default()
    }

    /// One of these.
    pub(crate) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
