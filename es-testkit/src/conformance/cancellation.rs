//! Law 13: whatever is dropped, an append is whole or absent.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use es_core::{AnyStore, EventStore, Expected, LogQuery, StreamQuery};
use futures_util::future::join_all;

use super::Failure;
use super::bench::{Bench, append, ids_of, read, stream, whole};
use super::failure::{Fact, holds, same};

/// Polls a future so many times, each time when it is woken, and drops it: its output, if it got that far.
pub(crate) async fn polled<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Dropped now, not when it would be woken.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// More polls than an append can need; one that still isn't done never will be.
const MOST: usize = 1_000;
const EVENTS: usize = 3;

pub(crate) async fn an_append_dropped_at_any_poll_is_whole_or_absent(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    for polls in 0..MOST {
        let (stream, events) = (stream(&polls.to_string())?, bench.events(EVENTS));
        let dropped = polled(
            polls,
            append(&store, &stream, Expected::NoStream, events.clone()),
        );
        let answer = bench.soon("an append", dropped).await?;
        let stored = read(&store, &stream).await?.len();
        holds(stored == 0 || stored == EVENTS, || {
            format!("dropped after {polls} polls, {stored} of {EVENTS} events were stored")
        })?;
        // The same append again: the store works, and finds out which it was.
        let again = append(&store, &stream, Expected::NoStream, events.clone()).await?;
        same(
            "the revision at last",
            again.revision().number(),
            EVENTS as u64,
        )?;
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        same(
            "the ids at last",
            ids_of(&read(&store, &stream).await?),
            ids,
        )?;
        if let Some(answer) = answer {
            same("placements", again.placements(), answer?.placements())?;
            return Ok(());
        }
    }
    Err(Failure::new(format!(
        "an append isn't done after {MOST} polls"
    )))
}

pub(crate) async fn dropped_appends_do_not_take_their_neighbours_with_them(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    for polls in 0..6 {
        let streams = (0..32).map(|index| stream(&format!("{polls}-{index}")));
        let streams: Vec<_> = streams.collect::<Result<_, _>>()?;
        let appends = streams.iter().enumerate().map(|(index, stream)| {
            let polls = if index % 2 == 0 { MOST } else { polls };
            polled(
                polls,
                append(&store, stream, Expected::NoStream, bench.events(EVENTS)),
            )
        });
        let answers = bench
            .soon("appends beside dropped ones", join_all(appends))
            .await?;
        for (index, (stream, answer)) in streams.iter().zip(answers).enumerate() {
            let stored = read(&store, stream).await?.len();
            match answer {
                Some(answer) => {
                    answer?;
                    same("events of an append that was acknowledged", stored, EVENTS)?;
                }
                None if index % 2 == 0 => {
                    return Err(Failure::new(
                        "an append beside dropped ones was not answered",
                    ));
                }
                None => holds(stored == 0 || stored == EVENTS, || {
                    format!("a dropped append left {stored} of {EVENTS} events")
                })?,
            }
        }
    }
    Ok(())
}

pub(crate) async fn appends_outlive_or_vanish_with_their_runtime_as_a_whole(bench: &Bench) -> Fact {
    let reader = bench.handle().await?;
    let streams: Vec<_> = (0..24)
        .map(|index| stream(&index.to_string()))
        .collect::<Result<_, _>>()?;
    for round in 0..4 {
        let (its_bench, its_streams) = (bench.clone(), streams.clone());
        let dropping = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.map_err(|error| Failure::new(error.to_string()))?;
            runtime.block_on(async {
                // A handle of that runtime's: its connections may go down with it.
                let store = its_bench.handle().await?;
                for stream in its_streams {
                    let (store, events) = (store.clone(), its_bench.events(EVENTS));
                    tokio::spawn(
                        async move { append(&store, &stream, Expected::Any, events).await },
                    );
                }
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
                Ok::<_, Failure>(())
            })
            // Here the runtime is dropped, with whatever is queued.
        });
        bench
            .soon("a runtime that is dropped", dropping)
            .await???;
        are_whole(bench, &reader, &streams).await?;
    }
    Ok(())
}

/// Every stream consists of whole appends, and goes on.
async fn are_whole(bench: &Bench, store: &AnyStore, streams: &[es_core::StreamId]) -> Fact {
    for stream in streams {
        let appended = bench.grow(store, stream, EVENTS);
        let appended = bench
            .soon("an append after a dropped runtime", appended)
            .await??;
        let stored = read(store, stream).await?.len();
        holds(stored % EVENTS == 0, || {
            format!("{stored} events of appends of {EVENTS}")
        })?;
        holds(stored as u64 >= appended.revision().number(), || {
            "an acknowledged append is gone".into()
        })?;
    }
    Ok(())
}

pub(crate) async fn dropped_reads_leave_the_store_usable(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    bench.grow(&store, &stream, 20).await?;
    let before = whole(&store).await?;
    for polls in 0..40 {
        let head = store.head().await?;
        let id = bench.id();
        drop(
            polled(
                polls % 4,
                store.read_stream(StreamQuery::forwards(stream.clone())),
            )
            .await,
        );
        drop(polled(polls % 4, store.read_log(LogQuery::all())).await);
        drop(polled(polls % 4, store.find(&stream, id)).await);
        drop(polled(polls % 4, store.head()).await);
        drop(polled(1, store.wait_past(head)).await);
    }
    let after = bench
        .soon("a read after dropped ones", whole(&store))
        .await??;
    same("the store after dropped reads", &after, &before)?;
    bench
        .soon(
            "an append after dropped reads",
            bench.grow(&store, &stream, 1),
        )
        .await??;
    Ok(())
}
