use super::checked::Broken;
use crate::{Conflict, Misplaced, Revision, StoreError, StreamId, Violation};

/// Why a past wasn't corrected; nothing was appended. `E` is the aggregate's own error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorrectError<E: std::error::Error + 'static> {
    /// The aggregate doesn't exist.
    #[error("{stream} doesn't exist")]
    NotFound {
        /// The aggregate's stream.
        stream: StreamId,
    },
    /// Nothing stands at the revision yet.
    #[error("there is no event at revision {target}; the stream is at {head}")]
    NoSuchRevision {
        /// The revision that was to be corrected.
        target: Revision,
        /// The stream's last revision.
        head: Revision,
    },
    /// The event doesn't count any more; or what a retraction took back has been corrected otherwise since.
    #[error("the event at revision {target} is corrected already, by the one at {by}")]
    AlreadyCorrected {
        /// The revision that was to be corrected.
        target: Revision,
        /// The correction that stands.
        by: Revision,
    },
    /// A retraction was to be replaced; it can only be retracted.
    #[error("a retraction stands at revision {target}: it can be retracted, and not replaced")]
    Unreplaceable {
        /// The retraction's revision.
        target: Revision,
    },
    /// The event that the stream begins with was to be retracted.
    #[error(
        "the stream begins with the event at revision {target}: it can be replaced, and not retracted"
    )]
    Beginning {
        /// The event's revision.
        target: Revision,
    },
    /// An initial event where another stands, another one for the initial event, or an event before it.
    #[error(transparent)]
    Misplaced(Misplaced),
    /// With the correction the history would break.
    #[error(transparent)]
    Violated(Box<Violation<E>>),
    /// The stream isn't at the revision that was expected, or others kept appending first.
    #[error(transparent)]
    Conflict(Box<Conflict>),
    /// The store didn't do it.
    #[error(transparent)]
    Store(StoreError),
}

impl<E: std::error::Error + 'static> From<StoreError> for CorrectError<E> {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Self::Conflict(conflict),
            error => Self::Store(error),
        }
    }
}

impl<E: std::error::Error + 'static> From<Broken<E>> for CorrectError<E> {
    fn from(broken: Broken<E>) -> Self {
        match broken {
            Broken::Violated(violation) => Self::Violated(violation),
            Broken::Store(error) => error.into(),
            Broken::BeforeInitial { name } => Self::Misplaced(Misplaced::BeforeInitial { name }),
        }
    }
}
