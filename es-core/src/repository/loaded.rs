use std::ops::Deref;

use super::{Folded, LoadError};
use crate::{Aggregate, Revision, StreamId};

/// An aggregate's state together with its id and the revision that it was loaded at; dereferences to the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<A: Aggregate> {
    id: A::Id,
    state: A,
    revision: Revision,
}

impl<A: Aggregate> Loaded<A> {
    pub(super) fn new(id: &A::Id, stream: &StreamId, folded: Folded<A>) -> Result<Self, LoadError> {
        match folded.state {
            Some(state) => Ok(Self {
                id: id.clone(),
                state,
                revision: folded.revision,
            }),
            None => Err(LoadError::NotFound {
                stream: stream.clone(),
            }),
        }
    }

    /// Whose state it is.
    pub fn id(&self) -> &A::Id {
        &self.id
    }

    /// Up to and including which event it is folded; 0 for a default state without events.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The state alone.
    pub fn into_state(self) -> A {
        self.state
    }
}

impl<A: Aggregate> Deref for Loaded<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.state
    }
}
