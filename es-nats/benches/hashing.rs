//! What hashing costs: appending to a tamper-evident log, beside appending to one that isn't.
//!
//! `cargo bench -p es-nats --bench hashing`. Both sides run in turn, and take turns in going first, each round in a fresh log on
//! the disk of the target folder; the figure is the median of the rounds' ratios of time, as the machine's speed drifts. A server
//! acknowledges before it writes through, so this is the most that hashing costs.

use std::path::Path;
use std::time::Instant;

use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, Revision, StreamId};
use es_nats::NatsStore;
use es_servers::{Nats, NatsCluster};
use tokio::runtime::Runtime;

const ROUNDS: usize = 31;

/// So many tasks, each with a stream of its own, append so many events at a time.
struct Load {
    name: &'static str,
    tasks: usize,
    appends: usize,
    events: usize,
}

const LOADS: [Load; 3] = [
    Load {
        name: "1 task, 1 event each time",
        tasks: 1,
        appends: 1_000,
        events: 1,
    },
    Load {
        name: "64 tasks, 1 event each time",
        tasks: 64,
        appends: 150,
        events: 1,
    },
    Load {
        name: "1 task, 100 events each time",
        tasks: 1,
        appends: 150,
        events: 100,
    },
];

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let server = Nats::start_with("", "", Some(parent)).expect("a server");
    compare(&runtime, server.url(), 1, "one server");
    drop(server);
    let cluster = NatsCluster::start_with("", "", Some(parent)).expect("a cluster");
    compare(&runtime, &cluster.url(), 3, "three servers, three replicas");
}

fn compare(runtime: &Runtime, addresses: &str, replicas: usize, servers: &str) {
    println!(
        "\n{servers}:\n\n| load | plain µs/append | hashed µs/append | ratio |\n|---|---|---|---|"
    );
    for load in &LOADS {
        let (mut without, mut with, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let hashed_first = round % 2 == 1;
            let side = |hashed| runtime.block_on(run(load, addresses, replicas, round, hashed));
            let (first, second) = (side(hashed_first), side(!hashed_first));
            let (plain, hashed) = if hashed_first {
                (second, first)
            } else {
                (first, second)
            };
            without.push(microseconds(load, plain));
            with.push(microseconds(load, hashed));
            ratios.push(hashed / plain);
        }
        println!(
            "| {} | {:.1} | {:.1} | {:.3} |",
            load.name,
            median(without),
            median(with),
            median(ratios)
        );
    }
}

async fn run(load: &Load, addresses: &str, replicas: usize, round: usize, hashed: bool) -> f64 {
    let name = format!("log-{}-{round}-{hashed}", load.tasks * load.events);
    let options = NatsStore::options().name(&name).replicas(replicas);
    let options = if hashed {
        options.tamper_evident()
    } else {
        options
    };
    let store = options.open(addresses).await.expect("the store opens");
    let taken = append(load, store).await;
    // Keeps the disk from filling up.
    let address = addresses.split(',').next().unwrap_or_default();
    let client = async_nats::connect(address).await.expect("a connection");
    let api = format!("$JS.API.STREAM.DELETE.{name}");
    client.request(api, "".into()).await.expect("an answer");
    taken
}

fn payload(task: usize, number: usize) -> String {
    format!(
        r#"{{"cents":{number},"currency":"EUR","reference":"transaction-{task:04}-{number:09}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
    )
}

#[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
fn microseconds(load: &Load, seconds: f64) -> f64 {
    seconds * 1e6 / (load.tasks * load.appends) as f64
}

async fn append(load: &Load, store: impl EventStore + Clone) -> f64 {
    let start = Instant::now();
    let tasks = (0..load.tasks).map(|task| {
        let store = store.clone();
        let stream = StreamId::new("account", &task.to_string()).expect("a name");
        let (appends, count) = (load.appends, load.events);
        tokio::spawn(async move {
            let mut revision = Revision::EMPTY;
            for append in 0..appends {
                let event = |event| {
                    let payload = Json::from_stored(payload(task, append * count + event));
                    NewEvent::new(EventId::random(), "account.deposited", 1, payload)
                };
                let events = (0..count).map(event).collect();
                let append = Append::new(stream.clone(), Expected::Exact(revision), events);
                let appended = store.append(append).await.expect("it is appended");
                revision = appended.revision();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("the task ends");
    }
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
