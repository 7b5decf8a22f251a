//! What a process lists, with how each is taken: decoded, and given to the user's code.

use std::fmt;
use std::sync::Arc;

use super::definition::{Compensate, Expire, React, Rejected, SentBy, SetBy};
use super::reaction::Reaction;
use super::reconsider::Reconsider;
use super::record::Refused;
use super::sender::{Answer, Order, Unsent, send};
use crate::__private::fact;
use crate::{
    Aggregate, AggregateId, BoxFuture, Corrected, DecodeError, Event, EventDescriptor, EventStore,
    Recorded, StoredEvent, Timestamp,
};

/// What the user's code made of something.
pub(super) type Reacted<P> = Result<Reaction<P>, <P as Aggregate>::Error>;

/// What an input does to an instance, beside what comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// It starts one that isn't running, and continues one that is.
    Starts,
    /// It continues one that is running, and is ignored otherwise.
    Continues,
    /// It continues one that is running, which is over then.
    Ends,
}

/// An event that a process takes in.
pub struct ProcessInput<P: Aggregate> {
    /// What is known of it.
    pub descriptor: EventDescriptor,
    /// What it does.
    pub role: Role,
    pub(super) take: fn(&StoredEvent) -> Result<Option<Taken<P>>, DecodeError>,
    /// Where the process is told of corrections.
    pub(super) reconsider: Option<Reconsiders<P>>,
}

/// An input that was decoded, for the instance that it concerns.
pub(super) struct Taken<P: Aggregate> {
    pub(super) key: P::Id,
    /// Whether a fact comes in, and takes no other's place.
    pub(super) comes: bool,
    pub(super) react: Box<Reacts<P>>,
}

/// A correction's facts, decoded for each instance that they concern.
type Reconsiders<P> = fn(
    &StoredEvent,
    Option<&StoredEvent>,
    Option<&StoredEvent>,
) -> Result<Vec<Taken<P>>, DecodeError>;

/// What the process makes of an input that was decoded.
pub(super) type Reacts<P> = dyn Fn(&P) -> Reacted<P> + Send + Sync;

impl<P: Aggregate> ProcessInput<P> {
    /// The event `E`, in this role.
    pub const fn new<E: Event>(role: Role) -> Self
    where
        P: React<E>,
    {
        Self {
            descriptor: EventDescriptor::of::<E>(false),
            role,
            take: |stored| {
                let event = E::decode(stored.version, stored.payload.as_str())?;
                let event = Recorded::new(event, &stored.envelope)?;
                Ok(P::key(&event).map(|key| Taken {
                    key,
                    comes: true,
                    react: Box::new(move |state: &P| state.react(&event)),
                }))
            },
            reconsider: None,
        }
    }

    /// The event `E`, in this role, of whose corrections the process is told.
    pub const fn corrected<E: Event>(role: Role) -> Self
    where
        P: Reconsider<E>,
    {
        Self {
            reconsider: Some(reconsider::<P, E>),
            ..Self::new::<E>(role)
        }
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.descriptor.name == name || self.descriptor.former_names.contains(&name)
    }
}

fn reconsider<P: Reconsider<E>, E: Event>(
    correction: &StoredEvent,
    before: Option<&StoredEvent>,
    after: Option<&StoredEvent>,
) -> Result<Vec<Taken<P>>, DecodeError> {
    let (before, after) = (fact(before, E::decode)?, fact(after, E::decode)?);
    let old = before.as_ref().and_then(P::key);
    let new = after.as_ref().and_then(P::key);
    let told = |key, before: Option<Recorded<E>>, after: Option<Recorded<E>>| {
        let comes = before.is_none() && after.is_some();
        let corrected = Recorded::new(Corrected::new(before, after), &correction.envelope)?;
        let react = Box::new(move |state: &P| state.reconsider(&corrected));
        Ok(Taken { key, comes, react })
    };
    match (old, new) {
        (Some(old), Some(new)) if P::Id::to_text(&old) == P::Id::to_text(&new) => {
            Ok(vec![told(new, before, after)?])
        }
        (old, new) => {
            let out = old.map(|key| told(key, before, None));
            let comes = new.map(|key| told(key, None, after));
            out.into_iter().chain(comes).collect()
        }
    }
}

/// How a command is sent.
type Sends =
    for<'o> fn(&'o Order, &'o Arc<dyn EventStore>) -> BoxFuture<'o, Result<Answer, Unsent>>;

/// A command that a process sends.
pub struct ProcessCommand<P: Aggregate> {
    /// The stored name.
    pub name: &'static str,
    pub(super) send: Sends,
    pub(super) compensate: fn(&P, &str, Refused) -> Result<Reacted<P>, DecodeError>,
}

impl<P: Aggregate> ProcessCommand<P> {
    /// The command `C`.
    pub const fn new<C: SentBy<P>>() -> Self
    where
        P: Compensate<C>,
    {
        Self {
            name: C::NAME,
            send: |order, store| Box::pin(send::<C>(order, store)),
            compensate: |state, payload, refused| {
                let command = C::decoded(payload)?;
                let rejected = Rejected::new(command, refused.why, refused.reason);
                Ok(state.compensate(&rejected))
            },
        }
    }
}

/// A deadline that a process sets.
pub struct ProcessDeadline<P: Aggregate> {
    /// The stored name.
    pub name: &'static str,
    pub(super) expire: fn(&P, &P::Id, Timestamp) -> Reacted<P>,
}

impl<P: Aggregate> ProcessDeadline<P> {
    /// The deadline `D`.
    pub const fn new<D: SetBy<P>>() -> Self
    where
        P: Expire<D>,
    {
        Self {
            name: D::NAME,
            expire: P::expire,
        }
    }
}

impl<P: Aggregate> fmt::Debug for ProcessInput<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessInput")
            .field("descriptor", &self.descriptor)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl<P: Aggregate> fmt::Debug for ProcessCommand<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProcessCommand").field(&self.name).finish()
    }
}

impl<P: Aggregate> fmt::Debug for ProcessDeadline<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProcessDeadline").field(&self.name).finish()
    }
}
