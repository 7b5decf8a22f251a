use std::fmt;
use std::ops::Deref;

use es_core::{Cause, Position, ProjectionEvents, StoredEvent};
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
/// # Corrections
///
/// A projection with `corrections` follows what is set right of a past. Its handler is given an
/// [`Entry`](es_core::Entry), which says what doesn't count any more and what counts now: undo the one, do the other. The
/// facts are looked up in the log that the [`Runner`](es_core::Runner) reads, and are the same whenever that is: an event
/// that is parked holds up its corrections, and each is retried with what it changed then. Who
/// [skips](crate::PostgresReadModels::skip) an event skips its corrections, too, which would undo what was never done.
///
/// ```
/// # use es_core::{Cause, Event, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.deposited")]
/// # struct Deposited { cents: i64 }
/// use es_core::Entry;
/// use es_postgres::tokio_postgres::Transaction;
/// use es_postgres::{Context, PostgresHandler};
///
/// /// What was deposited in each month.
/// #[derive(Projection)]
/// #[projection(name = "months", version = 1, event = MonthsEvent, corrections)]
/// #[event(Deposited)]
/// struct Months;
///
/// impl PostgresHandler for Months {
///     async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
///         Ok(transaction.batch_execute("CREATE TABLE months (month text PRIMARY KEY, cents bigint NOT NULL)").await?)
///     }
///
///     async fn handle(&mut self, entry: Entry<MonthsEvent>, context: &Context<'_>) -> Result<(), Cause> {
///         let add = context.prepare_cached(
///             "INSERT INTO months AS m VALUES ($1, $2) ON CONFLICT (month) DO UPDATE SET cents = m.cents + $2",
///         );
///         let add = add.await?;
///         for (fact, sign) in [(entry.before(), -1), (entry.after(), 1)] {
///             let Some(fact) = fact else { continue };
///             let MonthsEvent::Deposited(deposited) = &fact.event;
///             let month = fact.effective_at.to_string()[..7].to_owned();
///             context.execute(&add, &[&month, &(sign * deposited.cents)]).await?;
///         }
///         Ok(())
///     }
/// }
/// ```
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

    /// Takes an event in: a [`Recorded<Event>`](es_core::Recorded); or an [`Entry<Event>`](es_core::Entry), which may be a
    /// correction, if the projection follows those.
    ///
    /// # Errors
    ///
    /// Nothing of the event is kept. It is tried again, and then stops the projection or is parked, as the runner says.
    fn handle(
        &mut self,
        event: Self::Input,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<(), Cause>> + Send;

    /// What an event belongs to, of which a failing event holds up the later ones: its stream, if nothing is said. A correction
    /// is asked for as it is stored, and has to belong where the event does that it corrects.
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
