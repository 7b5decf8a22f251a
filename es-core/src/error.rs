use std::error::Error;
use std::sync::Arc;

use crate::{
    DecodeError, EncodeError, Envelope, EventId, Expected, InvalidJson, InvalidStreamId, Position,
    Revision, StreamId,
};

/// What a driver or the operating system said.
pub type Cause = Box<dyn Error + Send + Sync + 'static>;

/// Why a store didn't do what it was asked: one type for every store, so that the caller's reaction is the same.
///
/// No message contains a payload or a connection string.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else appended first. Nothing was written; load and decide again.
    #[error(transparent)]
    Conflict(#[from] Box<Conflict>),
    /// Some of the append's event ids stand in the stream already, but not as this append. Nothing was written.
    ///
    /// A repository says so, too, where an [`IdSource`](crate::IdSource) minted ids that earlier events have.
    #[error("event id {id} was used before in {stream} by another append")]
    IdReused {
        /// The stream.
        stream: StreamId,
        /// The first id of the append that was found.
        id: EventId,
    },
    /// The request is wrong in itself, and would be wrong on any try. Nothing was written.
    #[error("the request is invalid")]
    Invalid(#[source] Box<Invalid>),
    /// The store can't be reached or is busy. Nothing was written; it may succeed later.
    #[error("the store is unavailable; nothing was written")]
    Unavailable(#[source] Cause),
    /// The store broke off: perhaps it was written. Repeat the append with the same event ids.
    #[error(
        "the store broke off, perhaps after writing; repeat the append with the same event ids"
    )]
    Unknown(#[source] Cause),
    /// A projection inside of the append said no. Nothing of the append was written.
    #[error(transparent)]
    Rejected(#[from] Box<Rejection>),
    /// A stored event can't be read by this program.
    #[error(transparent)]
    Undecodable(#[from] Box<Undecodable>),
    /// The log isn't the one that the reader has seen: it was restored to another past.
    #[error("the log diverged: it isn't the one that was read up to position {position}")]
    LogDiverged {
        /// How far the reader had come.
        position: Position,
        /// The event that the reader saw there, if it knows.
        expected: Option<EventId>,
        /// The event that stands there now.
        found: Option<EventId>,
    },
    /// The database refused in a way that retrying doesn't mend. Nothing was written.
    #[error("the database refused")]
    Backend(#[source] Cause),
}

impl StoreError {
    /// An invalid request.
    pub fn invalid(invalid: Invalid) -> Self {
        Self::Invalid(Box::new(invalid))
    }

    /// A conflict on a stream.
    pub fn conflict(stream: &StreamId, expected: Expected, actual: Revision) -> Self {
        Self::Conflict(Box::new(Conflict {
            stream: stream.clone(),
            expected,
            actual,
        }))
    }

    /// What a projection inside of an append said no to.
    pub fn rejected(projection: impl Into<Arc<str>>, cause: impl Into<Cause>) -> Self {
        Self::Rejected(Box::new(Rejection {
            projection: projection.into(),
            cause: cause.into(),
        }))
    }

    /// An event that this program can't read.
    pub fn undecodable(
        envelope: &Envelope,
        name: Arc<str>,
        version: u32,
        reason: DecodeError,
    ) -> Self {
        let (stream, revision) = (envelope.stream.clone(), envelope.revision);
        Self::Undecodable(Box::new(Undecodable {
            stream,
            revision,
            name,
            version,
            reason,
        }))
    }
}

impl From<Invalid> for StoreError {
    fn from(invalid: Invalid) -> Self {
        Self::invalid(invalid)
    }
}

impl From<InvalidStreamId> for StoreError {
    fn from(error: InvalidStreamId) -> Self {
        Self::invalid(Invalid::StreamId(error))
    }
}

/// An append that expected another state of its stream than it found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{stream} is at revision {actual}, not {expected}")]
#[non_exhaustive]
pub struct Conflict {
    /// The stream.
    pub stream: StreamId,
    /// What the append expected.
    pub expected: Expected,
    /// The revision that the stream has.
    pub actual: Revision,
}

/// What a projection says no with that is kept inside of appends, for what must never lag behind the log.
///
/// ```
/// use es_core::StoreError;
///
/// #[derive(Debug, PartialEq, thiserror::Error)]
/// #[error("this address is taken")]
/// struct AddressTaken;
///
/// let StoreError::Rejected(rejection) = StoreError::rejected("addresses", AddressTaken) else { panic!() };
/// assert_eq!(rejection.reason::<AddressTaken>(), Some(&AddressTaken));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the projection `{projection}` said no")]
#[non_exhaustive]
pub struct Rejection {
    /// Its name.
    pub projection: Arc<str>,
    /// What its handler said.
    #[source]
    pub cause: Cause,
}

impl Rejection {
    /// What its handler said, if it is an error of this type.
    pub fn reason<E: Error + 'static>(&self) -> Option<&E> {
        self.cause.downcast_ref()
    }
}

/// A stored event that this program can't read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {revision} of {stream} (`{name}`, version {version}) can't be read")]
#[non_exhaustive]
pub struct Undecodable {
    /// The stream.
    pub stream: StreamId,
    /// The event's place in it.
    pub revision: Revision,
    /// The event's stored name.
    pub name: Arc<str>,
    /// The version of its payload.
    pub version: u32,
    /// Why.
    #[source]
    pub reason: DecodeError,
}

/// What is wrong with a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// An append without events.
    #[error("an append needs at least one event")]
    EmptyAppend,
    /// Two events of one append with the same id.
    #[error("two events of the append have the id {0}")]
    DuplicateId(EventId),
    /// More events in one append than the store takes.
    #[error("the append has {count} events; this store takes at most {limit}")]
    TooManyEvents {
        /// How many there are.
        count: usize,
        /// How many the store takes.
        limit: usize,
    },
    /// A payload larger than the store takes.
    #[error("the payload of event {index} has {bytes} bytes; this store takes at most {limit}")]
    PayloadTooLarge {
        /// Which event of the append, from 0.
        index: usize,
        /// Its size in bytes.
        bytes: usize,
        /// How many bytes the store takes.
        limit: usize,
    },
    /// Metadata larger than the store takes.
    #[error("the metadata of event {index} has {bytes} bytes; this store takes at most {limit}")]
    MetadataTooLarge {
        /// Which event of the append, from 0.
        index: usize,
        /// Its size in bytes.
        bytes: usize,
        /// How many bytes the store takes.
        limit: usize,
    },
    /// An append larger than the store takes.
    #[error("the append has {bytes} bytes; this store takes at most {limit}")]
    AppendTooLarge {
        /// Its size in bytes: payloads, metadata and names.
        bytes: usize,
        /// How many bytes the store takes.
        limit: usize,
    },
    /// An event's name that is empty, too long, or holds control characters.
    #[error("an event's name has 1 to 128 bytes without control characters")]
    EventName,
    /// Versions count from 1.
    #[error("an event's version counts from 1")]
    VersionZero,
    /// A category or id that can't name a stream.
    #[error("not a stream's name")]
    StreamId(#[source] InvalidStreamId),
    /// A text that isn't storable JSON.
    #[error("the text of event's payload or metadata is not storable JSON")]
    Json(#[source] InvalidJson),
    /// A value that can't be encoded.
    #[error("the event `{name}` can't be encoded")]
    Payload {
        /// The event's name.
        name: &'static str,
        /// Why.
        #[source]
        error: EncodeError,
    },
    /// An entry of the user's own under a key of the library's metadata.
    #[error("the metadata key `{0}` is the library's; choose another")]
    MetadataKey(String),
    /// Metadata that can't be encoded.
    #[error("the metadata can't be encoded")]
    Metadata(#[source] EncodeError),
    /// A state that can't be encoded, to be compared.
    #[error("the state can't be encoded")]
    State(#[source] EncodeError),
    /// A decision brought forth an initial event for a stream that has events, or began one with another event.
    #[error("{0}")]
    Misplaced(crate::Misplaced),
    /// A revision where a point of the log is asked for.
    #[error("a revision is of one stream; what a log knew is said by a position or an instant")]
    RevisionOfLog,
    /// A limit that only this store has.
    #[error("{0}")]
    Store(Cause),
}
