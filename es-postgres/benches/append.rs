//! Appending, beside bare tokio-postgres with the same columns, indexes and settings.
//!
//! `cargo bench -p es-postgres --bench append`. Both sides run in turn, each round in a fresh table of one server on the
//! disk of the target folder, with `fsync` on; the figure is the median of the rounds' ratios, as the machine's speed
//! drifts. An argument chooses loads whose names contain it.

mod bare;

use std::sync::Arc;
use std::time::Instant;

use bare::{Bare, Job, median};
use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, Revision, StreamId};
use es_postgres::PostgresStore;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

const ROUNDS: usize = 9;

/// So many tasks, each with a stream of its own, append so many events at a time.
struct Load {
    tasks: usize,
    appends: usize,
    events: usize,
    bare: Side,
    wanted: f64,
}

/// What stands beside ours.
#[derive(Clone, Copy)]
enum Side {
    /// One connection, which inserts together what waits, or all events of an append, by `unnest`.
    Unnest,
    /// A connection for each task, and a commit for each insert.
    InsertPerCommit,
}

const LOADS: [Load; 5] = [
    Load {
        tasks: 64,
        appends: 300,
        events: 1,
        bare: Side::Unnest,
        wanted: 0.6,
    },
    Load {
        tasks: 64,
        appends: 100,
        events: 1,
        bare: Side::InsertPerCommit,
        wanted: 2.5,
    },
    Load {
        tasks: 8,
        appends: 500,
        events: 1,
        bare: Side::InsertPerCommit,
        wanted: 0.6,
    },
    Load {
        tasks: 1,
        appends: 1_500,
        events: 1,
        bare: Side::InsertPerCommit,
        wanted: 0.6,
    },
    Load {
        tasks: 1,
        appends: 200,
        events: 100,
        bare: Side::Unnest,
        wanted: 0.7,
    },
];

impl Load {
    fn name(&self) -> String {
        let side = match self.bare {
            Side::Unnest => "batched `unnest`",
            Side::InsertPerCommit => "one insert per commit",
        };
        format!(
            "{} tasks × {} events, beside {side}",
            self.tasks, self.events
        )
    }

    fn payload(task: usize, number: usize) -> String {
        format!(
            r#"{{"cents":{number},"currency":"EUR","reference":"transaction-{task:04}-{number:09}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
        )
    }

    #[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
    fn per_second(&self, seconds: f64) -> f64 {
        (self.tasks * self.appends * self.events) as f64 / seconds
    }
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let wanted = std::env::args()
        .nth(1)
        .filter(|word| !word.starts_with("--"));
    let server = bare::server();
    println!("| load | bare events/s | ours events/s | ratio | wanted |\n|---|---|---|---|---|");
    for load in &LOADS {
        if wanted
            .as_ref()
            .is_some_and(|word| !load.name().contains(word))
        {
            continue;
        }
        let (mut bares, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let bare = load.per_second(runtime.block_on(bare_side(load, server.url())));
            let our = load.per_second(runtime.block_on(our_side(load, server.url())));
            bares.push(bare);
            ours.push(our);
            ratios.push(our / bare);
        }
        println!(
            "| {} | {:.0} | {:.0} | {:.2} | {} |",
            load.name(),
            median(bares),
            median(ours),
            median(ratios),
            load.wanted,
        );
    }
}

async fn our_side(load: &Load, url: &str) -> f64 {
    let client = bare::connect(url).await;
    let anew = "DROP SCHEMA IF EXISTS es CASCADE";
    client.batch_execute(anew).await.expect("nothing is left");
    let store = PostgresStore::open(url).await.expect("the store opens");
    // Both sides are connected when the clock starts.
    let event = NewEvent::new(EventId::random(), "first", 1, Json::EMPTY_OBJECT);
    let first = StreamId::new("first", "1").expect("a name");
    let first = store.append(Append::new(first, Expected::Any, vec![event]));
    first.await.expect("it is appended");
    let start = Instant::now();
    let tasks: Vec<_> = (0..load.tasks)
        .map(|task| {
            let store = store.clone();
            let stream = StreamId::new("account", &task.to_string()).expect("a name");
            let (appends, events) = (load.appends, load.events);
            tokio::spawn(async move {
                let mut revision = Revision::EMPTY;
                for append in 0..appends {
                    let events = (0..events)
                        .map(|event| {
                            let payload = Load::payload(task, append * events + event);
                            let payload = Json::from_stored(payload);
                            NewEvent::new(EventId::random(), "account.deposited", 1, payload)
                        })
                        .collect();
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
    start.elapsed().as_secs_f64()
}

async fn bare_side(load: &Load, url: &str) -> f64 {
    let position = bare::table(url).await;
    let job = |stream: &Arc<str>, task: usize, append: usize, events: usize| Job {
        stream: Arc::clone(stream),
        revision: i64::try_from(append * events).unwrap_or_default(),
        payloads: (0..events)
            .map(|event| Load::payload(task, append * events + event))
            .collect(),
    };
    let (appends, events) = (load.appends, load.events);
    let stream = |task: usize| -> Arc<str> { format!("account/{task}").into() };
    let mut tasks = Vec::new();
    let start;
    match load.bare {
        Side::Unnest if load.tasks == 1 => {
            let (bare, stream) = (Bare::open(url, &position).await, stream(0));
            start = Instant::now();
            for append in 0..appends {
                bare.insert_many(&[job(&stream, 0, append, events)]).await;
            }
        }
        Side::Unnest => {
            let queue = Bare::open(url, &position).await.group_commit();
            start = Instant::now();
            for task in 0..load.tasks {
                let (queue, stream) = (queue.clone(), stream(task));
                tasks.push(tokio::spawn(async move {
                    for append in 0..appends {
                        let (answer, answered) = oneshot::channel();
                        let sent = queue.send((job(&stream, task, append, events), answer));
                        assert!(sent.await.is_ok(), "the task runs");
                        answered.await.expect("it commits");
                    }
                }));
            }
        }
        Side::InsertPerCommit => {
            let mut connections = Vec::new();
            for _ in 0..load.tasks {
                connections.push(Bare::open(url, &position).await);
            }
            start = Instant::now();
            for (task, bare) in connections.into_iter().enumerate() {
                let stream = stream(task);
                tasks.push(tokio::spawn(async move {
                    for append in 0..appends {
                        bare.insert(&job(&stream, task, append, events)).await;
                    }
                }));
            }
        }
    }
    for task in tasks {
        task.await.expect("the task ends");
    }
    start.elapsed().as_secs_f64()
}
