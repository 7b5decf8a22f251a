//! Several instances at the same time, and what is kept of all of them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, LogPage, LogQuery, Position, Processes,
    Runner, SavedState, Since, StateStore, StoreError, StoredEvent, StreamId, StreamPage,
    StreamQuery,
};
use es_memory::MemoryStore;
use tokio::sync::Semaphore;

use crate::bench::{Bench, clock, count, fill, memory, new, place, soon};
use crate::domain::Payment;

/// A store in which payments wait for each other: none goes on before so many have come.
#[derive(Clone)]
struct Gathering {
    store: MemoryStore,
    inside: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    gathered: usize,
}

impl Gathering {
    fn new(store: MemoryStore, gathered: usize) -> Self {
        Self {
            store,
            inside: Arc::default(),
            most: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            gathered,
        }
    }
}

impl EventStore for Gathering {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move {
            let is_payment = append.stream.category() == "wallet";
            if is_payment {
                let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(inside, Ordering::SeqCst);
                if inside == self.gathered {
                    self.gate.add_permits(Semaphore::MAX_PERMITS);
                }
                drop(self.gate.acquire().await);
            }
            let appended = self.store.append(append).await;
            if is_payment {
                self.inside.fetch_sub(1, Ordering::SeqCst);
            }
            appended
        })
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

#[tokio::test]
async fn so_many_instances_send_at_the_same_time_and_no_more() {
    let clock = clock();
    let store = memory(&clock);
    for order in 0..12 {
        let order = order.to_string();
        fill(&store, &order, 50).await;
        place(&store, &order, &order, 30).await;
    }
    let gathering = Gathering::new(store.clone(), 4);
    let processes = Processes::<Payment>::new(gathering.clone(), store.clone(), Since::Beginning)
        .at_once(NonZeroUsize::new(4).unwrap());
    let view = processes.view();
    let runner = Runner::new(store.clone(), processes);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    // It waits for ever if there are fewer.
    let bench = Bench {
        store: store.clone(),
        view,
        handle,
    };
    for order in 0..12 {
        assert_eq!(bench.said(&order.to_string()).await, ["confirmed"]);
    }
    bench.idle().await;
    assert_eq!(gathering.most.load(Ordering::SeqCst), 4);
    assert_eq!(count(&store, "wallet.paid").await, 12);
    bench.end().await;
}

#[tokio::test]
async fn many_that_want_the_same_aggregate_are_all_served() {
    let (clock, store) = new();
    fill(&store, "ada", 40).await;
    for order in 0..40 {
        place(&store, &order.to_string(), "ada", 1).await;
    }
    let bench = Bench::run(store.clone(), store.clone(), &clock);
    for order in 0..40 {
        assert_eq!(bench.said(&order.to_string()).await, ["confirmed"]);
    }
    bench.idle().await;
    assert_eq!(bench.cents("ada").await, 0);
    assert_eq!(count(&store, "wallet.paid").await, 40);
    bench.end().await;
}

/// Counts what is saved.
#[derive(Clone)]
struct Counted(MemoryStore, Arc<AtomicUsize>);

impl StateStore for Counted {
    fn load_state<'a>(
        &'a self,
        projection: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
        self.0.load_state(projection, version)
    }

    fn save_state(&self, state: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.save_state(state)
    }

    fn delete_states<'a>(&'a self, projection: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.delete_states(projection)
    }
}

#[tokio::test]
async fn the_place_is_kept_more_seldom_with_many_instances_and_an_old_one_loses_nothing() {
    let clock = clock();
    let store = memory(&clock);
    let states = Counted(store.clone(), Arc::default());
    let run = || {
        let processes = Processes::<Payment>::new(store.clone(), states.clone(), Since::Beginning)
            .clock(Arc::clone(&clock))
            .every(Duration::from_hours(1));
        let view = processes.view();
        let runner = Runner::new(store.clone(), processes);
        let handle = runner.handle();
        (view, handle, tokio::spawn(runner.run()))
    };
    // Who has nothing is waited for.
    for order in 0..640 {
        place(&store, &order.to_string(), "ada", 0).await;
    }
    let (view, handle, running) = run();
    soon(view.wait_until(|overview| overview.deadlines == 640))
        .await
        .unwrap();
    let before = states.1.load(Ordering::SeqCst);
    for order in 640..740 {
        let position = place(&store, &order.to_string(), "ada", 0).await;
        soon(handle.wait_for(position)).await.unwrap();
    }
    soon(view.wait_until(|overview| overview.deadlines == 740))
        .await
        .unwrap();
    // Three events of each order, and more than sixty to each time.
    let saved = states.1.load(Ordering::SeqCst) - before;
    assert!((1..=5).contains(&saved), "{saved}");
    let shown = view.overview();
    assert_eq!((shown.open, shown.ignored), (740, 0));
    // It dies, and what was taken in since it was kept is taken in again.
    running.abort();
    let _ = running.await;
    let (view, handle, running) = run();
    soon(handle.wait_for_head()).await.unwrap();
    assert_eq!(view.overview(), shown);
    assert_eq!(count(&store, "es.consumed").await, 740);
    // It ends, and keeps where it is.
    soon(handle.shutdown()).await;
    running.await.unwrap().unwrap();
    let kept = store.load_state("es.process/payment", 1).await.unwrap();
    assert_eq!(
        kept.unwrap().checkpoint.position,
        store.head().await.unwrap()
    );
}
