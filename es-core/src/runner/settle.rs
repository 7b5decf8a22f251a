//! Having a consumer take in a batch, whatever fails.

use std::sync::Arc;

use super::gather::Gathering;
use super::race::meanwhile;
use super::run::Run;
use super::settings::Reaction;
use super::{Batch, Consumer, Failure, Refusal};
use crate::{Checkpoint, EventStore, StoredEvent};

impl<S: EventStore, C: Consumer> Run<S, C> {
    /// Has the consumer take a batch in, however often it has to be tried; `false` if the runner was ended meanwhile.
    ///
    /// What comes before an event that fails is taken in by itself, and then that event alone is tried.
    pub(super) async fn settle(
        &mut self,
        batch: Batch,
        gathering: &mut Gathering<S>,
    ) -> Result<bool, Failure> {
        let all = batch.events.len();
        let (mut taken, mut step, mut tries) = (0, all, 0);
        loop {
            let piece = batch.part(taken, step);
            if taken + step == all
                && let Some(coming) = gathering.coming()
            {
                self.consumer.prepare(coming);
            }
            let consumed = self.consumer.consume(&piece);
            let Err(refusal) = meanwhile(consumed, gathering.ahead_of(&batch)).await else {
                self.took(&piece, piece.events.len());
                taken += piece.events.len();
                if taken == all {
                    return Ok(true);
                }
                (step, tries) = (all - taken, 0);
                continue;
            };
            let Refusal {
                taken: more,
                failure,
            } = refusal;
            if more > 0 {
                self.took(&batch.part(taken, more), more);
                (taken, tries) = (taken + more, 0);
            }
            // Only an event that was tried can be to blame.
            let (left, offered) = (&batch.events[taken..], step - more);
            let blamed = failure.position().and_then(|position| {
                (left[..offered].iter()).position(|event| event.position == position)
            });
            if let Some(before) = blamed.filter(|before| *before > 0) {
                step = before;
                continue;
            }
            tries += 1;
            step = if blamed.is_some() { 1 } else { left.len() };
            match (self.settings.reaction(&failure, tries), left.first()) {
                (Reaction::Wait(delay), _) => {
                    tries = 0;
                    self.board.idle(self.consumer.standing(), false);
                    if !self.rest(delay).await? {
                        return Ok(false);
                    }
                }
                (Reaction::Again(delay), _) => {
                    self.report(failure, tries);
                    self.board.waits(left.first());
                    if !self.rest(delay).await? {
                        return Ok(false);
                    }
                }
                (Reaction::GiveUp, Some(event)) if self.park.is_some() && blamed.is_some() => {
                    if !self.put_aside(event, failure).await? {
                        return Ok(false);
                    }
                    // Behind the last there may still be something to say: how far was looked.
                    taken += 1;
                    (step, tries) = (all - taken, 0);
                }
                (Reaction::GiveUp | Reaction::Stop, _) => return Err(failure),
            }
        }
    }

    /// Parks an event, however often the database has to be asked; `false` if the runner was ended meanwhile.
    async fn put_aside(&mut self, event: &StoredEvent, failure: Failure) -> Result<bool, Failure> {
        let Some(park) = self.park else {
            return Err(failure);
        };
        let failure = Arc::new(failure);
        self.board.failed(Arc::clone(&failure), 0);
        let mut tries = 0;
        while let Err(refused) = park(&mut self.consumer, event, &failure).await {
            tries += 1;
            let delay = match self.settings.reaction(&refused, tries) {
                Reaction::Wait(delay) => delay,
                Reaction::Again(delay) => {
                    self.report(refused, tries);
                    delay
                }
                Reaction::GiveUp | Reaction::Stop => return Err(refused),
            };
            if !self.rest(delay).await? {
                return Ok(false);
            }
        }
        tracing::warn!(position = %event.position, error = %failure, "an event was parked");
        self.pace.at = Checkpoint::after(event);
        let standing = self.consumer.standing();
        self.board.took(0, None, event.position, false, standing);
        Ok(true)
    }

    fn took(&mut self, batch: &Batch, events: usize) {
        let last = batch.events.last();
        if let Some(last) = last {
            self.pace.at = Checkpoint::after(last);
        }
        let last = last.map(|event| event.envelope.recorded_at);
        let standing = self.consumer.standing();
        self.board
            .took(events, last, batch.looked_to, batch.caught_up, standing);
    }
}
