use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use es_core::Partition;

/// Which partitions of a projection this process has or tries to have, and how many it may.
#[derive(Debug)]
pub(super) struct Shares {
    at_most: usize,
    taken: Mutex<HashSet<u32>>,
}

impl Default for Shares {
    /// All that it can get.
    fn default() -> Self {
        Self::at_most(usize::MAX)
    }
}

impl Shares {
    pub(super) fn at_most(partitions: usize) -> Self {
        Self {
            at_most: partitions,
            taken: Mutex::default(),
        }
    }

    /// Whether a partition may be taken; then it counts until it is given back.
    pub(super) fn take(&self, partition: Partition) -> bool {
        let mut taken = self.taken();
        if taken.len() < self.at_most {
            taken.insert(partition.number());
        }
        taken.contains(&partition.number())
    }

    pub(super) fn give_back(&self, partition: Partition) {
        self.taken().remove(&partition.number());
    }

    fn taken(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
