//! Law 11: what can't be stored is refused, with the reason, and harms nobody else.

use std::sync::Arc;

use es_core::{AnyStore, EventStore, Expected, Invalid, NewEvent, StoreError, StreamId};
use futures_util::future::join_all;

use super::Failure;
use super::bench::{Bench, append, json, read, stream, whole};
use super::failure::{Fact, holds, same, shown};

/// The append is invalid as `which` says, and changes nothing: on a stream with events, and on one without.
async fn is_invalid(
    bench: &Bench,
    store: &AnyStore,
    events: &[NewEvent],
    which: impl Fn(&Invalid) -> bool,
) -> Fact {
    let there = stream("there")?;
    if read(store, &there).await?.is_empty() {
        bench.grow(store, &there, 2).await?;
    }
    let before = whole(store).await?;
    for stream in [&there, &stream("absent")?] {
        for expected in [Expected::Any, Expected::NoStream, Expected::StreamExists] {
            let answer = append(store, stream, expected, events.to_vec()).await;
            let right = matches!(&answer, Err(StoreError::Invalid(invalid)) if which(invalid));
            let size = events.len();
            holds(right, || {
                format!(
                    "an invalid append of {size} events was answered {}",
                    shown(&answer)
                )
            })?;
        }
    }
    same(
        "the store after invalid appends",
        &whole(store).await?,
        &before,
    )
}

pub(crate) async fn an_empty_append_is_invalid(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let empty = |invalid: &Invalid| matches!(invalid, Invalid::EmptyAppend);
    is_invalid(bench, &store, &[], empty).await
}

pub(crate) async fn two_events_with_one_id_are_invalid(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let mut events = bench.events(3);
    events[2].id = events[0].id;
    let id = events[0].id;
    let duplicate =
        |invalid: &Invalid| matches!(invalid, Invalid::DuplicateId(found) if *found == id);
    is_invalid(bench, &store, &events, duplicate).await
}

/// A JSON string of so many bytes.
fn text(bytes: usize) -> Arc<str> {
    format!("\"{}\"", "x".repeat(bytes.saturating_sub(2))).into()
}

pub(crate) async fn an_append_over_a_limit_is_invalid(bench: &Bench) -> Fact {
    let (store, limits) = (bench.handle().await?, bench.profile.limits);
    let many = bench.events(limits.events + 1);
    is_invalid(bench, &store, &many, |invalid| {
        matches!(invalid, Invalid::TooManyEvents { count, limit } if (*count, *limit) == (limits.events + 1, limits.events))
    })
    .await?;

    let mut events = bench.events(2);
    events[1].payload = json(text(limits.payload_bytes + 1));
    is_invalid(bench, &store, &events, |invalid| {
        matches!(invalid, Invalid::PayloadTooLarge { index: 1, limit, .. } if *limit == limits.payload_bytes)
    })
    .await?;

    let mut events = bench.events(2);
    events[1].metadata = json(text(limits.metadata_bytes + 1));
    is_invalid(bench, &store, &events, |invalid| {
        matches!(invalid, Invalid::MetadataTooLarge { index: 1, limit, .. } if *limit == limits.metadata_bytes)
    })
    .await?;

    let payload = text(limits.payload_bytes.min(limits.append_bytes));
    let events: Vec<_> = (0..=limits.append_bytes / payload.len())
        .map(|_| bench.event_of(Arc::clone(&payload)))
        .collect();
    is_invalid(bench, &store, &events, |invalid| {
        matches!(invalid, Invalid::AppendTooLarge { limit, .. } if *limit == limits.append_bytes)
    })
    .await
}

pub(crate) async fn an_append_at_its_limits_is_accepted(bench: &Bench) -> Fact {
    let (store, limits) = (bench.handle().await?, bench.profile.limits);
    let (large, many) = (stream("large")?, stream("many")?);
    let mut event = bench.event();
    let room = limits.append_bytes - event.name.len() - limits.metadata_bytes;
    event.payload = json(text(limits.payload_bytes.min(room)));
    event.metadata = json(text(limits.metadata_bytes));
    append(&store, &large, Expected::NoStream, vec![event.clone()]).await?;
    let stored = read(&store, &large).await?;
    let intact = stored.len() == 1 && stored[0].payload == event.payload;
    holds(intact, || "the largest payload didn't come back".into())?;

    let room = limits.append_bytes / (bench.event().bytes() + bench.profile.event_overhead);
    let count = limits.events.min(room);
    let appended = bench.grow(&store, &many, count).await?;
    same(
        "the revision after the largest append",
        appended.revision().number(),
        count as u64,
    )?;
    same("events", read(&store, &many).await?.len(), count)
}

pub(crate) async fn a_name_that_is_none_is_invalid(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let too_long = "n".repeat(NewEvent::MAX_NAME + 1);
    for name in ["", &too_long, "a\0b", "a\nb", "a\u{7f}", "\u{85}"] {
        let events = [bench.event(), bench.named(name)];
        let of_name = |invalid: &Invalid| matches!(invalid, Invalid::EventName);
        let fact = is_invalid(bench, &store, &events, of_name).await;
        fact.map_err(|failure| failure.after(format!("an event with the name {name:?}")))?;
    }
    Ok(())
}

pub(crate) async fn a_version_of_zero_is_invalid(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    let mut events = bench.events(2);
    events[1].version = 0;
    let zero = |invalid: &Invalid| matches!(invalid, Invalid::VersionZero);
    is_invalid(bench, &store, &events, zero).await
}

pub(crate) async fn an_invalid_append_does_not_fail_its_neighbours(bench: &Bench) -> Fact {
    let (store, limits) = (bench.handle().await?, bench.profile.limits);
    let oversized = text(limits.payload_bytes + 1);
    let mut appends = Vec::new();
    for index in 0..48 {
        let stream = StreamId::new("neighbour", &format!("{}", index % 6))?;
        let mut events = bench.events(2);
        match index % 12 {
            3 => events[1].payload = json(Arc::clone(&oversized)),
            6 => events[1].version = 0,
            9 => events.clear(),
            _ => {}
        }
        appends.push((index, stream, events));
    }
    let queued = appends.iter().map(|(_, stream, events)| {
        store.append(es_core::Append::new(
            stream.clone(),
            Expected::Any,
            events.clone(),
        ))
    });
    let answers = bench
        .soon("appends beside invalid ones", join_all(queued))
        .await?;
    for ((index, ..), answer) in appends.iter().zip(answers) {
        let invalid = matches!(index % 12, 3 | 6 | 9);
        match answer {
            Ok(_) if !invalid => {}
            Err(StoreError::Invalid(_)) if invalid => {}
            answer => {
                let message = format!("append {index} was answered {}", shown(&answer));
                return Err(Failure::new(message));
            }
        }
    }
    same("events", whole(&store).await?.log().len(), 36 * 2)
}
