//! Building read models, beside what they are made of; and how soon an append is read.
//!
//! `cargo bench -p es-postgres --bench projection`. The sides of each comparison run in turn on the same log, and its
//! figure is the median of the rounds' ratios, as the machine's speed drifts.
//!
//! - A projection in memory, rebuilt from the first event, beside reading and decoding the same events.
//! - A projection in a database, exactly once, beside bare tokio-postgres that makes the same upserts of the same rows in
//!   transactions of the same size; of a tenth of the events, as each is a round trip on either side.
//! - From an append to the read model that holds it, in one process.

mod bare;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bare::median;
use es_core::{
    Aggregate, Append, Apply, Cause, Checkpoint, Event, EventId, EventStore, Expected, InMemory,
    Json, NewEvent, Next, NoError, Position, Projection, Recorded, Runner, StreamId, Subscription,
};
use es_postgres::tokio_postgres::Transaction;
use es_postgres::{Context, PostgresHandler, PostgresReadModels, PostgresStore};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const EVENTS: u32 = 1_000_000;
/// Of those, how many are upserted.
const UPSERTS: u32 = 100_000;
const ROUNDS: usize = 5;
const STREAMS: u32 = 1_000;
const BATCH: u32 = 1_000;

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

const CREATE: &str = "CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL) WITH (fillfactor = 50)";
const UPSERT: &str = "INSERT INTO balances AS b VALUES ($1, $2) \
                      ON CONFLICT (account) DO UPDATE SET cents = b.cents + excluded.cents";

impl PostgresHandler for Table {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        Ok(transaction.batch_execute(CREATE).await?)
    }

    async fn handle(
        &mut self,
        event: Recorded<TableEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let TableEvent::Deposited(deposited) = event.event;
        let upsert = context.prepare_cached(UPSERT).await?;
        let (account, cents) = (event.stream.id(), deposited.cents);
        context.execute(&upsert, &[&account, &cents]).await?;
        Ok(())
    }
}

fn payload(cents: u32) -> String {
    format!(
        r#"{{"cents":{cents},"currency":"EUR","reference":"transaction-{cents:012}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
    )
}

/// Fills the store's own table: a thousand streams, a thousand events in each.
async fn fill(url: &str) {
    drop(PostgresStore::open(url).await.expect("the store opens"));
    let client = bare::connect(url).await;
    let fill = format!(
        r#"INSERT INTO es.events
        SELECT n + 1, 'account/' || n % {STREAMS}, n / {STREAMS} + 1, gen_random_uuid(), 'account.deposited', 1, now(), NULL,
            format('{{"cents":%s,"currency":"EUR","reference":"transaction-%s","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}', n, lpad(n::text, 12, '0')),
            NULL
        FROM generate_series(0, {EVENTS} - 1) AS n"#
    );
    client.batch_execute(&fill).await.expect("it is filled");
    let tidied = client.batch_execute("VACUUM ANALYZE es.events").await;
    tidied.expect("it is tidied");
}

/// Reads and decodes the log, event by event.
async fn decoded(url: &str) -> i64 {
    let store = PostgresStore::open(url).await.expect("the store opens");
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
async fn in_memory(url: &str) -> i64 {
    let store = PostgresStore::open(url).await.expect("the store opens");
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

/// Forgets the read model of an earlier round.
async fn forget(url: &str) {
    let forget = "DROP TABLE IF EXISTS balances; DELETE FROM es.es_projections;";
    let client = bare::connect(url).await;
    client.batch_execute(forget).await.expect("it is forgotten");
}

async fn models(url: &str) -> PostgresReadModels {
    PostgresReadModels::open(url).await.expect("it opens")
}

/// Builds the projection in a database, up to an event.
async fn in_a_table(url: &str) -> i64 {
    forget(url).await;
    let store = PostgresStore::open(url).await.expect("the store opens");
    let runner = Runner::new(store, models(url).await.projection(Table)).batch(BATCH as usize);
    let handle = runner.handle();
    let running = tokio::spawn(runner.run());
    let last = Position::new(UPSERTS.into());
    handle.wait_for(last).await.expect("it comes there");
    // What it has begun with meanwhile doesn't count.
    running.abort();
    assert!(running.await.is_err(), "it was ended");
    i64::from(UPSERTS)
}

/// The same upserts by themselves.
async fn bare_upserts(url: &str) -> i64 {
    forget(url).await;
    let mut client = bare::connect(url).await;
    client.batch_execute(CREATE).await.expect("it is made");
    let upsert = client.prepare(UPSERT).await.expect("it is prepared");
    for block in 0..UPSERTS / BATCH {
        let transaction = client.transaction().await.expect("it begins");
        for place in 0..BATCH {
            let number = block * BATCH + place;
            let (account, cents) = ((number % STREAMS).to_string(), i64::from(number));
            let upserted = transaction.execute(&upsert, &[&account, &cents]).await;
            upserted.expect("it is upserted");
        }
        transaction.commit().await.expect("it commits");
    }
    i64::from(UPSERTS)
}

/// Runs both sides in turn: what each does in a second, and the median of the ratios.
fn compare(
    events: u32,
    (what, other): (&str, &str),
    mut other_side: impl FnMut() -> i64,
    mut ours: impl FnMut() -> i64,
) {
    let (mut others, mut mine, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (other_time, other_sum) = timed(&mut other_side);
        let (our_time, our_sum) = timed(&mut ours);
        assert_eq!(other_sum, our_sum);
        others.push(f64::from(events) / other_time);
        mine.push(f64::from(events) / our_time);
        ratios.push(other_time / our_time);
    }
    println!("| {events} events | events/s |\n|---|---|");
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

/// How long it takes from an append until a wait for it returns, with the append's own commit.
async fn latency(url: &str) -> Vec<(&'static str, Vec<Duration>)> {
    let store = PostgresStore::options().schema("latency").open(url).await;
    let store = store.expect("the store opens");
    let memory = Runner::new(store.clone(), InMemory::<Balances>::new());
    let table = Runner::new(store.clone(), models(url).await.projection(Table));
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
            let reached = handle.wait_for(appended.position()).await;
            reached.expect("it is there");
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
    let runtime = Runtime::new().expect("a runtime");
    let server = bare::server();
    let url = server.url();
    runtime.block_on(fill(url));
    runtime.block_on(models(url));
    compare(
        EVENTS,
        ("InMemory, rebuilt", "Subscription and decode"),
        || runtime.block_on(decoded(url)),
        || runtime.block_on(in_memory(url)),
    );
    compare(
        UPSERTS,
        (
            &format!("PostgresProjection, exactly once, {BATCH} to a batch"),
            "bare upserts of the same rows in transactions of the same size",
        ),
        || runtime.block_on(bare_upserts(url)),
        || runtime.block_on(in_a_table(url)),
    );

    runtime.block_on(forget(url));
    println!("| append to read model | p50, µs | p99, µs |\n|---|---|---|");
    for (what, times) in runtime.block_on(latency(url)) {
        let at = |share: usize| times[times.len() * share / 100].as_micros();
        println!("| {what} | {} | {} |", at(50), at(99));
    }
}
