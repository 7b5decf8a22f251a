use std::collections::{HashMap, HashSet};

use super::definition::Process;
use super::duties::Duties;
use super::record::Record;
use super::sender::Order;
use super::trouble::{Class, Trouble, caught};
use crate::{
    AggregateId, DecodeError, EventId, EventStore, Invalid, InvalidStreamId, Metadata, Position,
    Revision, StoreError, StoredEvent, StreamId, StreamQuery,
};

/// One instance of a process: what its stream says.
pub(super) struct Instance<P: Process> {
    pub(super) key: P::Id,
    pub(super) stream: StreamId,
    pub(super) revision: Revision,
    /// The state, or why its history can't be read.
    pub(super) state: Result<P, Trouble>,
    pub(super) duties: Duties,
    /// Whether it was ever started.
    pub(super) has_begun: bool,
    /// The inputs that are in its stream.
    pub(super) inputs: HashSet<EventId>,
    /// The last of them.
    pub(super) last_input: Position,
    /// The commands that have no outcome, by their ids.
    pub(super) orders: HashMap<EventId, Order>,
    /// What it belongs to, as its first input said, or its stream.
    pub(super) correlation: String,
}

impl<P: Process> Instance<P> {
    /// An instance without history.
    pub(super) fn new(key: &P::Id) -> Result<Self, InvalidStreamId> {
        let stream = StreamId::of::<P>(key)?;
        let state = P::initial();
        let state = state.ok_or_else(|| Trouble::new(Class::Decoding, "it has initial events"));
        Ok(Self {
            key: key.clone(),
            correlation: stream.to_string(),
            stream,
            revision: Revision::EMPTY,
            state,
            duties: Duties::default(),
            has_begun: false,
            inputs: HashSet::new(),
            last_input: Position::START,
            orders: HashMap::new(),
        })
    }

    /// The instance with this id of its stream, of which nothing was read yet.
    pub(super) fn unread(id: &str) -> Result<Self, StoreError> {
        let key = P::Id::from_text(id).ok_or_else(|| {
            let why = format!("`{id}` is not a key of `{}`", P::CATEGORY);
            StoreError::invalid(Invalid::Store(why.into()))
        })?;
        Ok(Self::new(&key)?)
    }

    /// Reads what its stream says beyond what it knows.
    pub(super) async fn read(&mut self, store: &dyn EventStore) -> Result<(), StoreError> {
        let query = StreamQuery::forwards(self.stream.clone()).from(self.revision.next());
        let mut next = Some(query);
        while let Some(query) = next.take() {
            let page = store.read_stream(query.clone()).await?;
            page.events
                .iter()
                .try_for_each(|stored| self.fold(stored))?;
            next = query.after(&page);
        }
        Ok(())
    }

    /// Takes in what its stream says next.
    ///
    /// # Errors
    ///
    /// A newer program wrote it. What can't be read otherwise makes the instance unreadable, which is for its quarantine.
    pub(super) fn fold(&mut self, stored: &StoredEvent) -> Result<(), StoreError> {
        self.revision = stored.envelope.revision;
        match Record::of(stored) {
            Ok(Some(record)) => self.fold_record(stored, record),
            Ok(None) => self.fold_event(stored),
            Err(error) => self.unreadable(error),
        }
    }

    fn fold_event(&mut self, stored: &StoredEvent) -> Result<(), StoreError> {
        let no_state = || Trouble::new(Class::Applying, "its state is gone");
        let Ok(state) = std::mem::replace(&mut self.state, Err(no_state())) else {
            return Ok(());
        };
        let folded = caught(|| {
            let mut state = Some(state);
            let folded = P::fold_stored(&mut state, stored);
            Ok(folded.map(|()| state.ok_or_else(no_state)))
        });
        match folded {
            Ok(Ok(state)) => self.state = state,
            Ok(Err(reason)) => return self.unreadable(stored.undecodable(reason)),
            Err(panic) => self.state = Err(panic),
        }
        Ok(())
    }

    fn unreadable(&mut self, error: StoreError) -> Result<(), StoreError> {
        if is_newer(&error) {
            return Err(error);
        }
        self.state = Err(Trouble::new(Class::Decoding, chain(&error)));
        Ok(())
    }

    fn fold_record(&mut self, stored: &StoredEvent, record: Record) -> Result<(), StoreError> {
        self.duties.fold(stored, &record);
        self.has_begun |= self.duties.running;
        match record {
            Record::Consumed(input) => self.took(stored, input.event, input.position),
            Record::Deferred(input) => self.took(stored, input.event, input.position),
            Record::Commanded(commanded) => {
                match Order::read(&self.stream, stored, &commanded) {
                    Ok(order) => drop(self.orders.insert(stored.envelope.id, order)),
                    Err(error) => return self.unreadable(error),
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn took(
        &mut self,
        stored: &StoredEvent,
        event: EventId,
        position: Position,
    ) -> Result<(), StoreError> {
        if self.inputs.is_empty() {
            match Metadata::decode(&stored.envelope.metadata) {
                Ok(metadata) => {
                    self.correlation = metadata.correlation.unwrap_or(self.stream.to_string());
                }
                Err(error) => return self.unreadable(stored.undecodable(error)),
            }
        }
        self.inputs.insert(event);
        self.last_input = self.last_input.max(position);
        Ok(())
    }

    /// The command to be sent next.
    pub(super) fn next_order(&self) -> Option<(EventId, &Order)> {
        let id = self.duties.unsent.first()?;
        Some((*id, self.orders.get(id)?))
    }
}

/// Whether a newer program wrote what can't be read: then this one waits for its update.
pub(super) fn is_newer(error: &StoreError) -> bool {
    matches!(error, StoreError::Undecodable(error) if matches!(error.reason, DecodeError::NewerVersion { .. }))
}

/// An error with its sources.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
