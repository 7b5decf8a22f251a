use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::Folded;
use crate::{Aggregate, StreamId};

/// The states of the aggregates that were used last.
///
/// Who decides on a state [holds](super::held::Held) it, and others may hold the same one meanwhile. It moves on once an
/// append is acknowledged.
pub(super) struct Cache<A> {
    states: Mutex<LruCache<StreamId, Arc<Folded<A>>>>,
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

impl<A> Cache<A> {
    /// A state that is kept.
    pub(super) fn get(&self, stream: &StreamId) -> Option<Arc<Folded<A>>> {
        self.states().get(stream).map(Arc::clone)
    }

    /// A copy of the state that is kept, if one is.
    pub(super) fn copy_of(&self, stream: &StreamId) -> Option<Folded<A>> {
        self.get(stream).map(|folded| self.copy(&folded))
    }

    /// A copy of a state, to be brought up to date.
    pub(super) fn copy(&self, folded: &Folded<A>) -> Folded<A> {
        (self.copy)(folded)
    }

    /// Keeps a state, unless a newer one is kept.
    pub(super) fn put(&self, stream: StreamId, folded: Arc<Folded<A>>) {
        let mut states = self.states();
        let newest = (states.peek(&stream)).is_none_or(|kept| kept.revision <= folded.revision);
        let displaced = newest.then(|| states.push(stream, folded));
        drop(states);
        drop(displaced);
    }

    /// Forgets this very state.
    pub(super) fn evict(&self, stream: &StreamId, folded: &Arc<Folded<A>>) {
        let mut states = self.states();
        let kept = (states.peek(stream)).is_some_and(|kept| Arc::ptr_eq(kept, folded));
        if kept {
            states.pop(stream);
        }
    }

    /// The state to be moved on: itself where nobody else holds it, which evicts it, and else a copy.
    pub(super) fn own(&self, stream: &StreamId, folded: Arc<Folded<A>>) -> Folded<A> {
        let mut states = self.states();
        let kept = (states.peek(stream)).is_some_and(|kept| Arc::ptr_eq(kept, &folded));
        // Whoever else comes to hold it has it from here.
        if kept && Arc::strong_count(&folded) == 2 {
            states.pop(stream);
        }
        drop(states);
        Arc::try_unwrap(folded).unwrap_or_else(|shared| self.copy(&shared))
    }

    // No code of the user's runs under the lock, and none that can panic: what is displaced is dropped after it.
    fn states(&self) -> MutexGuard<'_, LruCache<StreamId, Arc<Folded<A>>>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
