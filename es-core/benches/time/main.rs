//! What past states and corrections cost, on a stream of 100,000 events in memory, as ratios to one fold of it.
//!
//! `cargo bench -p es-core --bench time`. All sides of a table run in turn, and the figure is the median of the rounds.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::{
    Aggregate, Apply, At, Correctable, Event, LoadError, Loaded, NoError, Repository, Revision,
    Snapshotting, Timestamp,
};
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

type Account = Repository<Plain, MemoryStore>;

fn opting_in(runtime: &Runtime, id: &String) {
    let plain = filled::<Plain>(runtime, id, EVENTS);
    let corrected = filled::<Corrected>(runtime, id, EVENTS);
    let plain = Account::new(plain.store().clone());
    let corrected = Repository::<Corrected, _>::new(corrected.store().clone());
    let times = medians(
        ROUNDS,
        &mut [
            &mut || timed(|| runtime.block_on(plain.load(id))),
            &mut || timed(|| runtime.block_on(corrected.load(id))),
        ],
    );
    println!("\n## Taking corrections where there are none\n");
    println!("| folding {EVENTS} events | ratio |\n|---|---|");
    println!("| an aggregate without corrections | 1.00 |");
    println!("| one that takes them | {:.2} |", times[1] / times[0]);
}

/// The streams that are compared: what is asked costs the same in both if it doesn't grow with the stream.
fn streams<A>(runtime: &Runtime, id: &String) -> [(u32, Repository<A, MemoryStore>); 2]
where
    A: Clone + Snapshotting + Aggregate<Id = String, Error = NoError>,
    Moved: es_core::Creation<A>,
{
    [EVENTS / 10, EVENTS].map(|events| (events, filled::<A>(runtime, id, events)))
}

fn as_of(runtime: &Runtime, id: &String) {
    let (plain, corrected) = (streams::<Plain>(runtime, id), streams(runtime, id));
    println!("\n## A past state, by its distance to the snapshot before it\n");
    println!("| state | in a stream of 10,000 | in one of 100,000 |\n|---|---|---|");
    for distance in [0, 10, 100, 999] {
        let times = plain.each_ref().map(|(events, accounts)| {
            let instant = at(events / 2 + distance);
            let load = || runtime.block_on(accounts.load_as_of(id, instant));
            assert_eq!(revision(&load()), events / 2 + distance);
            medians(101, &mut [&mut || timed(load)])[0] * 1e6
        });
        row("as known", distance, times);
    }
    for distance in [0, 10, 100, 999] {
        let times = corrected.each_ref().map(|(events, accounts)| {
            let instant = at(events / 2 + distance);
            let load = || runtime.block_on(accounts.load_effective(id, instant));
            let loaded: Result<Loaded<Corrected>, _> = load();
            assert_eq!(
                loaded.map_or(0, |it| it.balance),
                i64::from(events / 2 + distance)
            );
            medians(101, &mut [&mut || timed(load)])[0] * 1e6
        });
        row(
            "as effective, of one that takes corrections",
            distance,
            times,
        );
    }
}

fn row(what: &str, distance: u32, times: [f64; 2]) {
    let [short, long] = times;
    println!("| {what}, {distance} events after it | {short:.0} µs | {long:.0} µs |");
}

fn revision(loaded: &Result<Loaded<Plain>, LoadError>) -> u32 {
    let number = loaded.as_ref().map_or(0, |it| it.revision().number());
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A late event and a correction, each followed by the load that folds what it touches.
fn late(runtime: &Runtime, id: &String) {
    let streams = streams::<Corrected>(runtime, id);
    println!("\n## A change of the past, by how many events are behind it\n");
    println!("| what | in a stream of 10,000 | in one of 100,000 |\n|---|---|---|");
    for distance in [10, 100, 1_000, 9_000] {
        let mut appends = [0.0; 2];
        let mut corrects = [0.0; 2];
        let mut loads = [0.0; 2];
        for (side, (events, accounts)) in streams.iter().enumerate() {
            let (mut append, mut correct, mut load) = (Vec::new(), Vec::new(), Vec::new());
            for round in 0..21 {
                let on = events - distance + round % 5;
                let late = accounts.execute(id, |_| moved(0)).effective_at(at(on));
                append.push(timed(|| runtime.block_on(late.into_future()).is_ok()));
                load.push(timed(|| runtime.block_on(accounts.load(id)).is_ok()));
                let correction = accounts.correct(id).by("auditor").because("a benchmark");
                let correction = correction.insert(moved(0), at(on));
                correct.push(timed(|| runtime.block_on(correction.into_future()).is_ok()));
                load.push(timed(|| runtime.block_on(accounts.load(id)).is_ok()));
            }
            appends[side] = median(append) * 1e6;
            corrects[side] = median(correct) * 1e6;
            loads[side] = median(load) * 1e6;
        }
        for (what, [short, long]) in [
            ("late event", appends),
            ("correction", corrects),
            ("load after either", loads),
        ] {
            println!("| {what}, {distance} events back | {short:.0} µs | {long:.0} µs |");
        }
    }
}

fn deep_correction(runtime: &Runtime, id: &String) {
    let (mut corrects, mut firsts, mut seconds, mut pasts, mut folds) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let accounts = filled::<Corrected>(runtime, id, EVENTS);
        let plain = Repository::<Corrected, _>::new(accounts.store().clone());
        folds.push(timed(|| runtime.block_on(plain.load(id))));
        let target = Revision::new(u64::from(EVENTS / 2));
        let correction = accounts.correct(id).by("auditor").because("a benchmark");
        let correction = correction.replace(target, moved(0));
        corrects.push(timed(|| runtime.block_on(correction.into_future())));
        firsts.push(timed(|| runtime.block_on(accounts.load(id))));
        seconds.push(timed(|| runtime.block_on(accounts.load(id))));
        let known = At::known(Revision::new(u64::from(EVENTS)));
        pasts.push(timed(|| runtime.block_on(accounts.load_at(id, known))));
    }
    let fold = median(folds);
    println!("\n## A correction in the middle of {EVENTS} events\n");
    println!("| what | ratio to one fold of the stream |\n|---|---|");
    for (what, times) in [
        ("making the correction, with its check", corrects),
        ("the first load after it", firsts),
        ("the second load", seconds),
        ("the state as known before it", pasts),
    ] {
        println!("| {what} | {:.4} |", median(times) / fold);
    }
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let id = "ada".to_owned();
    opting_in(&runtime, &id);
    as_of(&runtime, &id);
    late(&runtime, &id);
    deep_correction(&runtime, &id);
    Ok(())
}
