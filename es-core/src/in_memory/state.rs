use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;

use crate::{Checkpoint, EncodeError, Fold, Json, Payload, StoreError};

/// A projection's state, as it is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedState {
    /// The projection's name.
    pub projection: Arc<str>,
    /// The projection's version.
    pub version: u32,
    /// A fingerprint of the state's fields.
    pub schema: u64,
    /// The last event that is in it.
    pub checkpoint: Checkpoint,
    /// The state.
    pub state: Json,
}

impl SavedState {
    /// A state to be saved.
    pub fn new(
        projection: impl Into<Arc<str>>,
        version: u32,
        schema: u64,
        checkpoint: Checkpoint,
        state: Json,
    ) -> Self {
        Self {
            projection: projection.into(),
            version,
            schema,
            checkpoint,
            state,
        }
    }
}

/// Keeps the states of projections that are folded in memory, each with its position.
///
/// Implemented by `es-memory` and by each database; called by [`InMemory`](crate::InMemory). It promises little: a
/// state that is lost is folded again. It is not the read model that others query: each process reads its own copy.
///
/// ```
/// use es_core::{BoxFuture, SavedState, StateStore, StoreError};
///
/// /// Remembers nothing, which is correct.
/// struct Forgetful;
///
/// impl StateStore for Forgetful {
///     fn load_state<'a>(
///         &'a self,
///         _: &'a str,
///         _: u32,
///     ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
///         Box::pin(async { Ok(None) })
///     }
///     fn save_state(&self, _: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
///         Box::pin(async { Ok(()) })
///     }
///     fn delete_states<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
///         Box::pin(async { Ok(()) })
///     }
/// }
/// ```
pub trait StateStore: Send + Sync + 'static {
    /// The state of a version of a projection, if one is saved.
    fn load_state<'a>(
        &'a self,
        projection: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>>;

    /// Saves a state in place of one of the same projection and version, unless that one is at the same position or
    /// further on: of several processes the slower ones don't undo what the fastest saved. One with another schema is
    /// replaced wherever it is.
    fn save_state(&self, state: SavedState) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Forgets all versions of a projection. Also what an operator does after a log was restored to another past.
    fn delete_states<'a>(&'a self, projection: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
}

impl<S: StateStore + ?Sized> StateStore for Arc<S> {
    fn load_state<'a>(
        &'a self,
        projection: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
        (**self).load_state(projection, version)
    }

    fn save_state(&self, state: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).save_state(state)
    }

    fn delete_states<'a>(&'a self, projection: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).delete_states(projection)
    }
}

/// Where and how a state is saved.
pub(super) struct Saving<P> {
    store: Box<dyn StateStore>,
    pub(super) every: Duration,
    saved: Checkpoint,
    encode: fn(&P) -> Result<Json, EncodeError>,
    decode: fn(&str) -> Option<P>,
}

impl<P: Payload> Saving<P> {
    pub(super) fn new(store: impl StateStore) -> Self {
        Self {
            store: Box::new(store),
            every: Duration::from_secs(10),
            saved: Checkpoint::START,
            encode: P::encoded,
            decode: |text| P::decoded(text).ok(),
        }
    }
}

/// The saved state, if this program's projection made it.
pub(super) async fn load<P: Fold>(saving: &mut Saving<P>) -> Option<(P, Checkpoint)> {
    let saved = match saving.store.load_state(P::NAME, P::VERSION).await {
        Ok(saved) => saved?,
        Err(error) => {
            warn::<P>("loaded", &error);
            return None;
        }
    };
    let state = (saved.schema == P::SCHEMA).then(|| (saving.decode)(saved.state.as_str()));
    let Some(state) = state.flatten() else {
        tracing::info!(projection = P::NAME, position = %saved.checkpoint.position, "a state of another form is ignored");
        return None;
    };
    saving.saved = saved.checkpoint;
    Some((state, saved.checkpoint))
}

/// Saves a state, unless it was saved before.
pub(super) async fn save<P: Fold>(saving: &mut Saving<P>, state: &P, checkpoint: Checkpoint) {
    if saving.saved == checkpoint {
        return;
    }
    let json = match (saving.encode)(state) {
        Ok(json) => json,
        Err(error) => return warn::<P>("encoded", &error),
    };
    let saved = SavedState::new(P::NAME, P::VERSION, P::SCHEMA, checkpoint, json);
    match saving.store.save_state(saved).await {
        Ok(()) => saving.saved = checkpoint,
        Err(error) => warn::<P>("saved", &error),
    }
}

fn warn<P: Fold>(what: &str, error: &dyn fmt::Display) {
    tracing::warn!(projection = P::NAME, %error, "a state couldn't be {what}; the log is unharmed");
}
