//! Read models in an SQLite database of the user's, each with its place in the log beside its data.

mod consumer;
mod context;
mod fence;
mod parked;
mod prepared;
mod states;
mod switch;
mod tables;
mod thread;
mod worker;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use rusqlite::Connection;

pub use consumer::SqliteProjection;
pub use context::{Context, SqliteHandler};
use tables::Database;
use thread::Thread;
use worker::Worker;

/// A database of read models. Cheap to clone.
///
/// It may be the file of a [`SqliteStore`](crate::SqliteStore), which then is opened first, or another one. In it the
/// library keeps tables whose names begin with `es_`: how far each projection is, what is parked, and states of
/// projections in memory ([`StateStore`](es_core::StateStore)). All others are the user's.
///
/// A projection here is never split into partitions, as one in PostgreSQL can be: a file has one writer at a time, so they
/// would take turns, and each would pay for commits of its own. What makes one faster is a larger
/// [batch](es_core::Runner::batch).
///
/// It runs in WAL mode with `synchronous=NORMAL`: what a power loss takes is the end of a read model together with its
/// place in the log, and it is made again from there.
///
/// ```
/// # use es_core::{Event, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.placed")]
/// # struct OrderPlaced { customer: String }
/// use es_core::{Cause, Runner};
/// use es_sqlite::{Context, SqliteHandler, SqliteReadModels, SqliteStore};
/// use rusqlite::Transaction;
///
/// #[derive(Projection)]
/// #[projection(name = "orders", version = 1, event = OrdersEvent)]
/// #[event(OrderPlaced)]
/// struct Orders;
///
/// impl SqliteHandler for Orders {
///     fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
///         transaction.execute_batch("CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT NOT NULL)")?;
///         Ok(())
///     }
///
///     fn handle(&mut self, event: Recorded<OrdersEvent>, context: &Context<'_>) -> Result<(), Cause> {
///         match event.event {
///             OrdersEvent::OrderPlaced(placed) => {
///                 let mut insert = context.prepare_cached("INSERT INTO orders VALUES (?1, ?2)")?;
///                 insert.execute((event.stream.id(), placed.customer))?;
///             }
///         }
///         Ok(())
///     }
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqliteStore::open("shop.db").await?;
/// let models = SqliteReadModels::open("shop.db").await?;
/// let runner = Runner::new(store, models.projection(Orders));
/// let handle = runner.handle();
/// tokio::spawn(runner.run());
/// # let _ = handle;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteReadModels {
    path: Arc<PathBuf>,
    lease: Duration,
    busy: Duration,
    thread: Arc<Thread<Database>>,
}

impl SqliteReadModels {
    /// Opens the database in this file, or makes one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the file can't be opened now or is locked; [`StoreError::Backend`] if the path isn't
    /// that of a file in a folder that exists, or if the file can't be brought into WAL mode.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = Arc::new(path.as_ref().to_owned());
        let database = Database::at(Arc::clone(&path), tables::BUSY);
        let models = Self {
            path,
            lease: Duration::from_secs(10),
            busy: tables::BUSY,
            thread: Arc::new(Thread::start("es-sqlite models", database)?),
        };
        models.with(|_| Ok::<_, StoreError>(())).await?;
        Ok(models)
    }

    /// For how long a projection that makes no move is left to its process before another one takes over; 10 seconds if
    /// nothing is said. It is renewed with each commit, and three times in this time while nothing comes. A batch may take
    /// as long as it likes: its transaction is the only one that writes, so nobody takes over before it ends, and whoever
    /// tries finds the database busy.
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How long a projection waits for another writer's transaction before it says that the database is busy, and tries
    /// again; 5 seconds if nothing is said.
    pub fn busy_timeout(self, busy: Duration) -> Self {
        Self { busy, ..self }
    }

    /// What keeps this projection up to date here, to be fed by a [`Runner`](es_core::Runner).
    pub fn projection<H: SqliteHandler>(&self, handler: H) -> SqliteProjection<H> {
        let database = Database::at(Arc::clone(&self.path), self.busy);
        SqliteProjection::new(Worker::new(handler, database, self.lease), self.lease)
    }

    /// Does something in the database, on its thread.
    async fn with<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let done = self.thread.ask(move |database| job(database.connection()?));
        done.await?
    }
}

impl fmt::Debug for SqliteReadModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReadModels")
            .field("path", &self.path)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
