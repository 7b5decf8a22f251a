//! Read models in a PostgreSQL database of the user's, each with its place in the log beside its data.

mod consumer;
mod context;
mod fence;
mod parked;
mod renewal;
mod shares;
mod sql;
mod states;
mod steps;
mod switch;
mod tables;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use tokio::sync::Mutex;

pub use consumer::PostgresProjection;
pub use context::{Context, PostgresHandler};
use sql::Sql;
use tables::{Database, Shared};
use worker::Worker;

use crate::schema::Schema;
use crate::thread::Thread;
use crate::{PostgresOptions, PostgresStore};

/// A database of read models. Cheap to clone.
///
/// It may be the database of a [`PostgresStore`], or another one, of a log that is kept anywhere. In the schema that the
/// [options](PostgresOptions::schema) name the library keeps tables whose names begin with `es_`: how far each projection
/// is, what is parked, and states of projections in memory ([`StateStore`](es_core::StateStore)). All others are the user's,
/// and stand where the role's `search_path` says.
///
/// Each projection has a connection of its own, a second one while a batch takes long, and settings are left as the role has them, `synchronous_commit` included:
/// where it is off, a crash of the server takes the end of a read model together with its place in the log, and it is made
/// again from there.
///
/// ```no_run
/// # use es_core::{Event, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.placed")]
/// # struct OrderPlaced { customer: String }
/// use es_core::{Cause, Runner};
/// use es_postgres::tokio_postgres::Transaction;
/// use es_postgres::{Context, PostgresHandler, PostgresReadModels, PostgresStore};
///
/// #[derive(Projection)]
/// #[projection(name = "orders", version = 1, event = OrdersEvent)]
/// #[event(OrderPlaced)]
/// struct Orders;
///
/// impl PostgresHandler for Orders {
///     async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
///         transaction.batch_execute("CREATE TABLE orders (id text PRIMARY KEY, customer text NOT NULL)").await?;
///         Ok(())
///     }
///
///     async fn handle(&mut self, event: Recorded<OrdersEvent>, context: &Context<'_>) -> Result<(), Cause> {
///         match event.event {
///             OrdersEvent::OrderPlaced(placed) => {
///                 let insert = context.prepare_cached("INSERT INTO orders VALUES ($1, $2)").await?;
///                 context.execute(&insert, &[&event.stream.id(), &placed.customer]).await?;
///             }
///         }
///         Ok(())
///     }
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::open("postgres://localhost/shop").await?;
/// let models = PostgresReadModels::open("postgres://localhost/shop").await?;
/// let runner = Runner::new(store, models.projection(Orders));
/// let handle = runner.handle();
/// tokio::spawn(runner.run());
/// # let _ = handle;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresReadModels {
    shared: Arc<Shared>,
    lease: Duration,
    /// For what isn't a projection's own: states, and what an operator decides.
    database: Arc<Mutex<Database>>,
}

impl PostgresReadModels {
    /// Opens this database, as [`PostgresStore::options`] are by default.
    ///
    /// # Errors
    ///
    /// As [`PostgresOptions::open_read_models`].
    pub async fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        PostgresStore::options().open_read_models(url).await
    }

    pub(crate) async fn start(
        options: PostgresOptions,
        schema: Schema,
    ) -> Result<Self, StoreError> {
        let thread = Thread::start()?;
        let preparing = {
            let (options, schema) = (options.clone(), schema.clone());
            async move { tables::prepare(&options, &schema).await }
        };
        thread.run(preparing).await?;
        let shared = Arc::new(Shared {
            sql: Sql::new(&schema),
            options,
            thread,
        });
        let lease = Duration::from_secs(10);
        let database = Database::new(Arc::clone(&shared), lease);
        Ok(Self {
            shared,
            lease,
            database: Arc::new(Mutex::new(database)),
        })
    }

    /// For how long a projection that makes no move is left to its process before another one takes over; 10 seconds if
    /// nothing is said. It is renewed with each commit, and three times in this time while nothing comes; also while a batch
    /// takes longer, over a second connection that is there for as long. So a process keeps its charge however slow its
    /// handler is, and one that is stopped, or has lost the database, loses it.
    ///
    /// A transaction of its that is idle for as long, a second at least, is ended by the server: what it has locked would
    /// hold up whoever takes over. A handler that has to wait for something else than the database waits for less.
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// What keeps this projection up to date here, to be fed by a [`Runner`](es_core::Runner).
    pub fn projection<H: PostgresHandler>(&self, handler: H) -> PostgresProjection<H> {
        let database = Database::new(Arc::clone(&self.shared), self.lease);
        PostgresProjection::new(Worker::new(handler, database, self.lease), self.lease)
    }
}

impl fmt::Debug for PostgresReadModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresReadModels")
            .field("options", &self.shared.options)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
