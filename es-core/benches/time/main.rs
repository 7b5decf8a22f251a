//! What past states and corrections cost, on a stream of 100,000 events in memory, as ratios.
//!
//! `cargo bench -p es-core --bench time`. All sides of a table run in turn, and the figure is the median of the rounds. A
//! word behind `--` runs the tables of that name: `loads`, `past`, `late` or `deep`.

mod deep;
mod late;
mod loads;
mod past;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::{Aggregate, Apply, Correctable, Event, NoError, Repository, Snapshotting, Timestamp};
use es_memory::MemoryStore;
use es_testkit::FixedClock;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const EVENTS: u32 = 100_000;
const ROUNDS: usize = 11;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.moved")]
struct Moved {
    cents: i64,
    reference: String,
}

/// Takes no corrections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "account", id = String, event = PlainEvent, error = NoError, snapshot(every = 1_000, fold = 1))]
#[event(Moved)]
struct Plain {
    balance: i64,
    last: String,
}

impl Apply<Moved> for Plain {
    fn apply(&mut self, event: Moved) {
        self.balance += event.cents;
        self.last = event.reference;
    }
}

/// The same, and takes them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account", id = String, event = CorrectedEvent, error = NoError, snapshot(every = 1_000, fold = 1), corrections
)]
#[event(Moved)]
struct Corrected {
    balance: i64,
    last: String,
}

impl Apply<Moved> for Corrected {
    fn apply(&mut self, event: Moved) {
        self.balance += event.cents;
        self.last = event.reference;
    }
}

impl Correctable for Corrected {}

fn at(event: u32) -> Timestamp {
    Timestamp::EPOCH.saturating_add(Duration::from_mins(1) * event)
}

fn moved(event: u32) -> Moved {
    Moved {
        cents: 1,
        reference: format!("transaction-{event:012}"),
    }
}

/// A stream with an event each minute, and a snapshot after each thousand.
fn filled<A>(runtime: &Runtime, id: &String, events: u32) -> Repository<A, MemoryStore>
where
    A: Clone + Snapshotting + Aggregate<Id = String, Error = NoError>,
    Moved: es_core::Creation<A>,
{
    let clock = Arc::new(FixedClock::at(at(1)));
    let store = MemoryStore::with_clock(Arc::clone(&clock));
    let accounts = Repository::<A, _>::new(store.clone()).with_snapshots(store);
    let filling = accounts.clone().with_cache(1);
    for event in 1..=events {
        clock.set(at(event));
        let executed = filling.execute(id, |_| moved(event));
        let executed = runtime.block_on(executed.into_future());
        executed.unwrap_or_else(|error| panic!("{error}"));
    }
    accounts
}

fn timed<T>(run: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(run());
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The medians of the sides' times, which run in turn.
fn medians(rounds: usize, sides: &mut [&mut dyn FnMut() -> f64]) -> Vec<f64> {
    let mut times = vec![Vec::new(); sides.len()];
    for _ in 0..rounds {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            times.push(side());
        }
    }
    times.into_iter().map(median).collect()
}

/// The streams that are compared: what is asked costs the same in both if it doesn't grow with the stream.
fn streams<A>(runtime: &Runtime, id: &String) -> [(u32, Repository<A, MemoryStore>); 2]
where
    A: Clone + Snapshotting + Aggregate<Id = String, Error = NoError>,
    Moved: es_core::Creation<A>,
{
    [EVENTS / 10, EVENTS].map(|events| (events, filled::<A>(runtime, id, events)))
}

/// What prints the tables of a name.
type Tables = fn(&Runtime, &String);

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let id = "ada".to_owned();
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |name: &str| {
        let names = || asked.iter().filter(|word| !word.starts_with('-'));
        names().next().is_none() || names().any(|word| word == name)
    };
    let tables: [(&str, Tables); 4] = [
        ("loads", loads::run),
        ("past", past::run),
        ("late", late::run),
        ("deep", deep::run),
    ];
    for (name, run) in tables {
        if is_asked(name) {
            run(&runtime, &id);
        }
    }
    Ok(())
}
