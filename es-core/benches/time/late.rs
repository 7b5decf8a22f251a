//! A late event and a correction, by how many events are behind them.

use std::future::IntoFuture;

use tokio::runtime::Runtime;

use crate::{Corrected, at, median, moved, streams, timed};

/// Each followed by the load that folds what it touches.
pub(crate) fn run(runtime: &Runtime, id: &String) {
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
