//! Running the process, and looking at what it did.

use std::sync::Arc;
use std::time::Duration;

use es_core::{
    EventStore, LogQuery, Position, ProcessView, Processes, Repository, Runner, RunnerHandle,
    Since, StateStore, StoredEvent,
};
use es_memory::MemoryStore;
use es_testkit::FixedClock;

use crate::domain::{Filled, Order, Payment, Placed, Wallet};

/// A store, and a process that runs on it.
pub(crate) struct Bench<S> {
    pub(crate) store: S,
    pub(crate) view: ProcessView<Payment>,
    pub(crate) handle: RunnerHandle,
}

pub(crate) fn clock() -> Arc<FixedClock> {
    let time = "2026-01-01T00:00:00Z".parse().unwrap();
    Arc::new(FixedClock::at(time))
}

/// A clock, and a store that goes by it.
pub(crate) fn new() -> (Arc<FixedClock>, MemoryStore) {
    let clock = clock();
    let store = memory(&clock);
    (clock, store)
}

pub(crate) fn memory(clock: &Arc<FixedClock>) -> MemoryStore {
    MemoryStore::with_clock(Arc::clone(clock))
}

impl<S: EventStore + Clone> Bench<S> {
    pub(crate) fn run(store: S, states: impl StateStore, clock: &Arc<FixedClock>) -> Self {
        Self::run_since(store, states, clock, Since::Beginning)
    }

    pub(crate) fn run_since(
        store: S,
        states: impl StateStore,
        clock: &Arc<FixedClock>,
        since: Since,
    ) -> Self {
        let processes = Processes::<Payment>::new(store.clone(), states, since)
            .clock(Arc::clone(clock))
            .every(Duration::from_millis(2))
            .back_off(Duration::from_millis(2), Duration::from_millis(2))
            .attempts(3);
        let view = processes.view();
        let most = Duration::from_millis(2);
        // Small batches: between any two of them something else may be done.
        let runner = Runner::new(store.clone(), processes)
            .back_off(most, most)
            .batch(2);
        let handle = runner.handle();
        tokio::spawn(runner.run());
        Self {
            store,
            view,
            handle,
        }
    }

    pub(crate) async fn fill(&self, wallet: &str, cents: i64) {
        fill(&self.store, wallet, cents).await;
    }

    pub(crate) async fn place(&self, order: &str, wallet: &str, cents: i64) -> Position {
        place(&self.store, order, wallet, cents).await
    }

    /// What was said to an order, once something was.
    pub(crate) async fn said(&self, order: &str) -> Vec<String> {
        let orders = Repository::<Order, _>::new(self.store.clone());
        let said = async {
            loop {
                let order = orders.load(&order.to_owned()).await.unwrap();
                if !order.is_open {
                    return order.said.clone();
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        soon(said).await
    }

    /// Until it has read all that was appended, and has nothing to do.
    pub(crate) async fn idle(&self) {
        self.idle_but_for(0).await;
    }

    /// The same, with so many commands that can't be sent.
    pub(crate) async fn idle_but_for(&self, unsent: u64) {
        let idle = async {
            loop {
                let before = self.store.head().await.unwrap();
                self.handle.wait_for(before).await.unwrap();
                let overview = self
                    .view
                    .wait_until(|overview| overview.unsent == unsent)
                    .await;
                assert!(overview.is_some(), "the process has ended");
                if self.store.head().await.unwrap() == before {
                    return;
                }
            }
        };
        soon(idle).await;
    }

    pub(crate) async fn cents(&self, wallet: &str) -> i64 {
        let wallets = Repository::<Wallet, _>::new(self.store.clone());
        wallets.load(&wallet.to_owned()).await.unwrap().cents
    }

    pub(crate) async fn end(self) {
        soon(self.handle.shutdown()).await;
    }
}

pub(crate) async fn fill(store: &(impl EventStore + Clone), wallet: &str, cents: i64) {
    let wallets = Repository::<Wallet, _>::new(store.clone());
    let filled = wallets.create(&wallet.to_owned(), Filled { cents });
    filled.await.unwrap();
}

pub(crate) async fn place(
    store: &(impl EventStore + Clone),
    order: &str,
    wallet: &str,
    cents: i64,
) -> Position {
    let orders = Repository::<Order, _>::new(store.clone());
    let wallet = wallet.to_owned();
    let placed = orders.create(&order.to_owned(), Placed { wallet, cents });
    let executed = placed.correlated(format!("case {order}")).await.unwrap();
    executed.position().unwrap()
}

/// The whole log.
pub(crate) async fn log(store: &impl EventStore) -> Vec<StoredEvent> {
    let query = LogQuery::all().limit(usize::MAX);
    store.read_log(query).await.unwrap().events
}

/// How often each stored name stands in the log.
pub(crate) async fn count(store: &impl EventStore, name: &str) -> usize {
    let log = log(store).await;
    log.iter().filter(|event| &*event.name == name).count()
}

/// Waits for a fact; a test that is stuck says so.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let time = Duration::from_mins(1);
    let waited = tokio::time::timeout(time, future).await;
    waited.expect("this should have come long ago")
}
