use std::fmt;
use std::time::Duration;

use es_core::{
    Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, Failure, Parking, Refusal,
    Standing, StoredEvent,
};

use super::context::PostgresHandler;
use super::worker::Worker;

/// A projection into a PostgreSQL database, to be fed by a [`Runner`](es_core::Runner); made by
/// [`PostgresReadModels::projection`](crate::PostgresReadModels::projection).
///
/// Several processes may run it: one makes progress, the others stand by and take over when its lease runs out. Every
/// commit checks that nobody has taken over, so what a process does that was held up for long is refused whole.
pub struct PostgresProjection<H> {
    lease: Duration,
    worker: Worker<H>,
}

/// How far what is stored of an idle projection's place may lag behind what it has looked through.
const KEEP_EVERY: Duration = Duration::from_millis(250);

impl<H: PostgresHandler> PostgresProjection<H> {
    pub(super) fn new(worker: Worker<H>, lease: Duration) -> Self {
        Self { lease, worker }
    }
}

impl<H: PostgresHandler> Consumer for PostgresProjection<H> {
    fn profile(&self) -> ConsumerProfile {
        ConsumerProfile::new(H::NAME, H::VERSION, H::filter())
            .keep_every((self.lease / 3).min(KEEP_EVERY))
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        Box::pin(self.worker.begin())
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async {
            let consumed = self.worker.consume(&batch.events, batch.looked_to);
            consumed.await.map_err(Refusal::whole)
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
            .field("standing", &self.worker.standing())
            .finish_non_exhaustive()
    }
}
