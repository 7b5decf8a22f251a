//! Gathering what the consumer takes in next, also while it is at work.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::race::{Raced, race, yield_now};
use super::settings::Settings;
use super::{Batch, ConsumerProfile};
use crate::{Checkpoint, EventStore, StoreError, StoredEvent, Subscription};

/// What is to be done next.
pub(super) enum Next {
    Batch(Batch),
    /// Nothing came for a while.
    Quiet,
    Stop,
}

/// How many batches are made while the consumer works: the one that it prepares, and the one after that.
const AHEAD: usize = 2;

/// The log as batches.
pub(super) struct Gathering<S> {
    subscription: Subscription<Arc<S>>,
    profile: ConsumerProfile,
    /// Events in a batch, at most.
    full: usize,
    /// How long a batch is gathered.
    within: Duration,
    /// Those that nobody has asked for yet.
    ready: VecDeque<Batch>,
    /// What is gathered of the one after them.
    events: Vec<StoredEvent>,
    /// Since when, if anything was looked at for it.
    begun: Option<Instant>,
}

impl<S: EventStore> Gathering<S> {
    pub(super) fn after(
        checkpoint: Checkpoint,
        store: Arc<S>,
        profile: ConsumerProfile,
        settings: &Settings,
    ) -> Self {
        let subscription = Subscription::new(store, profile.filter.clone(), checkpoint);
        Self {
            subscription: subscription.page_size(settings.batch.max(1_000)),
            profile,
            full: settings.batch,
            within: settings.within,
            ready: VecDeque::new(),
            events: Vec::new(),
            begun: None,
        }
    }

    /// The next batch: full, or as much as came within the time that a batch is gathered, or all that there is.
    pub(super) async fn next(
        &mut self,
        stopping: &mut watch::Receiver<bool>,
        quiet: Duration,
    ) -> Result<Next, StoreError> {
        loop {
            if *stopping.borrow() {
                return Ok(Next::Stop);
            }
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Next::Batch(batch));
            }
            let wait = if self.events.is_empty() {
                quiet
            } else {
                self.left()
            };
            match race(stopping, wait, self.gather()).await {
                Raced::Stopped => return Ok(Next::Stop),
                Raced::Late if self.events.is_empty() => return Ok(Next::Quiet),
                Raced::Done(Err(error)) if self.events.is_empty() => return Err(error),
                Raced::Done(Ok(())) if !self.ready.is_empty() || !self.left().is_zero() => {}
                // An error is met again after these.
                Raced::Done(_) | Raced::Late => self.make(false),
            }
        }
    }

    /// Makes the batches after one that the consumer is at work on, if there was more than that.
    ///
    /// What is gathered is kept when the future is dropped. An error is met again by [`next`](Self::next).
    pub(super) async fn ahead_of(&mut self, at_work: &Batch) {
        let is_last = |batch: &Batch| batch.caught_up;
        while self.ready.len() < AHEAD && !is_last(self.ready.back().unwrap_or(at_work)) {
            if self.gather().await.is_err() {
                return;
            }
            // A log may be at hand that is long and has nothing that is taken.
            yield_now().await;
        }
    }

    /// What comes next, if that is known.
    pub(super) fn coming(&self) -> Option<&Batch> {
        self.ready.front()
    }

    /// The last event that was looked at, passing the filter or not; nothing if some that pass are yet to be taken in.
    pub(super) async fn looked_at(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        if self.ready.is_empty() && self.events.is_empty() {
            return self.subscription.looked_at().await.map(Some);
        }
        Ok(None)
    }

    /// Takes in what is at hand, waiting for the first; and makes a batch of it once that is full or all that there is.
    async fn gather(&mut self) -> Result<(), StoreError> {
        let wanted = self.full - self.events.len();
        let mut more = self.subscription.next_batch(wanted).await?;
        // From here on nothing awaits, so that nothing is lost.
        let caught_up = more.is_empty();
        more.retain(|event| self.profile.takes(event));
        self.begun.get_or_insert_with(Instant::now);
        self.events.append(&mut more);
        if caught_up || self.events.len() >= self.full {
            self.make(caught_up);
        }
        Ok(())
    }

    /// How much longer is gathered.
    fn left(&self) -> Duration {
        let spent = self.begun.map(|begun| begun.elapsed());
        self.within.saturating_sub(spent.unwrap_or_default())
    }

    fn make(&mut self, caught_up: bool) {
        self.begun = None;
        let events = std::mem::take(&mut self.events);
        let batch = Batch::new(events, self.subscription.looked_to(), caught_up);
        self.ready.push_back(batch);
    }
}
