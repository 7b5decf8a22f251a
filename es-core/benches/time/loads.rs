//! What a load costs who takes no corrections, and who does: beside the plain loop.

use std::collections::BTreeMap;

use es_core::{Event, EventStore, Loaded, Repository, StoreError, StreamId, StreamQuery};
use es_memory::MemoryStore;
use tokio::runtime::Runtime;

use crate::{Corrected, EVENTS, Moved, Plain, ROUNDS, filled, medians, timed};

/// The same fold as before there were clocks and corrections, by hand: each page, each event by its name, decoded as the
/// library decodes it, onto the state.
async fn bare(store: &MemoryStore, stream: &StreamId) -> Result<Plain, StoreError> {
    // A program with one event still asks which one it is.
    let names: BTreeMap<&str, fn(&mut Plain, Moved)> = BTreeMap::from([(Moved::NAME, apply as _)]);
    let mut state = Plain::default();
    let mut next = Some(StreamQuery::forwards(stream.clone()));
    while let Some(query) = next.take() {
        let page = store.read_stream(query.clone()).await?;
        next = query.after(&page);
        for stored in &page.events {
            let Some(apply) = names.get(&*stored.name) else {
                return Err(StoreError::Backend("another event".into()));
            };
            let event = Moved::decode(stored.version, stored.payload.as_str());
            apply(
                &mut state,
                event.map_err(|error| StoreError::Backend(error.into()))?,
            );
        }
    }
    Ok(state)
}

fn apply(state: &mut Plain, event: Moved) {
    state.balance += event.cents;
    state.last = event.reference;
}

pub(crate) fn run(runtime: &Runtime, id: &String) {
    let plain = filled::<Plain>(runtime, id, EVENTS);
    let corrected = filled::<Corrected>(runtime, id, EVENTS);
    let stream = StreamId::of::<Plain>(id).unwrap_or_else(|error| panic!("{error}"));
    let store = plain.store();
    let plain = Repository::<Plain, _>::new(store.clone());
    let corrected = Repository::<Corrected, _>::new(corrected.store().clone());
    let loaded = runtime.block_on(plain.load(id)).map(Loaded::into_state);
    assert_eq!(
        loaded.ok(),
        runtime.block_on(bare(store, &stream)).ok(),
        "both come to the same"
    );
    let times = medians(
        2 * ROUNDS,
        &mut [
            &mut || timed(|| runtime.block_on(bare(store, &stream))),
            &mut || timed(|| runtime.block_on(plain.load(id))),
            &mut || timed(|| runtime.block_on(corrected.load(id))),
        ],
    );
    println!("\n## A load where there are no corrections\n");
    println!("| folding {EVENTS} events | time, as a ratio |\n|---|---|");
    for (what, time) in [
        "a loop over the pages, by hand",
        "`load` of an aggregate that takes no corrections",
        "`load` of one that takes them",
    ]
    .into_iter()
    .zip(&times)
    {
        println!("| {what} | {:.2} |", time / times[0]);
    }
}
