//! Past states by their distance to the snapshot before them, in two streams: what doesn't grow with the stream is the same
//! in both.

use es_core::{Aggregate, At, NoError, Repository, Revision};
use es_memory::MemoryStore;
use tokio::runtime::Runtime;

use crate::{Corrected, EVENTS, Plain, at, medians, streams, timed};

const DISTANCES: [u32; 5] = [0, 10, 100, 500, 999];

/// The streams' lengths with a repository of each.
type Streams<A> = [(u32, Repository<A, MemoryStore>); 2];

/// What of a stream is asked, at its event of this number: the query's words, and the query.
type Query = (&'static str, fn(u32) -> At);

fn at_revision(event: u32) -> At {
    At::known(Revision::new(event.into()))
}

fn as_known(event: u32) -> At {
    At::known(at(event))
}

fn as_effective(event: u32) -> At {
    At::effective(at(event))
}

/// As it was known an hour after.
fn by_both(event: u32) -> At {
    At::effective(at(event)).known_at(at(event + 60))
}

pub(crate) fn run(runtime: &Runtime, id: &String) {
    println!("\n## A past state, by its distance to the snapshot before it\n");
    let (short, long) = (EVENTS / 10, EVENTS);
    println!(
        "| state | events since | in {short}, µs | in {long}, µs | ratio |\n|---|---|---|---|---|"
    );
    let plain: Streams<Plain> = streams(runtime, id);
    let queries: [Query; 2] = [
        ("`load_at(revision)`", at_revision),
        ("`load_as_of(instant)`", as_known),
    ];
    rows(runtime, id, &plain, &queries, |state| state.balance);
    let corrected: Streams<Corrected> = streams(runtime, id);
    let queries: [Query; 4] = [
        ("`load_at(revision)`, with corrections", at_revision),
        ("`load_as_of(instant)`, with corrections", as_known),
        ("`load_effective(instant)`, with corrections", as_effective),
        ("both clocks, known an hour later", by_both),
    ];
    rows(runtime, id, &corrected, &queries, |state| state.balance);
}

fn rows<A: Aggregate<Id = String, Error = NoError>>(
    runtime: &Runtime,
    id: &String,
    streams: &Streams<A>,
    queries: &[Query],
    balance: fn(&A) -> i64,
) {
    for (what, query) in queries {
        for distance in DISTANCES {
            // In the middle, so that as much is behind it as before it.
            let events = streams.each_ref().map(|(events, _)| events / 2 + distance);
            let load = |side: usize| {
                let at = query(events[side]);
                runtime.block_on(streams[side].1.load_at(id, at))
            };
            for (side, events) in events.into_iter().enumerate() {
                let loaded = load(side).unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(balance(&loaded), i64::from(events), "{what}");
            }
            let times = medians(
                101,
                &mut [&mut || timed(|| load(0)), &mut || timed(|| load(1))],
            );
            let (short, long) = (times[0] * 1e6, times[1] * 1e6);
            println!(
                "| {what} | {distance} | {short:.1} | {long:.1} | {:.2} |",
                long / short
            );
        }
    }
}
