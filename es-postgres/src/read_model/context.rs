use std::fmt;
use std::ops::Deref;

use es_core::{Cause, Position, ProjectionEvents, Recorded, StoredEvent};
use tokio_postgres::{Statement, Transaction};

use crate::statements::Statements;

/// A projection that writes a read model into a PostgreSQL database.
///
/// Implemented by the user for a projection with `event = …`, its functions as `async fn`; called by a
/// [`PostgresProjection`](crate::PostgresProjection) in a transaction that also holds the projection's place in the log. So
/// what an event does to the database is there exactly once, whatever dies when. What is done outside of the database
/// isn't: see [`Context::is_replay`]. Or it is kept inside of the appends themselves: see
/// [`PostgresOptions::inline`](crate::PostgresOptions::inline).
///
/// The functions run in the runner's task. One that waits for something else while its transaction is open holds up whoever
/// waits for what it has locked; after a lease's time the server ends the transaction.
/// [`PostgresReadModels`](crate::PostgresReadModels) shows one.
///
/// # A new version beside the old
///
/// Raise the projection's version, and give its data other names, by [`VERSION`](es_core::Projection::VERSION). It is
/// built while the old version goes on answering, and takes over in the transaction in which it has caught up with it:
/// [`activate`](Self::activate) is part of that, and is where a view is pointed at the new tables, so that no reader
/// meets a gap or a step back. From then on the old version makes no move; a program that still runs it stands by.
pub trait PostgresHandler: ProjectionEvents {
    /// Makes its tables. Called once for each version, before its first event.
    fn create(
        &mut self,
        transaction: &Transaction<'_>,
    ) -> impl Future<Output = Result<(), Cause>> + Send;

    /// Takes an event in.
    ///
    /// # Errors
    ///
    /// Nothing of the event is kept. It is tried again, and then stops the projection or is parked, as the runner says.
    fn handle(
        &mut self,
        event: Recorded<Self::Event>,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<(), Cause>> + Send;

    /// What an event belongs to, of which a failing event holds up the later ones: its stream, if nothing is said.
    fn key(event: &StoredEvent) -> &str {
        event.envelope.stream.as_str()
    }

    /// Shows its data to readers, in place of an older version's. Called in the transaction in which it takes over, or
    /// after [`create`](Self::create) if there is no older version.
    fn activate(
        &mut self,
        transaction: &Transaction<'_>,
    ) -> impl Future<Output = Result<(), Cause>> + Send {
        let _ = transaction;
        async { Ok(()) }
    }
}

/// The transaction that an event is taken in with, to which it dereferences, and what is known of the event there.
///
/// It offers no commit: that is the projection's, with its place in the log.
pub struct Context<'t> {
    transaction: &'t Transaction<'t>,
    statements: &'t Statements,
    position: Position,
    replay: bool,
}

impl<'t> Context<'t> {
    pub(crate) fn new(
        transaction: &'t Transaction<'t>,
        statements: &'t Statements,
        position: Position,
        replay: bool,
    ) -> Self {
        Self {
            transaction,
            statements,
            position,
            replay,
        }
    }

    /// The event's place in the log.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether an older version of the projection has taken this event in before, so that what reaches beyond the
    /// database (a mail, a call) has been done.
    pub fn is_replay(&self) -> bool {
        self.replay
    }

    /// A statement that is prepared once for the connection, and costs no round trip of its own after that.
    pub async fn prepare_cached(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        self.statements.prepare(self.transaction, sql).await
    }
}

impl<'t> Deref for Context<'t> {
    type Target = Transaction<'t>;

    fn deref(&self) -> &Transaction<'t> {
        self.transaction
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("position", &self.position)
            .field("replay", &self.replay)
            .finish_non_exhaustive()
    }
}
