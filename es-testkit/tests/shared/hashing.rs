//! What hashing costs: the loads on a log that hashes and on one that doesn't, the same for each store's benchmark.
//!
//! Both sides run in turn, and take turns in going first, each round in a fresh log; the figure is the median of the rounds'
//! ratios of time, as the machine's speed drifts. An append may cost a tenth more.

use std::time::Instant;

use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, Revision, StreamId};

/// So many tasks, each with a stream of its own, append so many events at a time.
pub(crate) struct Load {
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

/// Prints the table of all loads. `run` takes the time of a load in a fresh log, hashed or not.
pub(crate) fn compare(rounds: usize, run: impl Fn(&Load, bool) -> f64) {
    println!("| load | plain µs/append | hashed µs/append | ratio |\n|---|---|---|---|");
    for load in &LOADS {
        let (mut without, mut with, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            let hashed_first = round % 2 == 1;
            let (first, second) = (run(load, hashed_first), run(load, !hashed_first));
            let (plain, hashed) = if hashed_first {
                (second, first)
            } else {
                (first, second)
            };
            without.push(load.microseconds(plain));
            with.push(load.microseconds(hashed));
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

impl Load {
    /// Of an append, where all took so many seconds.
    #[expect(clippy::cast_precision_loss, reason = "well below 2^52")]
    fn microseconds(&self, seconds: f64) -> f64 {
        seconds * 1e6 / (self.tasks * self.appends) as f64
    }

    /// How many seconds it takes to append.
    pub(crate) async fn append_to(&self, store: impl EventStore + Clone) -> f64 {
        let start = Instant::now();
        let tasks = (0..self.tasks).map(|task| {
            let store = store.clone();
            let stream = StreamId::new("account", &task.to_string()).expect("a name");
            let (appends, count) = (self.appends, self.events);
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
}

fn payload(task: usize, number: usize) -> String {
    format!(
        r#"{{"cents":{number},"currency":"EUR","reference":"transaction-{task:04}-{number:09}","counterparty":"DE89-3704-0044-0532-0130-00","note":"thank you"}}"#
    )
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
