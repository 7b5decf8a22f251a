//! A log, what keeps the place in it, and a process that runs on them, here or in a program of its own.

use std::process::{Command, Stdio};
use std::time::Duration;

use es_core::{
    Clock, EventStore, LogQuery, ProcessView, Processes, Repository, Revision, Runner,
    RunnerHandle, Since, StateStore, StoredEvent,
};

use super::domain::{Filled, Order, Paid, Payment, Placed, Wallet};
use super::dying::Point;

/// Tells a program that it is the child of a test: the how-manieth time, the point where it dies, and the place.
pub(crate) const CHILD: &str = "ES_REACTIONS_CHILD";

/// Where a log is kept, and the place in it.
pub(crate) trait Stage: Sized {
    type Store: EventStore + Clone;

    /// A new one, gone with this.
    fn new() -> Self;

    /// The one that a parent has made, as its [`place`](Self::place) says.
    fn at(place: &str) -> Self;

    fn place(&self) -> String;

    async fn store(&self) -> Self::Store;

    async fn states(&self) -> impl StateStore;
}

/// What a stage's process works on.
pub(crate) struct Bench<S: Stage> {
    pub(crate) stage: S,
    pub(crate) store: S::Store,
}

pub(crate) fn runner<S: EventStore + Clone>(
    store: S,
    places: impl StateStore,
    clock: impl Clock,
) -> (Runner<S, Processes<Payment>>, ProcessView<Payment>) {
    let processes = Processes::<Payment>::new(store.clone(), places, Since::Beginning)
        .clock(clock)
        .every(Duration::from_millis(5));
    let view = processes.view();
    // One event at a time, so that there is something between any two steps.
    (Runner::new(store, processes).batch(1), view)
}

/// Waits for a fact; a test that is stuck says so.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(2), future).await;
    waited.expect("this should have come long ago")
}

impl<S: Stage> Bench<S> {
    pub(crate) async fn new() -> Self {
        let stage = S::new();
        let store = stage.store().await;
        let bench = Self { stage, store };
        for (wallet, coins) in [("full", 1_000), ("empty", 0)] {
            let wallets = Repository::<Wallet, _>::new(bench.store.clone());
            let filled = wallets.create(&wallet.to_owned(), Filled { coins });
            filled.await.unwrap();
        }
        bench
    }

    pub(crate) async fn place(&self, order: &str, wallet: Option<&str>) {
        let orders = Repository::<Order, _>::new(self.store.clone());
        let wallet = wallet.map(str::to_owned);
        let placed = orders.create(&order.to_owned(), Placed { wallet });
        placed.await.unwrap();
    }

    /// The order turns out to have been placed with another wallet.
    pub(crate) async fn correct(&self, order: &str, wallet: &str) {
        let orders = Repository::<Order, _>::new(self.store.clone());
        let wallet = Some(wallet.to_owned());
        let id = order.to_owned();
        let correction = orders.correct(&id).by("ada").because("a slip");
        let replaced = correction.replace(Revision::FIRST, Placed { wallet });
        replaced.await.unwrap();
    }

    pub(crate) async fn pay(&self, order: &str) {
        let wallets = Repository::<Wallet, _>::new(self.store.clone());
        let order = order.to_owned();
        let paid = wallets.execute(&"full".to_owned(), |_| Paid {
            order: order.clone(),
        });
        paid.await.unwrap();
    }

    /// Runs the process until it has nothing to do any more.
    pub(crate) async fn finish(&self, clock: impl Clock) {
        let places = self.stage.states().await;
        let (runner, view) = runner(self.store.clone(), places, clock);
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        soon(idle(&self.store, &handle, &view)).await;
        soon(handle.shutdown()).await;
        running.await.unwrap().unwrap();
    }

    pub(crate) async fn log(&self) -> Vec<StoredEvent> {
        let (mut events, mut query) = (Vec::new(), LogQuery::all());
        loop {
            let page = self.store.read_log(query.clone()).await.unwrap();
            events.extend(page.events);
            query.after = page.looked_to;
            if page.end {
                return events;
            }
        }
    }

    pub(crate) async fn count(&self, name: &str) -> usize {
        let log = self.log().await;
        log.iter().filter(|event| &*event.name == name).count()
    }

    pub(crate) async fn closed(&self, order: &str) -> Vec<String> {
        let orders = Repository::<Order, _>::new(self.store.clone());
        orders.load(&order.to_owned()).await.unwrap().closed.clone()
    }

    /// A program that dies at a point, or does what there is to do.
    pub(crate) fn child(&self, test: &str, point: Point, times: u32) -> Command {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let place = self.stage.place();
        child
            .args([test, "--exact", "--test-threads=1", "--nocapture"])
            .env(CHILD, format!("{times} {} {place}", point.name()))
            // What it panics of is seen.
            .stdout(Stdio::null());
        child
    }
}

/// Until all is read, and nothing came of it any more.
pub(crate) async fn idle(
    store: &impl EventStore,
    handle: &RunnerHandle,
    view: &ProcessView<Payment>,
) {
    loop {
        let before = store.head().await.unwrap();
        handle.wait_for(before).await.unwrap();
        let nothing_unsent = view.wait_until(|overview| overview.unsent == 0).await;
        nothing_unsent.expect("the process has ended");
        if store.head().await.unwrap() == before {
            return;
        }
    }
}
