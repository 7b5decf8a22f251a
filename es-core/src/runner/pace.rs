//! What is done now and then, also while the runner waits.

use std::time::{Duration, Instant};

use super::race::{Raced, race};
use super::run::Run;
use super::{Consumer, Failure};
use crate::{Checkpoint, EventStore};

/// When what is done now and then was done last.
pub(super) struct Pace {
    /// The last event that was taken in, or looked at when all before it were.
    pub(super) at: Checkpoint,
    keep_every: Duration,
    kept: Instant,
    /// How often keeping has failed since it succeeded.
    unkept: u32,
    asked: Option<Instant>,
}

impl Pace {
    pub(super) fn new(keep_every: Option<Duration>) -> Self {
        Self {
            at: Checkpoint::START,
            keep_every: keep_every.unwrap_or(Duration::MAX),
            kept: Instant::now(),
            unkept: 0,
            asked: None,
        }
    }

    /// How long nothing needs to be kept.
    pub(super) fn quiet(&self) -> Duration {
        self.keep_every.saturating_sub(self.kept.elapsed())
    }
}

/// How the head of the log is asked for while catching up, to tell how much is left.
const HEAD_EVERY: Duration = Duration::from_secs(1);

impl<S: EventStore, C: Consumer> Run<S, C> {
    pub(super) async fn keep(&mut self) -> Result<(), Failure> {
        self.pace.kept = Instant::now();
        match self.consumer.keep(self.pace.at).await {
            Ok(()) => {
                let failed = std::mem::take(&mut self.pace.unkept) > 0;
                self.board.idle(self.consumer.standing(), failed);
                Ok(())
            }
            Err(failure @ Failure::Fenced) => Err(failure),
            // The next batch meets it again, or the next time that this is done.
            Err(failure) => {
                self.pace.unkept += 1;
                self.report(failure, self.pace.unkept);
                Ok(())
            }
        }
    }

    /// It is only for the progress: who can't be asked is met again elsewhere.
    pub(super) async fn ask_for_the_head(&mut self) {
        let asked = self.pace.asked;
        if asked.is_none_or(|asked| asked.elapsed() >= HEAD_EVERY) {
            self.pace.asked = Some(Instant::now());
            if let Ok(head) = self.store.head().await {
                self.board.head(head);
            }
        }
    }

    /// Waits after a failure, and keeps meanwhile what has to be kept, as a lease does; `false` if the runner was ended.
    pub(super) async fn rest(&mut self, delay: Duration) -> Result<bool, Failure> {
        let begun = Instant::now();
        loop {
            let left = delay.saturating_sub(begun.elapsed());
            let next = left.min(self.pace.quiet()).min(HEAD_EVERY);
            if !self.sleep(next).await {
                return Ok(false);
            }
            if self.pace.quiet().is_zero() {
                self.keep().await?;
            }
            if begun.elapsed() >= delay {
                return Ok(true);
            }
            self.ask_for_the_head().await;
        }
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
