//! The loop: take charge, gather, have the consumer take in, and again.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use tokio::sync::watch;
use tracing::Instrument;

use super::gather::{Gathering, Next};
use super::pace::Pace;
use super::race::yield_now;
use super::settings::{Reaction, Settings};
use super::{Begun, Board, Consumer, Failure, Phase};
use crate::{Checkpoint, EventStore, StoreError, StoredEvent, spans};

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
        let (name, version) = (profile.name, profile.version);
        self.pace = Pace::new(profile.keep_every);
        self.pace.at = checkpoint;
        let store = Arc::clone(&self.store);
        let mut gathering = Gathering::after(checkpoint, store, profile, &self.settings);
        let mut tries = 0;
        loop {
            self.ask_for_the_head().await;
            let quiet = self.pace.quiet();
            let next = match gathering.next(&mut self.stopping, quiet).await {
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
                    let span = spans::consume(name, version, &batch);
                    self.settle(batch, &mut gathering).instrument(span).await
                }
                Next::Quiet => Ok(true),
                Next::Stop => Ok(false),
            };
            let settled = match settled {
                Ok(true) if self.pace.quiet().is_zero() => {
                    self.keep_what_was_looked_at(&mut gathering).await
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

    /// Keeps also that events were looked at which don't pass, so that what is kept doesn't fall behind a log whose other
    /// events go on.
    async fn keep_what_was_looked_at(
        &mut self,
        gathering: &mut Gathering<S>,
    ) -> Result<bool, Failure> {
        match gathering.looked_at().await {
            Ok(looked_at) => self.pace.at = looked_at.unwrap_or(self.pace.at),
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
