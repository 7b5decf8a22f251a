//! Projections in memory: folded by every process for itself, and perhaps saved.

mod copies;
mod state;
mod view;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use copies::Copies;
use futures_core::future::BoxFuture;
pub use state::{SavedState, StateStore};
use state::{Saving, load, save};
use tokio::sync::watch;
use view::Shown;
pub use view::View;

use crate::temporal::{Step, together, untold};
use crate::{
    Batch, Begun, Checkpoint, Consumer, ConsumerProfile, EventStore, Failure, Fold, Payload,
    Position, Refusal, Standing, StoredEvent,
};

/// A projection that this process folds for itself, for its readers.
///
/// Every process that runs one has its own copy. Readers get it from a [`View`], as an `Arc` of a state that doesn't
/// change: they never hold up the fold, nor it them. A [`Runner`](crate::Runner) feeds it.
///
/// Without [`saved_in`](Self::saved_in) it is folded from the first event each time the program starts.
///
/// An event that can't be read stops the runner: since every process folds its own copy there is no one place where it
/// could be put aside, and the copies would differ.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Apply, Event, InMemory, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.opened")]
/// # struct AccountOpened {}
/// #[derive(Debug, Clone, Default, Projection)]
/// #[projection(name = "accounts", version = 1)]
/// #[event(AccountOpened)]
/// struct Accounts { count: u64 }
/// # impl Apply<Recorded<AccountOpened>> for Accounts {
/// #     fn apply(&mut self, _: Recorded<AccountOpened>) { self.count += 1; }
/// # }
///
/// let projection = InMemory::<Accounts>::new();
/// let view = projection.view();
/// assert_eq!(view.read().count, 0);
/// # }
/// ```
pub struct InMemory<P> {
    copies: Copies<P>,
    shown: watch::Sender<Shown<P>>,
    /// The last event that was folded, and how far was looked.
    folded: (Checkpoint, Position),
    last_shown: Instant,
    saving: Option<Saving<P>>,
    /// Where it is looked up what a correction changed.
    corrections: Option<Arc<dyn EventStore>>,
}

/// While it catches up, what is folded is shown this often: each showing costs a copy of the state then.
const SHOW_EVERY: Duration = Duration::from_secs(1);

impl<P> InMemory<P> {
    /// A projection without events.
    pub fn new() -> Self
    // Here, so that the compiler says of the bound what it says of it, and not that there is no such function.
    where
        P: Fold + Clone + Default,
    {
        let copies = Copies::new(P::default());
        let shown = watch::Sender::new(Shown {
            state: Arc::clone(copies.shown()),
            checkpoint: Checkpoint::START,
            looked_to: Position::START,
        });
        Self {
            copies,
            shown,
            folded: (Checkpoint::START, Position::START),
            last_shown: Instant::now(),
            saving: None,
            corrections: None,
        }
    }
}

impl<P: Fold + Clone + Default> InMemory<P> {
    /// Where it is looked up what a correction changed, if that isn't the store from which its [`Runner`](crate::Runner) feeds
    /// it. Each correction costs reading its stream from what it corrects up to it; where that is folded anew, each batch costs
    /// reading the whole stream once: see [`ByStream`](crate::ByStream).
    pub fn corrections_from(self, store: impl EventStore) -> Self {
        Self {
            corrections: Some(Arc::new(store)),
            ..self
        }
    }

    /// Saves the state with its position there, and goes on from what is saved when the program starts again.
    ///
    /// A state of another version, or of a type with other fields, is ignored and the log folded from its beginning. A
    /// state store that fails is logged and never stops the fold.
    pub fn saved_in(self, store: impl StateStore) -> Self
    where
        P: Payload,
    {
        let saving = Some(Saving::new(store));
        Self { saving, ..self }
    }

    /// How often the state is saved, if it changed; every 10 seconds if nothing is said, and when the runner ends.
    pub fn save_every(mut self, interval: Duration) -> Self {
        if let Some(saving) = &mut self.saving {
            saving.every = interval;
        }
        self
    }

    /// The way to read it, for as many readers as there are.
    pub fn view(&self) -> View<P> {
        View::new(self.shown.subscribe())
    }

    /// Shows readers what was folded.
    fn show(&mut self) {
        self.last_shown = Instant::now();
        let (checkpoint, looked_to) = self.folded;
        let state = self.copies.show();
        self.shown.send_modify(|shown| {
            if let Some(state) = state {
                shown.state = state;
            }
            shown.checkpoint = checkpoint;
            shown.looked_to = looked_to;
        });
    }

    /// Begins with what is saved, where that is further on.
    async fn load(&mut self) {
        let Some(saving) = &mut self.saving else {
            return;
        };
        if let Some((state, checkpoint)) = load(saving).await {
            self.copies = Copies::new(state);
            self.folded = (checkpoint, checkpoint.position);
            let state = Arc::clone(self.copies.shown());
            self.shown.send_modify(|shown| {
                shown.state = state;
                shown.checkpoint = checkpoint;
                shown.looked_to = checkpoint.position;
            });
        }
    }

    async fn save(&mut self) {
        self.show();
        if let Some(saving) = &mut self.saving {
            save(saving, self.copies.shown(), self.folded.0).await;
        }
    }

    /// Folds what comes next. Where it has to be looked up what a correction changed, that is waited for before anything
    /// is folded; the state and its place move together, so that dropping this leaves both whole.
    async fn take(&mut self, event: &StoredEvent) -> Result<(), Failure> {
        let step = match &self.corrections {
            Some(store) => Step::of(&**store, self.copies.newest(), event.clone()).await?,
            None => Step::Event(event.clone()),
        };
        self.copies
            .fold(step)
            .map_err(|reason| Failure::decode(event, reason))?;
        self.folded = (Checkpoint::after(event), event.position);
        Ok(())
    }

    /// Folds a batch with each stream that is to be folded anew once, if that is less: tells whether it did.
    async fn take_together(&mut self, events: &[StoredEvent]) -> Result<bool, Failure> {
        let (Some(store), Some(last)) = (&self.corrections, events.last()) else {
            return Ok(false);
        };
        let Some(steps) = together(&**store, self.copies.newest(), events).await? else {
            return Ok(false);
        };
        for step in steps {
            let folded = self.copies.fold(step);
            folded.map_err(|reason| Failure::decode(last, reason))?;
        }
        self.folded = (Checkpoint::after(last), last.position);
        Ok(true)
    }

    async fn take_all(&mut self, batch: &Batch) -> Result<(), Refusal> {
        let together = self.take_together(&batch.events).await;
        let single = if together.map_err(Refusal::whole)? {
            &[]
        } else {
            &batch.events[..]
        };
        for (taken, event) in single.iter().enumerate() {
            if let Err(failure) = self.take(event).await {
                self.show();
                return Err(Refusal::new(taken, failure));
            }
        }
        self.folded.1 = batch.looked_to;
        if batch.caught_up || self.last_shown.elapsed() >= SHOW_EVERY {
            self.show();
        }
        Ok(())
    }
}

impl<P: Fold + Clone + Default> Default for InMemory<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Fold + Clone + Default> Consumer for InMemory<P> {
    fn profile(&self) -> ConsumerProfile {
        let profile = ConsumerProfile::new(P::NAME, P::VERSION, P::filter());
        match &self.saving {
            Some(saving) => profile.keep_every(saving.every),
            None => profile,
        }
    }

    fn read_from(&mut self, log: Arc<dyn EventStore>) {
        self.corrections.get_or_insert(log);
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        Box::pin(async {
            if P::CORRECTIONS && self.corrections.is_none() {
                return Err(untold(P::NAME));
            }
            self.load().await;
            Ok(Begun::At(self.folded.0))
        })
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.take_all(batch))
    }

    fn standing(&self) -> Standing {
        Standing::at(self.shown.borrow().looked_to)
    }

    fn keep(&mut self, _: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            self.save().await;
            Ok(())
        })
    }

    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        self.keep(Checkpoint::START)
    }
}

impl<P: Fold> fmt::Debug for InMemory<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory")
            .field("projection", &P::NAME)
            .field("version", &P::VERSION)
            .field("folded", &self.folded)
            .finish_non_exhaustive()
    }
}
