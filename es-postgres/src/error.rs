//! What PostgreSQL and its driver say, as a store's errors. Their messages hold neither payloads nor connection strings.

use std::fmt;
use std::sync::Arc;

use es_core::{Cause, StoreError};
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::{Error, GenericClient};

/// What is wrong with a database beside what PostgreSQL itself says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the connection string can't be read: {0}")]
    Url(String),
    #[error(
        "a schema's name has 1 to 63 bytes without NUL, and doesn't begin with `pg_`: this one isn't so"
    )]
    SchemaName,
    #[error(
        "the server runs with `fsync = off`, and would lose what it acknowledged with the power"
    )]
    NoFsync,
    #[error("the database's encoding is {0}, and events need UTF8")]
    Encoding(String),
    #[error(
        "the database has schema {found}, and this program knows {known}: a newer one wrote it"
    )]
    Newer { found: i32, known: i32 },
    #[error(
        "the read models have schema {found}, and this program knows {known}: a newer one wrote it"
    )]
    NewerModels { found: i32, known: i32 },
    #[error(
        "the connection string asks for encryption, and the crate was built without its feature `tls`"
    )]
    #[cfg(not(feature = "tls"))]
    NoTls,
    #[error("no root certificate can be used")]
    #[cfg(feature = "tls")]
    Roots(#[source] Cause),
    #[error("the event at position {position} has an unreadable {column}")]
    Row { position: i64, column: &'static str },
    #[error("the snapshot of a stream has an unreadable {column}")]
    Snapshot { column: &'static str },
    #[error("the saved state of a projection has an unreadable {column}")]
    State { column: &'static str },
    #[error(
        "the database has version {found} of the projection `{name}` inside of appends, and this program registers \
         version {known}"
    )]
    InlineNewer {
        name: String,
        found: i64,
        known: u32,
    },
    #[error("the handler of the projection `{0}` panicked")]
    InlinePanicked(&'static str),
    #[error("the database's function `append` gave an unreadable answer")]
    Answer,
    #[error("the server didn't answer in time")]
    Late,
    #[error("no connection became free in time")]
    NoneFree,
    #[error("the store is closed")]
    Closed,
}

impl Fault {
    /// Why the driver can't read a connection string, without a word of that.
    pub(crate) fn url(error: &Error) -> Self {
        let said = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
        // Only here is what it quotes the driver's own, the option's name.
        let option = said.strip_prefix("invalid value for option ");
        Self::Url(match option {
            Some("`sslmode`") => {
                "its `sslmode` is none of `disable`, `prefer` and `require`. What others call `verify-full` is `require` \
                 here: it verifies the certificate, and the server's name in it"
                    .to_owned()
            }
            Some(option) => format!("its {option} has no value that it may have"),
            None if said.starts_with("unknown option ") => {
                "it has an option that isn't known".to_owned()
            }
            None => "it is neither a URL, `postgres://…`, nor options, `host=… user=…`".to_owned(),
        })
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Closed | Fault::Late | Fault::NoneFree => Self::Unavailable(fault.into()),
            Fault::SchemaName => Self::invalid(es_core::Invalid::Store(fault.into())),
            fault => Self::Backend(fault.into()),
        }
    }
}

/// What the server said, without what it may quote: details hold rows.
#[derive(Debug)]
struct Said {
    code: SqlState,
    message: String,
    constraint: Option<String>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {}", self.message, self.code.code())?;
        if let Some(constraint) = &self.constraint {
            write!(f, ", constraint `{constraint}`")?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for Said {}

fn said(error: &DbError) -> Cause {
    Box::new(Said {
        code: error.code().clone(),
        message: error.message().to_owned(),
        constraint: error.constraint().map(str::to_owned),
    })
}

pub(crate) fn cause(error: Error) -> Cause {
    match error.as_db_error() {
        Some(answer) => said(answer),
        None => Box::new(error),
    }
}

/// What a handler said, without what the server may quote in it.
pub(crate) fn without_details(error: Cause) -> Cause {
    match error.downcast::<Error>() {
        Ok(error) => cause(*error),
        Err(other) => other,
    }
}

/// An error of a read, or of connecting: nothing was written, whatever it is.
pub(crate) fn nothing_written(error: Error) -> StoreError {
    match error.as_db_error() {
        Some(answer) if !may_pass(answer) => StoreError::Backend(said(answer)),
        _ => StoreError::Unavailable(cause(error)),
    }
}

/// Executes statements that can't be said to have written anything before the commit.
pub(crate) async fn run(client: &impl GenericClient, sql: &str) -> Result<(), StoreError> {
    client.batch_execute(sql).await.map_err(nothing_written)
}

/// An error of a transaction that was sent and would have committed.
fn perhaps_written(error: Error) -> StoreError {
    match error.as_db_error() {
        // The session ended with it: it may have committed just before.
        Some(answer) if is_fatal(answer) => StoreError::Unknown(said(answer)),
        Some(_) => nothing_written(error),
        None => StoreError::Unknown(Box::new(error)),
    }
}

/// Why a batch failed. Nothing of it was written, unless its outcome is unknown.
pub(crate) enum Failure {
    /// For all requests alike.
    Each(Broken),
    /// By the fault of one of them.
    One(StoreError),
}

impl Failure {
    pub(crate) fn of(error: Error) -> Self {
        if is_refusal(&error) {
            Self::One(nothing_written(error))
        } else {
            Self::Each(Broken::from(perhaps_written(error)))
        }
    }

    /// Of a transaction that will be rolled back.
    pub(crate) fn before_commit(error: Error) -> Self {
        if is_refusal(&error) {
            Self::One(nothing_written(error))
        } else {
            Self::Each(Broken::from(nothing_written(error)))
        }
    }

    /// The answer didn't come, or can't be read; what it answers may be done.
    pub(crate) fn unknown(cause: impl Into<Cause>) -> Self {
        Self::Each(Broken::from(StoreError::Unknown(cause.into())))
    }
}

/// One outcome for everything in a batch.
pub(crate) struct Broken {
    cause: Arc<dyn std::error::Error + Send + Sync>,
    outcome: fn(Cause) -> StoreError,
}

impl Broken {
    /// The error for one of those that were in it.
    pub(crate) fn for_each(&self) -> StoreError {
        (self.outcome)(Box::new(Arc::clone(&self.cause)))
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        let (cause, outcome): (Cause, fn(Cause) -> StoreError) = match error {
            StoreError::Unavailable(cause) => (cause, StoreError::Unavailable),
            StoreError::Unknown(cause) => (cause, StoreError::Unknown),
            StoreError::Backend(cause) => (cause, StoreError::Backend),
            other => (Box::new(other), StoreError::Backend),
        };
        Self {
            cause: cause.into(),
            outcome,
        }
    }
}

/// Whether the server answered, and refused for the sake of what it was given.
fn is_refusal(error: &Error) -> bool {
    error
        .as_db_error()
        .is_some_and(|answer| !is_fatal(answer) && !may_pass(answer))
}

/// Whether something that has to be there once was there already.
pub(crate) fn is_there_already(error: &Error) -> bool {
    error.code() == Some(&SqlState::UNIQUE_VIOLATION)
}

/// Whether an event came without a hash, and the log is tamper-evident.
pub(crate) fn is_to_be_hashed(error: &Error) -> bool {
    error.as_db_error().is_some_and(wants_hashes)
}

fn wants_hashes(error: &DbError) -> bool {
    error.constraint() == Some("events_are_hashed")
}

/// Whether a row was refused by a rule of its table.
pub(crate) fn is_constraint(error: &Error) -> bool {
    error
        .code()
        .is_some_and(|code| code.code().starts_with("23"))
}

/// Whether the session can be used after this error.
pub(crate) fn leaves_session(error: &Error) -> bool {
    error.as_db_error().is_some_and(|answer| {
        // A server that became a standby answers on, and will never append.
        !is_fatal(answer) && *answer.code() != SqlState::READ_ONLY_SQL_TRANSACTION
    })
}

fn is_fatal(error: &DbError) -> bool {
    match error.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => matches!(error.severity(), "FATAL" | "PANIC"),
    }
}

/// Whether what the server refused now it may do later: busy, full, locked, shutting down, or a standby for the moment.
fn may_pass(error: &DbError) -> bool {
    let code = error.code();
    let class = code.code().get(..2).unwrap_or_default();
    // 08 connection, 40 transaction rollback, 53 resources, 57 operator intervention, 58 system error
    matches!(class, "08" | "40" | "53" | "57" | "58")
        || wants_hashes(error)
        || [
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            SqlState::OBJECT_IN_USE,
        ]
        .contains(code)
}

/// Whether what failed may be done later: the server says so, or the connection to it broke.
pub(crate) fn may_pass_later(error: &Error) -> bool {
    if let Some(answer) = error.as_db_error() {
        return is_fatal(answer) || may_pass(answer);
    }
    let source = std::error::Error::source(error);
    error.is_closed() || source.is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// A task that ended without an answer.
pub(crate) fn gone(cause: impl Into<Cause>) -> StoreError {
    StoreError::Unavailable(cause.into())
}
