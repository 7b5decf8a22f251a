//! The loop: take charge, gather, have the consumer take in, and again.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use tokio::sync::watch;
use tracing::Instrument;

use super::pace::Pace;
use super::race::{Raced, race, yield_now};
use super::settings::{Reaction, Settings};
use super::{Batch, Begun, Board, Consumer, ConsumerProfile, Failure, Phase};
use crate::{Checkpoint, EventStore, StoreError, StoredEvent, Subscription, spans};

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
    pub(super) pace: Pace,
}

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
        match AssertUnwindSafe(self.follow_and_end()).catch_unwind().await {
            Err(panic) => {
                // Whoever waits is told why; whoever runs it meets the panic.
                self.board.stopped(Arc::new(Failure::panicked(&*panic)));
                resume_unwind(panic)
            }
            Ok(Ok(())) => {
                self.board.phase(Phase::Ended);
                Ok(())
            }
            Ok(Err(failure)) => {
                tracing::error!(error = %failure, class = ?failure.class(), "a runner has stopped");
                let failure = Arc::new(failure);
                self.board.stopped(Arc::clone(&failure));
                Err(failure)
            }
        }
    }

    async fn follow_and_end(&mut self) -> Result<(), Failure> {
        let followed = self.follow().await;
        let ended = self.consumer.end().await;
        match (followed, ended) {
            // What was taken in before is kept all the same.
            (Err(failure), Err(error)) => {
                tracing::warn!(%error, "a consumer that failed couldn't be ended");
                Err(failure)
            }
            (followed, ended) => followed.and(ended),
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
            self.ask_for_the_head().await;
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
                        Reaction::Wait(delay) => delay,
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
            Subscription::new(Arc::clone(&self.store), profile.filter.clone(), checkpoint)
                .page_size(self.settings.batch.max(1_000));
        self.pace = Pace::new(profile.keep_every);
        self.pace.at = checkpoint;
        let mut tries = 0;
        loop {
            self.ask_for_the_head().await;
            let quiet = self.pace.quiet();
            let next = match self.gather(&profile, &mut subscription, quiet).await {
                Ok(next) => next,
                Err(error) => {
                    tries += 1;
                    let failure = Failure::from(error);
                    let Reaction::Again(delay) = self.settings.reaction(&failure, tries) else {
                        return Err(failure);
                    };
                    self.report(failure, tries);
                    match self.rest(delay).await {
                        Err(Failure::Fenced) => return Ok(Ended::Fenced),
                        // A runner that was ended meanwhile is told when it gathers.
                        rested => rested?,
                    };
                    continue;
                }
            };
            tries = 0;
            let settled = match next {
                Next::Batch(batch) => {
                    let span = spans::consume(profile.name, profile.version, &batch);
                    self.settle(&batch, &mut subscription)
                        .instrument(span)
                        .await
                }
                Next::Quiet => Ok(true),
                Next::Stop => Ok(false),
            };
            let settled = match settled {
                Ok(true) if self.pace.quiet().is_zero() => {
                    self.keep_what_was_looked_at(&mut subscription).await
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
        profile: &ConsumerProfile,
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
                    more.retain(|event| profile.takes(event));
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

    /// Keeps also that events were looked at which don't pass, so that what is kept doesn't fall behind a log whose other
    /// events go on.
    async fn keep_what_was_looked_at(
        &mut self,
        subscription: &mut Subscription<Arc<S>>,
    ) -> Result<bool, Failure> {
        match subscription.looked_at().await {
            Ok(looked_at) => self.pace.at = looked_at,
            Err(error @ StoreError::LogDiverged { .. }) => return Err(error.into()),
            // Where the log can't be asked, the last event that passed is as good.
            Err(_) => {}
        }
        self.keep().await.map(|()| true)
    }

    pub(super) fn report(&self, failure: Failure, tries: u32) {
        tracing::warn!(tries, error = %failure, class = ?failure.class(), "a runner tries again");
        self.board.failed(Arc::new(failure), tries);
    }
}
