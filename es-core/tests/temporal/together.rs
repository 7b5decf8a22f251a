//! Many corrections of one stream in one batch: the stream is folded anew once, to the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::{
    Append, Appended, Batch, BoxFuture, ByStream, Consumer, EventId, EventStore, Expected,
    FailureClass, InMemory, Json, LogPage, LogQuery, NewEvent, Position, Projection, StoreError,
    StoredEvent, StreamId, StreamPage, StreamQuery, project,
};
use es_memory::MemoryStore;

use crate::bank::{Deposited, ada, day, open};
use crate::by_stream::Moves;
use crate::corrections::{revision, seven};
use crate::ledger::Ledgers;

/// A store that counts how many events of streams it was asked for.
#[derive(Clone)]
struct Counting(MemoryStore, Arc<AtomicUsize>);

impl EventStore for Counting {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        self.0.append(append)
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.0.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        Box::pin(async move {
            let page = self.0.read_stream(query).await?;
            self.1.fetch_add(page.events.len(), Ordering::SeqCst);
            Ok(page)
        })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.0.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.0.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.wait_past(position)
    }
}

async fn batch(store: &MemoryStore, after: Position) -> Batch {
    let query = LogQuery::after(after).filter(ByStream::<Moves>::filter());
    let page = store.read_log(query).await.unwrap();
    Batch::new(page.events, page.looked_to, page.end)
}

async fn insert(ledgers: &Ledgers, id: &str, cents: i64) {
    let correct = ledgers.correct(&id.to_owned()).by("auditor");
    let insert = correct
        .because("forgotten")
        .insert(Deposited { cents }, day(2));
    insert.await.unwrap();
}

/// Ada's account, with one that is in order beside it, followed up to here.
async fn followed() -> (Ledgers, InMemory<ByStream<Moves>>, Arc<AtomicUsize>) {
    let (ledgers, _) = seven().await;
    ledgers.create(&"bob".to_owned(), open()).await.unwrap();
    let store = ledgers.store().clone();
    let read = Arc::new(AtomicUsize::new(0));
    let mut projection = InMemory::new();
    projection.read_from(Arc::new(Counting(store.clone(), Arc::clone(&read))));
    projection.begin().await.unwrap();
    let batch = batch(&store, Position::START).await;
    projection.consume(&batch).await.unwrap();
    (ledgers, projection, read)
}

async fn built(store: &MemoryStore, at: Position) -> ByStream<Moves> {
    project(store, at).await.unwrap()
}

#[tokio::test]
async fn a_stream_that_is_corrected_often_is_read_once_for_a_batch() {
    let (ledgers, mut projection, read) = followed().await;
    let store = ledgers.store().clone();
    let (view, before) = (projection.view(), store.head().await.unwrap());
    for cents in 1..=50 {
        insert(&ledgers, "ada", cents).await;
        let deposit = ledgers.execute(&"bob".to_owned(), |_| Deposited { cents });
        deposit.await.unwrap();
    }
    // One that stands before what came just now, and no correction.
    for on in [9, 8] {
        let late = ledgers.execute(&ada(), |_| Deposited { cents: 1 });
        late.effective_at(day(on)).await.unwrap();
    }
    read.store(0, Ordering::SeqCst);
    projection
        .consume(&batch(&store, before).await)
        .await
        .unwrap();
    // Ada's stream, which is all that has to be known.
    assert!(read.load(Ordering::SeqCst) < 7 + 52 + 1);
    let head = store.head().await.unwrap();
    assert_eq!(*view.read(), built(&store, head).await);
    // It goes on from there, while a reader has the last copy.
    let lent = view.read();
    for cents in [3, 4] {
        insert(&ledgers, "ada", cents).await;
    }
    projection
        .consume(&batch(&store, head).await)
        .await
        .unwrap();
    assert_ne!(*lent, *view.read());
    let head = store.head().await.unwrap();
    assert_eq!(*view.read(), built(&store, head).await);
}

#[tokio::test]
async fn an_event_that_can_not_be_read_is_met_where_it_stands() {
    let (ledgers, mut projection, _) = followed().await;
    let store = ledgers.store().clone();
    let (view, before) = (projection.view(), store.head().await.unwrap());
    for cents in 1..=2 {
        insert(&ledgers, "ada", cents).await;
    }
    let sound = store.head().await.unwrap();
    let broken = Json::parse("{}".to_owned()).unwrap();
    let broken = NewEvent::new(EventId::random(), "account.deposited", 2, broken);
    let stream = StreamId::new("account", "carol").unwrap();
    let append = Append::new(stream, Expected::Any, vec![broken]);
    store.append(append).await.unwrap();
    let correct = ledgers.correct(&ada()).by("auditor").because("no");
    correct.retract(revision(8)).await.unwrap();

    let batch = batch(&store, before).await;
    let refusal = projection.consume(&batch).await.unwrap_err();
    assert_eq!(refusal.failure.class(), FailureClass::Decoding);
    assert_eq!(refusal.taken, 2);
    // What stands before it is in, once, and nothing of what comes after.
    assert_eq!(*view.read(), built(&store, sound).await);
}
