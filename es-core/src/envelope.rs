use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::process::is_record;
use crate::temporal::is_correction;
use crate::{
    DecodeError, Digest, EventId, EventSet, Json, Metadata, NewEvent, Placement, Position,
    Revision, StoreError, StreamId, Timestamp,
};

/// What surrounds an event: whose it is, which, when, and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// The event's identity.
    pub id: EventId,
    /// The stream that it belongs to.
    pub stream: StreamId,
    /// Its place in the stream.
    pub revision: Revision,
    /// When the store accepted it.
    pub recorded_at: Timestamp,
    /// When it was true in the world, if that was said.
    pub effective_at: Option<Timestamp>,
    /// The metadata as stored; [`Metadata::decode`] reads it.
    pub metadata: Json,
}

impl Envelope {
    /// An envelope without effective time and metadata; the fields are public to set them.
    pub fn new(id: EventId, stream: StreamId, revision: Revision, recorded_at: Timestamp) -> Self {
        let metadata = Json::from_stored(Metadata::EMPTY);
        Self {
            id,
            stream,
            revision,
            recorded_at,
            effective_at: None,
            metadata,
        }
    }
}

/// An event as a store returns it: the payload still text, in the version that wrote it.
///
/// Cheap to clone, whatever it holds; its fields are those of [`Stored`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent(Arc<Stored>);

/// What a [`StoredEvent`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// What surrounds it.
    pub envelope: Envelope,
    /// Its place in the log.
    pub position: Position,
    /// The stored name.
    pub name: Arc<str>,
    /// The schema version of the payload.
    pub version: u32,
    /// The payload as stored.
    pub payload: Json,
    /// What its store computed over it and its stream up to it, if the log is tamper-evident.
    pub hash: Option<Digest>,
}

impl StoredEvent {
    /// An event read from where a store keeps it, without a hash; the fields are public to set it.
    pub fn new(
        envelope: Envelope,
        position: Position,
        name: impl Into<Arc<str>>,
        version: u32,
        payload: Json,
    ) -> Self {
        Self(Arc::new(Stored {
            envelope,
            position,
            name: name.into(),
            version,
            payload,
            hash: None,
        }))
    }

    /// The event as a store returns it that placed it here.
    pub fn placed(stream: &StreamId, event: NewEvent, at: Placement) -> Self {
        let mut envelope = Envelope::new(event.id, stream.clone(), at.revision, at.recorded_at);
        envelope.effective_at = event.effective_at;
        envelope.metadata = event.metadata;
        Self::new(
            envelope,
            at.position,
            event.name,
            event.version,
            event.payload,
        )
    }

    /// The event as a value of the set `E`, upcast to the current version; `None` if its name is retired, or if a process
    /// wrote it into the stream.
    pub fn decode<E: EventSet>(&self) -> Result<Option<E>, StoreError> {
        match E::decode(&self.name, self.version, self.payload.as_str()) {
            Err(DecodeError::UnknownName) if is_record(&self.name) => Ok(None),
            decoded => decoded.map_err(|reason| self.undecodable(reason)),
        }
    }

    /// The error that names this event and why it can't be read.
    pub fn undecodable(&self, reason: DecodeError) -> StoreError {
        let reason = match reason {
            DecodeError::UnknownName if is_correction(&self.name) => DecodeError::Correction,
            reason => reason,
        };
        StoreError::undecodable(&self.envelope, Arc::clone(&self.name), self.version, reason)
    }
}

impl Deref for StoredEvent {
    type Target = Stored;

    fn deref(&self) -> &Stored {
        &self.0
    }
}

/// Changes this value alone: whoever holds a clone keeps what it was.
impl DerefMut for StoredEvent {
    fn deref_mut(&mut self) -> &mut Stored {
        Arc::make_mut(&mut self.0)
    }
}

/// An event together with its envelope, for an aggregate or a projection that wants more than the payload.
///
/// An aggregate lists such an event with `#[event(T, recorded)]` and implements `Apply<Recorded<T>>`. The position
/// isn't here: it doesn't exist before the event is stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recorded<E> {
    /// The event.
    pub event: E,
    /// Its identity.
    pub id: EventId,
    /// The stream that it belongs to.
    pub stream: StreamId,
    /// Its place in the stream.
    pub revision: Revision,
    /// When the store accepted it.
    pub recorded_at: Timestamp,
    /// When it was true in the world: what was said, else when it was recorded.
    pub effective_at: Timestamp,
    /// Who, why and what led to it.
    pub metadata: Metadata,
}

impl<E> Recorded<E> {
    /// The event with what its envelope says.
    pub fn new(event: E, envelope: &Envelope) -> Result<Self, DecodeError> {
        Ok(Self {
            event,
            id: envelope.id,
            stream: envelope.stream.clone(),
            revision: envelope.revision,
            recorded_at: envelope.recorded_at,
            effective_at: envelope.effective_at.unwrap_or(envelope.recorded_at),
            metadata: Metadata::decode(&envelope.metadata)?,
        })
    }
}

impl<E> Deref for Recorded<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}
