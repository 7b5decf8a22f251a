//! What hashing costs: the loads on a log that hashes and on one that doesn't, the same for each store's benchmark.
//!
//! Both logs are there at once, fresh in each round, and take turns every few appends, as the speed of the machine and of its
//! disk drifts; the figure is the median of the rounds' ratios of time. An append may cost a tenth more.

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

/// How many times each task appends to one log before it is the other one's turn.
const STRETCH: usize = 10;

/// Prints the table of all loads. `run` has a load [append](Load::append_to) to a fresh log without hashes and to one with.
pub(crate) fn compare(rounds: usize, run: impl Fn(&Load) -> [f64; 2]) {
    println!("| load | plain µs/append | hashed µs/append | ratio |\n|---|---|---|---|");
    for load in &LOADS {
        let (mut without, mut with, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let [plain, hashed] = run(load);
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

    /// How many seconds it takes to append to each of two logs.
    pub(crate) async fn append_to(&self, logs: [impl EventStore + Clone; 2]) -> [f64; 2] {
        let mut taken = [0.0; 2];
        for stretch in 0..self.appends / STRETCH {
            // Each is the first in every other stretch.
            for turn in 0..logs.len() {
                let log = (stretch + turn) % logs.len();
                let start = Instant::now();
                self.append_some(&logs[log], stretch * STRETCH).await;
                taken[log] += start.elapsed().as_secs_f64();
            }
        }
        taken
    }

    /// Appends to a log where so many appends of each task are there.
    async fn append_some(&self, store: &(impl EventStore + Clone), before: usize) {
        let tasks = (0..self.tasks).map(|task| {
            let store = store.clone();
            let stream = StreamId::new("account", &task.to_string()).expect("a name");
            let count = self.events;
            tokio::spawn(async move {
                for append in before..before + STRETCH {
                    let revision = Revision::new((append * count) as u64);
                    let event = |event| {
                        let payload = Json::from_stored(payload(task, append * count + event));
                        NewEvent::new(EventId::random(), "account.deposited", 1, payload)
                    };
                    let events = (0..count).map(event).collect();
                    let append = Append::new(stream.clone(), Expected::Exact(revision), events);
                    store.append(append).await.expect("it is appended");
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("the task ends");
        }
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
