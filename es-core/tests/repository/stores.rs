//! Stores that stand before another and get in the way, and what they count.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, Expected, Json, LogPage, LogQuery, NewEvent,
    Position, StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};
use es_memory::MemoryStore;

/// What happens at an append, in the order of the appends; nothing special once the list is empty.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cue {
    /// It passes.
    Pass,
    /// Somebody deposits first.
    Overtaken,
    /// It is written, and the answer is lost.
    AcknowledgementLost,
    /// It isn't written, and the answer is lost.
    RequestLost,
    /// The store is away.
    Unavailable,
    /// The store has the first event's id from another append.
    IdReused,
    /// Somebody with the key `t1` comes first, with this many deposits.
    Twin(u32),
    /// It is behind those that are asked at the same moment.
    Late,
    /// It never ends.
    Hangs,
}

/// A memory store with cues, that counts what it was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage {
    pub store: MemoryStore,
    cues: Arc<Mutex<Vec<Cue>>>,
    pub appends: Arc<AtomicU32>,
    pub reads: Arc<AtomicU32>,
    events: Arc<AtomicU32>,
    /// Those of the reads that asked for a page.
    pub pages: Arc<AtomicU32>,
}

impl Stage {
    /// A stage on which the next appends meet these cues.
    pub(crate) fn new(cues: &[Cue]) -> Self {
        let stage = Self::default();
        stage.cue(cues);
        stage
    }

    /// A stage before this store.
    pub(crate) fn on(store: MemoryStore) -> Self {
        Self {
            store,
            ..Self::default()
        }
    }

    pub(crate) fn cue(&self, cues: &[Cue]) {
        *self.cues.lock().unwrap() = cues.iter().rev().copied().collect();
    }

    /// How many appends and reads came since the last call.
    pub(crate) fn counted(&self) -> (u32, u32) {
        (
            self.appends.swap(0, Ordering::SeqCst),
            self.reads.swap(0, Ordering::SeqCst),
        )
    }

    /// How many events of streams were read since the last call.
    pub(crate) fn events_read(&self) -> u32 {
        self.events.swap(0, Ordering::SeqCst)
    }

    /// Every event of the log.
    pub(crate) async fn log(&self) -> Vec<StoredEvent> {
        self.store.read_log(LogQuery::all()).await.unwrap().events
    }

    async fn perform(&self, append: Append) -> Result<Appended, StoreError> {
        let cue = self.cues.lock().unwrap().pop().unwrap_or(Cue::Pass);
        match cue {
            Cue::Pass => self.store.append(append).await,
            Cue::Overtaken => {
                let stream = append.stream.clone();
                deposit(&self.store, stream, 1).await;
                self.store.append(append).await
            }
            Cue::AcknowledgementLost => {
                self.store.append(append).await?;
                Err(StoreError::Unknown("the line went dead".into()))
            }
            Cue::RequestLost => Err(StoreError::Unknown("the line went dead".into())),
            Cue::Unavailable => Err(StoreError::Unavailable("the line is dead".into())),
            Cue::IdReused => Err(StoreError::IdReused {
                stream: append.stream,
                id: append.events[0].id,
            }),
            Cue::Twin(count) => {
                let stream = append.stream.clone();
                let events = (0..count)
                    .map(|ordinal| deposited(EventId::derived(&stream, "t1", ordinal), 1_000))
                    .collect();
                let twin = Append::new(stream, Expected::Any, events);
                self.store.append(twin).await?;
                self.store.append(append).await
            }
            Cue::Late => {
                tokio::task::yield_now().await;
                self.store.append(append).await
            }
            Cue::Hangs => std::future::pending().await,
        }
    }
}

/// Deposits behind the repository's back.
pub(crate) async fn deposit(store: &impl EventStore, stream: StreamId, cents: i64) {
    let event = deposited(EventId::random(), cents);
    store
        .append(Append::new(stream, Expected::Any, vec![event]))
        .await
        .unwrap();
}

fn deposited(id: EventId, cents: i64) -> NewEvent {
    let payload = Json::parse(format!(r#"{{"cents":{cents}}}"#)).unwrap();
    NewEvent::new(id, "account.deposited", 1, payload)
}

/// Ada's stream.
pub(crate) fn stream() -> StreamId {
    StreamId::new("account", "ada").unwrap()
}

impl EventStore for Stage {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        Box::pin(self.perform(append))
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.store.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.pages.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let page = self.store.read_stream(query).await?;
            let events = u32::try_from(page.events.len()).unwrap();
            self.events.fetch_add(events, Ordering::SeqCst);
            Ok(page)
        })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.store.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.store.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.wait_past(position)
    }
}
