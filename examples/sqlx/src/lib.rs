//! Read models by sqlx: what `es-postgres` does by tokio-postgres, as a user writes it for a driver of his own.
//!
//! The seam is [`Consumer`], which a [`Runner`](es_core::Runner) feeds; what may be done when is said by [`Fence`], which
//! knows no database. So what is left are statements. Copy this crate, and change them to your database's.
//!
//! It isn't split into partitions, as `es-postgres` can be, and puts no event aside: for that implement [`Parking`](es_core::Parking), too, as `es-postgres` does.

mod rows;

use std::sync::Arc;
use std::time::Duration;

use es_core::{
    Batch, Begun, BoxFuture, Cause, Charge, Checkpoint, Consumer, ConsumerProfile, CorrectedFacts,
    EventStore, Failure, Fence, FenceState, FenceStep, Partition, Position, ProjectionEvents,
    Refusal, Standing, StoredEvent,
};
use sqlx::{PgConnection, PgPool};

/// What a projection does in its database, in the transaction that also holds its place in the log.
pub trait SqlxHandler: ProjectionEvents {
    /// Makes its tables: once for each version.
    fn create(
        &mut self,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Takes an event in, or a correction, if it follows those. If it fails, nothing of it is kept.
    fn handle(
        &mut self,
        event: Self::Input,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<(), Cause>> + Send;

    /// Shows its data to readers, in place of an older version's.
    fn activate(
        &mut self,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send {
        let _ = connection;
        async { Ok(()) }
    }
}

/// A projection by sqlx, each event in it exactly once.
pub struct SqlxProjection<H> {
    pool: PgPool,
    /// The log, where it is looked up what corrections changed.
    log: Option<Arc<dyn EventStore>>,
    handler: H,
    lease: Duration,
    /// As it is in the database, unless another process has taken over.
    fence: Option<Fence>,
    standing: Standing,
}

/// What the driver said: a connection that broke is waited for.
pub(crate) fn database(error: sqlx::Error) -> Failure {
    let passing = matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed
    );
    Failure::Database {
        passing,
        cause: error.into(),
    }
}

impl<H: SqlxHandler> SqlxProjection<H> {
    /// A projection in the database of this pool, where a process that makes no move for the time of `lease` is replaced.
    pub async fn new(pool: PgPool, handler: H, lease: Duration) -> Result<Self, sqlx::Error> {
        rows::create(&pool).await?;
        Ok(Self {
            pool,
            log: None,
            handler,
            lease,
            fence: None,
            standing: Standing::default(),
        })
    }

    async fn take_charge(&mut self) -> Result<Begun, Failure> {
        let mut transaction = self.pool.begin().await.map_err(database)?;
        // Who takes charge at the same time waits for this one.
        rows::lock(&mut transaction, H::NAME).await?;
        let stored = rows::all(&mut transaction, H::NAME, false).await?;
        let mine = self.fence.map(|fence| fence.epoch);
        let fence = match Fence::charge(&stored, H::VERSION, Partition::WHOLE, mine)? {
            Charge::New(fence) => {
                rows::insert(&mut transaction, H::NAME, &fence, self.lease).await?;
                let created = self.handler.create(&mut transaction).await;
                created.map_err(database)?;
                if fence.state == FenceState::Active {
                    let shown = self.handler.activate(&mut transaction).await;
                    shown.map_err(database)?;
                }
                fence
            }
            Charge::Taken(fence) => {
                rows::take(&mut transaction, H::NAME, &fence, self.lease).await?;
                fence
            }
            Charge::Held => {
                self.fence = None;
                self.standing = Fence::standing(&stored, H::VERSION, 0);
                return Ok(Begun::Held {
                    standing: self.standing,
                    again_in: Duration::from_millis(100),
                });
            }
        };
        transaction.commit().await.map_err(database)?;
        self.standing = Fence::standing(&stored, H::VERSION, 0);
        self.fence = Some(fence);
        Ok(Begun::At(fence.checkpoint))
    }

    async fn take_in(&mut self, batch: &Batch) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        if batch.events.is_empty() && held.state == FenceState::Active {
            self.standing = Standing::at(batch.looked_to);
            return Ok(());
        }
        // What is read of the log is read before: a transaction should be short.
        let facts = CorrectedFacts::of::<H>(self.log.as_deref(), &batch.events).await?;
        let mut transaction = self.pool.begin().await.map_err(database)?;
        let mut stored = rows::all(&mut transaction, H::NAME, false).await?;
        if held.may_switch(&stored, batch.looked_to) {
            // It takes over in this transaction: until then the older version stays where it is.
            stored = rows::all(&mut transaction, H::NAME, true).await?;
        }
        let held = held.still_held(&stored)?;
        let plan = held.plan(&stored, &batch.events, batch.looked_to, stream, |_| false);
        for step in &plan.steps {
            match step {
                FenceStep::TakeOver => {
                    rows::retire_older(&mut transaction, H::NAME, H::VERSION).await?;
                    let shown = self.handler.activate(&mut transaction).await;
                    shown.map_err(database)?;
                }
                FenceStep::Handle { event, .. } => {
                    let Some(input) = H::input(event, &facts)? else {
                        continue;
                    };
                    let handled = self.handler.handle(input, &mut transaction).await;
                    handled.map_err(|cause| Failure::apply(event, cause))?;
                }
                // It parks nothing, and is one partition, which waits for no other.
                FenceStep::Park { .. } | FenceStep::Halt => return Err(Failure::Waiting),
            }
        }
        // The last statement before the commit: it fences whoever was held up.
        rows::advance(&mut transaction, H::NAME, &held, &plan.after, self.lease).await?;
        transaction.commit().await.map_err(database)?;
        self.standing = plan.standing;
        self.fence = Some(plan.after);
        Ok(())
    }

    async fn stay(&mut self, looked_at: Checkpoint) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        let mut after = held;
        if held.state == FenceState::Active && looked_at.position > held.checkpoint.position {
            after.checkpoint = looked_at;
        }
        let mut connection = self.pool.acquire().await.map_err(database)?;
        rows::advance(&mut connection, H::NAME, &held, &after, self.lease).await?;
        self.fence = Some(after);
        Ok(())
    }

    async fn let_go(&mut self) -> Result<(), Failure> {
        let Some(fence) = self.fence.take() else {
            return Ok(());
        };
        let mut connection = self.pool.acquire().await.map_err(database)?;
        rows::release(&mut connection, H::NAME, &fence).await
    }
}

/// What an event belongs to.
fn stream(event: &StoredEvent) -> &str {
    event.envelope.stream.as_str()
}

impl<H: SqlxHandler> Consumer for SqlxProjection<H> {
    fn profile(&self) -> ConsumerProfile {
        ConsumerProfile::new(H::NAME, H::VERSION, H::filter()).keep_every(self.lease / 3)
    }

    fn read_from(&mut self, log: Arc<dyn EventStore>) {
        self.log = Some(log);
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        Box::pin(self.take_charge())
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async { self.take_in(batch).await.map_err(Refusal::whole) })
    }

    fn standing(&self) -> Standing {
        self.standing
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(self.stay(checkpoint))
    }

    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(self.let_go())
    }
}

/// A position as PostgreSQL keeps it.
pub(crate) fn signed(position: Position) -> i64 {
    i64::try_from(position.number()).unwrap_or(i64::MAX)
}
