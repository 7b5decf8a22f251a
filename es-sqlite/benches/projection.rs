//! Building read models, beside what they are made of; and how soon an append is read.
//!
//! `cargo bench -p es-sqlite --bench projection`. The sides of each comparison run in turn on the same log, and its figure
//! is the median of the rounds' ratios, as the machine's speed drifts.
//!
//! - A projection in memory, rebuilt from the first event, beside reading and decoding the same events.
//! - A projection in a database, exactly once, beside bare rusqlite that makes the same upserts of the same rows in
//!   transactions of the same size.
//! - From an append to the read model that holds it, in one process.
//!
//! `-- memory`, `-- table` or `-- latency` runs one of them.

mod bare;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bare::{Bare, Job};
use es_core::{
    Aggregate, Append, Apply, Cause, Checkpoint, Event, EventId, EventStore, Expected, InMemory,
    Json, NewEvent, Next, NoError, Projection, Recorded, Runner, StreamId, Subscription,
};
use es_sqlite::{Context, SqliteHandler, SqliteReadModels, SqliteStore};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const EVENTS: usize = 1_000_000;
const ROUNDS: usize = 5;
const STREAMS: usize = 1_000;
const BATCH: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited")]
struct Deposited {
    cents: i64,
    currency: String,
    reference: String,
    counterparty: String,
    note: Option<String>,
}

#[derive(Debug, Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Deposited)]
struct Account {
    balance: i64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.balance += event.cents;
    }
}

/// The balance of every account.
#[derive(Debug, Clone, Default, Projection)]
#[projection(name = "balances", version = 1)]
#[event(Deposited)]
struct Balances(BTreeMap<StreamId, i64>);

impl Apply<Recorded<Deposited>> for Balances {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        *self.0.entry(deposited.stream).or_default() += deposited.event.cents;
    }
}

/// The same, in a table.
#[derive(Projection)]
#[projection(name = "balances", version = 1, event = TableEvent)]
#[event(Deposited)]
struct Table;

const CREATE: &str = "CREATE TABLE balances (account TEXT PRIMARY KEY, cents INTEGER NOT NULL)";
const UPSERT: &str = "INSERT INTO balances VALUES (?1, ?2) \
                      ON CONFLICT (account) DO UPDATE SET cents = cents + excluded.cents";

impl SqliteHandler for Table {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        Ok(transaction.execute_batch(CREATE)?)
    }

    fn handle(&mut self, event: Recorded<TableEvent>, context: &Context<'_>) -> Result<(), Cause> {
        let TableEvent::Deposited(deposited) = event.event;
        let mut upsert = context.prepare_cached(UPSERT)?;
        upsert.execute((event.stream.id(), deposited.cents))?;
        Ok(())
    }
}

/// Fills a log by the bare side, a thousand events to a commit.
fn fill(runtime: &Runtime, path: &Path) {
    runtime.block_on(async {
        let store = SqliteStore::open(path).await.expect("the store opens");
        store.close().await.expect("it closes");
    });
    let mut bare = Bare::open(path, STREAMS).expect("the database opens");
    let number = |value: usize| i64::try_from(value).unwrap_or_default();
    for block in 0..EVENTS / STREAMS {
        let jobs: Vec<Job> = (0..STREAMS)
            .map(|stream| Job {
                stream: number(stream + 1),
                revision: number(block),
                payloads: vec![payload(block * STREAMS + stream)],
            })
            .collect();
        bare.commit(&jobs).expect("it commits");
    }
}

fn payload(cents: usize) -> String {
    format!(
        r#"{{"cents":{cents},"currency":"EUR","reference":"transaction-{cents:012}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
    )
}

/// Reads and decodes the log, event by event.
async fn decoded(store: SqliteStore) -> i64 {
    let mut subscription = Subscription::new(store, Table::filter(), Checkpoint::START);
    let mut sum = 0;
    while let Next::Event(event) = subscription.next().await.expect("an event") {
        let decoded = event.decode::<AccountEvent>().expect("it decodes");
        if let Some(AccountEvent::Deposited(deposited)) = decoded {
            sum += black_box(deposited).cents;
        }
    }
    sum
}

/// Builds the projection in memory.
async fn in_memory(store: SqliteStore) -> i64 {
    let projection = InMemory::<Balances>::new();
    let view = projection.view();
    let runner = Runner::new(store, projection);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    handle.wait_for_head().await.expect("it comes there");
    let sum = view.read().0.values().sum();
    handle.shutdown().await;
    running.await.expect("it ran").expect("it ended");
    sum
}

/// Builds the projection in a database.
async fn in_a_table(store: SqliteStore, models: PathBuf) -> i64 {
    let database = SqliteReadModels::open(&models).await.expect("it opens");
    let runner = Runner::new(store, database.projection(Table)).batch(BATCH);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    handle.wait_for_head().await.expect("it comes there");
    handle.shutdown().await;
    running.await.expect("it ran").expect("it ended");
    sum_of(&models)
}

/// The same upserts by themselves.
fn bare_upserts(models: &Path) -> i64 {
    let mut connection = Connection::open(models).expect("it opens");
    let prepare = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
    connection.execute_batch(prepare).expect("it is set");
    connection.execute_batch(CREATE).expect("it is made");
    for block in 0..EVENTS / BATCH {
        let transaction = connection.transaction().expect("it begins");
        for place in 0..BATCH {
            let number = block * BATCH + place;
            let account = (number % STREAMS + 1).to_string();
            let mut upsert = transaction.prepare_cached(UPSERT).expect("it is prepared");
            let cents = i64::try_from(number).unwrap_or_default();
            upsert.execute((account, cents)).expect("it is upserted");
        }
        transaction.commit().expect("it commits");
    }
    drop(connection);
    sum_of(models)
}

fn sum_of(models: &Path) -> i64 {
    let connection = Connection::open(models).expect("it opens");
    let sum = connection.query_row("SELECT sum(cents) FROM balances", [], |row| row.get(0));
    sum.expect("a sum")
}

/// Runs both sides in turn: what each does in a second, and the median of the ratios.
fn compare(
    what: &str,
    other: &str,
    mut other_side: impl FnMut() -> i64,
    mut ours: impl FnMut() -> i64,
) {
    let (mut others, mut mine, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (other_time, other_sum) = timed(&mut other_side);
        let (our_time, our_sum) = timed(&mut ours);
        assert_eq!(other_sum, our_sum);
        #[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
        let events = EVENTS as f64;
        others.push(events / other_time);
        mine.push(events / our_time);
        ratios.push(other_time / our_time);
    }
    println!("| {EVENTS} events | events/s |\n|---|---|");
    println!("| {other} | {:.0} |", median(others));
    println!("| {what} | {:.0} |", median(mine));
    println!(
        "ratio (ours to the other, median of rounds): {:.2}\n",
        median(ratios)
    );
}

fn timed(run: &mut impl FnMut() -> i64) -> (f64, i64) {
    let begun = Instant::now();
    let sum = run();
    (begun.elapsed().as_secs_f64(), sum)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How long it takes from an append until a wait for it returns, with the append's own commit.
async fn latency(store: SqliteStore, models: PathBuf) -> Vec<(&'static str, Vec<Duration>)> {
    let database = SqliteReadModels::open(&models).await.expect("it opens");
    let memory = Runner::new(store.clone(), InMemory::<Balances>::new());
    let table = Runner::new(store.clone(), database.projection(Table));
    let mut measured = Vec::new();
    let handles = [
        ("in memory", memory.handle()),
        ("in a table", table.handle()),
    ];
    let running = [tokio::spawn(memory.run()), tokio::spawn(table.run())];
    for (what, handle) in &handles {
        handle.wait_for_head().await.expect("it comes there");
        let mut times = Vec::new();
        for number in 0..1_000 {
            let payload = Json::parse(payload(number)).expect("it is JSON");
            let event = NewEvent::new(EventId::random(), "account.deposited", 1, payload);
            let stream = StreamId::new("account", "new").expect("it is a name");
            let begun = Instant::now();
            let append = Append::new(stream, Expected::Any, vec![event]);
            let appended = store.append(append).await.expect("it is appended");
            handle
                .wait_for(appended.position())
                .await
                .expect("it is there");
            times.push(begun.elapsed());
        }
        times.sort();
        measured.push((*what, times));
    }
    for (_, handle) in &handles {
        handle.shutdown().await;
    }
    for running in running {
        running.await.expect("it ran").expect("it ended");
    }
    measured
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let known = ["memory", "table", "latency"];
    let asks = |what: &str| asked.iter().any(|asked| asked == what);
    let all = !known.into_iter().any(asks);
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let path = folder.path().join("log.db");
    fill(&runtime, &path);
    let store = || {
        runtime
            .block_on(SqliteStore::open(&path))
            .expect("the store opens")
    };

    if all || asks("memory") {
        compare(
            "InMemory, rebuilt",
            "Subscription and decode",
            || runtime.block_on(decoded(store())),
            || runtime.block_on(in_memory(store())),
        );
    }
    let (mut bare_round, mut our_round) = (0, 0);
    let models = |side: &str, round: &mut i32| {
        *round += 1;
        folder.path().join(format!("{side}-{round}.db"))
    };
    if all || asks("table") {
        compare(
            &format!("SqliteProjection, exactly once, {BATCH} to a batch"),
            "bare upserts of the same rows in transactions of the same size",
            || bare_upserts(&models("bare", &mut bare_round)),
            || runtime.block_on(in_a_table(store(), models("ours", &mut our_round))),
        );
    }

    if !(all || asks("latency")) {
        return;
    }
    println!("| append to read model | p50, µs | p99, µs |\n|---|---|---|");
    for (what, times) in runtime.block_on(latency(store(), folder.path().join("latency.db"))) {
        let at = |share: usize| times[times.len() * share / 100].as_micros();
        println!("| {what} | {} | {} |", at(50), at(99));
    }
}
