//! Law 7: positions increase in commit order, so that a reader never skips an event.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::{AnyStore, EventStore, LogQuery, Position};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Failure;
use super::bench::{Bench, Dice, log_pages, stream, whole};
use super::failure::{Fact, holds, same};

pub(crate) async fn positions_increase_in_the_order_of_acknowledgement(bench: &Bench) -> Fact {
    let handles = bench.handles(2).await?;
    let mut last = Position::START;
    for index in 0..20 {
        let stream = stream(&format!("{}", index % 3))?;
        let appended = bench
            .grow(&handles[index % 2], &stream, 1 + index % 4)
            .await?;
        for placed in appended.placements() {
            let (is, was) = (placed.position, last);
            holds(is > was, || format!("position {is} was given after {was}"))?;
            last = is;
        }
    }
    let positions: Vec<_> = whole(&handles[0])
        .await?
        .log()
        .iter()
        .map(|event| event.position)
        .collect();
    let ascending = positions.is_sorted_by(|a, b| a < b);
    holds(ascending, || {
        format!("the log is in the order {positions:?}")
    })
}

pub(crate) async fn the_head_is_the_last_position(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    same(
        "the head of an empty store",
        store.head().await?,
        Position::START,
    )?;
    for count in [1, 3, 1] {
        let appended = bench.grow(&store, &stream("1")?, count).await?;
        same("the head", store.head().await?, appended.position())?;
        let log = whole(&store).await?;
        let last = log.log().last().map(|event| event.position);
        same("the last event's position", last, Some(appended.position()))?;
    }
    Ok(())
}

const WRITERS: usize = 16;
const APPENDS: usize = 12;

/// Writers that append to their own streams and to one that they share, from several handles.
struct Writers {
    tasks: JoinSet<Result<Vec<Position>, Failure>>,
    running: Arc<AtomicUsize>,
    looks: watch::Sender<usize>,
}

impl Writers {
    async fn start(bench: &Bench) -> Result<Self, Failure> {
        let handles = bench.handles(3).await?;
        let running = Arc::new(AtomicUsize::new(WRITERS));
        let (looks, looked) = watch::channel(0);
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            let (bench, store) = (bench.clone(), handles[writer % 3].clone());
            let (running, looked) = (Arc::clone(&running), looked.clone());
            tasks.spawn(async move {
                let written = write(&bench, &store, writer, looked).await;
                running.fetch_sub(1, Ordering::SeqCst);
                written
            });
        }
        Ok(Self {
            tasks,
            running,
            looks,
        })
    }

    /// The reader looked and saw something new: the writers go on. They are never far ahead, so that the two do
    /// overlap, on however few cores.
    fn looked(&self, saw_more: bool) {
        if saw_more {
            self.looks.send_modify(|looks| *looks += 1);
        }
    }

    fn are_done(&self) -> bool {
        self.running.load(Ordering::SeqCst) == 0
    }

    /// Every position that was acknowledged, in order.
    async fn positions(self) -> Result<Vec<Position>, Failure> {
        let mut positions = Vec::new();
        for written in self.tasks.join_all().await {
            positions.extend(written?);
        }
        positions.sort_unstable();
        Ok(positions)
    }
}

async fn write(
    bench: &Bench,
    store: &AnyStore,
    writer: usize,
    mut looked: watch::Receiver<usize>,
) -> Result<Vec<Position>, Failure> {
    let mut positions = Vec::new();
    for index in 0..APPENDS {
        if looked.wait_for(|looks| *looks >= index).await.is_err() {
            // The reader gave up, and says why.
            break;
        }
        let id = if index % 3 == 0 { WRITERS } else { writer };
        let appended = bench
            .grow(store, &stream(&id.to_string())?, 1 + index % 3)
            .await?;
        positions.extend(appended.placements().iter().map(|at| at.position));
        tokio::task::yield_now().await;
    }
    Ok(positions)
}

pub(crate) async fn nothing_appears_at_or_below_a_head_that_was_told(bench: &Bench) -> Fact {
    let reader = bench.handle().await?;
    let writers = Writers::start(bench).await?;
    let (mut last, mut seen) = (Position::START, Vec::new());
    while !writers.are_done() {
        let head = reader.head().await?;
        let events = log_pages(&reader, LogQuery::all().until(head)).await?;
        seen.push((head, events.len()));
        writers.looked(head > last);
        last = head;
        tokio::task::yield_now().await;
    }
    let positions = writers.positions().await?;
    for (head, events) in seen {
        let below = positions
            .iter()
            .filter(|position| **position <= head)
            .count();
        same(
            format!("events that a reader saw up to the head {head}"),
            events,
            below,
        )?;
    }
    Ok(())
}

/// Reads on after a position until the writers are done and nothing is left, in pages of these limits.
async fn follow(
    bench: &Bench,
    writers: &Writers,
    mut after: Position,
    mut limit: impl FnMut() -> usize,
) -> Result<Vec<Position>, Failure> {
    let (mut caught_up, mut received) = (after, Vec::new());
    let mut reader = bench.handle().await?;
    loop {
        let done = writers.are_done();
        let limit = limit();
        let page = reader.read_log(LogQuery::after(after).limit(limit)).await?;
        for event in &page.events {
            let position = event.position;
            holds(position > after, || {
                format!("position {position} was received after {after}")
            })?;
            after = position;
            received.push(position);
        }
        let looked_to = page.looked_to;
        holds(looked_to >= after, || {
            format!("looked to {looked_to} with an event at {after}")
        })?;
        after = looked_to;
        if page.end {
            writers.looked(after > caught_up);
            caught_up = after;
        }
        if limit == 1 && !page.events.is_empty() {
            // A restart: another handle, with nothing but the position.
            reader = bench.handle().await?;
        }
        if done && page.end {
            return Ok(received);
        }
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn a_follower_of_many_writers_receives_everything_once_and_in_order(
    bench: &Bench,
) -> Fact {
    let writers = Writers::start(bench).await?;
    let received = bench
        .soon(
            "following",
            follow(bench, &writers, Position::START, || 100),
        )
        .await??;
    same("positions received", received, writers.positions().await?)
}

pub(crate) async fn a_reader_that_restarts_at_its_checkpoint_misses_nothing(bench: &Bench) -> Fact {
    for seed in 1..=3 {
        let head = bench.handle().await?.head().await?;
        let writers = Writers::start(bench).await?;
        let mut dice = Dice::new(seed);
        let following = follow(bench, &writers, head, || 1 + dice.below(9));
        let received = bench.soon("following", following).await??;
        let what = format!("positions received with seed {seed}");
        same(what, received, writers.positions().await?)?;
    }
    Ok(())
}
