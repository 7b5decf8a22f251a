//! Keeps what is made of the log up to date.

mod board;
mod consumer;
mod failure;
mod gather;
mod handle;
mod pace;
mod race;
mod run;
mod settings;
mod settle;
mod shared;
mod status;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;

use board::Board;
pub use consumer::{Batch, Begun, Consumer, ConsumerProfile, Parking, Refusal, Standing};
pub use failure::{Failure, FailureClass};
pub use handle::{Reached, RunnerHandle, WaitError};
use pace::Pace;
use run::{Park, Run};
use settings::Settings;
use shared::SharedLog;
pub use status::{Phase, Status};

use crate::{Clock, EventStore};

/// Feeds a consumer from the log: first what is stored, then what is appended.
///
/// It does nothing before [`run`](Self::run), which is a future for a task of the program's own; it needs no particular
/// async runtime. Take a [`handle`](Self::handle) first, to see how it does, to wait for it and to end it.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Apply, Event, EventStore, InMemory, Position, Projection, Recorded, Runner};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.money-deposited")]
/// # struct MoneyDeposited { cents: i64 }
/// # #[derive(Debug, Clone, Default, Projection)]
/// # #[projection(name = "total", version = 1)]
/// # #[event(MoneyDeposited)]
/// # struct Total { cents: i64 }
/// # impl Apply<Recorded<MoneyDeposited>> for Total {
/// #     fn apply(&mut self, deposited: Recorded<MoneyDeposited>) { self.cents += deposited.cents; }
/// # }
/// async fn total(store: impl EventStore, appended: Position) -> Result<i64, Box<dyn std::error::Error>> {
///     let projection = InMemory::<Total>::new();
///     let view = projection.view();
///     let runner = Runner::new(store, projection);
///     let handle = runner.handle();
///     tokio::spawn(runner.run());
///
///     handle.wait_for(appended).await?;
///     Ok(view.read().cents)
/// }
/// # }
/// ```
///
/// # Failures
///
/// An event that the user's code refuses is tried again, after longer and longer waits; then the runner stops, or puts
/// the event aside where [`park_failures`](Self::park_failures) says so. A database or an event store that is away is
/// waited for. An event that a newer program wrote stops the runner at once and is never put aside for that, so that a
/// program of the older version that still runs during an update passes over nothing; so does a log that was restored to
/// another past. What stops the runner is what `run` returns, and stands in the [`Status`].
///
/// # Partitions
///
/// A consumer that is [split](Consumer::split) into partitions is run by one runner all the same: each partition has a place
/// in the log, a batch, a failure and retries of its own, and all wait at once, in the one task. A partition that another
/// process has is waited for like this one's. What stops one of them stops the runner. A page of the log is read once for all
/// that are about there.
///
/// Also found as *projection daemon*, *async daemon*, *catch-up projector* or *persistent subscription* in other
/// libraries.
#[must_use = "nothing happens before `run`"]
pub struct Runner<S, C> {
    store: Arc<S>,
    /// One for each partition, each with where its status is written.
    consumers: Vec<(C, Board)>,
    profile: ConsumerProfile,
    settings: Settings,
    park: Option<Park<C>>,
    stopping: Arc<watch::Sender<bool>>,
}

impl<S: EventStore, C: Consumer> Runner<S, C> {
    /// A runner that feeds this consumer from this store.
    pub fn new(store: S, consumer: C) -> Self {
        let settings = Settings::default();
        let profile = consumer.profile();
        let (first, others) = consumer.split();
        let mut consumers: Vec<C> = std::iter::once(first).chain(others).collect();
        let store = Arc::new(store);
        for consumer in &mut consumers {
            consumer.read_from(Arc::clone(&store) as Arc<dyn EventStore>);
        }
        Self {
            store,
            consumers: with_boards(consumers, &settings.clock),
            profile,
            settings,
            park: None,
            stopping: Arc::new(watch::Sender::new(false)),
        }
    }

    /// How many events are in a batch at most; 1,000 if nothing is said. A database commits once for each batch. While one
    /// is taken in, the two after it are gathered.
    pub fn batch(mut self, events: usize) -> Self {
        self.settings.batch = events.max(1);
        self
    }

    /// For how long a batch is gathered at most, from its first event; 100 milliseconds if nothing is said. It is never
    /// waited for events that aren't there yet: a batch ends where the log does.
    pub fn within(mut self, time: Duration) -> Self {
        self.settings.within = time;
        self
    }

    /// How often an event is tried before it is given up; 5 times if nothing is said.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = attempts.max(1);
        self
    }

    /// How long it waits after the first failure, and at most; each wait is twice as long as the one before. 100
    /// milliseconds and 10 seconds if nothing is said.
    pub fn back_off(mut self, first: Duration, most: Duration) -> Self {
        self.settings.back_off = (first, most);
        self
    }

    /// The clock that [`Status::behind`] is measured by; the system's if nothing is said.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Arc::new(clock);
        let consumers = self.consumers.into_iter().map(|(consumer, _)| consumer);
        self.consumers = with_boards(consumers.collect(), &self.settings.clock);
        self
    }

    /// Puts an event aside that was given up, and every later one of its key behind it, instead of stopping.
    ///
    /// What goes behind a parked event isn't looked into: also what a newer program wrote waits there, as its key's order
    /// says, and passes over nothing. A retry by a program that doesn't know it leaves it there, with those behind it.
    pub fn park_failures(mut self) -> Self
    where
        C: super::Parking,
    {
        self.park = Some(C::park);
        self
    }

    /// The way to look at the runner, to wait for it and to end it. Take it after all that is said above.
    pub fn handle(&self) -> RunnerHandle {
        RunnerHandle {
            statuses: match self.consumers.first() {
                Some((_, board)) => board.subscribe(),
                None => watch::Sender::new(Vec::new()).subscribe(),
            },
            stopping: Arc::clone(&self.stopping),
            store: Arc::clone(&self.store) as Arc<dyn EventStore>,
            profile: self.profile.clone(),
        }
    }

    /// Runs until it is shut down.
    ///
    /// Dropped, it takes in the batch that it was at or not; the next run goes on where what it made says.
    ///
    /// # Errors
    ///
    /// What has stopped it.
    pub async fn run(self) -> Result<(), Arc<Failure>> {
        let store = Arc::clone(&self.store);
        match self.consumers.len() {
            0 | 1 => self.run_from(store).await,
            partitions => {
                let shared = Arc::new(SharedLog::new(store, partitions));
                self.run_from(shared).await
            }
        }
    }

    async fn run_from<L: EventStore>(self, log: Arc<L>) -> Result<(), Arc<Failure>> {
        let run = |(consumer, board)| {
            let run = Run {
                store: Arc::clone(&log),
                consumer,
                settings: self.settings.clone(),
                park: self.park,
                board,
                stopping: self.stopping.subscribe(),
                pace: Pace::new(None),
            };
            run.run()
        };
        let mut runs: FuturesUnordered<_> = self.consumers.into_iter().map(run).collect();
        let mut outcome = Ok(());
        while let Some(ended) = runs.next().await {
            if outcome.is_ok() && ended.is_err() {
                // The others end after their batch, as by a shutdown.
                self.stopping.send_replace(true);
                outcome = ended;
            }
        }
        outcome
    }
}

fn with_boards<C: Consumer>(consumers: Vec<C>, clock: &Arc<dyn Clock>) -> Vec<(C, Board)> {
    let profiles: Vec<_> = consumers.iter().map(Consumer::profile).collect();
    let boards = Board::all(&profiles, clock);
    consumers.into_iter().zip(boards).collect()
}

impl<S, C> fmt::Debug for Runner<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("name", &self.profile.name)
            .field("version", &self.profile.version)
            .finish_non_exhaustive()
    }
}
