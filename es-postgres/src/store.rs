use std::fmt;
use std::sync::Arc;

use es_core::wake::Head;
use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, Limits, LogPage, LogQuery, Position,
    Revision, Snapshot, SnapshotStore, StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};
use tokio_postgres::Transaction;

use crate::append::Writer;
use crate::append_in::Within;
use crate::hashed::Hashed;
use crate::pool::Pool;
use crate::read::{self, Readers};
use crate::schema::Schema;
use crate::thread::Thread;
use crate::wait::Watcher;
use crate::{PostgresOptions, call, inline, session};

/// A store in a PostgreSQL database. Its clones are handles of the same store.
///
/// When the last one is dropped, what is queued is still written; [`close`](Self::close) waits for it.
#[derive(Clone)]
pub struct PostgresStore {
    shared: Arc<Shared>,
}

struct Shared {
    options: Arc<PostgresOptions>,
    within: Within,
    schema: Schema,
    hashed: Hashed,
    writer: Writer,
    readers: Readers,
    watcher: Watcher,
}

impl PostgresStore {
    /// Opens the store in this database, or makes one, as [`options`](Self::options) are by default.
    ///
    /// # Errors
    ///
    /// As [`PostgresOptions::open`].
    pub async fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::options().open(url).await
    }

    /// Opens a store in another way.
    pub fn options() -> PostgresOptions {
        PostgresOptions::new()
    }

    pub(crate) async fn start(
        mut options: PostgresOptions,
        schema: Schema,
    ) -> Result<Self, StoreError> {
        options.inline.stand_in(&schema);
        let (thread, options) = (Thread::start()?, Arc::new(options));
        let preparing = {
            let (options, schema) = (Arc::clone(&options), schema.clone());
            async move {
                let hashed = session::prepare(&options, &schema).await?;
                inline::register(&options, &schema).await?;
                Ok(Hashed::new(hashed))
            }
        };
        let hashed = thread.run(preparing).await?;
        let head = Head::default();
        let within = Within::new(&schema);
        let statements = read::statements(&schema).into();
        let pool = Pool::new(Arc::clone(&options), thread.clone(), statements);
        let writer = Writer::start(
            Arc::clone(&options),
            call::statements(&schema),
            hashed.clone(),
            &thread,
            head.clone(),
        );
        let watcher = Watcher::start(Arc::clone(&options), schema.clone(), &thread, head);
        tracing::debug!(connections = options.connections, "PostgreSQL store opened");
        Ok(Self {
            shared: Arc::new(Shared {
                within,
                schema,
                hashed,
                writer,
                readers: Readers::new(pool, thread, options.patience()),
                options,
                watcher,
            }),
        })
    }

    /// Writes what is queued, and ends the task that writes. Handles that are left answer
    /// [`StoreError::Unavailable`] to appends.
    pub async fn close(self) -> Result<(), StoreError> {
        self.shared.writer.close().await
    }

    /// Appends within a transaction of your own, on a connection of your own to the same database: the events are there
    /// when you commit, together with all else that you wrote, or not at all.
    ///
    /// Make it the last statement before the commit. From this call on until then **every other append of this store
    /// waits**, in all processes: it holds the lock that makes positions gapless and their order that of commits. It
    /// also costs a commit of its own, as it can't share one with other appends. It waits for that lock as long as your
    /// session's `lock_timeout` says, which is for ever if nothing is said.
    ///
    /// If the future is dropped before it is ready, as by a time-out, the transaction can't be committed any more: the
    /// database refuses it (SQLSTATE `ES004`). Roll it back, or to a savepoint from before.
    ///
    /// ```no_run
    /// # use es_core::{Append, StoreError};
    /// # use es_postgres::PostgresStore;
    /// # async fn pay(
    /// #     store: PostgresStore,
    /// #     mut client: es_postgres::tokio_postgres::Client,
    /// #     append: Append,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let transaction = client.transaction().await?;
    /// transaction.execute("UPDATE invoices SET paid = true WHERE number = $1", &[&7]).await?;
    /// store.append_in(&transaction, append).await?;
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`EventStore::append`]. After [`StoreError::Conflict`], [`StoreError::IdReused`] and
    /// [`StoreError::Invalid`] the transaction can be used on, and holds the lock in the first two cases, as it does after
    /// [`StoreError::Rejected`]; after the others
    /// it has to be rolled back. [`StoreError::Unavailable`] if it is a victim of a deadlock: another transaction holds the
    /// lock and waits for a row that this one wrote. [`StoreError::Backend`] if the transaction's isolation level isn't
    /// `READ COMMITTED`, as only that sees what was committed while it waited for the lock. No error is
    /// [`StoreError::Unknown`]: that can only be said of your commit.
    pub async fn append_in(
        &self,
        transaction: &Transaction<'_>,
        append: Append,
    ) -> Result<Appended, StoreError> {
        append.check(&Limits::DEFAULT)?;
        let shared = &self.shared;
        let (inlines, hashed) = (&shared.options.inline, &shared.hashed);
        let within = &shared.within;
        within.append(transaction, &append, inlines, hashed).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

impl EventStore for PostgresStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move {
            // Before it is queued, so that it can't fail those beside it.
            append.check(&Limits::DEFAULT)?;
            self.shared.writer.append(append).await
        })
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        Box::pin(self.shared.readers.find(stream, id))
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        Box::pin(async move { self.shared.readers.read_stream(&query).await })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move { self.shared.readers.read_log(&query).await })
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(self.shared.readers.head())
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // From here on no append is missed; one that came before is found by looking.
            let mut waiting = self.shared.watcher.wait();
            if waiting.is_past(position) || self.head().await? > position {
                return Ok(());
            }
            waiting.past(position).await
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.shared.writer.close())
    }

    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        let schema = self.shared.schema.clone();
        Box::pin(self.shared.readers.hashed_from(schema))
    }
}

impl SnapshotStore for PostgresStore {
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        Box::pin(self.shared.readers.load_snapshot(stream, at_most))
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.shared.readers.keep_snapshot(&snapshot).await })
    }

    fn delete_snapshots<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.shared.readers.delete_snapshots(stream))
    }
}
