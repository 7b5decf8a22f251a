use std::ops::Deref;

use crate::{Aggregate, Decision, Envelope, EventId, EventSet, Revision, StreamId, Timestamp};

/// A decision in several steps, where later ones see what earlier ones did.
///
/// It applies each event to a working copy of the state, to which it dereferences, and is returned as the decision.
/// An event that is listed as `recorded` is applied with a provisional envelope (nil id, revision 0, 1970), as the
/// true one doesn't exist before storing.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Decision, Draft, Event, NoError};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted { by: u64 }
/// # #[derive(Default, Clone, Aggregate)]
/// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
/// # #[event(Counted)]
/// # struct Counter { count: u64 }
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, event: Counted) { self.count += event.by; }
/// # }
/// impl Counter {
///     fn count_up_to(&self, goal: u64) -> Draft<Self> {
///         let mut draft = Draft::of(self);
///         while draft.count < goal {
///             draft.emit(Counted { by: draft.count.max(1) });
///         }
///         draft
///     }
/// }
/// # assert_eq!(Counter { count: 3 }.count_up_to(12).decided().unwrap().len(), 2);
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a draft is returned as the decision; dropped, its events are lost"]
pub struct Draft<A: Aggregate> {
    /// Always there; an `Option` since that is what is folded.
    state: Option<A>,
    events: Vec<A::Event>,
}

impl<A: Aggregate + Clone> Draft<A>
where
    A::Event: Clone,
{
    /// A draft that begins with this state.
    pub fn of(state: &A) -> Self {
        Self {
            state: Some(state.clone()),
            events: Vec::new(),
        }
    }

    /// Brings forth an event and applies it to the working copy.
    ///
    /// An initial event is not applied, as the aggregate exists; the append will refuse it.
    pub fn emit(&mut self, event: impl Into<A::Event>) {
        let event = event.into();
        if !event.descriptor().initial
            && let Ok(envelope) = provisional::<A>()
        {
            // An event that can't be folded can't be appended either, which says why.
            let _ = A::fold(&mut self.state, event.clone(), &envelope);
        }
        self.events.push(event);
    }

    /// Decides a further step on the working copy, and applies what it brings forth.
    ///
    /// # Errors
    ///
    /// The rejection of this step; the draft stays as it was.
    pub fn decide<D: Decision<A>>(&mut self, step: impl FnOnce(&A) -> D) -> Result<(), A::Error> {
        for event in step(self).decided()? {
            self.emit(event);
        }
        Ok(())
    }
}

/// The envelope of an event that isn't stored yet.
fn provisional<A: Aggregate>() -> Result<Envelope, crate::InvalidStreamId> {
    let stream = StreamId::new(A::CATEGORY, "draft")?;
    Ok(Envelope::new(
        EventId::from_bytes([0; 16]),
        stream,
        Revision::EMPTY,
        Timestamp::EPOCH,
    ))
}

impl<A: Aggregate> Deref for Draft<A> {
    type Target = A;

    fn deref(&self) -> &A {
        let state = self.state.as_ref();
        state.expect("`Aggregate::fold` leaves a state that exists in its place")
    }
}

impl<A: Aggregate> Decision<A> for Draft<A> {
    fn decide_into(self, events: &mut Vec<A::Event>) -> Result<(), A::Error> {
        events.extend(self.events);
        Ok(())
    }
}
