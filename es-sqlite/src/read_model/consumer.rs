use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use es_core::{
    Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, CorrectedFacts, EventStore,
    Failure, Parking, Refusal, Standing, StoreError, StoredEvent,
};

use super::context::SqliteHandler;
use super::thread::Thread;
use super::worker::Worker;

/// A projection into an SQLite database, to be fed by a [`Runner`](es_core::Runner); made by
/// [`SqliteReadModels::projection`](crate::SqliteReadModels::projection).
///
/// Several processes may run it: one makes progress, the others stand by and take over when its lease runs out. Every
/// commit checks that nobody has taken over, so what a process does that was held up for long is refused whole.
pub struct SqliteProjection<H: SqliteHandler> {
    lease: Duration,
    /// Until the thread has it.
    worker: Option<Worker<H>>,
    thread: Option<Thread<Worker<H>>>,
    /// Where it is looked up what corrections changed.
    log: Option<Arc<dyn EventStore>>,
    /// What comes after the next batch.
    coming: Option<Arc<[StoredEvent]>>,
    standing: Standing,
}

/// How far what is stored of an idle projection's place may lag behind what it has looked through.
const KEEP_EVERY: Duration = Duration::from_millis(250);

impl<H: SqliteHandler> SqliteProjection<H> {
    pub(super) fn new(worker: Worker<H>, lease: Duration) -> Self {
        Self {
            lease,
            worker: Some(worker),
            thread: None,
            log: None,
            coming: None,
            standing: Standing::default(),
        }
    }

    async fn ask<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Worker<H>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.ask_and(job, |_| {}).await
    }

    async fn ask_and<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Worker<H>) -> Result<T, Failure> + Send + 'static,
        then: impl FnOnce(&mut Worker<H>) + Send + 'static,
    ) -> Result<T, Failure> {
        let Some(thread) = &self.thread else {
            return Err(Failure::Fenced);
        };
        let job = move |worker: &mut Worker<H>| {
            let done = job(worker);
            (done, worker.standing())
        };
        // The thread is gone if the handler panicked, and doesn't come back.
        let (done, standing) = thread.ask_and(job, then).await.map_err(for_good)?;
        self.standing = standing;
        done
    }

    fn start(&mut self) -> Result<(), Failure> {
        if let Some(worker) = self.worker.take() {
            let thread = Thread::start("es-sqlite project", worker);
            self.thread = Some(thread.map_err(for_good)?);
        }
        Ok(())
    }
}

fn for_good(error: StoreError) -> Failure {
    Failure::Database {
        passing: false,
        cause: error.into(),
    }
}

impl<H: SqliteHandler> Consumer for SqliteProjection<H> {
    fn profile(&self) -> ConsumerProfile {
        ConsumerProfile::new(H::NAME, H::VERSION, H::filter())
            .keep_every((self.lease / 3).min(KEEP_EVERY))
    }

    fn read_from(&mut self, log: Arc<dyn EventStore>) {
        self.log = Some(log);
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        Box::pin(async {
            self.start()?;
            self.ask(Worker::begin).await
        })
    }

    fn prepare(&mut self, next: &Batch) {
        self.coming = Some(Arc::clone(&next.events));
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        let (events, looked_to) = (Arc::clone(&batch.events), batch.looked_to);
        let coming = self.coming.take();
        Box::pin(async move {
            // Before the transaction, which holds up other writers.
            let facts = CorrectedFacts::of::<H>(self.log.as_deref(), &events).await;
            let facts = facts.map_err(Refusal::whole)?;
            let consume = move |worker: &mut Worker<H>| worker.consume(&events, &facts, looked_to);
            let prepare = move |worker: &mut Worker<H>| {
                if let Some(events) = coming {
                    worker.prepare(&events);
                }
            };
            let consumed = self.ask_and(consume, prepare).await;
            consumed.map_err(Refusal::whole)
        })
    }

    fn standing(&self) -> Standing {
        self.standing
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(self.ask(move |worker| worker.keep(checkpoint)))
    }

    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            match self.thread {
                Some(_) => self.ask(Worker::release).await,
                None => Ok(()),
            }
        })
    }
}

impl<H: SqliteHandler> Parking for SqliteProjection<H> {
    fn park<'a>(
        &'a mut self,
        event: &'a StoredEvent,
        failure: &'a Failure,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let (event, why) = (event.clone(), failure.in_full());
        Box::pin(self.ask(move |worker| worker.park(&event, &why)))
    }
}

impl<H: SqliteHandler> fmt::Debug for SqliteProjection<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteProjection")
            .field("projection", &H::NAME)
            .field("version", &H::VERSION)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}
