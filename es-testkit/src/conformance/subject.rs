use std::sync::Arc;
use std::time::Duration;

use es_core::{AnyStore, BoxFuture, Cause, Limits, StoreError};

use super::Declared;
use crate::FixedClock;

/// A store under test: one fresh, empty database, and the doors to it that some laws need.
///
/// Implemented by each store crate's tests, called by the rows of the [`TABLE`](super::TABLE): a new subject for each
/// row. It is not a store itself, but what can open, lose and tamper with one.
///
/// ```
/// use std::future::{Ready, ready};
/// use std::sync::Arc;
/// use es_core::{AnyStore, BoxFuture, StoreError, Timestamp};
/// use es_memory::MemoryStore;
/// use es_testkit::FixedClock;
/// use es_testkit::conformance::{Declared, Profile, Subject};
///
/// struct Memory {
///     store: MemoryStore,
///     clock: Arc<FixedClock>,
/// }
///
/// impl Memory {
///     fn fresh() -> Ready<Self> {
///         let clock = Arc::new(FixedClock::at(Timestamp::EPOCH));
///         let store = MemoryStore::with_clock(Arc::clone(&clock));
///         ready(Self { store, clock })
///     }
/// }
///
/// impl Subject for Memory {
///     fn profile(&self) -> Profile {
///         Profile::new()
///             .clock(&self.clock)
///             .declares(Declared::Volatile)
///             .declares(Declared::NoDatabase)
///     }
///
///     fn handle(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> {
///         Box::pin(async { Ok(AnyStore::new(self.store.clone())) })
///     }
///
///     fn reopen(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> {
///         Box::pin(async { Ok(AnyStore::new(MemoryStore::new())) })
///     }
/// }
/// # es_testkit::conformance::check(&es_testkit::conformance::TABLE[0], Memory::fresh);
/// ```
pub trait Subject: Send + Sync + 'static {
    /// What is particular to the store.
    fn profile(&self) -> Profile {
        Profile::new()
    }

    /// Opens a handle of the store, different from earlier ones where it can be: another clone, connection or pool.
    fn handle(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>>;

    /// Opens the store anew, after all of its handles are gone: as the next process finds it.
    fn reopen(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> {
        self.handle()
    }

    /// Goes past the library and does this to every event in the database: `None` if there is no database, else
    /// what it answered.
    ///
    /// By the same role or connection that the store uses. The answer `Ok` means that it was allowed.
    fn tamper(&self, _: Tampering) -> BoxFuture<'_, Option<Result<(), Cause>>> {
        Box::pin(async { None })
    }
}

/// What is done to events behind the library's back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tampering {
    /// Events get another payload.
    Change,
    /// Events are deleted.
    Delete,
}

impl Tampering {
    pub(crate) const ALL: [Self; 2] = [Self::Change, Self::Delete];
}

/// What is particular to a store under test.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Profile {
    /// What the store says it can't keep.
    pub declared: Vec<Declared>,
    /// The clock that the store's record times come from, unless it declares a clock of its own.
    pub clock: Option<Arc<FixedClock>>,
    /// How much the store takes in one append.
    pub limits: Limits,
    /// How many bytes each event takes of the limit of an append beside its texts.
    pub event_overhead: usize,
    /// How long the rows wait for what must happen before they call it hung. No row measures time.
    pub patience: Duration,
}

impl Profile {
    /// A store that keeps every law, with the usual limits.
    pub fn new() -> Self {
        Self {
            declared: Vec::new(),
            clock: None,
            limits: Limits::DEFAULT,
            event_overhead: 0,
            patience: Duration::from_secs(30),
        }
    }

    /// Also declares that something can't be kept.
    pub fn declares(mut self, declared: Declared) -> Self {
        self.declared.push(declared);
        self
    }

    /// The store's clock.
    pub fn clock(self, clock: &Arc<FixedClock>) -> Self {
        let clock = Some(Arc::clone(clock));
        Self { clock, ..self }
    }

    /// Narrower or wider limits than the usual ones.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Each event takes so many bytes of the limit of an append beside its texts.
    pub fn event_overhead(self, event_overhead: usize) -> Self {
        Self {
            event_overhead,
            ..self
        }
    }

    /// Another time until a wait is called hung.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::new()
    }
}
