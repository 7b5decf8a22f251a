use std::fmt::Debug;

use es_core::__private::{CorrectionStep, correct_given, facts_given};
use es_core::{
    Aggregate, Correctable, Envelope, EventId, EventSet, Json, Metadata, Revision, StoreError,
    StoredEvent, StreamId, Timestamp,
};
use es_core::{DecodeError, Placement, Position};

use super::diff::diff;
use super::invariant::folded;
use crate::CountingIds;
use crate::projection::surviving;

/// A stream that stands in no store: every event that comes to it goes through its stored form.
#[derive(Debug)]
pub(super) struct History<A> {
    pub state: Option<A>,
    pub revision: Revision,
    pub recorded_at: Timestamp,
    pub effective_at: Option<Timestamp>,
    pub metadata: Metadata,
    stored: Vec<StoredEvent>,
    /// The events of an aggregate that takes corrections, in the order in which they were true.
    pub(super) facts: Vec<StoredEvent>,
}

impl<A: Aggregate<Event: Debug + PartialEq>> History<A> {
    pub(super) fn new() -> Self {
        Self {
            state: A::initial(),
            revision: Revision::EMPTY,
            recorded_at: Timestamp::EPOCH,
            effective_at: None,
            metadata: Metadata::default(),
            stored: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Takes in an event by way of its stored form, and compares what comes back.
    pub(super) fn take(&mut self, event: &A::Event) -> Result<(), String> {
        let descriptor = event.descriptor();
        let name = descriptor.name;
        let payload = event.encode().map_err(|error| {
            let why = chain(&error);
            format!("the event `{name}` can't be stored: {why}\n{event:#?}")
        })?;
        let stored = self.stored(name, descriptor.version, payload.as_str())?;
        let text = payload.as_str();
        let back = stored.decode::<A::Event>().map_err(|error| {
            let why = chain(&error);
            format!("the event `{name}` was stored as\n{text}\nand can't be read back: {why}")
        })?;
        match back {
            Some(back) if back == *event => self.fold(back, &stored),
            Some(back) => Err(format!(
                "the event `{name}` was stored as\n{text}\nand comes back as another:\n{}",
                diff(event, &back)
            )),
            None => Err(format!(
                "the event `{name}` is retired, and is skipped when it is read"
            )),
        }
    }

    /// Takes in a stored event as it is.
    pub(super) fn take_stored(
        &mut self,
        name: &str,
        version: u32,
        payload: &str,
    ) -> Result<(), String> {
        let stored = self.stored(name, version, payload)?;
        match stored.decode::<A::Event>() {
            Ok(Some(event)) => self.fold(event, &stored),
            // Retired: it has a revision, and changes nothing.
            Ok(None) => {
                self.revision = stored.envelope.revision;
                self.stored.push(stored);
                Ok(())
            }
            Err(error) => Err(chain(&error)),
        }
    }

    fn fold(&mut self, event: A::Event, stored: &StoredEvent) -> Result<(), String> {
        if A::CORRECTIONS.is_some() {
            self.fold_in_order(stored)?;
        } else {
            let folded = A::fold(&mut self.state, event, &stored.envelope);
            folded.map_err(|error: DecodeError| error.to_string())?;
        }
        self.revision = stored.envelope.revision;
        self.stored.push(stored.clone());
        Ok(())
    }

    /// Takes in a correction, by the rules of a store.
    pub(super) fn correct(&mut self, step: &CorrectionStep<A::Event>) -> Result<(), String>
    where
        A: Correctable,
    {
        if let CorrectionStep::Replace(_, event, _) | CorrectionStep::Insert(event, _) = step {
            surviving(event)?;
        }
        let Some(last) = self.stored.last() else {
            return Err(format!(
                "there is no `{}` yet that could be corrected",
                A::CATEGORY
            ));
        };
        let revision = self.revision.next();
        let correction =
            correct_given::<A>(&self.stored, step, CountingIds::nth(revision.number()));
        let mut correction =
            correction.map_err(|error| format!("the correction is refused: {}", chain(&error)))?;
        correction.metadata =
            (self.metadata.encode()).map_err(|error: StoreError| chain(&error))?;
        let position = Position::new(revision.number());
        let placement = Placement::new(revision, position, self.recorded_at);
        let stored = StoredEvent::placed(&last.envelope.stream, correction, placement);
        self.stored.push(stored);
        self.revision = revision;
        self.facts = facts_given::<A>(&self.stored).map_err(|error| chain(&error))?;
        self.state = A::initial();
        (self.facts.iter())
            .try_for_each(|fact| A::fold_stored(&mut self.state, fact))
            .map_err(|error| error.to_string())
    }

    /// The events that count.
    fn counting(&self) -> &[StoredEvent] {
        if A::CORRECTIONS.is_some() {
            &self.facts
        } else {
            &self.stored
        }
    }

    /// The id of the last event that is this one.
    pub(super) fn last(&self, event: &A::Event) -> Option<EventId> {
        let is_it = |stored: &&StoredEvent| {
            let decoded = stored.decode::<A::Event>();
            decoded.is_ok_and(|decoded| decoded.as_ref() == Some(event))
        };
        let found = self.counting().iter().filter(is_it);
        let found = found.max_by_key(|stored| stored.envelope.revision)?;
        Some(found.envelope.id)
    }

    /// As it was: what was refused was never appended.
    pub(super) fn back_to(&mut self, facts: Vec<StoredEvent>, revision: Revision) {
        self.stored
            .retain(|stored| stored.envelope.revision <= revision);
        self.revision = revision;
        self.state = folded(&facts);
        self.facts = facts;
    }

    /// The state as it would be without this event and what undoes it.
    pub(super) fn without(&self, undone: EventId) -> Result<Option<A>, String> {
        let mut other = Self::new();
        for stored in self.counting() {
            let metadata = Metadata::decode(&stored.envelope.metadata);
            let metadata = metadata.map_err(|error| chain(&error))?;
            if stored.envelope.id == undone || metadata.compensates == Some(undone) {
                continue;
            }
            if let Some(event) = stored.decode().map_err(|error| chain(&error))? {
                other.fold(event, stored)?;
            }
        }
        Ok(other.state)
    }

    /// Folds an event where it was true, as a repository does for an aggregate that takes corrections.
    fn fold_in_order(&mut self, stored: &StoredEvent) -> Result<(), String> {
        let place = self.facts.partition_point(|fact| at(fact) <= at(stored));
        self.facts.insert(place, stored.clone());
        let mut unfolded = &self.facts[place..];
        if unfolded.len() > 1 {
            self.state = A::initial();
            unfolded = &self.facts;
        }
        unfolded
            .iter()
            .try_for_each(|fact| A::fold_stored(&mut self.state, fact))
            .map_err(|error| error.to_string())
    }

    fn stored(&self, name: &str, version: u32, payload: &str) -> Result<StoredEvent, String> {
        let stream = StreamId::new(A::CATEGORY, "given").map_err(|error| chain(&error))?;
        let revision = self.revision.next();
        let id = CountingIds::nth(revision.number());
        let mut envelope = Envelope::new(id, stream, revision, self.recorded_at);
        envelope.effective_at = self.effective_at;
        envelope.metadata = (self.metadata.encode()).map_err(|error: StoreError| chain(&error))?;
        let position = Position::new(revision.number());
        let payload = Json::from_stored(payload);
        Ok(StoredEvent::new(envelope, position, name, version, payload))
    }
}

/// When an event was true.
pub(super) fn at(event: &StoredEvent) -> Timestamp {
    let envelope = &event.envelope;
    envelope.effective_at.unwrap_or(envelope.recorded_at)
}

/// An error with its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
