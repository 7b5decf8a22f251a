use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::agenda::Agenda;
use super::definition::Process;
use super::delays::Delays;
use super::engine::{Engine, follows_corrections};
use super::record::{NAMES, is_record};
use super::saved::VERSION;
use super::settling::Settled;
use super::view::{Overview, ProcessView};
use super::whole;
use crate::temporal::{INSERTED, REPLACED, RETRACTED};
use crate::{
    Batch, Begun, BoxFuture, Checkpoint, Clock, Consumer, ConsumerProfile, EventDescriptor,
    EventStore, Failure, Filter, Position, Refusal, Standing, StateStore, StoreError, StoredEvent,
    SystemClock, Timestamp,
};

/// How many instances it works on at the same time, if nothing is said.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// Where a process begins that was never run before. Then it is written down, in the stream `es.process/` and the
/// process's name, and nothing that is said later changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Since {
    /// With the first event of the log: its commands are sent for all that has ever happened.
    Beginning,
    /// With what is appended from now on.
    Now,
    /// With the first event after this position.
    Position(Position),
}

/// Runs all instances of a process, fed by a [`Runner`](crate::Runner): takes in events, sends commands, fires
/// deadlines.
///
/// Its place in the log and what is left to do are kept in a [`StateStore`], named `es.process/` and the process's name.
/// All else stands in the streams of the instances, each append of which is known by its ids. So any number of programs
/// may run the same process at once, and any of them may die at any point: what an event leads to is decided once, and
/// each command takes effect once.
///
/// What happens in between, step by step:
///
/// 1. An event comes. If it stands in its instance's stream, it was taken in before.
/// 2. Else the process reacts, and the event's id, the process's own events, its commands and its deadlines are appended
///    at once, at the exact revision that it has reacted on.
/// 3. If somebody else has appended first, the instance is read again and it goes on with 1.
/// 4. The place in the log moves on.
/// 5. A command without an outcome is sent under its id; the aggregate decides once.
/// 6. A refusal is appended to the aggregate's stream under the command's id, where a second sender finds it. Folds,
///    projections and forwarders pass over it.
/// 7. The outcome is appended to the instance's stream, and with a refusal what the process does about it.
/// 8. A deadline that is due waits until everything was taken in that the log held after that moment. Then it fires, if
///    it is still set.
///
/// A process with `#[process(corrections)]` is also told when a fact was corrected that it takes in
/// ([`Reconsider`](crate::Reconsider)): the correction is an event like others, so commands in answer to it have ids of
/// their own, and none that was sent before is sent again. Each correction in the log costs reading its stream up to it.
/// Without the word, corrections are passed over.
///
/// An instance that can't go on is put into quarantine: its events wait for it in order, its commands and deadlines rest,
/// and all others go on: one whose code says no or panics, its own or that of an aggregate that it sends a command to, and
/// one whose command the store refuses again and again. [`ProcessView`] shows it and has it go on. An input whose key can't be that of an instance (an empty
/// text, for one) is set aside: it is counted, [listed](ProcessView::set_aside), and kept until somebody has it taken in by
/// code that was mended, or passed over. Only an event that can't be decoded stops the runner, since there is no telling
/// whose it is; so does what a newer program wrote.
///
/// ```
/// # use es_core::{EventStore, Process, Processes, Runner, Since, StateStore};
/// # async fn run<P: Process>(store: impl EventStore + Clone, states: impl StateStore) {
/// let processes = Processes::<P>::new(store.clone(), states, Since::Now);
/// let view = processes.view();
/// let runner = Runner::new(store, processes);
/// let handle = runner.handle();
/// tokio::spawn(runner.run());
/// println!("{} are running, {} are stuck", view.overview().open, view.overview().stuck.len());
/// # drop(handle);
/// # }
/// ```
pub struct Processes<P: Process> {
    pub(super) engine: Engine<P>,
    pub(super) states: Box<dyn StateStore>,
    pub(super) since: Since,
    pub(super) clock: Arc<dyn Clock>,
    tick: Duration,
    pub(super) agenda: Agenda,
    /// The instances that may have something that they can do now.
    pub(super) todo: BTreeSet<String>,
    /// Everything at or below was taken in.
    pub(super) looked_to: Position,
    pub(super) taken: Checkpoint,
    pub(super) saved: Option<Checkpoint>,
    /// How much was taken in since.
    pub(super) unsaved: usize,
    /// How many instances it works on at the same time.
    pub(super) at_once: NonZeroUsize,
    /// A time, and the log's head as it was read after that: once everything up to there was taken in, what was due at
    /// that time may fire.
    pub(super) proof: Option<(Timestamp, Position)>,
    /// What has to wait.
    pub(super) delays: Delays,
    shown: watch::Sender<Overview>,
}

impl<P: Process> Processes<P> {
    /// All instances of a process on this store. If it was never run before, it begins as `since` says.
    ///
    /// Where nothing is kept in `states`, or by a program of another form, it reads what its instances have recorded, and
    /// goes on behind the last event that one of them took in, or where it began.
    pub fn new(store: impl EventStore, states: impl StateStore, since: Since) -> Self {
        Self {
            engine: Engine::new(Arc::new(store)),
            states: Box::new(states),
            since,
            clock: Arc::new(SystemClock),
            tick: Duration::from_millis(100),
            agenda: Agenda::default(),
            todo: BTreeSet::new(),
            looked_to: Position::START,
            taken: Checkpoint::START,
            saved: None,
            unsaved: 0,
            at_once: AT_ONCE,
            proof: None,
            delays: Delays::default(),
            shown: watch::Sender::default(),
        }
    }

    /// Tells by this clock when a deadline is due; by the [`SystemClock`] if nothing is said.
    pub fn clock(self, clock: impl Clock) -> Self {
        let clock = Arc::new(clock);
        Self { clock, ..self }
    }

    /// How often it looks whether a deadline is due, and tries again what a store that was away has refused; every 100
    /// milliseconds if nothing is said.
    pub fn every(self, tick: Duration) -> Self {
        Self { tick, ..self }
    }

    /// On how many instances it works at the same time, at most; on 16 if nothing is said. The commands of one instance
    /// are sent one after another, in their order, whatever is said.
    pub fn at_once(self, instances: NonZeroUsize) -> Self {
        Self {
            at_once: instances,
            ..self
        }
    }

    /// How many instances it keeps in memory, those that were worked on last; 1,000 if nothing is said. What is read of one
    /// that is kept is what came since, so that an instance with thousands of inputs costs no more for each of them.
    pub fn cache(self, instances: NonZeroUsize) -> Self {
        self.engine.hot.resize(instances);
        self
    }

    /// How long an instance waits after it couldn't do something, and at most; each wait is twice as long as the one before,
    /// and the other instances go on. 100 milliseconds and 10 seconds if nothing is said.
    pub fn back_off(mut self, first: Duration, most: Duration) -> Self {
        self.delays.back_off = (first, most);
        self
    }

    /// How often an instance tries what the store refuses before it is put into quarantine; 10 times if nothing is said. A
    /// store that is away is asked for ever.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.delays.attempts = attempts.max(1);
        self
    }

    /// The way to look at it, and to have a stuck instance go on.
    pub fn view(&self) -> ProcessView<P> {
        ProcessView {
            shown: self.shown.subscribe(),
            engine: self.engine.clone(),
        }
    }

    async fn take_in(&mut self, batch: &Batch) -> Result<(), Refusal> {
        for (count, stored) in batch.events.iter().enumerate() {
            let taken = self.take_one(stored).await;
            taken.map_err(|failure| Refusal::new(count, failure))?;
            self.taken = checkpoint(stored);
            self.looked_to = stored.position;
        }
        self.looked_to = self.looked_to.max(batch.looked_to);
        let all = batch.events.len();
        let stays = |error: StoreError| Refusal::new(all, error.into());
        if !batch.events.is_empty() {
            self.save_at_times(all).await.map_err(stays)?;
        }
        let done = self.do_what_is_left().await;
        self.show();
        done.map_err(stays)
    }

    async fn take_one(&mut self, stored: &StoredEvent) -> Result<(), Failure> {
        if is_record(&stored.name) {
            let stream = &stored.envelope.stream;
            if whole::is_of::<P>(stream) {
                self.agenda.fold_whole(stored)?;
            } else if stream.category() == P::CATEGORY && self.agenda.fold(stored)? {
                self.todo.insert(stream.id().to_owned());
            }
        } else if self.engine.take(stored).await? == Settled::Ignored {
            self.agenda.ignore(stored);
        }
        Ok(())
    }

    pub(super) fn show(&self) {
        let overview = Overview {
            delayed: self.delays.shown(),
            ..self.agenda.overview()
        };
        self.shown.send_if_modified(|shown| {
            let changed = *shown != overview;
            *shown = overview;
            changed
        });
    }
}

fn checkpoint(stored: &StoredEvent) -> Checkpoint {
    Checkpoint {
        position: stored.position,
        event_id: Some(stored.envelope.id),
    }
}

/// Its inputs, their corrections if it is told of these, and the records of its instances; those of others are told
/// apart by their streams.
fn filter<P: Process>() -> Filter {
    let inputs: Vec<EventDescriptor> = P::INPUTS.iter().map(|input| input.descriptor).collect();
    let corrections: &[&str] = if follows_corrections::<P>() {
        &[RETRACTED, REPLACED, INSERTED]
    } else {
        &[]
    };
    let names = NAMES.iter().chain(corrections);
    names.fold(Filter::of_events(&inputs), |filter, name| {
        filter.name(*name)
    })
}

impl<P: Process> Consumer for Processes<P> {
    fn profile(&self) -> ConsumerProfile {
        ConsumerProfile::new(P::CATEGORY, VERSION, filter::<P>()).keep_every(self.tick)
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        Box::pin(async {
            self.start().await?;
            Ok(Begun::At(self.taken))
        })
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.take_in(batch))
    }

    fn standing(&self) -> Standing {
        Standing::at(self.looked_to).with_parked(self.agenda.parked())
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            if checkpoint.position > self.taken.position {
                self.taken = checkpoint;
            }
            self.save_at_times(0).await?;
            let done = self.do_what_is_left().await;
            self.show();
            Ok(done?)
        })
    }

    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { Ok(self.save().await?) })
    }
}

impl<P: Process> fmt::Debug for Processes<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes")
            .field("process", &P::CATEGORY)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}
