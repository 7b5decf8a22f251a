//! Inputs whose keys no instance can have: each is set aside in the process's stream, until somebody has it taken in or
//! passed over.

use std::collections::BTreeMap;

use super::arrival::Arrival;
use super::definition::Process;
use super::engine::Engine;
use super::instance::{Instance, chain};
use super::record::{Discarded, Readmitted, Record, SetAside};
use super::settling::Settled;
use super::view::SetAsideInput;
use super::whole::stream;
use crate::{
    AggregateId, EventId, Expected, Invalid, Metadata, StoreError, StoredEvent, StreamId,
    StreamQuery,
};

/// Why no instance can have this key, if none can.
pub(super) fn unusable<P: Process>(key: &P::Id) -> Option<Invalid> {
    if let Err(error) = StreamId::of::<P>(key) {
        return Some(Invalid::StreamId(error));
    }
    let why = "no key is written as the key's text";
    let is_read = P::Id::from_text(&P::Id::to_text(key)).is_some();
    (!is_read).then(|| Invalid::Store(why.into()))
}

/// The id of the record that sets an event aside: the same, whoever comes to it and however often.
fn set_aside_id(stream: &StreamId, event: EventId) -> EventId {
    EventId::derived(stream, &format!("{event} set aside"), 0)
}

/// The id of what is said about that, once.
fn answer_id(stream: &StreamId, event: EventId) -> EventId {
    EventId::derived(stream, &format!("{event} set aside"), 1)
}

impl<P: Process> Engine<P> {
    /// Sets an input aside, unless it was before.
    pub(super) async fn set_aside(
        &self,
        stored: &StoredEvent,
        why: &Invalid,
    ) -> Result<Settled, StoreError> {
        let (event, reason) = (stored.envelope.id, chain(why));
        tracing::warn!(process = P::CATEGORY, position = %stored.position, reason, "an input is set aside");
        let record = SetAside {
            event,
            name: stored.name.to_string(),
            position: stored.position,
            reason,
        };
        let stream = stream::<P>()?;
        let id = set_aside_id(&stream, event);
        let metadata = Metadata {
            caused_by: Some(event),
            ..Metadata::default()
        };
        let is_new = self.note(&stream, id, record, &metadata).await?;
        Ok(if is_new {
            Settled::Appended
        } else {
            Settled::Known
        })
    }

    /// All that are set aside now.
    pub(super) async fn all_set_aside(&self) -> Result<Vec<SetAsideInput>, StoreError> {
        let mut aside = BTreeMap::new();
        let mut next = Some(StreamQuery::forwards(stream::<P>()?));
        while let Some(query) = next.take() {
            let page = self.store.read_stream(query.clone()).await?;
            for stored in &page.events {
                match Record::of(stored)? {
                    Some(Record::SetAside(input)) => {
                        aside.insert(input.event, listed(stored, input));
                    }
                    Some(
                        Record::Readmitted(Readmitted { event })
                        | Record::Discarded(Discarded { event }),
                    ) => {
                        aside.remove(&event);
                    }
                    _ => {}
                }
            }
            next = query.after(&page);
        }
        let mut aside: Vec<_> = aside.into_values().collect();
        aside.sort_by_key(|input| input.position);
        Ok(aside)
    }

    /// Has an input taken in that is set aside: first by its instance, so that what dies in between leaves it set aside, and
    /// known to the instance.
    pub(super) async fn readmit(
        &self,
        event: EventId,
        by: &str,
        because: &str,
    ) -> Result<bool, StoreError> {
        let Some(aside) = self.find_aside(event).await? else {
            return Ok(false);
        };
        let stored = &self.input(event, aside.position).await?;
        let struck = self.struck(stored).await?;
        let arrivals = Arrival::<P>::read(stored, struck.as_ref());
        let arrivals = arrivals.map_err(|reason| stored.undecodable(reason))?;
        let still = arrivals.iter().find_map(|one| unusable::<P>(&one.key));
        if let Some(why) = still {
            return Err(why.into());
        }
        for arrival in arrivals {
            self.settle_input(&arrival, Instance::readmit).await?;
        }
        self.answer(event, Readmitted { event }, by, because).await
    }

    /// Has an input passed over that is set aside.
    pub(super) async fn discard(
        &self,
        event: EventId,
        by: &str,
        because: &str,
    ) -> Result<bool, StoreError> {
        match self.find_aside(event).await? {
            Some(_) => self.answer(event, Discarded { event }, by, because).await,
            None => Ok(false),
        }
    }

    async fn find_aside(&self, event: EventId) -> Result<Option<SetAside>, StoreError> {
        let stream = stream::<P>()?;
        let answered = self.store.find(&stream, answer_id(&stream, event)).await?;
        let found = self.store.find(&stream, set_aside_id(&stream, event));
        let (None, Some(found)) = (answered, found.await?) else {
            return Ok(None);
        };
        Ok(match Record::of(&found)? {
            Some(Record::SetAside(input)) => Some(input),
            _ => None,
        })
    }

    async fn answer(
        &self,
        event: EventId,
        record: impl Into<Record>,
        by: &str,
        because: &str,
    ) -> Result<bool, StoreError> {
        let stream = stream::<P>()?;
        let metadata = Metadata {
            actor: Some(by.to_owned()),
            reason: Some(because.to_owned()),
            caused_by: Some(event),
            ..Metadata::default()
        };
        let id = answer_id(&stream, event);
        self.note(&stream, id, record, &metadata).await
    }

    /// Appends a record; `false` if it stands there already.
    async fn note(
        &self,
        stream: &StreamId,
        id: EventId,
        record: impl Into<Record>,
        metadata: &Metadata,
    ) -> Result<bool, StoreError> {
        let event = record.into().encode(id, &metadata.encode()?)?;
        let written = self.write(stream, Expected::Any, vec![event]).await?;
        Ok(!written.is_repeated())
    }
}

fn listed(stored: &StoredEvent, input: SetAside) -> SetAsideInput {
    SetAsideInput {
        event: input.event,
        position: input.position,
        name: input.name,
        reason: input.reason,
        since: stored.envelope.recorded_at,
    }
}
