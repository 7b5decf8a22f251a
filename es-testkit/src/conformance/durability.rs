//! Law 6: what was acknowledged is there for the next process, or the store says that it isn't.
//!
//! Here the store is closed and opened. That it also survives being killed, and a power loss by its settings, is for
//! each store's own tests: only they know which process to kill.

use es_core::{EventStore, Expected, Position, Revision};

use super::bench::{Bench, append, read, stream, whole};
use super::failure::{Fact, holds, same};
use super::{Declared, Failure};

pub(crate) async fn what_was_acknowledged_is_there_when_the_store_is_opened_anew(
    bench: &Bench,
) -> Fact {
    let store = bench.handle().await?;
    for id in ["a", "b"] {
        bench.grow(&store, &stream(id)?, 3).await?;
        bench.grow(&store, &stream(id)?, 1).await?;
    }
    let before = whole(&store).await?;
    drop(store);
    let store = bench.subject.reopen().await?;
    let after = whole(&store).await?;
    if !bench.declares(Declared::Volatile) {
        return same("the store opened anew", &after, &before);
    }
    let nothing = after.log().is_empty() && store.head().await? == Position::START;
    holds(nothing, || {
        "a store that declares `Volatile` has events when it is opened anew: drop the declaration"
            .into()
    })
}

pub(crate) async fn appending_goes_on_where_it_was(bench: &Bench) -> Fact {
    if bench.declares(Declared::Volatile) {
        // The store of the next process is another one; it has to be a working one.
        let store = bench.subject.reopen().await?;
        let appended = bench.grow(&store, &stream("1")?, 1).await?;
        return same("revision", appended.revision(), Revision::FIRST);
    }
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let events = bench.events(3);
    let first = append(&store, &stream, Expected::NoStream, events.clone()).await?;
    drop(store);

    let store = bench.subject.reopen().await?;
    let again = append(&store, &stream, Expected::NoStream, events).await?;
    same(
        "a repeat's placements",
        again.placements(),
        first.placements(),
    )?;
    let exact = Expected::Exact(Revision::new(3));
    let next = append(&store, &stream, exact, bench.events(1)).await?;
    same("revision", next.revision(), Revision::new(4))?;
    let (was, is) = (first.last(), next.last());
    if is.position <= was.position || is.recorded_at < was.recorded_at {
        let message = format!("after {was:?} came {is:?}");
        return Err(Failure::new(message));
    }
    same("events", read(&store, &stream).await?.len(), 4)
}
