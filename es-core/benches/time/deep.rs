//! A correction in the middle of a long stream, beside one fold of it.

use std::future::IntoFuture;

use es_core::{At, Repository, Revision};
use tokio::runtime::Runtime;

use crate::{Corrected, EVENTS, filled, median, moved, timed};

pub(crate) fn run(runtime: &Runtime, id: &String) {
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
