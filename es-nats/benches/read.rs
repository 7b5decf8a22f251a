//! Reading a whole log in order and decoding it, beside a bare pull consumer; how much memory it takes; and what reading one
//! aggregate costs.
//!
//! `cargo bench -p es-nats --bench read`. Both sides run in turn on the same log, in which each event is a message of its
//! own; the figure is the median of the rounds' ratios. The peak of memory is that of a process of its own for each size.

mod bare;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use es_core::{
    Aggregate, Append, Apply, Checkpoint, Event, EventId, EventStore, Expected, Filter, Json,
    NewEvent, Next, NoError, StreamId, StreamQuery, Subscription,
};
use es_nats::NatsStore;
use es_servers::Nats;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const EVENTS: usize = 300_000;
const ROUNDS: usize = 5;
const STREAMS: usize = 64;
/// Tells a process that it measures its own memory, and on which log.
const PEAK: &str = "ES_BENCH_PEAK";

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

async fn open(address: &str, name: &str) -> NatsStore {
    let options = NatsStore::options().name(name);
    options.open(address).await.expect("the store opens")
}

/// Fills a log, one event to an append, from as many tasks as there are streams.
async fn fill(address: &str, name: &str, events: usize) {
    let store = open(address, name).await;
    let task = |task: usize| {
        let store = store.clone();
        tokio::spawn(async move {
            let stream = StreamId::new("account", &task.to_string()).expect("a name");
            for number in 0..events / STREAMS {
                let cents = number * STREAMS + task;
                let payload = format!(
                    r#"{{"cents":{cents},"currency":"EUR","reference":"transaction-{cents:012}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
                );
                let payload = Json::from_stored(payload);
                let event = NewEvent::new(EventId::random(), "account.deposited", 1, payload);
                let append = Append::new(stream.clone(), Expected::Any, vec![event]);
                store.append(append).await.expect("it is appended");
            }
        })
    };
    for task in (0..STREAMS).map(task).collect::<Vec<_>>() {
        task.await.expect("the task ends");
    }
}

/// Reads and decodes the log; the sum of its cents.
async fn our(address: &str, name: &str) -> i64 {
    let store = open(address, name).await;
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

/// A pull consumer that is asked for a thousand at a time.
async fn bare(address: &str, name: &str, events: usize) -> i64 {
    const BATCH: usize = 1_000;
    /// What `src/message.rs` puts before the payload of the one event.
    const BEFORE: usize = 27 + 26 + "account.deposited".len();
    let client = async_nats::connect(address).await.expect("a connection");
    let inbox = client.new_inbox();
    let mut messages = client.subscribe(inbox.clone()).await.expect("an inbox");
    let create = format!(
        r#"{{"stream_name":"{name}","config":{{"name":"bare","deliver_policy":"all","ack_policy":"none","replay_policy":"instant","mem_storage":true,"inactive_threshold":5000000000}}}}"#
    );
    let api = format!("$JS.API.CONSUMER.CREATE.{name}.bare");
    client.request(api, create.into()).await.expect("an answer");
    let pull = format!("$JS.API.CONSUMER.MSG.NEXT.{name}.bare");
    let (mut sum, mut left) = (0, events);
    while left > 0 {
        let batch = BATCH.min(left);
        let ask = format!(r#"{{"batch":{batch},"expires":5000000000}}"#);
        let asked = client.publish_with_reply(pull.clone(), inbox.clone(), ask.into());
        asked.await.expect("a connection");
        for _ in 0..batch {
            let message = messages.next().await.expect("a message");
            let payload = &message.payload[BEFORE..];
            let deposited: Deposited = serde_json::from_slice(payload).expect("it decodes");
            sum += black_box(deposited).cents;
        }
        left -= batch;
    }
    let api = format!("$JS.API.CONSUMER.DELETE.{name}.bare");
    client.request(api, "".into()).await.expect("an answer");
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
    if let Ok(log) = std::env::var(PEAK) {
        let (address, name) = log.split_once(' ').expect("a log");
        runtime.block_on(our(address, name));
        println!("{}", peak().unwrap_or_default());
        return;
    }
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let server = Nats::start_with("", "", Some(parent)).expect("a server");
    let events = EVENTS / STREAMS * STREAMS;
    runtime.block_on(fill(server.url(), "large", events));
    whole_log(&runtime, server.url(), events);

    runtime.block_on(fill(server.url(), "small", events / 10));
    println!("| events | peak of memory, KiB |\n|---|---|");
    for (name, events) in [("small", events / 10), ("large", events)] {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .env(PEAK, format!("{} {name}", server.url()))
            .output()
            .expect("a process");
        let peak = String::from_utf8_lossy(&output.stdout);
        println!("| {events} | {} |", peak.trim());
    }
    runtime.block_on(streams(server.url()));
}

fn whole_log(runtime: &Runtime, address: &str, events: usize) {
    let (mut bares, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let bare_sum = runtime.block_on(bare(address, "large", events));
        let bare_time = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let our_sum = runtime.block_on(our(address, "large"));
        let our_time = start.elapsed().as_secs_f64();
        assert_eq!(bare_sum, our_sum);
        #[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
        let events = events as f64;
        bares.push(events / bare_time);
        ours.push(events / our_time);
        ratios.push(bare_time / our_time);
    }
    println!("| {events} events in order | events/s |\n|---|---|");
    println!(
        "| bare pull consumer and serde_json | {:.0} |",
        median(bares)
    );
    println!("| Subscription and decode | {:.0} |", median(ours));
    println!(
        "ratio (ours to bare, median of rounds): {:.2}\n",
        median(ratios)
    );
}

/// Reads whole streams among the others: through a consumer, and message by message.
async fn streams(address: &str) {
    const TIMES: usize = 200;
    let store = open(address, "small").await;
    let bare = async_nats::connect(address).await.expect("a connection");
    println!(
        "\n| a stream of so many events | one read, p50 | message by message, p50 |\n|---|---|---|"
    );
    for events in [1, 5, 20, 100, 1_000] {
        let stream = StreamId::new("length", &events.to_string()).expect("a name");
        let mut sequences = Vec::new();
        for number in 0..events {
            let payload = Json::from_stored(format!("{{\"cents\":{number}}}"));
            let event = NewEvent::new(EventId::random(), "account.deposited", 1, payload);
            let append = Append::new(stream.clone(), Expected::Any, vec![event]);
            let appended = store.append(append).await.expect("it is appended");
            sequences.push(appended.position().number() >> 16);
        }
        let (mut reads, mut gets) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let start = Instant::now();
            let query = StreamQuery::forwards(stream.clone());
            let page = store.read_stream(query).await.expect("a page");
            reads.push(start.elapsed());
            assert_eq!(page.events.len(), events);
            let start = Instant::now();
            for sequence in &sequences {
                let get = format!("{{\"seq\":{sequence}}}");
                let got = bare
                    .request("$JS.API.STREAM.MSG.GET.small", get.into())
                    .await;
                black_box(got.expect("a message"));
            }
            gets.push(start.elapsed());
        }
        println!("| {events} | {:?} | {:?} |", p50(reads), p50(gets));
    }
}

fn p50(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
