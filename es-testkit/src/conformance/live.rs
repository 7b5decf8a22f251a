//! Law 9: a subscription over this store loses nothing and repeats nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::{
    AnyStore, Checkpoint, EventId, EventStore, Expected, Filter, Next, StoreError, StoredEvent,
    Subscription,
};
use tokio::task::JoinHandle;

use super::Failure;
use super::bench::{Bench, CATEGORY, Dice, NAME, append, ids_of, stream, whole};
use super::failure::{Fact, holds, same};

const APPENDS: usize = 60;

/// Appends in the background, of one to three events, on several streams. Now and then they wait until everything is
/// received, so that the subscriber does come from catching up to following, and back.
struct Writing {
    task: JoinHandle<Fact>,
    received: Arc<AtomicUsize>,
}

impl Writing {
    fn start(bench: &Bench, writer: AnyStore) -> Self {
        let (bench, received) = (bench.clone(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&received);
        let task = tokio::spawn(async move {
            let mut appended = 0;
            for index in 0..APPENDS {
                while index % 10 == 5 && counted.load(Ordering::SeqCst) < appended {
                    tokio::task::yield_now().await;
                }
                let stream = stream(&format!("{}", index % 5))?;
                bench.grow(&writer, &stream, 1 + index % 3).await?;
                appended += 1 + index % 3;
                tokio::task::yield_now().await;
            }
            Ok(())
        });
        Self { task, received }
    }

    /// Tells the writer how many of its events were received.
    fn received(&self, events: usize) {
        self.received.store(events, Ordering::SeqCst);
    }
}

/// The next event, past every time that the subscription has caught up.
async fn next(
    bench: &Bench,
    subscription: &mut Subscription<AnyStore>,
) -> Result<StoredEvent, Failure> {
    let next = async {
        loop {
            if let Next::Event(event) = subscription.next().await? {
                return Ok::<_, StoreError>(event);
            }
        }
    };
    Ok(bench.soon("the next event", next).await??)
}

/// What was received is the whole log.
async fn is_the_log(store: &AnyStore, received: &[StoredEvent]) -> Fact {
    let log = whole(store).await?;
    same("ids received", ids_of(received), ids_of(log.log()))?;
    same("events received", received, log.log())
}

const EVENTS: usize = APPENDS * 2;

pub(crate) async fn catching_up_joins_following_without_gap_or_duplicate(bench: &Bench) -> Fact {
    let (writer, store) = (bench.handle().await?, bench.handle().await?);
    bench.grow(&writer, &stream("before")?, 50).await?;
    let writing = Writing::start(bench, writer);
    let mut subscription =
        Subscription::new(store.clone(), Filter::all(), Checkpoint::START).page_size(7);
    let mut received = Vec::new();
    while received.len() < 50 + EVENTS {
        received.push(next(bench, &mut subscription).await?);
        writing.received(received.len().saturating_sub(50));
    }
    writing.task.await??;
    is_the_log(&store, &received).await
}

pub(crate) async fn a_filtered_subscription_passes_over_what_does_not_match(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    for filter in [
        Filter::all().name("suite.rare"),
        Filter::all().category(CATEGORY).name("suite.rare"),
    ] {
        let checkpoint = Checkpoint {
            position: store.head().await?,
            event_id: None,
        };
        let mut subscription = Subscription::new(store.clone(), filter, checkpoint).page_size(3);
        for round in 0..4 {
            bench.grow(&store, &stream, 20).await?;
            let rare = bench.named("suite.rare");
            let (id, any) = (rare.id, Expected::Any);
            append(&store, &stream, any, vec![rare]).await?;
            let event = next(bench, &mut subscription).await?;
            same("the only event that passes", event.envelope.id, id)?;
            let last = bench.grow(&store, &stream, 20).await?.position();
            if round > 1 {
                continue;
            }
            // Told to have caught up, though the last events don't pass.
            while subscription.looked_to() < last {
                let told = bench.soon("catching up", subscription.next()).await??;
                same(
                    "events that pass",
                    told.event().map(|event| event.position),
                    None,
                )?;
            }
        }
    }
    Ok(())
}

pub(crate) async fn a_slow_subscriber_loses_nothing(bench: &Bench) -> Fact {
    let (writer, store) = (bench.handle().await?, bench.handle().await?);
    let mut subscription =
        Subscription::new(store.clone(), Filter::all(), Checkpoint::START).page_size(2);
    let mut received = Vec::new();
    for index in 0..20 {
        let stream = stream(&format!("{}", index % 3))?;
        bench.grow(&writer, &stream, 10).await?;
        received.push(next(bench, &mut subscription).await?);
    }
    while received.len() < 200 {
        received.push(next(bench, &mut subscription).await?);
    }
    is_the_log(&store, &received).await
}

pub(crate) async fn a_subscriber_whose_waits_are_dropped_loses_nothing(bench: &Bench) -> Fact {
    let (writer, store) = (bench.handle().await?, bench.handle().await?);
    let writing = Writing::start(bench, writer);
    let mut subscription =
        Subscription::new(store.clone(), Filter::all(), Checkpoint::START).page_size(3);
    let (mut received, mut dice) = (Vec::new(), Dice::new(1));
    let receiving = async {
        while received.len() < EVENTS {
            let polls = dice.below(4);
            if let Some(next) = super::cancellation::polled(polls, subscription.next()).await {
                received.extend(next?.event());
                writing.received(received.len());
            }
            tokio::task::yield_now().await;
        }
        Ok::<_, StoreError>(())
    };
    bench.soon("every event", receiving).await??;
    writing.task.await??;
    is_the_log(&store, &received).await
}

pub(crate) async fn a_subscriber_that_restarts_goes_on_at_its_checkpoint(bench: &Bench) -> Fact {
    let (writer, store) = (bench.handle().await?, bench.handle().await?);
    let writing = Writing::start(bench, writer);
    let (mut received, mut dice) = (Vec::new(), Dice::new(2));
    let mut checkpoint = Checkpoint::START;
    while received.len() < EVENTS {
        let filter = Filter::all().category(CATEGORY).name(NAME);
        let mut subscription = Subscription::new(store.clone(), filter, checkpoint).page_size(4);
        for _ in 0..(1 + dice.below(9)).min(EVENTS - received.len()) {
            received.push(next(bench, &mut subscription).await?);
            writing.received(received.len());
        }
        checkpoint = subscription.checkpoint();
    }
    writing.task.await??;
    is_the_log(&store, &received).await
}

pub(crate) async fn a_checkpoint_of_another_log_is_refused(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let appended = bench.grow(&store, &stream, 3).await?;
    let at = |position, event_id: EventId| Checkpoint {
        position,
        event_id: Some(event_id),
    };
    let [_, second, _] = appended.placements() else {
        return Err(Failure::new(
            "an append of three events has three placements",
        ));
    };
    let beyond = es_core::Position::new(appended.position().number() + 1_000);
    for checkpoint in [at(second.position, bench.id()), at(beyond, bench.id())] {
        let mut subscription = Subscription::new(store.clone(), Filter::all(), checkpoint);
        let answer = bench.soon("an answer", subscription.next()).await?;
        let diverged = matches!(answer, Err(StoreError::LogDiverged { .. }));
        holds(diverged, || {
            format!("a checkpoint of another log was answered {answer:?}")
        })?;
    }
    let log = whole(&store).await?;
    let checkpoint = at(second.position, log.log()[1].envelope.id);
    let mut subscription = Subscription::new(store.clone(), Filter::all(), checkpoint);
    let event = next(bench, &mut subscription).await?;
    same(
        "the event after a checkpoint",
        event.position,
        appended.position(),
    )
}
