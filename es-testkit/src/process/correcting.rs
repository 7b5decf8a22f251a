use std::fmt::Debug;

use es_core::{Correctable, Process, Revision, Timestamp};

use super::{ProcessOutcome, ProcessScenario};

/// Corrections, by the rules of [`Repository::correct`](es_core::Repository::correct). A process without
/// `#[process(corrections)]` ignores them.
impl<P: Process> ProcessScenario<P> {
    /// When the event at this revision of an aggregate turns out not to have happened.
    #[track_caller]
    pub fn when_retracted<A: Correctable<Event: Debug + PartialEq>>(
        mut self,
        id: &A::Id,
        target: Revision,
    ) -> ProcessOutcome<P> {
        self.log = self.log.retracted::<A>(id, target);
        self.take()
    }

    /// When this turns out to have happened instead of the event at this revision of an aggregate.
    #[track_caller]
    pub fn when_replaced<A: Correctable<Event: Debug + PartialEq>>(
        mut self,
        id: &A::Id,
        target: Revision,
        event: impl Into<A::Event>,
    ) -> ProcessOutcome<P> {
        self.log = self.log.replaced::<A>(id, target, event);
        self.take()
    }

    /// When this turns out to have happened to an aggregate, too, at this instant.
    #[track_caller]
    pub fn when_inserted<A: Correctable<Event: Debug + PartialEq>>(
        mut self,
        id: &A::Id,
        event: impl Into<A::Event>,
        effective_at: Timestamp,
    ) -> ProcessOutcome<P> {
        self.log = self.log.inserted::<A>(id, event, effective_at);
        self.take()
    }
}
