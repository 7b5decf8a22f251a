//! What a process costs, on SQLite.
//!
//! `cargo bench -p es-sqlite --bench processes`. The sides of each comparison run in turn, and its figure is the median of the
//! rounds' ratios, as the machine's speed drifts.
//!
//! - An order and all that comes of it (two commands, and what is recorded of them), with 10,000 other instances that wait
//!   for a deadline, beside the same with none: what an event costs doesn't depend on how many instances are open.
//! - Orders that nobody has seen to yet, worked on 16 at the same time, beside one after another.

#[path = "../../es-testkit/tests/shared/reactions/domain.rs"]
mod domain;

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use domain::{Filled, Order, Payment, Placed, Wallet};
use es_core::{EventStore, ProcessView, Processes, Repository, Runner, RunnerHandle, Since};
use es_sqlite::{SqliteReadModels, SqliteStore};
use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::runtime::Runtime;

const OPEN: usize = 10_000;
const ORDERS: usize = 200;
const WAITING: usize = 1_000;
const ROUNDS: usize = 5;

/// A log, and a process that runs on it.
struct Shop {
    store: SqliteStore,
    view: ProcessView<Payment>,
    handle: RunnerHandle,
}

async fn open(folder: &Path) -> (SqliteStore, SqliteReadModels) {
    let store = SqliteStore::open(folder.join("log.db")).await;
    let states = SqliteReadModels::open(folder.join("places.db")).await;
    (store.expect("it opens"), states.expect("it opens"))
}

impl Shop {
    async fn open(folder: &Path, at_once: usize) -> Self {
        let (store, states) = open(folder).await;
        let at_once = NonZeroUsize::new(at_once).expect("more than none");
        let processes = Processes::<Payment>::new(store.clone(), states, Since::Beginning);
        let processes = processes.at_once(at_once);
        let view = processes.view();
        let runner = Runner::new(store.clone(), processes);
        let handle = runner.handle();
        tokio::spawn(runner.run());
        Self {
            store,
            view,
            handle,
        }
    }

    /// Until all is read, and nothing came of it any more.
    async fn idle(&self) {
        loop {
            let before = self.store.head().await.expect("a head");
            self.handle.wait_for(before).await.expect("it comes there");
            let unsent = self.view.wait_until(|overview| overview.unsent == 0);
            unsent.await.expect("it runs");
            if self.store.head().await.expect("a head") == before {
                return;
            }
        }
    }
}

async fn place(store: &SqliteStore, order: &str, wallet: Option<String>) {
    let orders = Repository::<Order, _>::new(store.clone());
    let placed = orders.create(&order.to_owned(), Placed { wallet });
    placed.await.expect("it is placed");
}

/// Orders with a wallet of their own, or none; many at the same time, as that isn't measured.
async fn place_all(store: &SqliteStore, what: &str, count: usize, with_wallet: bool) {
    let placed = iter(0..count).for_each_concurrent(64, |number| async move {
        let order = format!("{what}-{number}");
        let wallet = with_wallet.then(|| order.clone());
        if let Some(wallet) = &wallet {
            fill(store, wallet).await;
        }
        place(store, &order, wallet).await;
    });
    placed.await;
}

async fn fill(store: &SqliteStore, wallet: &str) {
    let wallets = Repository::<Wallet, _>::new(store.clone());
    let filled = wallets.create(&wallet.to_owned(), Filled { coins: 1 });
    filled.await.expect("it is filled");
}

/// Orders one after another, each until it is paid and closed; in seconds.
async fn one_by_one(shop: &Shop, round: usize) -> f64 {
    let orders = (0..ORDERS).map(|number| format!("{round}-{number}"));
    let orders: Vec<String> = orders.collect();
    for order in &orders {
        fill(&shop.store, order).await;
    }
    shop.idle().await;
    let begun = Instant::now();
    for order in &orders {
        place(&shop.store, order, Some(order.clone())).await;
        shop.idle().await;
    }
    begun.elapsed().as_secs_f64()
}

/// Works off orders that wait; in seconds.
async fn worked_off(at_once: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = open(folder.path()).await;
    place_all(&store, "waiting", WAITING, true).await;
    let begun = Instant::now();
    let shop = Shop::open(folder.path(), at_once).await;
    shop.idle().await;
    let seconds = begun.elapsed().as_secs_f64();
    shop.handle.shutdown().await;
    seconds
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints both sides in orders a second, and the median of the ratios.
fn print(orders: usize, other: &str, ours: &str, rounds: &[(f64, f64)]) {
    #[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
    let rate = |seconds: Vec<f64>| orders as f64 / median(seconds);
    println!("| {orders} orders | orders/s |\n|---|---|");
    println!(
        "| {other} | {:.0} |",
        rate(rounds.iter().map(|(other, _)| *other).collect())
    );
    println!(
        "| {ours} | {:.0} |",
        rate(rounds.iter().map(|(_, ours)| *ours).collect())
    );
    let ratios = rounds.iter().map(|(other, ours)| other / ours).collect();
    println!(
        "ratio (second to first, median of rounds): {:.2}\n",
        median(ratios)
    );
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let (empty, full) = (tempfile::tempdir(), tempfile::tempdir());
        let (empty, full) = (empty.expect("a folder"), full.expect("a folder"));
        let none = Shop::open(empty.path(), 16).await;
        let many = Shop::open(full.path(), 16).await;
        place_all(&many.store, "open", OPEN, false).await;
        let open = many
            .view
            .wait_until(|overview| overview.deadlines == OPEN as u64);
        open.await.expect("it runs");
        let mut rounds = Vec::new();
        for round in 0..ROUNDS {
            rounds.push((
                one_by_one(&none, round).await,
                one_by_one(&many, round).await,
            ));
        }
        let (other, ours) = ("no other instances", "10,000 that wait");
        print(ORDERS, other, ours, &rounds);
        for shop in [none, many] {
            shop.handle.shutdown().await;
        }
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push((worked_off(1).await, worked_off(16).await));
        }
        print(WAITING, "one after another", "16 at the same time", &rounds);
    });
}
