//! Loads aggregates, has them decide, and appends what they decided.

mod appending;
mod cache;
mod commit;
mod error;
mod executed;
mod execution;
mod folded;
mod held;
mod history;
mod keeping;
mod loaded;

use std::fmt;
use std::sync::Arc;

use crate::{
    Aggregate, At, BoxStream, Clock, Command, Creation, Decision, EventStore, Handler, IdSource,
    Known, RandomIds, Revision, SnapshotStore, Snapshotting, StoreError, StreamId, SystemClock,
    Timestamp, spans,
};
use cache::Cache;
pub use error::{ExecuteError, LoadError};
pub use executed::Executed;
pub use execution::Execution;
use execution::Plan;
pub(crate) use folded::Folded;
pub use history::Moment;
pub use loaded::Loaded;

/// Runs aggregates of one kind on a store: load → decide → append, and again with fresh state on a conflict.
///
/// Cheap to clone where its store is. [`create`](Self::create), [`execute`](Self::execute) and [`send`](Self::send)
/// return an [`Execution`], on which is said who acts and why, and which runs when it is awaited.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Event, EventStore, ExecuteError, NoError, Repository};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted { by: u64 }
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
/// # #[event(Counted)]
/// # struct Counter { count: u64 }
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, event: Counted) { self.count += event.by; }
/// # }
/// # impl Counter {
/// #     fn count(&self, by: u64) -> Counted { Counted { by } }
/// # }
/// async fn count(store: impl EventStore) -> Result<(), Box<dyn std::error::Error>> {
///     let counters = Repository::<Counter, _>::new(store);
///     let id = "visits".to_owned();
///     let executed = counters.execute(&id, |counter| counter.count(2)).by("door-7").await?;
///     println!("at revision {}", executed.revision());
///     println!("{} visits", counters.load(&id).await?.count);
///     Ok(())
/// }
/// # }
/// ```
///
/// Also found as *aggregate store*, *event-sourced repository* or *aggregate root repository* in other libraries.
pub struct Repository<A: Aggregate, S> {
    store: S,
    snapshots: Option<Arc<dyn SnapshotStore>>,
    cache: Option<Arc<Cache<A>>>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) attempts: u32,
}

impl<A: Aggregate, S: Clone> Clone for Repository<A, S> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            snapshots: self.snapshots.clone(),
            cache: self.cache.clone(),
            ids: Arc::clone(&self.ids),
            clock: Arc::clone(&self.clock),
            attempts: self.attempts,
        }
    }
}

impl<A: Aggregate, S> fmt::Debug for Repository<A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("category", &A::CATEGORY)
            .finish_non_exhaustive()
    }
}

/// How often a decision is made before a conflict is given back: with a handful of writers on one stream more than a
/// few conflicts in a row mean that the stream is contended for good, and waiting is the caller's choice.
const ATTEMPTS: u32 = 8;

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// A repository on this store, without snapshots and cache.
    pub fn new(store: S) -> Self {
        Self {
            store,
            snapshots: None,
            cache: None,
            ids: Arc::new(RandomIds),
            clock: Arc::new(SystemClock),
            attempts: ATTEMPTS,
        }
    }

    /// Keeps snapshots in `snapshots`, as often as the aggregate's `snapshot(every = …, fold = …)` says.
    ///
    /// A failing snapshot store is logged and never fails a command.
    pub fn with_snapshots(self, snapshots: impl SnapshotStore) -> Self
    where
        A: Snapshotting,
    {
        Self {
            snapshots: Some(Arc::new(snapshots)),
            ..self
        }
    }

    /// Keeps the states of the `capacity` aggregates that were used last, so that a command on one of them costs one
    /// append and no read.
    ///
    /// A kept state only decides appends that expect its exact revision; a rejection from it is decided again after
    /// reading what came since, and a load always reads that. So nobody can see a kept state that is too old. Commands on
    /// one aggregate at once share its state; it is cloned where they do, and else moves on without a clone.
    pub fn with_cache(self, capacity: usize) -> Self
    where
        A: Clone,
    {
        Self {
            cache: Some(Arc::new(Cache::new(capacity))),
            ..self
        }
    }

    /// Mints event ids from `ids`; from [`RandomIds`] if nothing is said.
    pub fn with_ids(self, ids: impl IdSource) -> Self {
        Self {
            ids: Arc::new(ids),
            ..self
        }
    }

    /// Tells by `clock` what time it is; by the [`SystemClock`] if nothing is said.
    ///
    /// It is asked only for an aggregate that takes corrections and knows an event that will be effective later than the
    /// last one was recorded: an event that doesn't say when it is effective then comes before or after that one by this
    /// clock. When an event is recorded the store says.
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self {
            clock: Arc::new(clock),
            ..self
        }
    }

    /// Decides at most so often (8 times if nothing is said, at least once) when others keep appending first. A decision
    /// from a kept state that turned out too old doesn't count.
    pub fn with_attempts(self, attempts: u32) -> Self {
        Self {
            attempts: attempts.max(1),
            ..self
        }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Creates an aggregate with its first events.
    ///
    /// # Errors
    ///
    /// When awaited: [`ExecuteError::AlreadyExists`] if the aggregate has events.
    pub fn create<'r, D: Creation<A>>(&'r self, id: &A::Id, creation: D) -> Execution<'r, A, S> {
        Execution::new(self, id, Plan::Create(creation.decided()))
    }

    /// Has an existing aggregate decide, by a closure over its state, which runs again after a conflict.
    ///
    /// An aggregate without initial events exists from the start, as its `Default`.
    ///
    /// # Errors
    ///
    /// When awaited: [`ExecuteError::NotFound`] if the aggregate doesn't exist.
    pub fn execute<'r, D: Decision<A>>(
        &'r self,
        id: &A::Id,
        mut decide: impl FnMut(&A) -> D + Send + 'r,
    ) -> Execution<'r, A, S> {
        Execution::new(
            self,
            id,
            Plan::Execute(Box::new(move |state| decide(state).decided())),
        )
    }

    /// Creates the aggregate if it doesn't exist, else has it decide.
    pub fn create_or_execute<'r, C: Creation<A>, D: Decision<A>>(
        &'r self,
        id: &A::Id,
        mut create: impl FnMut() -> C + Send + 'r,
        mut decide: impl FnMut(&A) -> D + Send + 'r,
    ) -> Execution<'r, A, S> {
        let create = Box::new(move || create().decided());
        Execution::new(
            self,
            id,
            Plan::Either(create, Box::new(move |state| decide(state).decided())),
        )
    }

    /// Sends a command that is data to the aggregate that it names.
    pub fn send<'r, C: Command<Aggregate = A>>(&'r self, command: C) -> Execution<'r, A, S> {
        let (id, compensates) = (command.target().clone(), command.compensates());
        let plan: Plan<'r, A> = match C::HANDLER {
            Handler::New(handle) => Plan::Create(handle(&command)),
            Handler::Existing(handle) => {
                Plan::Execute(Box::new(move |state| handle(state, &command)))
            }
        };
        let execution = Execution::new(self, &id, plan);
        match compensates {
            Some(event) => execution.compensating(event),
            None => execution,
        }
    }

    /// Loads the current state.
    pub async fn load(&self, id: &A::Id) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::of::<A>(id).map_err(StoreError::from)?;
        let loading = async {
            let hot = self.cache.as_ref().and_then(|cache| cache.copy_of(&stream));
            let folded = match hot {
                Some(hot) => self.fold_on(&stream, hot, Known::Head).await?,
                None => self.fold(&stream, Known::Head).await?,
            };
            Loaded::new(id, &stream, folded)
        };
        spans::load(&stream, loading).await
    }

    /// Loads a past state: at a revision, or as [`At`] says by either clock or both.
    ///
    /// The revision of what is loaded is the last one that was known.
    ///
    /// # Errors
    ///
    /// [`LoadError::NoSuchRevision`] if the stream hasn't come to a revision that was asked for;
    /// [`LoadError::NotFound`] if the aggregate didn't exist then.
    pub async fn load_at(&self, id: &A::Id, at: impl Into<At>) -> Result<Loaded<A>, LoadError> {
        let at = at.into();
        let stream = StreamId::of::<A>(id).map_err(StoreError::from)?;
        let loading = async {
            let folded = match at.effective_instant() {
                None => self.fold(&stream, at.known_point()).await?,
                Some(_) => self.fold_effective(&stream, at).await?,
            };
            check_reached(&stream, at, folded.revision)?;
            Loaded::new(id, &stream, folded)
        };
        spans::load(&stream, loading).await
    }

    /// Loads the state as it was recorded at an instant, inclusive.
    pub async fn load_as_of(&self, id: &A::Id, instant: Timestamp) -> Result<Loaded<A>, LoadError> {
        self.load_at(id, instant).await
    }

    /// Loads the state as it was in the world at an instant, inclusive, by all that is known of it now.
    ///
    /// What is effective later plays no part. The aggregate exists from its first event on, so before that is
    /// effective it is [`LoadError::NotFound`].
    pub async fn load_effective(
        &self,
        id: &A::Id,
        instant: Timestamp,
    ) -> Result<Loaded<A>, LoadError> {
        self.load_at(id, At::effective(instant)).await
    }

    /// Every event of the aggregate with the state after it, from the first on.
    ///
    /// Pages are read as the stream is polled; an aggregate without events gives an empty stream. One that takes
    /// corrections shows the events that count, in the order in which they are folded; its stream is read before the
    /// first.
    pub fn history<'r>(&'r self, id: &A::Id) -> BoxStream<'r, Result<Moment<A>, StoreError>>
    where
        A: Clone,
    {
        if A::CORRECTIONS.is_some() {
            return history::corrected(self, StreamId::of::<A>(id));
        }
        history::stream(&self.store, StreamId::of::<A>(id))
    }
}

/// A revision that was asked for has to be there.
pub(crate) fn check_reached(stream: &StreamId, at: At, head: Revision) -> Result<(), LoadError> {
    match at.known_point() {
        Known::Revision(asked) if head < asked => Err(LoadError::NoSuchRevision {
            stream: stream.clone(),
            asked,
            head,
        }),
        _ => Ok(()),
    }
}
