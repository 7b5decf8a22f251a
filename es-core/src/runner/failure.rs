use std::any::Any;

use crate::{Cause, DecodeError, Position, StoreError, StoredEvent, Undecodable};

/// Why a runner can't go on, for now or at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A stored event can't be read by this program.
    #[error("the event at position {position} can't be read")]
    Decoding {
        /// The event's position.
        position: Position,
        /// Which it is, and why.
        #[source]
        error: Box<Undecodable>,
    },
    /// The user's code refused an event.
    #[error("the event at position {position} was refused")]
    Applying {
        /// The event's position.
        position: Position,
        /// What the user's code said.
        #[source]
        cause: Cause,
    },
    /// The read model's database didn't do what it was asked.
    #[error("the read model's database failed")]
    Database {
        /// Whether it may succeed later, as it is busy or away.
        passing: bool,
        /// What it said.
        #[source]
        cause: Cause,
    },
    /// The publisher didn't answer, perhaps after publishing; it is asked again, unless an event is to blame.
    #[error("the publisher failed")]
    Publisher {
        /// The position of an event that it will never take, if it says so.
        unpublishable: Option<Position>,
        /// What it said.
        #[source]
        cause: Cause,
    },
    /// Another process has taken over; nothing was written.
    #[error("another process has taken over; nothing was written")]
    Fenced,
    /// The consumer panicked, and the runner with it.
    #[error("the consumer panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// The next event is for a new version to take in, and that isn't to be before its other partitions have come to where the
    /// old one is. It is asked again.
    #[error("the other partitions of a new version haven't caught up with the old one yet")]
    Waiting,
    /// The version is kept in another number of partitions than it is asked for. The keys are in other ones then, which have
    /// come to other places: raise the projection's version, and it is built anew, in as many as you like.
    #[error(
        "version {version} is kept in {kept} partitions and asked for in {asked}; raise the projection's version to change that"
    )]
    Partitioned {
        /// The projection's version.
        version: u32,
        /// In how many it is kept.
        kept: u32,
        /// In how many it is asked for.
        asked: u32,
    },
    /// The event store didn't answer, or its log isn't the one that was read before.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// For what takes events in while it appends, which answers as a store does.
impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Decoding { error, .. } => Self::Undecodable(error),
            Failure::Store(error) => error,
            failure => Self::Backend(failure.into()),
        }
    }
}

/// Which part failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// Reading a stored event.
    Decoding,
    /// The user's code.
    Applying,
    /// The read model's database.
    Database,
    /// The publisher.
    Publisher,
    /// Another process has taken over.
    Fenced,
    /// The consumer panicked.
    Panicked,
    /// The other partitions aren't there yet.
    Waiting,
    /// The number of partitions isn't what it was.
    Partitioned,
    /// The event store.
    Store,
    /// The log was restored to another past.
    LogDiverged,
}

impl Failure {
    /// An event that can't be read.
    pub fn decode(event: &StoredEvent, reason: DecodeError) -> Self {
        let position = event.position;
        match event.undecodable(reason) {
            StoreError::Undecodable(error) => Self::Decoding { position, error },
            other => Self::Store(other),
        }
    }

    /// An event that the user's code refused.
    pub fn apply(event: &StoredEvent, cause: impl Into<Cause>) -> Self {
        Self::Applying {
            position: event.position,
            cause: cause.into(),
        }
    }

    /// A panic, as it was caught.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let message = match panic.downcast_ref::<String>() {
            Some(message) => message.clone(),
            None => (panic.downcast_ref::<&str>().copied())
                .unwrap_or("something that isn't a text")
                .to_owned(),
        };
        Self::Panicked { message }
    }

    /// What it says with all of its sources, for whoever looks at what was put aside.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }

    /// Which part failed.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Decoding { .. } => FailureClass::Decoding,
            Self::Applying { .. } => FailureClass::Applying,
            Self::Database { .. } => FailureClass::Database,
            Self::Publisher { .. } => FailureClass::Publisher,
            Self::Fenced => FailureClass::Fenced,
            Self::Panicked { .. } => FailureClass::Panicked,
            Self::Waiting => FailureClass::Waiting,
            Self::Partitioned { .. } => FailureClass::Partitioned,
            Self::Store(StoreError::LogDiverged { .. }) => FailureClass::LogDiverged,
            Self::Store(_) => FailureClass::Store,
        }
    }

    /// The position of the event that is to blame, if one is.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Decoding { position, .. }
            | Self::Applying { position, .. }
            | Self::Publisher {
                unpublishable: Some(position),
                ..
            }
            | Self::Store(StoreError::LogDiverged { position, .. }) => Some(*position),
            _ => None,
        }
    }

    /// Whether a newer program wrote the event: then this one stops and waits for its update, and never passes over it.
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Decoding { error, .. } if matches!(error.reason, DecodeError::NewerVersion { .. }))
    }
}
