use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::definition::Process;
use super::instance::Instance;

/// The instances that were worked on last, as far as their streams were read: what is read for a step is what came since
/// the last one.
///
/// Who works on one takes it out, and puts it back when all that it has read is folded. One that is dropped meanwhile, by
/// an error, a panic or a future that is dropped, is read anew.
pub(super) struct Hot<P: Process> {
    instances: Mutex<LruCache<String, Instance<P>>>,
}

/// How many instances are kept, if nothing is said.
const INSTANCES: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

impl<P: Process> Hot<P> {
    pub(super) fn new() -> Self {
        let instances = Mutex::new(LruCache::new(INSTANCES));
        Self { instances }
    }

    /// Keeps so many.
    pub(super) fn resize(&self, instances: NonZeroUsize) {
        self.instances().resize(instances);
    }

    pub(super) fn take(&self, id: &str) -> Option<Instance<P>> {
        self.instances().pop(id)
    }

    /// Keeps an instance, unless it can't be read: then code that was mended reads it from its beginning.
    pub(super) fn put(&self, instance: Instance<P>) {
        if instance.state.is_err() {
            return;
        }
        let id = instance.stream.id().to_owned();
        let displaced = self.instances().push(id, instance);
        // The user's state is dropped without the lock.
        drop(displaced);
    }

    fn instances(&self) -> MutexGuard<'_, LruCache<String, Instance<P>>> {
        let instances = self.instances.lock();
        instances.unwrap_or_else(PoisonError::into_inner)
    }
}
