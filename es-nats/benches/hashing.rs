//! What hashing costs: appending to a tamper-evident log, beside appending to one that isn't.
//!
//! `cargo bench -p es-nats --bench hashing`. Both sides run in turn, and take turns in going first, each round in a fresh log on
//! one server on the disk of the target folder; the figure is the median of the rounds' ratios of time, as the machine's speed
//! drifts. An append may cost a tenth more.

use std::path::Path;
use std::time::Instant;

use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, Revision, StreamId};
use es_nats::NatsStore;
use es_servers::Nats;
use tokio::runtime::Runtime;

const ROUNDS: usize = 41;

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
        appends: 1_500,
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
    println!("| load | plain µs/append | hashed µs/append | ratio |\n|---|---|---|---|");
    for load in &LOADS {
        let (mut without, mut with, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let hashed_first = round % 2 == 1;
            let first = runtime.block_on(run(load, server.url(), round, hashed_first));
            let second = runtime.block_on(run(load, server.url(), round, !hashed_first));
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

async fn run(load: &Load, url: &str, round: usize, hashed: bool) -> f64 {
    let name = format!("log-{}-{round}-{hashed}", load.tasks * load.events);
    let options = NatsStore::options().name(&name);
    let options = if hashed {
        options.tamper_evident()
    } else {
        options
    };
    let store = options.open(url).await.expect("the store opens");
    let taken = append(load, store).await;
    // Keeps the disk from filling up.
    let client = async_nats::connect(url).await.expect("a connection");
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
