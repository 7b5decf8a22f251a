//! The laws of a store, as the memory store keeps them.

use std::future::{Ready, ready};
use std::sync::Arc;

use es_core::{AnyStore, BoxFuture, StoreError, Timestamp};
use es_memory::MemoryStore;
use es_testkit::FixedClock;
use es_testkit::conformance::{Declared, Profile, Subject};

es_testkit::conformance!(Memory::fresh);

struct Memory {
    store: MemoryStore,
    clock: Arc<FixedClock>,
}

impl Memory {
    fn fresh() -> Ready<Self> {
        let clock = Arc::new(FixedClock::at(Timestamp::EPOCH));
        let store = MemoryStore::with_clock(Arc::clone(&clock));
        ready(Self { store, clock })
    }
}

impl Subject for Memory {
    fn profile(&self) -> Profile {
        Profile::new()
            .clock(&self.clock)
            .declares(Declared::Volatile)
            .declares(Declared::NoDatabase)
    }

    fn handle(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> {
        Box::pin(async { Ok(AnyStore::new(self.store.clone())) })
    }

    /// The next process finds nothing.
    fn reopen(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> {
        Box::pin(async { Ok(AnyStore::new(MemoryStore::new())) })
    }
}
