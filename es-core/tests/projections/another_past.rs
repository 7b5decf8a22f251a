//! A log that is restored to another past while it is followed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::{
    Append, Appended, BoxFuture, Checkpoint, EventId, EventStore, FailureClass, Filter, LogPage,
    LogQuery, Position, Runner, StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
    Subscription,
};
use es_memory::MemoryStore;

use crate::domain::{count, noise, soon};
use crate::scripted::Scripted;

/// A server behind which the log may be exchanged for another; nobody's connection breaks.
#[derive(Clone)]
struct Server(Arc<Mutex<MemoryStore>>);

impl Server {
    fn with(store: MemoryStore) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    fn log(&self) -> MemoryStore {
        self.0.lock().unwrap().clone()
    }

    fn restore(&self, store: MemoryStore) {
        *self.0.lock().unwrap() = store;
    }
}

impl EventStore for Server {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move { self.log().append(append).await })
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        Box::pin(async move { self.log().find(stream, id).await })
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        Box::pin(async move { self.log().read_stream(query).await })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move { self.log().read_log(query).await })
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(async move { self.log().head().await })
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            while self.log().head().await? <= position {
                tokio::task::yield_now().await;
            }
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

/// So many events that are counted, and then so many that aren't.
async fn log(counted: u64, others: u64) -> MemoryStore {
    let store = MemoryStore::new();
    for number in 0..counted {
        count(&store, number).await;
    }
    for _ in 0..others {
        noise(&store).await;
    }
    store
}

fn follow(server: &Server) -> Subscription<Server> {
    let filter = Filter::all().name("counter.counted");
    Subscription::new(server.clone(), filter, Checkpoint::START).check_every(Duration::ZERO)
}

async fn diverges(mut subscription: Subscription<Server>) -> Position {
    match soon(subscription.next()).await {
        Err(StoreError::LogDiverged { position, .. }) => position,
        next => panic!("{next:?}"),
    }
}

#[tokio::test]
async fn whoever_follows_it_meanwhile_is_told_before_it_gets_another_event() {
    // The last event that was seen is another one; the last that was looked at is; it isn't there any more.
    for (before, after) in [((5, 0), (9, 0)), ((5, 2), (4, 9)), ((5, 4), (5, 4))] {
        let server = Server::with(log(before.0, before.1).await);
        let mut subscription = follow(&server);
        while !soon(subscription.next()).await.unwrap().is_caught_up() {}
        count(&server, 7).await;
        assert!(soon(subscription.next()).await.unwrap().event().is_some());
        assert!(soon(subscription.next()).await.unwrap().is_caught_up());
        server.restore(log(after.0, after.1).await);
        count(&server, 8).await;
        count(&server, 9).await;
        let at = before.0 + before.1 + 1;
        assert_eq!(diverges(subscription).await, Position::new(at));
    }
}

#[tokio::test]
async fn a_log_that_lost_only_events_that_do_not_pass_is_another_one_too() {
    let server = Server::with(log(3, 0).await);
    let mut subscription = follow(&server);
    while !soon(subscription.next()).await.unwrap().is_caught_up() {}
    let head = noise(&server).await;
    assert!(soon(subscription.next()).await.unwrap().is_caught_up());
    assert_eq!(subscription.looked_to(), head);
    // The same three events, as a copy has them; the fourth isn't there, and another one will be.
    let copy = MemoryStore::new();
    let events = server.log().read_log(LogQuery::all()).await.unwrap().events;
    for event in &events[..3] {
        let mut new = es_core::NewEvent::new(
            event.envelope.id,
            event.name.clone(),
            event.version,
            event.payload.clone(),
        );
        new.metadata = event.envelope.metadata.clone();
        let stream = event.envelope.stream.clone();
        let append = Append::new(stream, es_core::Expected::Any, vec![new]);
        copy.append(append).await.unwrap();
    }
    // It read on once since, and so knows what stood there.
    noise(&server).await;
    assert!(soon(subscription.next()).await.unwrap().is_caught_up());
    server.restore(copy);
    for number in 0..9 {
        count(&server, number).await;
    }
    assert_eq!(diverges(subscription).await, Position::new(4));
}

#[tokio::test]
async fn a_runner_stops_and_what_it_keeps_is_of_the_past_that_it_read() {
    let server = Server::with(log(5, 0).await);
    let consumer = Scripted::default();
    let runner = Runner::new(server.clone(), consumer.clone());
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    soon(handle.wait_for(Position::new(5))).await.unwrap();
    let read = server.log().read_log(LogQuery::all()).await.unwrap().events;
    // Shorter, and nothing is appended to wake anybody.
    server.restore(log(2, 1).await);
    let failure = soon(running).await.unwrap().unwrap_err();
    assert_eq!(failure.class(), FailureClass::LogDiverged);
    let ids: Vec<_> = read.iter().map(|event| Some(event.envelope.id)).collect();
    assert!(
        consumer
            .log()
            .kept
            .iter()
            .all(|kept| ids.contains(&kept.event_id))
    );
    assert_eq!(consumer.log().taken.len(), 5);
}
