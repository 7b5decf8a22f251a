use crate::{EventId, EventStore, LogQuery, Position, StoreError, StoredEvent};

/// How far a reader has come: the last event it saw, by position and id.
///
/// The id tells a log that was restored to another past, where other events have the same positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Checkpoint {
    /// The position that the reader has come to.
    pub position: Position,
    /// The event that stood there, if the reader saw one.
    pub event_id: Option<EventId>,
}

impl Checkpoint {
    /// Before the first event.
    pub const START: Self = Self {
        position: Position::START,
        event_id: None,
    };

    /// Right after this event.
    pub fn after(event: &StoredEvent) -> Self {
        Self {
            position: event.position,
            event_id: Some(event.envelope.id),
        }
    }

    /// The event that stands there, if it is still the one that was seen.
    pub(crate) async fn event(
        self,
        store: &(impl EventStore + ?Sized),
    ) -> Result<StoredEvent, StoreError> {
        let page = store.read_log(LogQuery::at(self.position)).await?;
        let found = page.events.into_iter().next();
        let id = found.as_ref().map(|event| event.envelope.id);
        let seen = found.filter(|_| id == self.event_id);
        seen.ok_or_else(|| self.diverged(id))
    }

    /// Another event stands there now, or none.
    pub(crate) fn diverged(self, found: Option<EventId>) -> StoreError {
        StoreError::LogDiverged {
            position: self.position,
            expected: self.event_id,
            found,
        }
    }
}
