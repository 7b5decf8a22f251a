//! Laws 1 and 2: an append is whole, and revisions are contiguous.

use std::sync::atomic::{AtomicBool, Ordering};

use es_core::{AnyStore, EventStore, Expected, LogQuery, Position, Revision, StreamId};
use futures_util::future::try_join;

use super::bench::{Bench, append, ids_of, log_pages, read, revisions_of, stream, whole};
use super::failure::{Fact, Failure, holds, same};

pub(crate) async fn all_events_of_an_append_are_stored_in_order(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    for (before, count) in [(0, 1), (1, 3), (4, 100)] {
        let events = bench.events(count);
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        let appended = append(&store, &stream, Expected::Any, events).await?;
        same(
            "placements of the append",
            appended.placements().len(),
            count,
        )?;
        let stored = read(&store, &stream).await?;
        same(
            "ids of the stream's last events",
            &ids_of(&stored)[before..],
            &ids,
        )?;
        let log = whole(&store).await?;
        same(
            "ids of the log's last events",
            &ids_of(log.log())[before..],
            &ids,
        )?;
    }
    Ok(())
}

pub(crate) async fn an_append_is_seen_whole_or_not_at_all(bench: &Bench) -> Fact {
    const APPENDS: usize = 40;
    let (writer, reader, stream) = (bench.handle().await?, bench.handle().await?, stream("1")?);
    let done = AtomicBool::new(false);
    let writing = async {
        for _ in 0..APPENDS {
            bench.grow(&writer, &stream, FIVE).await?;
            tokio::task::yield_now().await;
        }
        done.store(true, Ordering::SeqCst);
        Ok::<_, Failure>(())
    };
    let reading = async {
        while !done.load(Ordering::SeqCst) {
            sees_whole_appends(&reader, &stream).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    // In one task: whenever the writer has to wait within an append, the reader has a look.
    let both = bench.soon("writing and reading", try_join(writing, reading));
    both.await??;
    same(
        "events",
        read(&reader, &stream).await?.len(),
        APPENDS * FIVE,
    )
}

const FIVE: usize = 5;

/// The stream and the log, up to the head that it has, hold whole appends of five.
async fn sees_whole_appends(reader: &AnyStore, stream: &StreamId) -> Fact {
    let seen = read(reader, stream).await?.len();
    holds(seen.is_multiple_of(FIVE), || {
        format!("a reader saw {seen} events of appends of {FIVE}")
    })?;
    let until = LogQuery::all().until(reader.head().await?);
    let seen = log_pages(reader, until).await?.len();
    holds(seen.is_multiple_of(FIVE), || {
        format!("a reader of the log saw {seen} events of appends of {FIVE}")
    })
}

pub(crate) async fn a_refused_append_leaves_none_of_its_events(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let first = bench.events(2);
    append(&store, &stream, Expected::NoStream, first.clone()).await?;
    let before = whole(&store).await?;

    let conflicting = bench.events(3);
    let mut reusing = bench.events(2);
    reusing.push(first[1].clone());
    let mut invalid = bench.events(3);
    invalid[2].version = 0;
    for (what, expected, events) in [
        ("in conflict", Expected::NoStream, conflicting),
        ("reusing ids", Expected::Any, reusing),
        ("invalid", Expected::Any, invalid),
    ] {
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        let answer = append(&store, &stream, expected, events).await;
        holds(answer.is_err(), || format!("an append {what} was accepted"))?;
        same(
            format!("the store after an append {what}"),
            &whole(&store).await?,
            &before,
        )?;
        let count = read(&store, &stream).await?.len();
        same(format!("events after an append {what}"), count, 2)?;
        for id in ids.into_iter().filter(|id| *id != first[1].id) {
            let found = store.find(&stream, id).await?;
            same(format!("an event of an append {what}"), found, None)?;
        }
    }
    Ok(())
}

pub(crate) async fn revisions_count_from_one_without_gaps(bench: &Bench) -> Fact {
    let (store, a, b) = (bench.handle().await?, stream("a")?, stream("b")?);
    let (mut of_a, mut of_b) = (0, 0);
    for count in [1, 3, 1, 2, 7] {
        let appended = bench.grow(&store, &a, count).await?;
        let placed: Vec<_> = appended.placements().iter().map(|at| at.revision).collect();
        let expected: Vec<_> = (1..=count as u64)
            .map(|n| Revision::new(of_a + n))
            .collect();
        same("revisions of an append", placed, expected)?;
        of_a += count as u64;
        bench.grow(&store, &b, 2).await?;
        of_b += 2;
    }
    for (stream, events) in [(&a, of_a), (&b, of_b)] {
        let read = revisions_of(&read(&store, stream).await?);
        same("revisions read", read, (1..=events).collect())?;
    }
    Ok(())
}

pub(crate) async fn a_refused_append_uses_up_no_revision(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let mut last = Position::START;
    for revision in 1..=5 {
        let refused = append(
            &store,
            &stream,
            Expected::Exact(Revision::new(99)),
            bench.events(2),
        );
        holds(refused.await.is_err(), || {
            "an append was accepted that expects revision 99".into()
        })?;
        let invalid = append(&store, &stream, Expected::Any, Vec::new()).await;
        holds(invalid.is_err(), || "an empty append was accepted".into())?;
        let appended = bench.grow(&store, &stream, 1).await?;
        same(
            "revision after refusals",
            appended.revision(),
            Revision::new(revision),
        )?;
        holds(appended.position() > last, || {
            format!("position {last} came again")
        })?;
        last = appended.position();
    }
    Ok(())
}
