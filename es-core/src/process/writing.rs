//! An append to an instance's stream, as it is put together.

use serde_json::value::RawValue;

use super::definition::Process;
use super::judging::Verdict;
use super::reaction::{Reaction, Sending, Step};
use super::record::{Commanded, Consumed, DeadlineCancelled, DeadlineSet, Deferred, Ended, Record};
use super::trouble::Trouble;
use crate::{EventId, EventSet, Invalid, Metadata, NewEvent, StoreError, StoredEvent, StreamId};

/// Events for a stream. Each has an id that is derived from what it comes of and its place, so that whoever comes to the
/// same conclusion appends the same.
pub(super) struct Writing<'s> {
    pub(super) stream: &'s StreamId,
    /// What the events come of.
    pub(super) base: String,
    pub(super) metadata: Metadata,
    pub(super) events: Vec<NewEvent>,
}

impl Writing<'_> {
    pub(super) fn put(&mut self, record: impl Into<Record>) -> Result<(), StoreError> {
        let event = record
            .into()
            .encode(self.next_id(), &self.metadata.encode()?)?;
        self.events.push(event);
        Ok(())
    }

    /// What is appended of a reaction, behind the record of what it is to; or why it can't be.
    pub(super) fn reacted<P: Process>(
        mut self,
        to: impl Into<Record>,
        reaction: Reaction<P>,
    ) -> Result<Verdict, Trouble> {
        let written = self.put(to).and_then(|()| self.react(reaction));
        written.map_err(|error| Trouble::applying(&error))?;
        Ok(self.finish())
    }

    pub(super) fn react<P: Process>(&mut self, reaction: Reaction<P>) -> Result<(), StoreError> {
        for step in reaction.steps {
            match step {
                Step::Emit(event) => self.emit(&event)?,
                Step::Send(Ok(sending)) => self.put(commanded(&sending)?)?,
                Step::Send(Err(unsendable)) => return Err(Invalid::Store(unsendable.into()).into()),
                Step::Set(deadline, due) => self.put(DeadlineSet {
                    deadline: deadline.to_owned(),
                    due,
                })?,
                Step::Cancel(deadline) => self.put(DeadlineCancelled {
                    deadline: deadline.to_owned(),
                })?,
            }
        }
        if reaction.ends {
            self.put(Ended {})?;
        }
        Ok(())
    }

    fn emit<E: EventSet>(&mut self, event: &E) -> Result<(), StoreError> {
        let descriptor = event.descriptor();
        let name = descriptor.name;
        let payload = event
            .encode()
            .map_err(|error| Invalid::Payload { name, error })?;
        let mut encoded = NewEvent::new(self.next_id(), name, descriptor.version, payload);
        encoded.metadata = self.metadata.encode()?;
        self.events.push(encoded);
        Ok(())
    }

    pub(super) fn finish(self) -> Verdict {
        Verdict::Append(self.events)
    }

    fn next_id(&self) -> EventId {
        let place = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        EventId::derived(self.stream, &self.base, place)
    }
}

pub(super) fn consumed(stored: &StoredEvent) -> Consumed {
    Consumed {
        event: stored.envelope.id,
        name: stored.name.to_string(),
        position: stored.position,
        passed_over: false,
        after_end: false,
    }
}

pub(super) fn deferred(stored: &StoredEvent) -> Deferred {
    Deferred {
        event: stored.envelope.id,
        name: stored.name.to_string(),
        position: stored.position,
    }
}

fn commanded(sending: &Sending) -> Result<Commanded, StoreError> {
    let payload = sending.payload.as_str().to_owned();
    let payload = RawValue::from_string(payload);
    Ok(Commanded {
        command: sending.command.to_owned(),
        target: sending.target.to_string(),
        payload: payload.map_err(|error| StoreError::Backend(error.into()))?,
    })
}
