use std::collections::hash_map::Entry;
use std::sync::Arc;

use es_core::{BoxFuture, SavedState, StateStore, StoreError};

use crate::MemoryStore;
use crate::store::Shared;

impl Shared {
    fn load_state(&self, projection: &str, version: u32) -> Option<SavedState> {
        let key = (Arc::from(projection), version);
        self.states().get(&key).cloned()
    }

    fn save_state(&self, state: SavedState) {
        let key = (Arc::clone(&state.projection), state.version);
        match self.states().entry(key) {
            Entry::Vacant(entry) => drop(entry.insert(state)),
            Entry::Occupied(mut entry) => {
                let kept = entry.get();
                if kept.schema != state.schema
                    || kept.checkpoint.position < state.checkpoint.position
                {
                    entry.insert(state);
                }
            }
        }
    }

    fn delete_states(&self, projection: &str) {
        self.states().retain(|(name, _), _| **name != *projection);
    }
}

impl StateStore for MemoryStore {
    fn load_state<'a>(
        &'a self,
        projection: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
        Box::pin(async move { Ok(self.shared.load_state(projection, version)) })
    }

    fn save_state(&self, state: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.save_state(state);
            Ok(())
        })
    }

    fn delete_states<'a>(&'a self, projection: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.delete_states(projection);
            Ok(())
        })
    }
}
