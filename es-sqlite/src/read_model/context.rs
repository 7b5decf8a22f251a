use std::fmt;
use std::ops::Deref;

use es_core::{Cause, Position, ProjectionEvents, StoredEvent};
use rusqlite::{Connection, Transaction};

/// A projection that writes a read model into an SQLite database.
///
/// Implemented by the user for a projection with `event = …`; called by a [`SqliteProjection`](crate::SqliteProjection)
/// in a transaction that also holds the projection's place in the log. So what an event does to the database is there
/// exactly once, whatever dies when. What is done outside of the database isn't: see [`Context::is_replay`]. Or it is kept
/// inside of the appends themselves: see [`SqliteOptions::inline`](crate::SqliteOptions::inline).
///
/// The functions aren't async, as SQLite isn't: they run on a thread of the projection's own, and hold up nobody but
/// other writers of the same file. [`SqliteReadModels`](crate::SqliteReadModels) shows one.
///
/// # Corrections
///
/// A projection with `corrections` follows what is set right of a past. Its handler is given an
/// [`Entry`](es_core::Entry), which says what doesn't count any more and what counts now: undo the one, do the other. The
/// facts are looked up in the log that the [`Runner`](es_core::Runner) reads, and are the same whenever that is: an event
/// that is parked holds up its corrections, and each is retried with what it changed then. Who
/// [skips](crate::SqliteReadModels::skip) an event skips its corrections, too, which would undo what was never done.
///
/// ```
/// # use es_core::{Cause, Event, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.deposited")]
/// # struct Deposited { cents: i64 }
/// use es_core::Entry;
/// use es_sqlite::{Context, SqliteHandler};
/// use rusqlite::Transaction;
///
/// /// What was deposited in each month.
/// #[derive(Projection)]
/// #[projection(name = "months", version = 1, event = MonthsEvent, corrections)]
/// #[event(Deposited)]
/// struct Months;
///
/// impl SqliteHandler for Months {
///     fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
///         Ok(transaction.execute_batch("CREATE TABLE months (month TEXT PRIMARY KEY, cents INTEGER NOT NULL)")?)
///     }
///
///     fn handle(&mut self, entry: Entry<MonthsEvent>, context: &Context<'_>) -> Result<(), Cause> {
///         for (fact, sign) in [(entry.before(), -1), (entry.after(), 1)] {
///             let Some(fact) = fact else { continue };
///             let MonthsEvent::Deposited(deposited) = &fact.event;
///             let month = fact.effective_at.to_string()[..7].to_owned();
///             context
///                 .prepare_cached("INSERT INTO months VALUES (?1, ?2) ON CONFLICT DO UPDATE SET cents = cents + ?2")?
///                 .execute((month, sign * deposited.cents))?;
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
pub trait SqliteHandler: ProjectionEvents {
    /// Makes its tables. Called once for each version, before its first event.
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause>;

    /// Takes an event in: a [`Recorded<Event>`](es_core::Recorded); or an [`Entry<Event>`](es_core::Entry), which may be a
    /// correction, if the projection follows those.
    ///
    /// # Errors
    ///
    /// Nothing of the event is kept. It is tried again, and then stops the projection or is parked, as the runner says.
    fn handle(&mut self, event: Self::Input, context: &Context<'_>) -> Result<(), Cause>;

    /// What an event belongs to, of which a failing event holds up the later ones: its stream, if nothing is said. A correction
    /// is asked for as it is stored, and has to belong where the event does that it corrects.
    fn key(event: &StoredEvent) -> &str {
        event.envelope.stream.as_str()
    }

    /// Shows its data to readers, in place of an older version's. Called in the transaction in which it takes over, or
    /// after [`create`](Self::create) if there is no older version.
    fn activate(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let _ = transaction;
        Ok(())
    }
}

/// The connection whose transaction an event is taken in with, to which it dereferences, and what is known of the event
/// there.
///
/// It offers no commit: that is the projection's, with its place in the log.
pub struct Context<'t> {
    connection: &'t Connection,
    position: Position,
    replay: bool,
}

impl<'t> Context<'t> {
    pub(crate) fn new(connection: &'t Connection, position: Position, replay: bool) -> Self {
        Self {
            connection,
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
}

impl Deref for Context<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
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
