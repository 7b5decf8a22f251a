//! The loop: take charge, gather, have the consumer take in, and again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_core::future::BoxFuture;
use tokio::sync::watch;
use tracing::Instrument;

use super::race::{Raced, race, yield_now};
use super::settings::{Reaction, Settings};
use super::status::{Board, Phase};
use super::{Batch, Begun, Consumer, Failure};
use crate::{
    Checkpoint, EventStore, LogQuery, Position, StoreError, StoredEvent, Subscription, spans,
};

/// How a consumer parks an event, where it may.
pub(super) type Park<C> =
    for<'a> fn(&'a mut C, &'a StoredEvent, &'a Failure) -> BoxFuture<'a, Result<(), Failure>>;

pub(super) struct Run<S, C> {
    pub(super) store: Arc<S>,
    pub(super) consumer: C,
    pub(super) settings: Settings,
    pub(super) park: Option<Park<C>>,
    pub(super) board: Board,
    pub(super) stopping: watch::Receiver<bool>,
}

/// How the head of the log is asked for while catching up, to tell how much is left.
const HEAD_EVERY: Duration = Duration::from_secs(1);

/// What is to be done next.
enum Next {
    Batch(Batch),
    /// Nothing came for a while.
    Quiet,
    Stop,
}

/// Why one charge ended.
enum Ended {
    Stopped,
    Fenced,
}

impl<S: EventStore, C: Consumer> Run<S, C> {
    pub(super) async fn run(mut self) -> Result<(), Arc<Failure>> {
        let outcome = match self.follow().await {
            Ok(()) => self.consumer.end().await,
            Err(failure) => {
                // What was taken in before is kept all the same.
                if let Err(error) = self.consumer.end().await {
                    tracing::warn!(%error, "a consumer that failed couldn't be ended");
                }
                Err(failure)
            }
        };
        match outcome {
            Ok(()) => {
                self.board.phase(Phase::Ended);
                Ok(())
            }
            Err(failure) => {
                tracing::error!(error = %failure, class = ?failure.class(), "a runner has stopped");
                let failure = Arc::new(failure);
                self.board.stopped(Arc::clone(&failure));
                Err(failure)
            }
        }
    }

    async fn follow(&mut self) -> Result<(), Failure> {
        while let Some(checkpoint) = self.take_charge().await? {
            match self.consume_after(checkpoint).await {
                Ok(Ended::Stopped) => break,
                Ok(Ended::Fenced) => tracing::warn!("another process has taken over"),
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Where to go on, once this process is in charge; `None` if it was ended meanwhile.
    async fn take_charge(&mut self) -> Result<Option<Checkpoint>, Failure> {
        let mut tries = 0;
        while !*self.stopping.borrow() {
            let again_in = match self.consumer.begin().await {
                Ok(Begun::At(checkpoint)) => {
                    let standing = self.consumer.standing();
                    self.board.stands(Phase::CatchingUp, standing);
                    return Ok(Some(checkpoint));
                }
                Ok(Begun::Held { standing, again_in }) => {
                    tries = 0;
                    self.board.stands(Phase::Standby, standing);
                    again_in
                }
                Err(failure) => {
                    tries += 1;
                    match self.settings.reaction(&failure, tries) {
                        Reaction::Again(delay) => {
                            self.report(failure, tries);
                            delay
                        }
                        Reaction::GiveUp | Reaction::Stop => return Err(failure),
                    }
                }
            };
            self.sleep(again_in).await;
        }
        Ok(None)
    }

    async fn consume_after(&mut self, checkpoint: Checkpoint) -> Result<Ended, Failure> {
        let profile = self.consumer.profile();
        let mut subscription =
            Subscription::new(Arc::clone(&self.store), profile.filter, checkpoint)
                .page_size(self.settings.batch.max(1_000));
        let keep_every = profile.keep_every.unwrap_or(Duration::MAX);
        let (mut kept, mut asked, mut tries) = (Instant::now(), None::<Instant>, 0);
        loop {
            if asked.is_none_or(|asked| asked.elapsed() >= HEAD_EVERY) {
                asked = Some(Instant::now());
                // It is only for the progress: who can't be asked is met again below.
                if let Ok(head) = self.store.head().await {
                    self.board.head(head);
                }
            }
            let quiet = keep_every.saturating_sub(kept.elapsed());
            let next = match self.gather(&mut subscription, quiet).await {
                Ok(next) => next,
                Err(error) => {
                    tries += 1;
                    let failure = Failure::from(error);
                    let Reaction::Again(delay) = self.settings.reaction(&failure, tries) else {
                        return Err(failure);
                    };
                    self.report(failure, tries);
                    self.sleep(delay).await;
                    continue;
                }
            };
            tries = 0;
            let settled = match next {
                Next::Batch(batch) => {
                    let span = spans::consume(profile.name, profile.version, &batch);
                    self.settle(&batch).instrument(span).await
                }
                Next::Quiet => Ok(true),
                Next::Stop => Ok(false),
            };
            let settled = match settled {
                Ok(true) if kept.elapsed() >= keep_every => {
                    kept = Instant::now();
                    self.keep(&subscription).await.map(|()| true)
                }
                settled => settled,
            };
            match settled {
                Ok(true) => yield_now().await,
                Ok(false) => return Ok(Ended::Stopped),
                Err(Failure::Fenced) => return Ok(Ended::Fenced),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// The next batch: full, or as much as came within the time that a batch is gathered, or all that there is.
    async fn gather(
        &mut self,
        subscription: &mut Subscription<Arc<S>>,
        quiet: Duration,
    ) -> Result<Next, StoreError> {
        let (batch, within) = (self.settings.batch, self.settings.within);
        let mut events = Vec::new();
        let begun = Instant::now();
        let caught_up = loop {
            let wait = if events.is_empty() {
                quiet
            } else {
                within.saturating_sub(begun.elapsed())
            };
            let more = subscription.next_batch(batch - events.len());
            match race(&mut self.stopping, wait, more).await {
                Raced::Stopped => return Ok(Next::Stop),
                Raced::Late if events.is_empty() => return Ok(Next::Quiet),
                Raced::Done(Ok(more)) if more.is_empty() => break true,
                Raced::Done(Ok(mut more)) => {
                    events.append(&mut more);
                    if events.len() >= batch || begun.elapsed() >= within {
                        break false;
                    }
                }
                Raced::Done(Err(error)) if events.is_empty() => return Err(error),
                // The error is met again after these.
                Raced::Late | Raced::Done(Err(_)) => break false,
            }
        };
        let looked_to = subscription.looked_to();
        Ok(Next::Batch(Batch::new(events, looked_to, caught_up)))
    }

    async fn keep(&mut self, subscription: &Subscription<Arc<S>>) -> Result<(), Failure> {
        let checkpoint = match last_looked_at(&*self.store, subscription).await {
            Ok(checkpoint) => checkpoint,
            // Where the log can't be asked, the last event that passed is as good.
            Err(_) => subscription.checkpoint(),
        };
        match self.consumer.keep(checkpoint).await {
            Ok(()) => {}
            Err(failure @ Failure::Fenced) => return Err(failure),
            // The next batch meets it again, or the next time that this is done.
            Err(failure) => self.report(failure, 1),
        }
        self.board.idle(self.consumer.standing());
        Ok(())
    }

    pub(super) fn report(&self, failure: Failure, tries: u32) {
        tracing::warn!(tries, error = %failure, class = ?failure.class(), "a runner tries again");
        self.board.failed(Arc::new(failure), tries);
    }

    /// Waits; `false` if the runner was ended meanwhile.
    pub(super) async fn sleep(&mut self, duration: Duration) -> bool {
        let never = std::future::pending::<()>();
        !matches!(
            race(&mut self.stopping, duration, never).await,
            Raced::Stopped
        )
    }
}

/// The last event that was looked at: also where it doesn't pass, so that what is kept doesn't fall behind a log
/// whose other events go on.
async fn last_looked_at<S: EventStore>(
    store: &S,
    subscription: &Subscription<Arc<S>>,
) -> Result<Checkpoint, StoreError> {
    let (seen, looked_to) = (subscription.checkpoint(), subscription.looked_to());
    if looked_to <= seen.position {
        return Ok(seen);
    }
    let before = Position::new(looked_to.number().saturating_sub(1));
    let query = LogQuery::after(before).until(looked_to).limit(1);
    let page = spans::read_log(store, query).await?;
    Ok(page.events.first().map_or(seen, |event| Checkpoint {
        position: event.position,
        event_id: Some(event.envelope.id),
    }))
}
