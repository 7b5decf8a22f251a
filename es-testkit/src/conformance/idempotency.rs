//! Law 5: an append is known by its event ids.

use es_core::{AnyStore, Expected, NewEvent, Revision, StoreError, StreamId};
use futures_util::future::join_all;

use super::Failure;
use super::bench::{Bench, append, ids_of, json, read, stream, whole};
use super::failure::{Fact, holds, same};

const EVERY: [Expected; 5] = [
    Expected::Any,
    Expected::NoStream,
    Expected::StreamExists,
    Expected::Exact(Revision::FIRST),
    Expected::Exact(Revision::new(99)),
];

/// A stream `a b c d e`, of the appends `a`, `b c d` and `e`.
async fn five(bench: &Bench, store: &AnyStore) -> Result<(StreamId, Vec<NewEvent>), Failure> {
    let (stream, events) = (stream("1")?, bench.events(5));
    for part in [&events[..1], &events[1..4], &events[4..]] {
        append(store, &stream, Expected::Any, part.to_vec()).await?;
    }
    Ok((stream, events))
}

/// The append is answered with the placements that its events have, and changes nothing.
async fn is_repeat(
    store: &AnyStore,
    stream: &StreamId,
    expected: Expected,
    events: &[NewEvent],
) -> Fact {
    let before = whole(store).await?;
    let stored = read(store, stream).await?;
    let appended = append(store, stream, expected, events.to_vec()).await?;
    holds(appended.is_repeated(), || {
        "a repeat is not told as one".into()
    })?;
    let placed = stored
        .iter()
        .filter(|stored| events.iter().any(|event| event.id == stored.envelope.id))
        .map(|stored| {
            (
                stored.envelope.revision,
                stored.position,
                stored.envelope.recorded_at,
            )
        });
    let told = appended.placements().iter();
    let told: Vec<_> = told
        .map(|at| (at.revision, at.position, at.recorded_at))
        .collect();
    same("placements of a repeat", told, placed.collect())?;
    same("the store after a repeat", &whole(store).await?, &before)
}

/// The append is refused since its ids were used, and changes nothing.
async fn is_reuse(
    store: &AnyStore,
    stream: &StreamId,
    expected: Expected,
    events: &[NewEvent],
) -> Fact {
    let before = whole(store).await?;
    let answer = append(store, stream, expected, events.to_vec()).await;
    let reused = matches!(answer, Err(StoreError::IdReused { .. }));
    holds(reused, || {
        format!("ids were used before, but the answer is {answer:?}")
    })?;
    same(
        "the store after a reuse of ids",
        &whole(store).await?,
        &before,
    )
}

pub(crate) async fn a_repeated_append_has_its_first_result(bench: &Bench) -> Fact {
    let (store, stream, events) = (bench.handle().await?, stream("1")?, bench.events(3));
    let first = append(&store, &stream, Expected::NoStream, events.clone()).await?;
    holds(!first.is_repeated(), || {
        "a first append is told as a repeat".into()
    })?;
    let again = append(&store, &stream, Expected::NoStream, events.clone()).await?;
    same("placements", again.placements(), first.placements())?;
    is_repeat(&store, &stream, Expected::NoStream, &events).await?;
    bench.grow(&store, &stream, 2).await?;
    is_repeat(&store, &stream, Expected::NoStream, &events).await
}

pub(crate) async fn a_repeat_is_known_before_its_expectation_is_looked_at(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let (stream, events) = five(bench, &store).await?;
    for expected in EVERY {
        for part in [&events[..1], &events[1..4], &events[4..]] {
            let repeat = is_repeat(&store, &stream, expected, part).await;
            repeat.map_err(|failure| failure.after(format!("{expected:?}")))?;
        }
    }
    Ok(())
}

pub(crate) async fn a_repeat_is_known_from_every_handle(bench: &Bench) -> Fact {
    let (store, stream, events) = (bench.handle().await?, stream("1")?, bench.events(2));
    append(&store, &stream, Expected::NoStream, events.clone()).await?;
    for other in bench.handles(3).await? {
        is_repeat(&other, &stream, Expected::NoStream, &events).await?;
    }
    Ok(())
}

pub(crate) async fn a_repeat_is_known_whatever_appends_its_ids_came_in(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let (stream, events) = five(bench, &store).await?;
    for part in [
        &events[2..3],
        &events[1..3],
        &events[..2],
        &events[3..],
        &events[..],
    ] {
        is_repeat(&store, &stream, Expected::NoStream, part).await?;
    }
    Ok(())
}

pub(crate) async fn a_repeat_with_events_missing_or_added_is_refused(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let (stream, old) = five(bench, &store).await?;
    let new = bench.events(2);
    for mixed in [
        vec![old[4].clone(), new[0].clone()],
        vec![new[0].clone(), old[4].clone()],
        vec![old[0].clone(), new[0].clone(), old[1].clone()],
        vec![new[0].clone(), old[2].clone(), new[1].clone()],
    ] {
        is_reuse(&store, &stream, Expected::Any, &mixed).await?;
    }
    append(&store, &stream, Expected::Any, new).await?;
    Ok(())
}

pub(crate) async fn ids_in_another_order_are_refused(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let (stream, events) = five(bench, &store).await?;
    let mut turned = events[1..4].to_vec();
    turned.reverse();
    is_reuse(&store, &stream, Expected::Any, &turned).await?;
    turned.swap(0, 1);
    is_reuse(&store, &stream, Expected::Any, &turned).await
}

pub(crate) async fn ids_that_do_not_follow_each_other_are_refused(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let (stream, events) = five(bench, &store).await?;
    for (first, second) in [(0, 2), (1, 3), (0, 4)] {
        let apart = [events[first].clone(), events[second].clone()];
        is_reuse(&store, &stream, Expected::Any, &apart).await?;
    }
    Ok(())
}

pub(crate) async fn reused_ids_are_known_before_the_expectation_is_looked_at(
    bench: &Bench,
) -> Fact {
    let store = bench.handle().await?;
    let (stream, old) = five(bench, &store).await?;
    for expected in EVERY {
        let mixed = [old[4].clone(), bench.event()];
        is_reuse(&store, &stream, expected, &mixed).await?;
        let turned = [old[1].clone(), old[0].clone()];
        is_reuse(&store, &stream, expected, &turned).await?;
    }
    Ok(())
}

pub(crate) async fn the_same_ids_in_another_stream_are_another_append(bench: &Bench) -> Fact {
    let (store, events) = (bench.handle().await?, bench.events(2));
    let mut last = None;
    for id in ["a", "b", "c"] {
        let stream = stream(id)?;
        let appended = append(&store, &stream, Expected::NoStream, events.clone()).await?;
        let new = !appended.is_repeated() && last < Some(appended.position());
        holds(new, || {
            format!("ids of another stream were taken for a repeat in {stream}")
        })?;
        last = Some(appended.position());
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        same("ids", ids_of(&read(&store, &stream).await?), ids)?;
    }
    Ok(())
}

pub(crate) async fn payloads_of_a_repeat_are_not_compared(bench: &Bench) -> Fact {
    let (store, stream, mut events) = (bench.handle().await?, stream("1")?, bench.events(2));
    append(&store, &stream, Expected::NoStream, events.clone()).await?;
    let before = whole(&store).await?;
    for event in &mut events {
        event.payload = json(r#"{"note":"another"}"#);
        event.metadata = json(r#"{"actor":"somebody else"}"#);
        event.version = 7;
        event.name = "suite.something-else".into();
    }
    is_repeat(&store, &stream, Expected::NoStream, &events).await?;
    same("the store after a repeat", &whole(&store).await?, &before)
}

pub(crate) async fn the_same_append_many_times_at_once_is_written_once(bench: &Bench) -> Fact {
    let handles = bench.handles(2).await?;
    for (id, expected) in [("a", Expected::NoStream), ("b", Expected::Any)] {
        let (stream, events) = (stream(id)?, bench.events(2));
        let repeats = (0..16).map(|index| {
            let (store, stream) = (handles[index % 2].clone(), stream.clone());
            let events = events.clone();
            tokio::spawn(async move { append(&store, &stream, expected, events).await })
        });
        let mut answers = Vec::new();
        for answer in bench.soon("repeats at once", join_all(repeats)).await? {
            answers.push(answer??);
        }
        let first = answers.iter().filter(|appended| !appended.is_repeated());
        same("appends that are no repeats", first.count(), 1)?;
        let told = |appended: &es_core::Appended| appended.placements() == answers[0].placements();
        holds(answers.iter().all(told), || {
            "repeats have different results".into()
        })?;
        same("events", read(&handles[0], &stream).await?.len(), 2)?;
    }
    Ok(())
}
