//! What has to hold along a history that is about to change.

use super::fact::{Fact, Key, fold, is_initial, is_recorded, listed_name};
use super::ground::Start;
use super::late::Late;
use crate::repository::Folded;
use crate::{Aggregate, Revision, StoreError, StoredEvent, Violation};

/// Why a history may not become another.
pub(crate) enum Broken<E> {
    /// A fact would precede the one that the stream begins with.
    BeforeInitial {
        /// Its event's name.
        name: &'static str,
    },
    /// Something wouldn't hold any more.
    Violated(Box<Violation<E>>),
    /// An event can't be read.
    Store(StoreError),
}

impl<E> From<StoreError> for Broken<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a history that holds comes to in the end: nobody needs to fold it again once it is stored.
pub(crate) struct Checked<A> {
    state: Option<A>,
    key: Option<Key>,
    late: Late,
    /// How far the snapshot goes that it was folded on.
    since: Revision,
    /// The events that the aggregate is given with their envelopes, which the store writes, were all stored before.
    is_final: bool,
}

impl<A: Aggregate> Checked<A> {
    /// The state of the stream that ends with this event now, and how far what it was folded on goes; `None` if it can't be
    /// told without what the store has written.
    pub(crate) fn stored(self, last: &StoredEvent) -> Option<(Folded<A>, Revision)> {
        let mut folded = Folded::empty();
        (folded.state, folded.key, folded.late) = (self.state, self.key, self.late);
        folded.begun = true;
        folded.stand_on(last);
        self.is_final.then_some((folded, self.since))
    }
}

/// Checks the new history from where it differs, on what neither touches. What is broken at a place already isn't held
/// against the change. What stands behind `head` isn't stored yet.
pub(crate) fn check<A: Aggregate>(
    start: &Start,
    old: &[Fact],
    new: &[Fact],
    head: Revision,
) -> Result<Checked<A>, Broken<A::Error>> {
    let begins = |fact: &Fact| is_initial::<A>(&fact.event.name);
    if let Some(first) = new
        .first()
        .filter(|first| start.is_nothing() && A::initial().is_none() && !begins(first))
    {
        let name = listed_name::<A>(&first.event.name);
        return Err(Broken::BeforeInitial { name });
    }
    let shared = old.iter().zip(new);
    let shared = shared.take_while(|(old, new)| old.is(new)).count();
    let mut state = start.state::<A>();
    fold(&mut state, &new[..shared])?;
    let mut before = Before::<A>::new(start, old);
    for fact in &new[shared..] {
        fold(&mut state, [fact])?;
        let Some(check) = A::CORRECTIONS.map(|corrections| corrections.check) else {
            continue;
        };
        let judged = state.as_ref().map_or(Ok(()), check);
        if let Err(error) = judged
            && !before.is_broken_at(fact, check)?
        {
            return Err(Broken::Violated(Box::new(violation(fact, error))));
        }
    }
    let depends =
        |fact: &Fact| fact.event.envelope.revision > head && is_recorded::<A>(&fact.event.name);
    Ok(Checked {
        state,
        key: new.last().map(|fact| fact.key).or(start.key::<A>()),
        late: start.late.clone(),
        since: start.revision(),
        is_final: !new.iter().any(depends),
    })
}

fn violation<E>(fact: &Fact, error: E) -> Violation<E> {
    let envelope = &fact.event.envelope;
    Violation {
        stream: envelope.stream.clone(),
        revision: envelope.revision,
        name: fact.event.name.clone(),
        effective_at: fact.key.effective_at,
        error,
    }
}

/// The history as it is, folded only as far as it is asked for.
struct Before<'f, A> {
    facts: &'f [Fact],
    state: Option<A>,
}

impl<'f, A: Aggregate> Before<'f, A> {
    fn new(start: &Start, facts: &'f [Fact]) -> Self {
        let state = start.state();
        Self { facts, state }
    }

    fn is_broken_at(
        &mut self,
        fact: &Fact,
        check: fn(&A) -> Result<(), A::Error>,
    ) -> Result<bool, StoreError> {
        let reached = self.facts.partition_point(|old| old.key <= fact.key);
        let (passed, rest) = self.facts.split_at(reached);
        fold(&mut self.state, passed)?;
        self.facts = rest;
        Ok(self
            .state
            .as_ref()
            .is_some_and(|state| check(state).is_err()))
    }
}
