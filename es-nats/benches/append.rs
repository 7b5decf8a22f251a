//! Appending, beside bare async-nats with the same settings, subjects and sizes.
//!
//! `cargo bench -p es-nats --bench append`. Each side runs in turn on the same server, each round in a fresh log on the disk
//! of the target folder; the figure is the median of the rounds' ratios, as the machine's speed drifts. The server has
//! its default settings, and acknowledges before it writes through.

mod bare;

use std::path::Path;
use std::time::{Duration, Instant};

use bare::{Bare, Publish};
use es_core::{
    Append, Checkpoint, EventId, EventStore, Expected, Filter, Json, NewEvent, Revision, StreamId,
    Subscription,
};
use es_nats::NatsStore;
use es_servers::{Nats, NatsCluster};
use futures_util::StreamExt;
use tokio::runtime::Runtime;

const ROUNDS: usize = 9;

/// So many tasks, each with a stream of its own, append so many events at a time.
struct Load {
    name: &'static str,
    tasks: usize,
    appends: usize,
    events: usize,
}

const LOADS: [Load; 3] = [
    Load {
        name: "64 tasks, 1 event each time",
        tasks: 64,
        appends: 800,
        events: 1,
    },
    Load {
        name: "1 task, 1 event each time",
        tasks: 1,
        appends: 8_000,
        events: 1,
    },
    Load {
        name: "1 task, 100 events each time",
        tasks: 1,
        appends: 1_000,
        events: 100,
    },
];

fn payload(task: usize, number: usize) -> String {
    format!(
        r#"{{"cents":{number},"currency":"EUR","reference":"transaction-{task:04}-{number:09}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
    )
}

fn payloads(load: &Load, task: usize, append: usize) -> Vec<String> {
    let first = append * load.events;
    let numbers = first..first + load.events;
    numbers.map(|number| payload(task, number)).collect()
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let server = Nats::start_with("", "", Some(parent)).expect("a server");
    compare(&runtime, server.url(), 1, "one server");
    latency(&runtime, server.url());
    drop(server);
    let cluster = NatsCluster::start_with("", "", Some(parent)).expect("a cluster");
    compare(&runtime, &cluster.url(), 3, "three servers, three replicas");
}

fn compare(runtime: &Runtime, addresses: &str, replicas: usize, servers: &str) {
    println!(
        "\n{servers}:\n\n| load | bare events/s | bare, plain | ours | ours to bare | to plain |"
    );
    println!("|---|---|---|---|---|---|");
    for load in &LOADS {
        let mut columns: [Vec<f64>; 5] = Default::default();
        for round in 0..ROUNDS {
            let mut rates = [0.0; 3];
            // Another first in each round: what one leaves to the disk, the next one waits for.
            for side in [0, 1, 2].map(|side| (side + round) % 3) {
                let name = format!("side-{side}-{}-{round}", load.tasks * load.events);
                rates[side] = runtime.block_on(async {
                    match side {
                        0 => bare(load, addresses, &name, replicas, Publish::Expecting).await,
                        1 => bare(load, addresses, &name, replicas, Publish::Plain).await,
                        _ => our(load, addresses, &name, replicas).await,
                    }
                });
            }
            let [expecting, plain, ours] = rates;
            let row = [expecting, plain, ours, ours / expecting, ours / plain];
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let [expecting, plain, ours, to_bare, to_plain] = columns.map(median);
        println!(
            "| {} | {expecting:.0} | {plain:.0} | {ours:.0} | {to_bare:.2} | {to_plain:.2} |",
            load.name
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
fn rate(load: &Load, taken: Duration) -> f64 {
    (load.tasks * load.appends * load.events) as f64 / taken.as_secs_f64()
}

async fn our(load: &Load, addresses: &str, name: &str, replicas: usize) -> f64 {
    let options = NatsStore::options().name(name).replicas(replicas);
    let store = options.open(addresses).await.expect("the store opens");
    let start = Instant::now();
    let tasks: Vec<_> = (0..load.tasks)
        .map(|task| {
            let (store, load) = (store.clone(), Load { ..*load });
            tokio::spawn(async move {
                let stream = StreamId::new("account", &task.to_string()).expect("a name");
                let mut revision = Revision::EMPTY;
                for append in 0..load.appends {
                    let events = payloads(&load, task, append).into_iter().map(new).collect();
                    let append = Append::new(stream.clone(), Expected::Exact(revision), events);
                    let appended = store.append(append).await.expect("it is appended");
                    revision = appended.revision();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task ends");
    }
    let taken = start.elapsed();
    delete(addresses, name).await;
    rate(load, taken)
}

fn new(payload: String) -> NewEvent {
    NewEvent::new(
        EventId::random(),
        "account.deposited",
        1,
        Json::from_stored(payload),
    )
}

/// Keeps the disk from filling up.
async fn delete(addresses: &str, name: &str) {
    let address = addresses.split(',').next().unwrap_or_default();
    let client = async_nats::connect(address).await.expect("a connection");
    let api = format!("$JS.API.STREAM.DELETE.{name}");
    client.request(api, "".into()).await.expect("an answer");
}

async fn bare(load: &Load, addresses: &str, name: &str, replicas: usize, how: Publish) -> f64 {
    let bare = Bare::create(addresses, name, replicas).await;
    let start = Instant::now();
    let tasks: Vec<_> = (0..load.tasks)
        .map(|task| {
            let (bare, load) = (bare.clone(), Load { ..*load });
            tokio::spawn(async move {
                let mut last = 0;
                for append in 0..load.appends {
                    let payloads = payloads(&load, task, append);
                    last = bare.publish(how, task, last, &payloads).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task ends");
    }
    let taken = start.elapsed();
    bare.delete().await;
    rate(load, taken)
}

/// From before an append until a subscriber has its event, beside bare publish and push consumer.
fn latency(runtime: &Runtime, addresses: &str) {
    const EVENTS: usize = 2_000;
    let ours = runtime.block_on(async {
        let options = || NatsStore::options().name("latency");
        let store = options().open(addresses).await.expect("the store opens");
        let reader = options().open(addresses).await.expect("the store opens");
        let mut subscription = Subscription::new(reader, Filter::all(), Checkpoint::START);
        let mut times = Vec::new();
        let stream = StreamId::new("account", "1").expect("a name");
        for number in 0..EVENTS {
            let events = vec![new(payload(0, number))];
            let append = Append::new(stream.clone(), Expected::Any, events);
            let start = Instant::now();
            let appending = tokio::spawn({
                let store = store.clone();
                async move { store.append(append).await }
            });
            while subscription.next().await.expect("an event").is_caught_up() {}
            times.push(start.elapsed());
            appending.await.expect("a task").expect("it is appended");
            // Until it waits.
            while !subscription.next().await.expect("nothing").is_caught_up() {}
        }
        times
    });
    let bare = runtime.block_on(async {
        let bare = Bare::create(addresses, "latency-bare", 1).await;
        let inbox = bare.client().new_inbox();
        let mut pushed = bare.client().subscribe(inbox.clone()).await.expect("an inbox");
        let config = format!(
            r#"{{"stream_name":"latency-bare","config":{{"deliver_policy":"new","deliver_subject":"{inbox}","ack_policy":"none","replay_policy":"instant"}}}}"#
        );
        bare.ask("CONSUMER.CREATE.latency-bare", config).await;
        let (mut times, mut last) = (Vec::new(), 0);
        for number in 0..EVENTS {
            let start = Instant::now();
            let publishing = tokio::spawn({
                let bare = bare.clone();
                async move {
                    let payloads = [payload(0, number)];
                    bare.publish(Publish::Expecting, 1, last, &payloads).await
                }
            });
            pushed.next().await.expect("a message");
            times.push(start.elapsed());
            last = publishing.await.expect("a task");
        }
        times
    });
    println!("\n| append to subscriber | p50 | p99 |\n|---|---|---|");
    for (side, mut times) in [("bare push consumer", bare), ("Subscription", ours)] {
        times.sort_unstable();
        let at = |hundredth: usize| times[times.len() * hundredth / 100];
        println!("| {side} | {:?} | {:?} |", at(50), at(99));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
