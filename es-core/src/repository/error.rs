use crate::{Conflict, Misplaced, Rejection, Revision, StoreError, StreamId, Violation};

/// Why a command brought forth nothing. `E` is the aggregate's own error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<E: std::error::Error + 'static> {
    /// The aggregate said no. Nothing was appended.
    #[error(transparent)]
    Rejected(E),
    /// A projection inside of the append said no. Nothing was appended.
    #[error(transparent)]
    RejectedBy(Box<Rejection>),
    /// The aggregate doesn't exist.
    #[error("{stream} doesn't exist")]
    NotFound {
        /// The aggregate's stream.
        stream: StreamId,
    },
    /// The aggregate exists already.
    #[error("{stream} exists already, at revision {revision}")]
    AlreadyExists {
        /// The aggregate's stream.
        stream: StreamId,
        /// The revision that it has.
        revision: Revision,
    },
    /// Others appended first, as often as the repository tries; or the aggregate isn't at the revision that
    /// [`expecting`](crate::Execution::expecting) named.
    #[error(transparent)]
    Conflict(Box<Conflict>),
    /// The event is true before others that are there already, and with it the history would break. Nothing was appended.
    #[error(transparent)]
    Violated(Box<Violation<E>>),
    /// A past state that the caller asked for isn't there. No command ends so by itself: it is for a function that loads
    /// and executes, and answers with one error.
    #[error(transparent)]
    Load(LoadError),
    /// The store didn't do it.
    #[error(transparent)]
    Store(StoreError),
}

impl<E: std::error::Error + 'static> ExecuteError<E> {
    /// The aggregate's own error, if it rejected.
    pub fn rejection(&self) -> Option<&E> {
        match self {
            Self::Rejected(error) => Some(error),
            _ => None,
        }
    }
}

impl<E: std::error::Error + 'static> From<StoreError> for ExecuteError<E> {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Self::Conflict(conflict),
            StoreError::Rejected(rejection) => Self::RejectedBy(rejection),
            error => Self::Store(error),
        }
    }
}

impl<E: std::error::Error + 'static> From<LoadError> for ExecuteError<E> {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::NotFound { stream } => Self::NotFound { stream },
            LoadError::Store(error) => error.into(),
            error => Self::Load(error),
        }
    }
}

/// Why an aggregate can't be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The aggregate doesn't exist, or didn't at the time that was asked for.
    #[error("{stream} doesn't exist")]
    NotFound {
        /// The aggregate's stream.
        stream: StreamId,
    },
    /// The stream hasn't come to the revision that was asked for.
    #[error("{stream} is at revision {head} and has no revision {asked} yet")]
    NoSuchRevision {
        /// The aggregate's stream.
        stream: StreamId,
        /// The revision that was asked for.
        asked: Revision,
        /// The stream's last revision.
        head: Revision,
    },
    /// No event counts that stands at the revision.
    #[error("{stream} has no event that counts at revision {revision}")]
    NoSuchFact {
        /// The aggregate's stream.
        stream: StreamId,
        /// The revision that was asked for.
        revision: Revision,
    },
    /// What is supposed puts an initial event where another stands, another one where the initial event stands, or an event
    /// before it.
    #[error(transparent)]
    Misplaced(Misplaced),
    /// The store didn't answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}
