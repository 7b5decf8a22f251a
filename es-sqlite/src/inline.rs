//! Projections that are kept inside of appends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use es_core::{
    Append, Appended, Cause, CorrectedFacts, Filter, LogQuery, Position, StoreError, StoredEvent,
    StreamPage,
};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::{Fault, before_commit, is_constraint, may_pass};
use crate::read::{read_log, read_stream};
use crate::row::Rows;
use crate::{Context, SqliteHandler, SqliteOptions};

/// How many events are read at once while a projection is made of the log.
const PAGE: usize = 1_000;

/// Those that a process has registered.
#[derive(Clone, Default)]
pub(crate) struct Inlines(Vec<Inline>);

#[derive(Clone)]
struct Inline {
    name: &'static str,
    version: u32,
    filter: Filter,
    handler: Arc<Mutex<dyn Handle>>,
}

/// A handler, whatever its events are.
trait Handle: Send {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause>;
    fn activate(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause>;
    fn handle(
        &mut self,
        connection: &Connection,
        event: &StoredEvent,
        replay: bool,
    ) -> Result<(), StoreError>;
}

impl<H: SqliteHandler> Handle for H {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        SqliteHandler::create(self, transaction)
    }

    fn activate(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        SqliteHandler::activate(self, transaction)
    }

    fn handle(
        &mut self,
        connection: &Connection,
        event: &StoredEvent,
        replay: bool,
    ) -> Result<(), StoreError> {
        let facts = if H::CORRECTIONS {
            corrected(connection, event)?
        } else {
            CorrectedFacts::default()
        };
        let Some(input) = H::input(event, &facts)? else {
            return Ok(());
        };
        let context = Context::new(connection, event.position, replay);
        SqliteHandler::handle(self, input, &context).map_err(|cause| {
            match cause.downcast_ref::<rusqlite::Error>() {
                Some(error) if !is_constraint(error) => refused(cause),
                _ => StoreError::rejected(H::NAME, cause),
            }
        })
    }
}

/// What a correction changed, from the transaction that it is in: what was appended together with it counts, too.
fn corrected(connection: &Connection, event: &StoredEvent) -> Result<CorrectedFacts, StoreError> {
    let (mut facts, mut rows) = (CorrectedFacts::default(), Rows::new());
    while let Some(query) = facts.lacks(event) {
        let (page, end) = read_stream(connection, &mut rows, &query)?;
        facts.put(&query, StreamPage::new(page.into_events(), end));
    }
    Ok(facts)
}

impl Inlines {
    pub(crate) fn add<H: SqliteHandler>(&mut self, handler: H) {
        self.0.push(Inline {
            name: H::NAME,
            version: H::VERSION,
            filter: H::filter(),
            handler: Arc::new(Mutex::new(handler)),
        });
    }

    /// Whether one of them wants an event of this append.
    pub(crate) fn concern(&self, append: &Append) -> bool {
        let category = append.stream.category();
        let wants = |inline: &Inline| {
            let mut events = append.events.iter();
            events.any(|event| inline.filter.passes(category, &event.name))
        };
        self.0.iter().any(wants)
    }

    /// Has them take in what was appended.
    pub(crate) fn take(
        &self,
        connection: &Connection,
        append: &Append,
        appended: &Appended,
    ) -> Result<(), StoreError> {
        let stream = &append.stream;
        for (event, at) in append.events.iter().zip(appended.placements()) {
            let stored = StoredEvent::placed(stream, event.clone(), *at);
            for inline in &self.0 {
                if inline.filter.passes(stream.category(), &event.name) {
                    inline.with(|handler| handler.handle(connection, &stored, false))??;
                }
            }
        }
        Ok(())
    }

    /// One that the database requires and this process hasn't registered.
    pub(crate) fn missing(
        &self,
        connection: &Connection,
    ) -> Result<Option<(String, u32)>, StoreError> {
        let mut statement = connection
            .prepare_cached("SELECT name, version FROM inline_projections ORDER BY name")
            .map_err(before_commit)?;
        let required = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(before_commit)?;
        for required in required {
            let required: (String, u32) = required.map_err(before_commit)?;
            let is_it =
                |inline: &Inline| (inline.name, inline.version) == (&required.0, required.1);
            if !self.0.iter().any(is_it) {
                return Ok(Some(required));
            }
        }
        Ok(None)
    }
}

impl Inline {
    /// Has the handler do something. If it panics, that is its own mistake, and not the end of the thread that writes.
    fn with<T>(&self, job: impl FnOnce(&mut dyn Handle) -> T) -> Result<T, Fault> {
        let mut handler = self.handler.lock().unwrap_or_else(PoisonError::into_inner);
        let caught = catch_unwind(AssertUnwindSafe(|| job(&mut *handler)));
        caught.map_err(|_| Fault::InlinePanicked(self.name))
    }

    /// Makes it of the log, where it is new or of a higher version, and has it required from then on.
    fn register(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let known: Option<u32> = transaction
            .query_row(
                "SELECT version FROM inline_projections WHERE name = ?1",
                [self.name],
                |row| row.get(0),
            )
            .optional()
            .map_err(before_commit)?;
        match known {
            Some(found) if found == self.version => return Ok(()),
            Some(found) if found > self.version => {
                let (name, known) = (self.name.to_owned(), self.version);
                return Err(Fault::InlineNewer { name, found, known }.into());
            }
            _ => {}
        }
        self.with(|handler| handler.create(transaction))?
            .map_err(refused)?;
        let mut rows = Rows::new();
        let mut after = Position::START;
        loop {
            let query = LogQuery::after(after)
                .filter(self.filter.clone())
                .limit(PAGE);
            let (page, looked_to, end) = read_log(transaction, &mut rows, &query)?;
            for event in page.into_events() {
                self.with(|handler| handler.handle(transaction, &event, true))??;
            }
            after = looked_to;
            if end {
                break;
            }
        }
        self.with(|handler| handler.activate(transaction))?
            .map_err(refused)?;
        transaction
            .execute(
                "INSERT OR REPLACE INTO inline_projections (name, version) VALUES (?1, ?2)",
                params![self.name, self.version],
            )
            .map(drop)
            .map_err(before_commit)
    }
}

/// What a database says that wasn't asked for a domain's rule.
fn refused(cause: Cause) -> StoreError {
    match cause.downcast_ref::<rusqlite::Error>() {
        Some(error) if may_pass(error) => StoreError::Unavailable(cause),
        _ => StoreError::Backend(cause),
    }
}

/// Has the database require what the options say, and no longer what they don't want. All of it or nothing.
pub(crate) fn register(
    connection: &mut Connection,
    options: &SqliteOptions,
) -> Result<(), StoreError> {
    if options.inline.0.is_empty() && options.not_inline.is_empty() {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(before_commit)?;
    for name in &options.not_inline {
        transaction
            .execute("DELETE FROM inline_projections WHERE name = ?1", [name])
            .map_err(before_commit)?;
    }
    for inline in &options.inline.0 {
        inline.register(&transaction)?;
    }
    transaction.commit().map_err(before_commit)
}
