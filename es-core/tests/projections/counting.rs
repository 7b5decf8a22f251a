use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, LogPage, LogQuery, Position, StoreError,
    StoredEvent, StreamId, StreamPage, StreamQuery,
};
use es_memory::MemoryStore;

/// A store that counts the events which are read from its log, but for those that are looked up.
#[derive(Clone)]
pub(crate) struct Counting {
    store: MemoryStore,
    events: Arc<AtomicUsize>,
}

impl Counting {
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self {
            store,
            events: Arc::default(),
        }
    }

    pub(crate) fn events(&self) -> usize {
        self.events.load(Ordering::SeqCst)
    }
}

impl EventStore for Counting {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        self.store.append(append)
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
        Box::pin(async move {
            let is_page = query.until == Position::END;
            let page = self.store.read_log(query).await?;
            if is_page {
                self.events.fetch_add(page.events.len(), Ordering::SeqCst);
            }
            Ok(page)
        })
    }
    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.store.head()
    }
    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.wait_past(position)
    }
}
