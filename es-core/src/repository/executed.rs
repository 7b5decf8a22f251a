use crate::{
    Aggregate, Appended, Envelope, EventId, Position, Revision, StoreError, StoredEvent, Timestamp,
};

/// What a command came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed<A: Aggregate> {
    events: Vec<A::Event>,
    envelopes: Vec<Envelope>,
    revision: Revision,
    position: Option<Position>,
    repeated: bool,
}

impl<A: Aggregate> Executed<A> {
    /// No events were decided: success without an append.
    pub(super) fn nothing(revision: Revision) -> Self {
        Self {
            events: Vec::new(),
            envelopes: Vec::new(),
            revision,
            position: None,
            repeated: false,
        }
    }

    /// The outcome of an earlier command, of which no event was read yet.
    pub(super) fn earlier(revision: Revision) -> Self {
        Self {
            repeated: true,
            ..Self::nothing(revision)
        }
    }

    /// Events that were appended just now, with what was stored around them.
    pub(super) fn appended(
        events: Vec<A::Event>,
        envelopes: Vec<Envelope>,
        appended: &Appended,
    ) -> Self {
        Self {
            events,
            envelopes,
            revision: appended.revision(),
            position: Some(appended.position()),
            repeated: false,
        }
    }

    /// Adds the next event of an earlier command.
    pub(super) fn add(&mut self, stored: &StoredEvent) -> Result<(), StoreError> {
        // A name that was retired since is passed over, as every fold does.
        if let Some(event) = stored.decode()? {
            self.events.push(event);
            self.envelopes.push(stored.envelope.clone());
        }
        self.revision = stored.envelope.revision;
        self.position = Some(stored.position);
        Ok(())
    }

    /// The events that were appended.
    pub fn events(&self) -> &[A::Event] {
        &self.events
    }

    /// The events that were appended, owned.
    pub fn into_events(self) -> Vec<A::Event> {
        self.events
    }

    /// What was stored around each of [`events`](Self::events): its id, its revision, its times and its metadata.
    pub fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }

    /// The ids of the events that were appended, to be told as the cause of what follows: the
    /// [last](Iterator::last) one in [`caused_by`](super::Execution::caused_by).
    pub fn event_ids(&self) -> impl ExactSizeIterator<Item = EventId> {
        self.envelopes.iter().map(|envelope| envelope.id)
    }

    /// When the store accepted the events; `None` if nothing was appended.
    pub fn recorded_at(&self) -> Option<Timestamp> {
        self.envelopes.last().map(|envelope| envelope.recorded_at)
    }

    /// The aggregate's revision after the command.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The last event's position in the log, to wait for in a read model; `None` if nothing was appended.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// Whether [`once`](super::Execution::once) found that the command was executed before, and this is that outcome.
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }
}
