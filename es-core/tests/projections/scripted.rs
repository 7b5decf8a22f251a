//! A consumer that does what it is told, and writes down what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use es_core::{
    Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, Failure, Filter, Parking,
    Position, Refusal, Standing, StoredEvent,
};

#[derive(Clone, Default)]
pub(crate) struct Scripted {
    pub log: Arc<Mutex<Log>>,
}

#[derive(Default)]
pub(crate) struct Log {
    /// What `begin` answers; else it goes on after what was taken in.
    pub begun: VecDeque<Begun>,
    /// What refuses the next batches; `None` takes one in.
    pub refusals: VecDeque<Option<Refusal>>,
    /// An event that is refused whenever it comes.
    pub poison: Option<Position>,
    pub taken: Vec<Position>,
    pub batches: Vec<usize>,
    /// How many batches came without an event.
    pub empty: u32,
    /// What it was told to come after a batch.
    pub prepared: Vec<Vec<Position>>,
    pub parked: Vec<Position>,
    pub kept: Vec<Checkpoint>,
    /// What the next calls of `keep` fail with.
    pub unkept: VecDeque<Failure>,
    /// Whether it panics at the next batch.
    pub panics: bool,
    /// A batch is taken in only once this is let go.
    pub gate: Option<Arc<tokio::sync::Semaphore>>,
    pub tries: u32,
    pub begins: u32,
    pub ends: u32,
    looked_to: Position,
    last: Option<Checkpoint>,
}

impl Scripted {
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }
}

pub(crate) fn database(passing: bool) -> Refusal {
    let cause = "the database said no".into();
    Refusal::whole(Failure::Database { passing, cause })
}

impl Log {
    fn take(&mut self, events: &[StoredEvent]) {
        for event in events {
            self.taken.push(event.position);
            self.last = Some(Checkpoint {
                position: event.position,
                event_id: Some(event.envelope.id),
            });
            self.looked_to = event.position;
        }
    }
}

impl Consumer for Scripted {
    fn profile(&self) -> ConsumerProfile {
        let filter = Filter::all().name("counter.counted");
        ConsumerProfile::new("scripted", 7, filter).keep_every(Duration::from_millis(1))
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        let mut log = self.log();
        log.begins += 1;
        let last = log.last.unwrap_or(Checkpoint::START);
        let begun = log.begun.pop_front().unwrap_or(Begun::At(last));
        drop(log);
        Box::pin(async move { Ok(begun) })
    }

    fn prepare(&mut self, next: &Batch) {
        let positions = next.events.iter().map(|event| event.position).collect();
        self.log().prepared.push(positions);
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        let mut log = self.log();
        assert!(!log.panics || batch.events.is_empty(), "the fold panics");
        let gate = log.gate.clone();
        let mut outcome = Ok(());
        if !batch.events.is_empty() {
            log.tries += 1;
            if let Some(Some(refusal)) = log.refusals.pop_front() {
                outcome = Err(refusal);
            }
            let poisoned = (batch.events.iter()).find(|event| Some(event.position) == log.poison);
            if let (Ok(()), Some(event)) = (&outcome, poisoned) {
                outcome = Err(Refusal::whole(Failure::apply(event, "poison")));
            }
        }
        match &outcome {
            Ok(()) => {
                log.take(&batch.events);
                log.looked_to = batch.looked_to;
                match batch.events.len() {
                    0 => log.empty += 1,
                    events => log.batches.push(events),
                }
            }
            Err(refusal) => log.take(&batch.events[..refusal.taken]),
        }
        drop(log);
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.acquire().await.expect("nobody closes it").forget();
            }
            outcome
        })
    }

    fn standing(&self) -> Standing {
        let log = self.log();
        let mut standing = Standing::at(log.looked_to);
        standing.parked = log.parked.len() as u64;
        standing
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        let mut log = self.log();
        log.kept.push(checkpoint);
        let outcome = log.unkept.pop_front().map_or(Ok(()), Err);
        drop(log);
        Box::pin(async { outcome })
    }

    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        self.log().ends += 1;
        Box::pin(async { Ok(()) })
    }
}

impl Parking for Scripted {
    fn park<'a>(
        &'a mut self,
        event: &'a StoredEvent,
        _: &'a Failure,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let mut log = self.log();
        log.parked.push(event.position);
        log.looked_to = event.position;
        drop(log);
        Box::pin(async { Ok(()) })
    }
}
