use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use es_core::{
    Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, CorrectedFacts, EventStore,
    Failure, Parking, Partition, Refusal, Standing, StoredEvent,
};

use super::context::PostgresHandler;
use super::shares::Shares;
use super::worker::Worker;

/// A projection into a PostgreSQL database, to be fed by a [`Runner`](es_core::Runner); made by
/// [`PostgresReadModels::projection`](crate::PostgresReadModels::projection).
///
/// Several processes may run it: one makes progress, the others stand by and take over when its lease runs out. Every
/// commit checks that nobody has taken over, so what a process does that was held up for long is refused whole.
pub struct PostgresProjection<H> {
    lease: Duration,
    worker: Worker<H>,
    partitions: Option<Partitions<H>>,
    at_most: usize,
    /// Where it is looked up what corrections changed.
    log: Option<Arc<dyn EventStore>>,
}

/// How many a projection is split into, and how each gets its handler.
struct Partitions<H> {
    count: u32,
    clone: fn(&H) -> H,
}

/// How far what is stored of an idle projection's place may lag behind what it has looked through.
const KEEP_EVERY: Duration = Duration::from_millis(250);

impl<H: PostgresHandler> PostgresProjection<H> {
    pub(super) fn new(worker: Worker<H>, lease: Duration) -> Self {
        Self {
            lease,
            worker,
            partitions: None,
            at_most: usize::MAX,
            log: None,
        }
    }

    /// Splits the projection into so many partitions, each with a connection, a place in the log and a lease of its own, so
    /// that as many transactions are under way at once; one if nothing is said.
    ///
    /// Which partition an event is in, its [key](PostgresHandler::key) says: the events of a key are taken in one after the
    /// other, in the order of the log, and those of different keys in any. So a handler that keeps one row for several keys
    /// (a sum over all of them) makes partitions wait for each other there, and has to be right in any order. Each partition
    /// has a clone of the handler; [`create`](PostgresHandler::create) and [`activate`](PostgresHandler::activate) are called
    /// once for all.
    ///
    /// The number belongs to the version, and can't be changed beside it: a key would then be in another partition, which
    /// isn't where the key's events are taken in to. [`Failure::Partitioned`] says so, and nothing is written. Raise
    /// [`VERSION`](es_core::Projection::VERSION) instead: the new one may have more or fewer, and takes over as one, as
    /// [`Fence`](es_core::Fence) says. Its key should be what it was: where the old version had several partitions, this is how
    /// is told which events it had taken in, of those that some of its partitions had passed and others hadn't.
    ///
    /// ```no_run
    /// # use es_core::{Cause, Event, Projection, Recorded};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "order.placed")]
    /// # struct OrderPlaced { customer: String }
    /// use es_core::{Runner, StoredEvent};
    /// use es_postgres::tokio_postgres::Transaction;
    /// use es_postgres::{Context, PostgresHandler, PostgresReadModels, PostgresStore};
    ///
    /// #[derive(Clone, Projection)]
    /// #[projection(name = "orders", version = 2, event = OrdersEvent)]
    /// #[event(OrderPlaced)]
    /// struct Orders;
    ///
    /// # impl PostgresHandler for Orders {
    /// #     async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> { Ok(()) }
    /// #     async fn handle(&mut self, event: Recorded<OrdersEvent>, context: &Context<'_>) -> Result<(), Cause> { Ok(()) }
    /// # }
    /// # async fn run(placed: es_core::Position) -> Result<(), Box<dyn std::error::Error>> {
    /// let store = PostgresStore::open("postgres://localhost/shop").await?;
    /// let models = PostgresReadModels::open("postgres://localhost/shop").await?;
    /// let runner = Runner::new(store, models.projection(Orders).partitions(4));
    /// let handle = runner.handle();
    /// tokio::spawn(runner.run());
    ///
    /// // In all partitions, whichever the order is in.
    /// handle.wait_for(placed).await?;
    /// for partition in handle.partitions() {
    ///     println!("{}: {:?} at {}", partition.partition, partition.phase, partition.frontier);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn partitions(self, count: u32) -> Self
    where
        H: Clone,
    {
        Self {
            partitions: Some(Partitions {
                count,
                clone: H::clone,
            }),
            ..self
        }
    }

    /// Runs at most so many of its partitions in this process, at least one, and stands by for the others; all that it can
    /// get if nothing is said, and then the process that comes first has them all. With it several processes share them: each
    /// takes what the others leave, and more processes than needed stand by for those that die.
    pub fn at_most(self, partitions: usize) -> Self {
        Self {
            at_most: partitions.max(1),
            ..self
        }
    }

    fn part(&self, handler: H, partition: Partition, shares: &Arc<Shares>) -> Self {
        let worker = self.worker.of(handler, partition, Arc::clone(shares));
        Self::new(worker, self.lease)
    }
}

impl<H: PostgresHandler> Consumer for PostgresProjection<H> {
    fn profile(&self) -> ConsumerProfile {
        ConsumerProfile::new(H::NAME, H::VERSION, H::filter())
            .keep_every((self.lease / 3).min(KEEP_EVERY))
            .partition(self.worker.partition(), H::key)
    }

    fn read_from(&mut self, log: Arc<dyn EventStore>) {
        self.log = Some(log);
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        Box::pin(async {
            if self.partitions.is_some() {
                return Err(Failure::Database {
                    passing: false,
                    cause: "it consists of partitions: each of its `split` is fed by itself".into(),
                });
            }
            self.worker.begin().await
        })
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async {
            // Before the transaction, which holds up whoever waits for what it has locked.
            let facts = CorrectedFacts::of::<H>(self.log.as_deref(), &batch.events).await;
            let facts = facts.map_err(Refusal::whole)?;
            let consumed = (self.worker).consume(&batch.events, &facts, batch.looked_to);
            consumed.await
        })
    }

    fn standing(&self) -> Standing {
        self.worker.standing()
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(self.worker.keep(checkpoint))
    }

    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(self.worker.release())
    }

    fn split(mut self) -> (Self, Vec<Self>) {
        let Some(Partitions { count, clone }) = self.partitions.take() else {
            return (self, Vec::new());
        };
        let shares = Arc::new(Shares::at_most(self.at_most));
        let part = |partition| self.part(clone(self.worker.handler()), partition, &shares);
        let mut all = Partition::all(count);
        let first = part(all.next().unwrap_or(Partition::WHOLE));
        (first, all.map(part).collect())
    }
}

impl<H: PostgresHandler> Parking for PostgresProjection<H> {
    fn park<'a>(
        &'a mut self,
        event: &'a StoredEvent,
        failure: &'a Failure,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            let why = failure.in_full();
            self.worker.park(event, &why).await
        })
    }
}

impl<H: PostgresHandler> fmt::Debug for PostgresProjection<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresProjection")
            .field("projection", &H::NAME)
            .field("version", &H::VERSION)
            .field("partition", &self.worker.partition())
            .field("standing", &self.worker.standing())
            .finish_non_exhaustive()
    }
}
