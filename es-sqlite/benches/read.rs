//! Reading a whole log in order and decoding it, beside bare stepping through the rows; and how much memory it takes.
//!
//! `cargo bench -p es-sqlite --bench read`. Both sides run in turn on the same database; the figure is the median of the
//! rounds' ratios. The peak of memory is that of a process of its own for each size.

mod bare;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use bare::{Bare, Job};
use es_core::{Aggregate, Apply, Checkpoint, Event, Filter, Next, NoError, Subscription};
use es_sqlite::SqliteStore;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const EVENTS: usize = 1_000_000;
const ROUNDS: usize = 5;
const STREAMS: usize = 1_000;

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

/// Fills a database by the bare side, a thousand events to a commit.
fn fill(path: &Path, events: usize) {
    let mut bare = Bare::open(path, STREAMS).expect("the database opens");
    for block in 0..events / STREAMS {
        let number = |value: usize| i64::try_from(value).unwrap_or_default();
        let jobs: Vec<Job> = (0..STREAMS)
            .map(|stream| {
                let cents = block * STREAMS + stream;
                let payload = format!(
                    r#"{{"cents":{cents},"currency":"EUR","reference":"transaction-{cents:012}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
                );
                Job {
                    stream: number(stream + 1),
                    revision: number(block),
                    payloads: vec![payload],
                }
            })
            .collect();
        bare.commit(&jobs).expect("it commits");
    }
}

/// Reads and decodes the log; the sum of its cents.
async fn our(path: PathBuf) -> i64 {
    let store = SqliteStore::open(path).await.expect("the store opens");
    let mut subscription = Subscription::new(store, Filter::all(), Checkpoint::START);
    let mut sum = 0;
    while let Next::Event(event) = subscription.next().await.expect("an event") {
        match event.decode::<AccountEvent>().expect("it decodes") {
            Some(AccountEvent::Deposited(deposited)) => sum += black_box(deposited).cents,
            None => unreachable!("no name is retired"),
        }
    }
    sum
}

fn bare(path: &Path) -> i64 {
    let connection = Connection::open(path).expect("the database opens");
    let mut statement = connection
        .prepare(
            "SELECT position, stream, revision, id, name, recorded_at, effective_at, payload, metadata, hash \
             FROM events ORDER BY position",
        )
        .expect("the statement");
    let mut rows = statement.query([]).expect("the rows");
    let mut sum = 0;
    while let Some(row) = rows.next().expect("a row") {
        let payload = row.get_ref(7).expect("a column").as_str().expect("a text");
        let deposited: Deposited = serde_json::from_str(payload).expect("it decodes");
        sum += black_box(deposited).cents;
    }
    sum
}

fn timed(work: impl FnOnce() -> i64) -> (f64, i64) {
    let start = Instant::now();
    let sum = work();
    (start.elapsed().as_secs_f64(), sum)
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
    if let Some(path) = std::env::var_os("ES_BENCH_PEAK") {
        runtime.block_on(our(path.into()));
        println!("{}", peak().unwrap_or_default());
        return;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let path = folder.path().join("log.db");
    fill_as_ours(&runtime, &path, EVENTS);
    let (mut bares, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (bare_time, bare_sum) = timed(|| bare(&path));
        let (our_time, our_sum) = timed(|| runtime.block_on(our(path.clone())));
        assert_eq!(bare_sum, our_sum);
        #[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
        let events = EVENTS as f64;
        bares.push(events / bare_time);
        ours.push(events / our_time);
        ratios.push(bare_time / our_time);
    }
    println!("| {EVENTS} events in order | events/s |\n|---|---|");
    println!("| bare stepping and serde_json | {:.0} |", median(bares));
    println!("| Subscription and decode | {:.0} |", median(ours));
    println!(
        "ratio (ours to bare, median of rounds): {:.2}\n",
        median(ratios)
    );

    let small = folder.path().join("small.db");
    fill_as_ours(&runtime, &small, EVENTS / 10);
    println!("| events | peak of memory, KiB |\n|---|---|");
    for (events, path) in [(EVENTS / 10, &small), (EVENTS, &path)] {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .env("ES_BENCH_PEAK", path)
            .output()
            .expect("a process");
        println!(
            "| {events} | {} |",
            String::from_utf8_lossy(&output.stdout).trim()
        );
    }
}

/// A database with the store's own tables, so that both sides read the same file.
fn fill_as_ours(runtime: &Runtime, path: &Path, events: usize) {
    runtime.block_on(async {
        let store = SqliteStore::open(path).await.expect("the store opens");
        store.close().await.expect("it closes");
        let connection = Connection::open(path).expect("the database opens");
        connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .expect("it is folded in");
    });
    fill(path, events);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
