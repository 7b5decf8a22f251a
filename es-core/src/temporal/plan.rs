//! What is to be appended for a correction, and what would come of it.

use super::CorrectError;
use super::checked::{Checked, check};
use super::correcting::Correction;
use super::fact::Fact;
use super::ground::{Ground, Start};
use crate::{
    Aggregate, At, Envelope, EventStore, Expected, Invalid, Json, NewEvent, Placement, Revision,
    StoreError, StoredEvent, StreamId,
};

impl<A: Aggregate, S: EventStore> Correction<'_, A, S> {
    /// Judges each step on the stream as it is with the steps before it, from the newest snapshot on that none touches.
    pub(super) async fn plan(&self) -> Result<Plan, CorrectError<A::Error>> {
        let stream = self.stream.clone().map_err(StoreError::from)?;
        let metadata = self.metadata.encode()?;
        let mut ground = Ground::new(self.repository, &stream, At::NOW);
        loop {
            ground.descend().await?;
            let Some(last) = ground.last().cloned() else {
                return Err(CorrectError::NotFound { stream });
            };
            let head = last.envelope.revision;
            if let Some(expected) = self.expecting.filter(|expected| *expected != head) {
                let expected = Expected::Exact(expected);
                return Err(StoreError::conflict(&stream, expected, head).into());
            }
            let mut entries = ground.tail.clone();
            let Some(old) = ground.facts(&entries)? else {
                continue;
            };
            let Some(corrections) = self.judged(&mut ground, &mut entries, &last, &metadata)?
            else {
                continue;
            };
            let Some(new) = ground.facts(&entries)? else {
                continue;
            };
            let start = ground.into_start(&entries)?;
            return Ok(Plan {
                stream,
                head,
                corrections,
                start,
                old,
                new,
            });
        }
    }

    /// The corrections, which are put behind the entries, too; `None` if one is of what stands before these.
    fn judged(
        &self,
        ground: &mut Ground<'_, A, S>,
        entries: &mut Vec<StoredEvent>,
        last: &StoredEvent,
        metadata: &Json,
    ) -> Result<Option<Vec<NewEvent>>, CorrectError<A::Error>> {
        let Envelope {
            stream,
            revision,
            recorded_at,
            ..
        } = &last.envelope;
        let mut corrections = Vec::new();
        for (ordinal, step) in (1..).zip(&self.steps) {
            if step.target().is_some_and(|target| ground.covers(target)) {
                return Ok(None);
            }
            let stored = step.judged::<A>(entries, revision.plus(ordinal - 1))?;
            let mut event = stored.encode(self.repository.ids.next_id())?;
            event.metadata = metadata.clone();
            event.effective_at = step.effective_at();
            let placement = Placement::new(revision.plus(ordinal), last.position, *recorded_at);
            entries.push(StoredEvent::placed(stream, event.clone(), placement));
            corrections.push(event);
        }
        Ok(Some(corrections))
    }
}

/// A correction that is allowed by what it corrects.
pub(super) struct Plan {
    pub(super) stream: StreamId,
    pub(super) head: Revision,
    pub(super) corrections: Vec<NewEvent>,
    /// What neither history touches, and each of them from there on.
    pub(super) start: Start,
    pub(super) old: Vec<Fact>,
    pub(super) new: Vec<Fact>,
}

impl Plan {
    pub(super) fn check<A: Aggregate>(&self) -> Result<Checked<A>, CorrectError<A::Error>> {
        if self.corrections.is_empty() {
            return Err(StoreError::invalid(Invalid::EmptyAppend).into());
        }
        Ok(check(&self.start, &self.old, &self.new, self.head)?)
    }
}
