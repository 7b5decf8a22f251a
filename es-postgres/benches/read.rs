//! Reading a whole log in order and decoding it, beside a bare streamed query; and how much memory it takes.
//!
//! `cargo bench -p es-postgres --bench read`. Both sides run in turn on the same table; the figure is the median of the
//! rounds' ratios. The peak of memory is that of a process of its own for each size.

mod bare;

use std::hint::black_box;
use std::pin::pin;
use std::process::Command;
use std::time::Instant;

use bare::median;
use es_core::{Aggregate, Apply, Checkpoint, Event, Filter, Next, NoError, Position, Subscription};
use es_postgres::PostgresStore;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const EVENTS: i64 = 1_000_000;
const ROUNDS: usize = 5;

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

/// Fills the store's own table, so that both sides read the same: a thousand streams, a thousand events in each.
async fn fill(url: &str) {
    let store = PostgresStore::open(url).await.expect("the store opens");
    drop(store);
    let client = bare::connect(url).await;
    let fill = format!(
        r#"INSERT INTO es.events
        SELECT n + 1, 'account/' || n % 1000, n / 1000 + 1, gen_random_uuid(), 'account.deposited', 1, now(), NULL,
            format('{{"cents":%s,"currency":"EUR","reference":"transaction-%s","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}', n, lpad(n::text, 12, '0')),
            NULL
        FROM generate_series(0, {EVENTS} - 1) AS n"#
    );
    client.batch_execute(&fill).await.expect("it is filled");
    client
        .batch_execute("VACUUM ANALYZE es.events")
        .await
        .expect("it is tidied");
}

/// Reads and decodes the log up to an event; the sum of its cents.
async fn our(url: &str, events: i64) -> i64 {
    let store = PostgresStore::open(url).await.expect("the store opens");
    let last = Position::new(events.unsigned_abs());
    let mut subscription = Subscription::new(store, Filter::all(), Checkpoint::START);
    let mut sum = 0;
    while let Next::Event(event) = subscription.next().await.expect("an event") {
        match event.decode::<AccountEvent>().expect("it decodes") {
            Some(AccountEvent::Deposited(deposited)) => sum += black_box(deposited).cents,
            None => unreachable!("no name is retired"),
        }
        if event.position == last {
            break;
        }
    }
    sum
}

async fn bare(url: &str) -> i64 {
    let client = bare::connect(url).await;
    let select = "SELECT position, stream, revision, id, name, version, recorded_at, effective_at, payload, metadata \
                  FROM es.events ORDER BY position";
    let statement = client.prepare(select).await.expect("the statement");
    let none: [&(dyn es_postgres::tokio_postgres::types::ToSql + Sync); 0] = [];
    let rows = client.query_raw(&statement, none).await.expect("the rows");
    let mut rows = pin!(rows);
    let mut sum = 0;
    while let Some(row) = rows.next().await {
        let row = row.expect("a row");
        let payload: &str = row.get(8);
        let deposited: Deposited = serde_json::from_str(payload).expect("it decodes");
        sum += black_box(deposited).cents;
    }
    sum
}

/// The most memory that this process has held, in KiB. Linux tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    // A process of its own, for its peak alone.
    if let Ok(url) = std::env::var("ES_BENCH_PEAK") {
        let (url, events) = url.rsplit_once('#').expect("a URL and a number");
        runtime.block_on(our(url, events.parse().expect("a number")));
        println!("{}", peak().unwrap_or_default());
        return;
    }
    let server = bare::server();
    runtime.block_on(fill(server.url()));
    let (mut bares, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let bare_sum = runtime.block_on(bare(server.url()));
        let bare_time = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let our_sum = runtime.block_on(our(server.url(), EVENTS));
        let our_time = start.elapsed().as_secs_f64();
        assert_eq!(bare_sum, our_sum);
        #[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
        let events = EVENTS as f64;
        bares.push(events / bare_time);
        ours.push(events / our_time);
        ratios.push(bare_time / our_time);
    }
    println!("| {EVENTS} events in order | events/s |\n|---|---|");
    println!(
        "| bare streamed query and serde_json | {:.0} |",
        median(bares)
    );
    println!("| Subscription and decode | {:.0} |", median(ours));
    println!(
        "ratio (ours to bare, median of rounds; wanted 0.6): {:.2}\n",
        median(ratios)
    );

    println!("| events | peak of memory, KiB |\n|---|---|");
    for events in [EVENTS / 10, EVENTS] {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .env("ES_BENCH_PEAK", format!("{}#{events}", server.url()))
            .output()
            .expect("a process");
        println!(
            "| {events} | {} |",
            String::from_utf8_lossy(&output.stdout).trim()
        );
    }
}
