//! A store that can't be read for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, LogPage, LogQuery, Phase, Position, Runner,
    StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};
use es_memory::MemoryStore;

use crate::domain::{count, soon};
use crate::scripted::Scripted;

#[derive(Clone)]
struct Away {
    store: MemoryStore,
    reads: Arc<AtomicU32>,
}

impl Away {
    fn answers(&self) -> bool {
        let left = |left: u32| left.checked_sub(1);
        let missed = (self.reads).fetch_update(Ordering::SeqCst, Ordering::SeqCst, left);
        missed.is_err()
    }
}

impl EventStore for Away {
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
        if self.answers() {
            self.store.read_log(query)
        } else {
            Box::pin(async { Err(StoreError::Unavailable("away".into())) })
        }
    }
    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.store.head()
    }
    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.wait_past(position)
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_waited_for_and_no_event_is_missed() {
    let store = MemoryStore::new();
    let away = Away {
        store: store.clone(),
        reads: Arc::new(AtomicU32::new(20)),
    };
    let consumer = Scripted::default();
    let (first, most) = (Duration::from_micros(1), Duration::from_millis(1));
    let runner = Runner::new(away.clone(), consumer.clone()).back_off(first, most);
    let handle = runner.handle();
    for number in 1..=5 {
        count(&store, number).await;
    }
    tokio::spawn(runner.run());
    soon(handle.wait_for(Position::new(5))).await.unwrap();
    away.reads.store(20, Ordering::SeqCst);
    for number in 6..=9 {
        count(&store, number).await;
    }
    soon(handle.wait_for(Position::new(9))).await.unwrap();
    let taken: Vec<u64> = (consumer.log().taken.iter())
        .map(|taken| taken.number())
        .collect();
    assert_eq!(taken, (1..=9).collect::<Vec<_>>());
    assert_eq!(handle.status().phase, Phase::Live);
    handle.shutdown().await;
}
