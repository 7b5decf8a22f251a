//! Making sure that the log is still the one that was read.

use std::time::Instant;

use super::Subscription;
use crate::{Checkpoint, EventId, EventStore, LogQuery, Position, StoreError, spans};

impl<S: EventStore> Subscription<S> {
    /// The last event that was looked at, passing the filter or not.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub(crate) async fn looked_at(&mut self) -> Result<Checkpoint, StoreError> {
        self.check().await?;
        self.look().await?;
        Ok(self.anchor)
    }

    /// Makes sure that the log is the one that was read, if that is due.
    pub(super) async fn check(&mut self) -> Result<(), StoreError> {
        let due = |checked: Instant| checked.elapsed() >= self.check_every;
        if !self.checked.is_none_or(due) {
            return Ok(());
        }
        let known = self.known();
        if known.event_id.is_some() {
            let found = self.standing_at(known.position).await?;
            if found != known.event_id {
                return Err(known.diverged(found));
            }
        }
        self.look().await?;
        self.checked = Some(Instant::now());
        Ok(())
    }

    /// Looks which event stands where the subscriber has looked to.
    async fn look(&mut self) -> Result<(), StoreError> {
        let (known, looked_to) = (self.known(), self.looked_to());
        self.anchor = known;
        if looked_to > known.position {
            let anchor = Checkpoint {
                position: looked_to,
                event_id: self.standing_at(looked_to).await?,
            };
            if anchor.event_id.is_none() && self.store.head().await? < looked_to {
                return Err(anchor.diverged(None));
            }
            self.anchor = anchor;
        }
        Ok(())
    }

    /// The last event that is known to have stood in the log.
    fn known(&self) -> Checkpoint {
        if self.checkpoint.position > self.anchor.position {
            self.checkpoint
        } else {
            self.anchor
        }
    }

    async fn standing_at(&self, position: Position) -> Result<Option<EventId>, StoreError> {
        let page = spans::read_log(&*self.store, LogQuery::at(position)).await?;
        Ok(page.events.first().map(|event| event.envelope.id))
    }
}
