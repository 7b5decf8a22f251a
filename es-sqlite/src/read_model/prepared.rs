use std::collections::VecDeque;

use es_core::{CorrectedFacts, Failure, Position, StoredEvent};

use super::context::SqliteHandler;

/// Events of the batch that comes next, as the handler takes them: made of what is stored while nobody waits for the
/// projection.
pub(super) struct Prepared<H: SqliteHandler>(VecDeque<(Position, Option<H::Input>)>);

impl<H: SqliteHandler> Prepared<H> {
    pub(super) fn nothing() -> Self {
        Self(VecDeque::new())
    }

    /// Prepares those of these events, and no others, that can be read by themselves. A correction can't, and what fails does
    /// so in its turn.
    pub(super) fn prepare(&mut self, events: &[StoredEvent]) {
        self.0.clear();
        self.0.reserve(events.len());
        let facts = CorrectedFacts::default();
        for event in events {
            if let Ok(input) = H::input(event, &facts) {
                self.0.push_back((event.position, input));
            }
        }
    }

    /// What is prepared of this event and otherwise made now. Events are asked for in their order.
    pub(super) fn input(
        &mut self,
        event: &StoredEvent,
        facts: &CorrectedFacts,
    ) -> Result<Option<H::Input>, Failure> {
        while let Some((position, input)) = self.0.pop_front() {
            if position == event.position {
                return Ok(input);
            }
            if position > event.position {
                self.0.push_front((position, input));
                break;
            }
        }
        H::input(event, facts)
    }
}
