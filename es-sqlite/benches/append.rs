//! Appending, beside bare rusqlite with the same columns, indexes and pragmas.
//!
//! `cargo bench -p es-sqlite --bench append`. Both sides run in turn, each round in a fresh database on the disk of the
//! target folder; the figure is the median of the rounds' ratios, as the machine's speed drifts.

mod bare;

use std::path::PathBuf;
use std::time::Instant;

use bare::{Bare, Job};
use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, Revision, StreamId};
use es_sqlite::SqliteStore;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

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
        appends: 400,
        events: 1,
    },
    Load {
        name: "1 task, 1 event each time",
        tasks: 1,
        appends: 3_000,
        events: 1,
    },
    Load {
        name: "1 task, 100 events each time",
        tasks: 1,
        appends: 400,
        events: 100,
    },
];

fn payload(task: usize, number: usize) -> String {
    format!(
        r#"{{"cents":{number},"currency":"EUR","reference":"transaction-{task:04}-{number:09}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
    )
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    println!("| load | bare events/s | ours events/s | ratio |\n|---|---|---|---|");
    for load in &LOADS {
        let (mut bares, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let bare = run(load, round, "bare", |path| {
                runtime.block_on(bare(load, path))
            });
            let our = run(load, round, "ours", |path| {
                runtime.block_on(our(load, path))
            });
            bares.push(bare);
            ours.push(our);
            ratios.push(our / bare);
        }
        println!(
            "| {} | {:.0} | {:.0} | {:.2} |",
            load.name,
            median(bares),
            median(ours),
            median(ratios)
        );
    }
}

/// Events per second, in a database that is gone afterwards.
fn run(load: &Load, round: usize, side: &str, work: impl FnOnce(PathBuf) -> f64) -> f64 {
    let folder = tempfile::Builder::new()
        .prefix(&format!("{side}-{round}"))
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder in the target folder");
    let seconds = work(folder.path().join("log.db"));
    #[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
    let events = (load.tasks * load.appends * load.events) as f64;
    events / seconds
}

async fn our(load: &Load, path: PathBuf) -> f64 {
    let store = SqliteStore::open(path).await.expect("the store opens");
    let streams: Vec<StreamId> = (0..load.tasks)
        .map(|task| StreamId::new("account", &task.to_string()).expect("a name"))
        .collect();
    let start = Instant::now();
    let tasks: Vec<_> = streams
        .into_iter()
        .enumerate()
        .map(|(task, stream)| {
            let store = store.clone();
            let (appends, events) = (load.appends, load.events);
            tokio::spawn(async move {
                let mut revision = Revision::EMPTY;
                for append in 0..appends {
                    let events = (0..events)
                        .map(|event| {
                            let payload = Json::from_stored(payload(task, append * events + event));
                            NewEvent::new(EventId::random(), "account.deposited", 1, payload)
                        })
                        .collect();
                    let append = Append::new(stream.clone(), Expected::Exact(revision), events);
                    revision = store
                        .append(append)
                        .await
                        .expect("it is appended")
                        .revision();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task ends");
    }
    start.elapsed().as_secs_f64()
}

async fn bare(load: &Load, path: PathBuf) -> f64 {
    let mut bare = Bare::open(&path, load.tasks).expect("the database opens");
    let job = |task: usize, append: usize, events: usize| {
        let number = |value: usize| i64::try_from(value).unwrap_or_default();
        Job {
            stream: number(task + 1),
            revision: number(append * events),
            payloads: (0..events)
                .map(|event| payload(task, append * events + event))
                .collect(),
        }
    };
    if load.tasks == 1 {
        let start = Instant::now();
        for append in 0..load.appends {
            bare.commit([&job(0, append, load.events)])
                .expect("it commits");
        }
        return start.elapsed().as_secs_f64();
    }
    let queue = bare.group_commit();
    let start = Instant::now();
    let tasks: Vec<_> = (0..load.tasks)
        .map(|task| {
            let queue = queue.clone();
            let (appends, events) = (load.appends, load.events);
            tokio::spawn(async move {
                for append in 0..appends {
                    let (answer, answered) = oneshot::channel();
                    let sent = queue.send((job(task, append, events), answer)).await;
                    assert!(sent.is_ok(), "the thread runs");
                    answered.await.expect("it commits");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task ends");
    }
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
