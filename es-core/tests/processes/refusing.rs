//! A store that refuses appends to some streams, as long as it is told to.

use std::sync::{Arc, Mutex};

use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, LogPage, LogQuery, Position, StoreError,
    StoredEvent, StreamId, StreamPage, StreamQuery,
};
use es_memory::MemoryStore;

/// How it refuses.
#[derive(Clone, Copy)]
pub(crate) enum How {
    /// As one that is away for now.
    Away,
    /// As one that won't do it.
    ForGood,
}

#[derive(Clone)]
pub(crate) struct Refusing {
    store: MemoryStore,
    /// What the names of the streams begin with, and how.
    refused: Arc<Mutex<Option<(&'static str, How)>>>,
}

impl Refusing {
    pub(crate) fn new(store: MemoryStore) -> Self {
        let refused = Arc::default();
        Self { store, refused }
    }

    /// Refuses appends to streams whose names begin like this.
    pub(crate) fn refuse(&self, streams: &'static str, how: How) {
        *self.refused.lock().unwrap() = Some((streams, how));
    }

    /// Refuses nothing any more.
    pub(crate) fn relent(&self) {
        *self.refused.lock().unwrap() = None;
    }

    fn refusal(&self, stream: &StreamId) -> Option<StoreError> {
        let (streams, how) = (*self.refused.lock().unwrap())?;
        let is_refused = stream.as_str().starts_with(streams);
        is_refused.then(|| match how {
            How::Away => StoreError::Unavailable("no route".into()),
            How::ForGood => StoreError::Backend("a constraint".into()),
        })
    }
}

impl EventStore for Refusing {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        match self.refusal(&append.stream) {
            Some(error) => Box::pin(async { Err(error) }),
            None => self.store.append(append),
        }
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.store.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        self.store.read_stream(query)
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
