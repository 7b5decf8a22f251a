//! What SQLite says, as a store's errors. Its messages hold neither payloads nor paths.

use std::fmt;
use std::sync::Arc;

use es_core::{Cause, StoreError};
use rusqlite::{Error, ErrorCode};

/// What is wrong with a database beside what SQLite itself says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the path is empty: a store needs a file")]
    NoPath,
    #[error("this store needs a file; one in memory is `MemoryStore` of `es-memory`")]
    InMemory,
    #[error("this is a URL: give the file's path alone, as in `bank.db`")]
    Url,
    #[error("this is a folder: give the path of a file in it")]
    Folder,
    #[error("the folder of the file doesn't exist: make it first")]
    NoFolder,
    #[error("the file is a database of another program")]
    NotOurs,
    #[error(
        "the database has schema {found}, and this program knows {known}: a newer one wrote it"
    )]
    Newer { found: i64, known: i64 },
    #[error(
        "the read models have schema {found}, and this program knows {known}: a newer one wrote it"
    )]
    NewerModels { found: i64, known: i64 },
    #[error("SQLite is {0}, and versions before 3.51.3 may corrupt a database in WAL mode")]
    OldSqlite(&'static str),
    #[error("the database can't be brought into WAL mode: it is in `{0}`")]
    NoWal(String),
    #[error("`synchronous` can't be set: it is {0}")]
    NotSynchronous(i64),
    #[error("the event at position {position} has an unreadable {column}")]
    Row { position: i64, column: &'static str },
    #[error("name {key}, which an event has, is unreadable")]
    Name { key: i64 },
    #[error("stream {key}, to which an event belongs, has an unreadable name")]
    Stream { key: i64 },
    #[error("the snapshot of a stream has an unreadable {column}")]
    Snapshot { column: &'static str },
    #[error("the saved state of a projection has an unreadable {column}")]
    State { column: &'static str },
    #[error(
        "the database requires the projection `{name}`, version {version}, inside of every append, and this program \
         hasn't registered it"
    )]
    InlineMissing { name: String, version: u32 },
    #[error(
        "the database has version {found} of the projection `{name}` inside of appends, and this program registers \
         version {known}"
    )]
    InlineNewer {
        name: String,
        found: u32,
        known: u32,
    },
    #[error("the handler of the projection `{0}` panicked")]
    InlinePanicked(&'static str),
    #[error("the handler has ended the transaction, which is the append's to end")]
    InlineEnded,
    #[error("the store is closed")]
    Closed,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Closed => Self::Unavailable(fault.into()),
            fault => Self::Backend(fault.into()),
        }
    }
}

/// An error while nothing has been committed: whatever it is, nothing was written.
pub(crate) fn before_commit(error: Error) -> StoreError {
    Broken::before_commit(error).for_each()
}

/// What SQLite said, once: as a source, the error within would say it again.
#[derive(Debug)]
struct Said(Arc<Error>);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Error::SqliteFailure(failure, Some(message)) => {
                write!(f, "{message} (code {})", failure.extended_code)
            }
            error => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for Said {}

/// A transaction that failed, with one outcome for everything in it.
#[derive(Debug)]
pub(crate) struct Broken {
    error: Arc<Error>,
    at_commit: bool,
}

impl Broken {
    pub(crate) fn before_commit(error: Error) -> Self {
        Self {
            error: Arc::new(error),
            at_commit: false,
        }
    }

    pub(crate) fn at_commit(error: Error) -> Self {
        Self {
            error: Arc::new(error),
            at_commit: true,
        }
    }

    /// The error for one of those that were in it.
    pub(crate) fn for_each(&self) -> StoreError {
        let cause: Cause = Box::new(Said(Arc::clone(&self.error)));
        match code(&self.error) {
            // The log may hold all of the transaction, and be found to when the file is opened again.
            Some(ErrorCode::SystemIoFailure) if self.at_commit => StoreError::Unknown(cause),
            _ if may_pass(&self.error) => StoreError::Unavailable(cause),
            _ => StoreError::Backend(cause),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

/// Whether another connection holds the lock.
pub(crate) fn is_busy(error: &Error) -> bool {
    code(error) == Some(ErrorCode::DatabaseBusy)
}

/// Whether a row was refused by a rule of its table.
pub(crate) fn is_constraint(error: &Error) -> bool {
    code(error) == Some(ErrorCode::ConstraintViolation)
}

pub(crate) fn may_pass(error: &Error) -> bool {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed, OutOfMemory,
        SystemIoFailure,
    };
    matches!(
        code(error),
        Some(
            CannotOpen
                | DatabaseBusy
                | DatabaseLocked
                | DiskFull
                | FileLockingProtocolFailed
                | OutOfMemory
                | SystemIoFailure
        )
    )
}

fn code(error: &Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

/// A thread that ended without an answer.
pub(crate) fn gone(cause: impl Into<Cause>) -> StoreError {
    StoreError::Unavailable(cause.into())
}
