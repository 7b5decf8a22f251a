//! What partitions bring to a projection in a database.
//!
//! `cargo bench -p es-postgres --bench partitions`. A projection that upserts one row for each event is built from the same
//! log in one partition and in several, in turn; the figure is the median of the rounds' ratios, as the machine's speed
//! drifts. Each event is a round trip that the handler waits for, and a partition waits for its own: so what several bring
//! is what the server can do at once, and what lies on the way to it.
//!
//! The second table is of a handler that waits for a millisecond, or a little more, before each statement, as for a server
//! that isn't on the same machine.

mod bare;

use std::time::{Duration, Instant};

use bare::median;
use es_core::{Cause, Event, Position, Projection, Recorded, Runner};
use es_postgres::tokio_postgres::Transaction;
use es_postgres::{Context, PostgresHandler, PostgresReadModels, PostgresStore};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const EVENTS: u32 = 40_000;
const FAR_EVENTS: u32 = 4_000;
const STREAMS: u32 = 1_000;
const ROUNDS: usize = 3;
const PARTITIONS: [u32; 3] = [2, 4, 8];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited")]
struct Deposited {
    cents: i64,
}

/// The balance of every account, in a table.
#[derive(Clone, Projection)]
#[projection(name = "balances", version = 1, event = TableEvent)]
#[event(Deposited)]
struct Table {
    away: Option<Duration>,
}

impl PostgresHandler for Table {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let table = "CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL) WITH (fillfactor = 50)";
        Ok(transaction.batch_execute(table).await?)
    }

    async fn handle(
        &mut self,
        event: Recorded<TableEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let TableEvent::Deposited(deposited) = event.event;
        if let Some(away) = self.away {
            tokio::time::sleep(away).await;
        }
        let upsert = "INSERT INTO balances AS b VALUES ($1, $2) \
                      ON CONFLICT (account) DO UPDATE SET cents = b.cents + excluded.cents";
        let upsert = context.prepare_cached(upsert).await?;
        let (account, cents) = (event.stream.id(), deposited.cents);
        context.execute(&upsert, &[&account, &cents]).await?;
        Ok(())
    }
}

/// Fills the store's own table.
async fn fill(url: &str) {
    drop(PostgresStore::open(url).await.expect("the store opens"));
    let client = bare::connect(url).await;
    let fill = format!(
        r#"INSERT INTO es.events
        SELECT n + 1, 'account/' || n % {STREAMS}, n / {STREAMS} + 1, gen_random_uuid(), 'account.deposited', 1, now(), NULL,
            format('{{"cents":%s}}', n), NULL
        FROM generate_series(0, {EVENTS} - 1) AS n"#
    );
    client.batch_execute(&fill).await.expect("it is filled");
    let tidied = client.batch_execute("VACUUM ANALYZE es.events").await;
    tidied.expect("it is tidied");
}

/// Builds the projection up to an event, and tells how many events a second it took in.
async fn build(url: &str, partitions: u32, events: u32, away: Option<Duration>) -> f64 {
    let models = PostgresReadModels::open(url).await.expect("it opens");
    let forget = "DROP TABLE IF EXISTS balances; DELETE FROM es.es_projections;";
    let client = bare::connect(url).await;
    client.batch_execute(forget).await.expect("it is forgotten");
    let store = PostgresStore::open(url).await.expect("the store opens");
    let projection = models.projection(Table { away }).partitions(partitions);
    // As many events in a transaction as a partition has of a thousand.
    let runner = Runner::new(store, projection).batch(1_000 / partitions as usize);
    let handle = runner.handle();
    let begun = Instant::now();
    let running = tokio::spawn(runner.run());
    let last = Position::new(events.into());
    handle.wait_for(last).await.expect("it comes there");
    let took = begun.elapsed();
    running.abort();
    assert!(running.await.is_err(), "it was ended");
    f64::from(events) / took.as_secs_f64()
}

fn compare(runtime: &Runtime, url: &str, events: u32, away: Option<Duration>) {
    let mut one = Vec::new();
    let mut several = PARTITIONS.map(|count| (count, Vec::new(), Vec::new()));
    for _ in 0..ROUNDS {
        let alone = runtime.block_on(build(url, 1, events, away));
        one.push(alone);
        for (count, rates, ratios) in &mut several {
            let rate = runtime.block_on(build(url, *count, events, away));
            rates.push(rate);
            ratios.push(rate / alone);
        }
    }
    let place = match away {
        Some(away) => format!("{away:?} before each"),
        None => "nothing between".to_owned(),
    };
    println!("| {events} events, {place} | events/s | ratio to one |\n|---|---|---|");
    println!("| one partition | {:.0} | 1 |", median(one));
    for (count, rates, ratios) in several {
        let (rate, ratio) = (median(rates), median(ratios));
        println!("| {count} partitions | {rate:.0} | {ratio:.2} |");
    }
    println!();
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let server = bare::server();
    let url = server.url();
    runtime.block_on(fill(url));
    compare(&runtime, url, EVENTS, None);
    let away = Some(Duration::from_millis(1));
    compare(&runtime, url, FAR_EVENTS, away);
}
