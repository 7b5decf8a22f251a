use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::{Checkpoint, Position};

/// What readers get.
pub(super) struct Shown<P> {
    pub(super) state: Arc<P>,
    /// The last event that is in it.
    pub(super) checkpoint: Checkpoint,
    pub(super) looked_to: Position,
}

/// Reads a projection that is kept in memory. Cheap to clone.
pub struct View<P> {
    shown: watch::Receiver<Shown<P>>,
}

impl<P> View<P> {
    pub(super) fn new(shown: watch::Receiver<Shown<P>>) -> Self {
        Self { shown }
    }

    /// The state as it is now. It doesn't change while it is held.
    ///
    /// Let it go soon: a state that is still held when two more were shown has to be copied for the next.
    pub fn read(&self) -> Arc<P> {
        Arc::clone(&self.shown.borrow().state)
    }

    /// The state, with the last event that is in it: what a web page may give as its `ETag`.
    pub fn read_at(&self) -> (Arc<P>, Checkpoint) {
        let shown = self.shown.borrow();
        (Arc::clone(&shown.state), shown.checkpoint)
    }
}

impl<P> Clone for View<P> {
    fn clone(&self) -> Self {
        Self::new(self.shown.clone())
    }
}

impl<P> fmt::Debug for View<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("looked_to", &self.shown.borrow().looked_to)
            .finish_non_exhaustive()
    }
}
