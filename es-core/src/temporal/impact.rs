use serde::Serialize;

use super::fact::{Fact, fold};
use super::read::decoded;
use crate::{Aggregate, Diff, EncodeError, Recorded, StoreError};

/// What a change of the past makes of the present: the state without and with it, and what became of each event from
/// the first one on that it touches.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Impact<A: Aggregate> {
    /// The state as it is.
    pub before: Option<A>,
    /// The state as it would be.
    pub after: Option<A>,
    /// Every event from the first one on that is touched, in the order of the fold.
    pub effects: Vec<Effect<A, A::Event>>,
}

/// The state after one event, as it is and as it would be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Effect<A, E> {
    /// The event.
    pub event: Recorded<E>,
    /// Whether it counts before, after or both.
    pub fate: Fate,
    /// The state after it, as it is.
    pub before: Option<A>,
    /// The state after it, as it would be.
    pub after: Option<A>,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It counts before and after.
    Stays,
    /// It counts only after.
    Comes,
    /// It counts only before.
    Goes,
}

impl<A: Aggregate + Serialize> Impact<A> {
    /// Which fields of the state differ in the end.
    ///
    /// # Errors
    ///
    /// A state isn't JSON.
    pub fn diff(&self) -> Result<Diff, EncodeError> {
        Diff::between(&self.before, &self.after)
    }
}

impl<A: Aggregate + Clone> Impact<A> {
    /// Folds two histories on what neither touches; they are in the order of the fold, which `order` tells.
    pub(crate) fn between<K: Ord>(
        start: Option<A>,
        old: &[Fact],
        new: &[Fact],
        order: impl Fn(&Fact) -> K,
    ) -> Result<Self, StoreError> {
        let shared = old
            .iter()
            .zip(new)
            .take_while(|(old, new)| old.is(new))
            .count();
        let mut before = start;
        fold(&mut before, &old[..shared])?;
        let mut after = before.clone();
        let mut effects = Vec::new();
        let (mut old, mut new) = (
            old[shared..].iter().peekable(),
            new[shared..].iter().peekable(),
        );
        loop {
            let (fact, fate) = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(one), Some(other)) if one.is(other) => (*one, Fate::Stays),
                (Some(one), Some(other)) if order(other) < order(one) => (*other, Fate::Comes),
                (Some(one), _) => (*one, Fate::Goes),
                (None, Some(other)) => (*other, Fate::Comes),
            };
            if fate != Fate::Comes {
                fold(&mut before, [fact])?;
                old.next();
            }
            if fate != Fate::Goes {
                fold(&mut after, [fact])?;
                new.next();
            }
            let (before, after) = (before.clone(), after.clone());
            effects.extend(decoded(&fact.event)?.map(|event| Effect {
                event,
                fate,
                before,
                after,
            }));
        }
        Ok(Self {
            before,
            after,
            effects,
        })
    }
}
