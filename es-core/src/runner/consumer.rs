use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;

use super::Failure;
use crate::{Checkpoint, EventStore, Filter, Partition, Position, StoredEvent};

/// What takes in the events of the log, batch by batch, and remembers how far it came.
///
/// Implemented by [`InMemory`](crate::InMemory) and by each database's projections; called by a
/// [`Runner`](crate::Runner), which reads, retries, waits and reports. It is not a place to read the log from: it is
/// given what passes its filter, in order, each event once.
///
/// One that counts, and begins anew with every process:
///
/// ```
/// use es_core::{Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, Failure, Filter, Position, Refusal, Standing};
///
/// #[derive(Default)]
/// struct Counting { count: usize, frontier: Position }
///
/// impl Consumer for Counting {
///     fn profile(&self) -> ConsumerProfile {
///         ConsumerProfile::new("counting", 1, Filter::all())
///     }
///     fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
///         Box::pin(async { Ok(Begun::At(Checkpoint::START)) })
///     }
///     fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
///         self.count += batch.events.len();
///         self.frontier = batch.looked_to;
///         Box::pin(async { Ok(()) })
///     }
///     fn standing(&self) -> Standing {
///         Standing::at(self.frontier)
///     }
///     fn keep(&mut self, _: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
///         Box::pin(async { Ok(()) })
///     }
///     fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
///         Box::pin(async { Ok(()) })
///     }
/// }
/// ```
pub trait Consumer: Send + 'static {
    /// What it is called, what it wants, and how often it wants to be called while nothing comes.
    fn profile(&self) -> ConsumerProfile;

    /// Says which log its events are of, once, before it [begins](Self::begin): for a consumer that looks up what corrections
    /// changed. Others needn't know.
    fn read_from(&mut self, log: Arc<dyn EventStore>) {
        let _ = log;
    }

    /// Takes charge, and says where to go on. Called at the start, and again after [`Failure::Fenced`].
    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>>;

    /// Says which batch comes after the one that is consumed next, where that is known: what is made of it meanwhile isn't
    /// waited for then. It may come in parts, or never.
    fn prepare(&mut self, next: &Batch) {
        let _ = next;
    }

    /// Takes a batch in; one without events says only how far was looked.
    ///
    /// # Errors
    ///
    /// The events before those that [`Refusal::taken`] counts are in, and no others.
    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>>;

    /// How far it is, for whoever reads what it makes.
    fn standing(&self) -> Standing;

    /// Called every [`ConsumerProfile::keep_every`], with the last event that was looked at: keeps a lease, or saves.
    fn keep(&mut self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), Failure>>;

    /// Called when the runner is shut down, after the last batch: saves, or lets another process have the lease.
    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>>;

    /// Its partitions, each a consumer of its own with a [profile](ConsumerProfile::partition) that says so: the first and
    /// the others. It is fed as a whole if nothing is said.
    fn split(self) -> (Self, Vec<Self>)
    where
        Self: Sized,
    {
        (self, Vec::new())
    }
}

/// A consumer that can put an event aside, and every later one of its key behind it.
///
/// Implemented by each database's projections; asked for by [`Runner::park_failures`](crate::Runner::park_failures). It is
/// not for an event that may pass at the next try: the runner tries that often enough before.
///
/// ```
/// # use es_core::{Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, Filter, Refusal, Standing};
/// use es_core::{Failure, Parking, Position, StoredEvent};
///
/// /// Writes events somewhere, and those that it can't into a list.
/// struct Writing { frontier: Position, aside: Vec<(Position, String)> }
///
/// # impl Consumer for Writing {
/// #     fn profile(&self) -> ConsumerProfile { ConsumerProfile::new("writing", 1, Filter::all()) }
/// #     fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> { Box::pin(async { Ok(Begun::At(Checkpoint::START)) }) }
/// #     fn consume<'a>(&'a mut self, _: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> { Box::pin(async { Ok(()) }) }
/// #     fn standing(&self) -> Standing { Standing::at(self.frontier) }
/// #     fn keep(&mut self, _: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> { Box::pin(async { Ok(()) }) }
/// #     fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> { Box::pin(async { Ok(()) }) }
/// # }
/// impl Parking for Writing {
///     fn park<'a>(&'a mut self, event: &'a StoredEvent, failure: &'a Failure) -> BoxFuture<'a, Result<(), Failure>> {
///         self.aside.push((event.position, failure.to_string()));
///         self.frontier = event.position;
///         Box::pin(async { Ok(()) })
///     }
/// }
/// ```
pub trait Parking: Consumer {
    /// Puts aside the event that comes next, and moves on past it, at once or not at all.
    fn park<'a>(
        &'a mut self,
        event: &'a StoredEvent,
        failure: &'a Failure,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// What a runner has to know of a consumer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConsumerProfile {
    /// Its name, for whoever looks at the runner.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// Which events it wants.
    pub filter: Filter,
    /// How often [`Consumer::keep`] is called, between batches; never, if nothing is said.
    pub keep_every: Option<Duration>,
    /// Which partition's events it wants.
    pub partition: Partition,
    /// What an event belongs to, which says in which partition it is.
    pub key: fn(&StoredEvent) -> &str,
}

impl ConsumerProfile {
    /// The profile of a consumer that is left alone while nothing comes.
    pub fn new(name: &'static str, version: u32, filter: Filter) -> Self {
        Self {
            name,
            version,
            filter,
            keep_every: None,
            partition: Partition::WHOLE,
            key: |event| event.envelope.stream.as_str(),
        }
    }

    /// Wants the events of this partition alone, which `key` says.
    pub fn partition(self, partition: Partition, key: fn(&StoredEvent) -> &str) -> Self {
        Self {
            partition,
            key,
            ..self
        }
    }

    /// Whether an event that passes the filter is one of its partition.
    pub(super) fn takes(&self, event: &StoredEvent) -> bool {
        self.partition.count() == 1 || self.partition.holds((self.key)(event))
    }

    /// Calls [`Consumer::keep`] this often.
    pub fn keep_every(self, interval: Duration) -> Self {
        Self {
            keep_every: Some(interval),
            ..self
        }
    }
}

/// Whether a consumer is in charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It is, and goes on after this event.
    At(Checkpoint),
    /// Another process is, and has come this far.
    Held {
        /// How far the other one is.
        standing: Standing,
        /// When to ask again.
        again_in: Duration,
    },
}

/// How far a consumer is, for whoever reads what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Standing {
    /// Every event at or below that passes the filter can be seen in what it makes, or is parked.
    pub frontier: Position,
    /// How many events are parked.
    pub parked: u64,
}

impl Standing {
    /// This far, with nothing parked.
    pub fn at(frontier: Position) -> Self {
        Self {
            frontier,
            parked: 0,
        }
    }

    /// With so many events parked.
    pub fn with_parked(self, parked: u64) -> Self {
        Self { parked, ..self }
    }
}

/// Some events of the log, in order; cheap to clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Batch {
    /// The events that pass the consumer's filter.
    pub events: Arc<[StoredEvent]>,
    /// Every event at or below that passes came in this batch or in one before it.
    pub looked_to: Position,
    /// Whether this was all that the log held.
    pub caught_up: bool,
}

impl Batch {
    /// A batch.
    pub fn new(
        events: impl Into<Arc<[StoredEvent]>>,
        looked_to: Position,
        caught_up: bool,
    ) -> Self {
        Self {
            events: events.into(),
            looked_to,
            caught_up,
        }
    }

    /// So many of its events, after those that were taken in.
    pub(super) fn part(&self, taken: usize, count: usize) -> Self {
        if count == self.events.len() {
            return self.clone();
        }
        let events = &self.events[taken..taken + count];
        match events.last() {
            Some(last) if taken + count < self.events.len() => {
                let looked_to = last.position;
                Self::new(events, looked_to, false)
            }
            _ => Self::new(events, self.looked_to, self.caught_up),
        }
    }
}

/// Why not all of a batch was taken in.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// How many of its events were.
    pub taken: usize,
    /// Why the others weren't.
    pub failure: Failure,
}

impl Refusal {
    /// A refusal after so many events.
    pub fn new(taken: usize, failure: Failure) -> Self {
        Self { taken, failure }
    }

    /// A refusal of the whole batch.
    pub fn whole(failure: Failure) -> Self {
        Self::new(0, failure)
    }
}
