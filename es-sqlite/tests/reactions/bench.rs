//! A log, what keeps the place in it, and a process that runs on them, here or in a program of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use es_core::{
    Clock, EventStore, LogQuery, ProcessView, Processes, Repository, Runner, RunnerHandle, Since,
    StateStore, StoredEvent,
};
use es_sqlite::{SqliteReadModels, SqliteStore};

use crate::domain::{Filled, Order, Paid, Payment, Placed, Wallet};
use crate::dying::Point;

/// Tells a program that it is the child of a test: the folder, the point where it dies, and the how-manieth time.
pub(crate) const CHILD: &str = "ES_SQLITE_REACTIONS_CHILD";

/// What a folder's process works on.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: SqliteStore,
}

pub(crate) async fn log_of(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("log.db")).await.unwrap()
}

pub(crate) async fn places_of(folder: &Path) -> SqliteReadModels {
    SqliteReadModels::open(folder.join("places.db"))
        .await
        .unwrap()
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

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = log_of(folder.path()).await;
        let bench = Self { folder, store };
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
        let places = places_of(self.folder.path()).await;
        let (runner, view) = runner(self.store.clone(), places, clock);
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        soon(idle(&self.store, &handle, &view)).await;
        soon(handle.shutdown()).await;
        running.await.unwrap().unwrap();
    }

    pub(crate) async fn log(&self) -> Vec<StoredEvent> {
        let query = LogQuery::all().limit(usize::MAX);
        self.store.read_log(query).await.unwrap().events
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
        let folder = self.folder.path().display();
        child
            .args([test, "--exact", "--test-threads=1"])
            .env(CHILD, format!("{times} {} {folder}", point.name()))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
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
