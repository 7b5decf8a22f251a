use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::{
    EventId, Invalid, Json, Metadata, Position, Revision, StoreError, StreamId, Timestamp,
};

/// Events to be appended to a stream: all of them or none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Append {
    /// The stream.
    pub stream: StreamId,
    /// What the stream must look like for the append to be accepted.
    pub expected: Expected,
    /// The events, in order.
    pub events: Vec<NewEvent>,
}

impl Append {
    /// An append of these events.
    pub fn new(stream: StreamId, expected: Expected, events: Vec<NewEvent>) -> Self {
        Self {
            stream,
            expected,
            events,
        }
    }

    /// Checks the append against a store's limits; a store calls it before it queues the append, so that a wrong one
    /// can't fail its neighbours in a batch.
    pub fn check(&self, limits: &Limits) -> Result<(), Invalid> {
        if self.events.is_empty() {
            return Err(Invalid::EmptyAppend);
        }
        let (count, limit) = (self.events.len(), limits.events);
        if count > limit {
            return Err(Invalid::TooManyEvents { count, limit });
        }
        self.check_ids()?;
        let mut total = 0;
        for (index, event) in self.events.iter().enumerate() {
            event.check_names()?;
            let (bytes, limit) = (event.payload.as_str().len(), limits.payload_bytes);
            if bytes > limit {
                return Err(Invalid::PayloadTooLarge {
                    index,
                    bytes,
                    limit,
                });
            }
            let (bytes, limit) = (event.metadata.as_str().len(), limits.metadata_bytes);
            if bytes > limit {
                return Err(Invalid::MetadataTooLarge {
                    index,
                    bytes,
                    limit,
                });
            }
            total += event.bytes();
        }
        if total > limits.append_bytes {
            return Err(Invalid::AppendTooLarge {
                bytes: total,
                limit: limits.append_bytes,
            });
        }
        Ok(())
    }

    fn check_ids(&self) -> Result<(), Invalid> {
        if self.events.len() == 1 {
            return Ok(());
        }
        let mut seen = HashSet::with_capacity(self.events.len());
        match self.events.iter().find(|event| !seen.insert(event.id)) {
            Some(event) => Err(Invalid::DuplicateId(event.id)),
            None => Ok(()),
        }
    }

    /// Judges the append by the one rule of every store: first by its ids, then by its expectation.
    ///
    /// `actual` is the stream's revision, and `find` answers where in the stream an event id stands.
    ///
    /// - All ids there, consecutive and in order: [`Verdict::Repeated`], with the first result.
    /// - Some of them, or otherwise placed: [`StoreError::IdReused`].
    /// - None: the expectation decides between [`Verdict::Accepted`] and [`StoreError::Conflict`].
    pub fn judge(
        &self,
        actual: Revision,
        mut find: impl FnMut(EventId) -> Result<Option<Placement>, StoreError>,
    ) -> Result<Verdict, StoreError> {
        let mut placements = Vec::new();
        // An empty stream holds no ids: spare the look-ups.
        if !actual.is_empty() {
            for (index, event) in self.events.iter().enumerate() {
                match find(event.id)? {
                    Some(placement)
                        if placements.len() == index && follows(&placements, placement) =>
                    {
                        placements.push(placement);
                    }
                    Some(_) => return Err(self.reused(event.id)),
                    None if placements.is_empty() => {}
                    None => return Err(self.reused(self.events[0].id)),
                }
            }
        }
        if !placements.is_empty() {
            return Ok(Verdict::Repeated(Appended {
                placements,
                repeated: true,
            }));
        }
        if self.expected.is_met_by(actual) {
            Ok(Verdict::Accepted)
        } else {
            Err(StoreError::conflict(&self.stream, self.expected, actual))
        }
    }

    fn reused(&self, id: EventId) -> StoreError {
        StoreError::IdReused {
            stream: self.stream.clone(),
            id,
        }
    }
}

fn follows(placements: &[Placement], next: Placement) -> bool {
    placements
        .last()
        .is_none_or(|last| last.revision.next() == next.revision)
}

/// What becomes of an append that is neither in conflict nor a reuse of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be written after the stream's last event.
    Accepted,
    /// It was written before: this is the result it had.
    Repeated(Appended),
}

/// An event that is to be appended: encoded and named, not yet placed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEvent {
    /// Its identity, by which a repeated append is known.
    pub id: EventId,
    /// Its stored name.
    pub name: Arc<str>,
    /// The schema version of the payload, from 1.
    pub version: u32,
    /// Its data.
    pub payload: Json,
    /// Who, why and what led to it.
    pub metadata: Json,
    /// When it was true in the world, if that is said.
    pub effective_at: Option<Timestamp>,
}

impl NewEvent {
    /// The longest name, in bytes.
    pub const MAX_NAME: usize = 128;

    /// An event without metadata and effective time; the fields are public to set them.
    pub fn new(id: EventId, name: impl Into<Arc<str>>, version: u32, payload: Json) -> Self {
        let metadata = Json::from_stored(Metadata::EMPTY);
        Self {
            id,
            name: name.into(),
            version,
            payload,
            metadata,
            effective_at: None,
        }
    }

    fn check_names(&self) -> Result<(), Invalid> {
        if self.name.is_empty()
            || self.name.len() > Self::MAX_NAME
            || self.name.chars().any(char::is_control)
        {
            return Err(Invalid::EventName);
        }
        if self.version == 0 {
            Err(Invalid::VersionZero)
        } else {
            Ok(())
        }
    }

    /// Its size, as [`Limits::append_bytes`] counts it.
    pub fn bytes(&self) -> usize {
        self.name.len() + self.payload.as_str().len() + self.metadata.as_str().len()
    }
}

/// What a stream must look like for an append to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Anything: the append never conflicts.
    Any,
    /// No events.
    NoStream,
    /// At least one event.
    StreamExists,
    /// Exactly this revision; [`Revision::EMPTY`] is the same as `NoStream`.
    Exact(Revision),
}

impl Expected {
    /// Whether a stream at this revision is as expected.
    pub fn is_met_by(self, actual: Revision) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => actual.is_empty(),
            Self::StreamExists => !actual.is_empty(),
            Self::Exact(revision) => revision == actual,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("at any revision"),
            Self::NoStream => f.write_str("without events"),
            Self::StreamExists => f.write_str("with events"),
            Self::Exact(revision) => write!(f, "at revision {revision}"),
        }
    }
}

/// What an acknowledged append came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    placements: Vec<Placement>,
    repeated: bool,
}

impl Appended {
    /// The result of an append that was written just now, with one placement for each event.
    ///
    /// # Panics
    ///
    /// Without placements: an append has at least one event.
    pub fn new(placements: Vec<Placement>) -> Self {
        assert!(!placements.is_empty(), "an append has at least one event");
        Self {
            placements,
            repeated: false,
        }
    }

    /// Where each event was placed, in order.
    pub fn placements(&self) -> &[Placement] {
        &self.placements
    }

    /// The last event's placement.
    pub fn last(&self) -> Placement {
        self.placements[self.placements.len() - 1]
    }

    /// The stream's revision after the append.
    pub fn revision(&self) -> Revision {
        self.last().revision
    }

    /// The last event's position: a reader that has come this far has seen the append.
    pub fn position(&self) -> Position {
        self.last().position
    }

    /// Whether an earlier append with the same event ids was found, and this is its result.
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }
}

/// Where and when an event was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placement {
    /// Its place in the stream.
    pub revision: Revision,
    /// Its place in the log.
    pub position: Position,
    /// When the store accepted it.
    pub recorded_at: Timestamp,
}

impl Placement {
    /// A placement.
    pub const fn new(revision: Revision, position: Position, recorded_at: Timestamp) -> Self {
        Self {
            revision,
            position,
            recorded_at,
        }
    }
}

/// How much a store takes in one append. Sizes in bytes of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Events in an append.
    pub events: usize,
    /// One event's payload.
    pub payload_bytes: usize,
    /// One event's metadata.
    pub metadata_bytes: usize,
    /// Payloads, metadata and names of an append together.
    pub append_bytes: usize,
}

impl Limits {
    /// What a store takes that has no narrower limit of its own: 10,000 events, 16 MiB for a payload, 1 MiB for
    /// metadata, 64 MiB for an append.
    pub const DEFAULT: Self = Self {
        events: 10_000,
        payload_bytes: 16 << 20,
        metadata_bytes: 1 << 20,
        append_bytes: 64 << 20,
    };
}
