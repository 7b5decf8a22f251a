use crate::{EventId, Position, StoredEvent};

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
}
