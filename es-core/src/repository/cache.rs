use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::Folded;
use crate::{Aggregate, StreamId};

/// The states of the aggregates that were used last.
///
/// Whoever decides on a state *takes* it and brings it back once the append is acknowledged: an error, a dropped
/// future or a panic in between has evicted it by itself, and folding needs no copy. A second command meanwhile finds
/// nothing and reads the stream, as it would have to after losing the race.
pub(super) struct Cache<A> {
    states: Mutex<LruCache<StreamId, Folded<A>>>,
    copy: fn(&Folded<A>) -> Folded<A>,
}

impl<A: Aggregate + Clone> Cache<A> {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self {
            states: Mutex::new(LruCache::new(capacity)),
            copy: Clone::clone,
        }
    }
}

impl<A: Aggregate> Cache<A> {
    /// Takes a state out, to decide on it.
    pub(super) fn take(&self, stream: &StreamId) -> Option<Folded<A>> {
        self.states().pop(stream)
    }

    /// A copy of a state, to be brought up to date.
    pub(super) fn get(&self, stream: &StreamId) -> Option<Folded<A>> {
        self.states().get(stream).map(self.copy)
    }

    /// Brings a state back, unless a newer one was brought meanwhile.
    pub(super) fn put(&self, stream: StreamId, folded: Folded<A>) {
        let mut states = self.states();
        if states
            .peek(&stream)
            .is_none_or(|kept| kept.revision < folded.revision)
        {
            states.put(stream, folded);
        }
    }

    // No code that can panic runs under the lock but the state's own `Clone`, which leaves the map whole.
    fn states(&self) -> MutexGuard<'_, LruCache<StreamId, Folded<A>>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
