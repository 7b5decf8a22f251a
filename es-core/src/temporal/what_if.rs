use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;

use super::fact::{Fact, Facts, Key, is_initial, listed_name};
use crate::{
    Aggregate, At, BoxFuture, EventId, EventSet, EventStore, Impact, Invalid, InvalidStreamId,
    LoadError, Misplaced, NewEvent, Placement, Position, Repository, Revision, StoreError,
    StoredEvent, StreamId, Timestamp,
};

/// A question that changes the past or adds to it, without writing anything; answered when it is awaited.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Event, EventStore, LoadError, NoError, Repository, Revision};
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
/// async fn without_the_second(counters: &Repository<Counter, impl EventStore>) -> Result<u64, LoadError> {
///     let id = "visits".to_owned();
///     let impact = counters.what_if(&id).without(Revision::new(2)).then(Counted { by: 5 }).await?;
///     Ok(impact.after.map_or(0, |counter| counter.count))
/// }
/// # }
/// ```
#[must_use = "nothing is asked until it is awaited"]
pub struct WhatIf<'r, A: Aggregate, S> {
    repository: &'r Repository<A, S>,
    stream: Result<StreamId, InvalidStreamId>,
    at: At,
    changes: Vec<Change<A::Event>>,
}

enum Change<E> {
    Without(Revision),
    Instead(Revision, E),
    Also(E, Timestamp),
    Then(E),
}

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// Asks what would be if the past were another, or if more happened; nothing is written.
    pub fn what_if(&self, id: &A::Id) -> WhatIf<'_, A, S> {
        WhatIf {
            repository: self,
            stream: StreamId::of::<A>(id),
            at: At::NOW,
            changes: Vec::new(),
        }
    }
}

impl<A: Aggregate, S> WhatIf<'_, A, S> {
    /// Asks it of the state at a point in time, instead of the current one.
    pub fn at(mut self, at: impl Into<At>) -> Self {
        self.at = at.into();
        self
    }

    /// As if the event at this revision hadn't happened.
    pub fn without(mut self, revision: Revision) -> Self {
        self.changes.push(Change::Without(revision));
        self
    }

    /// As if this had happened instead of the event at this revision.
    pub fn instead(mut self, revision: Revision, event: impl Into<A::Event>) -> Self {
        self.changes.push(Change::Instead(revision, event.into()));
        self
    }

    /// As if this had happened, too, at an instant of the world.
    ///
    /// It is folded last, as if it were recorded now.
    pub fn also(mut self, event: impl Into<A::Event>, effective_at: Timestamp) -> Self {
        self.changes.push(Change::Also(event.into(), effective_at));
        self
    }

    /// As if this happened next, after all that is known.
    pub fn then(mut self, event: impl Into<A::Event>) -> Self {
        self.changes.push(Change::Then(event.into()));
        self
    }
}

impl<A: Aggregate, S> fmt::Debug for WhatIf<'_, A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhatIf")
            .field("stream", &self.stream)
            .field("changes", &self.changes.len())
            .finish_non_exhaustive()
    }
}

impl<'r, A: Aggregate + Clone, S: EventStore> IntoFuture for WhatIf<'r, A, S> {
    type Output = Result<Impact<A>, LoadError>;
    type IntoFuture = BoxFuture<'r, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let stream = self.stream.map_err(StoreError::from)?;
            let entries = self.repository.entries_at(&stream, self.at).await?;
            let facts = Facts::of::<A>(&entries)?;
            let effective = facts.effective::<A>(self.at.effective_instant());
            let before: Vec<Fact> = effective.into_iter().cloned().collect();
            let mut supposed = Supposed::new(stream, &entries, before.clone());
            for change in &self.changes {
                // Only what happens next is supposed to be recorded now, by the clock that commands go by.
                if matches!(change, Change::Then(_)) {
                    let now = self.repository.clock.now();
                    supposed.recorded_at = supposed.recorded_at.max(now);
                }
                supposed.change::<A>(change)?;
            }
            supposed.facts.sort_by_key(Fact::order::<A>);
            supposed.check_beginning::<A>(entries.is_empty())?;
            let start = A::initial();
            Ok(Impact::between(
                start,
                &before,
                &supposed.facts,
                Fact::order::<A>,
            )?)
        })
    }
}

/// A history that is being changed.
struct Supposed {
    stream: StreamId,
    facts: Vec<Fact>,
    /// The last of what is known and of what is supposed.
    revision: Revision,
    position: Position,
    recorded_at: Timestamp,
    /// The supposed events' revisions, by those of the events that they stand for.
    instead: HashMap<Revision, Revision>,
}

impl Supposed {
    fn new(stream: StreamId, entries: &[StoredEvent], facts: Vec<Fact>) -> Self {
        let last = entries.last();
        Self {
            stream,
            facts,
            revision: last.map_or(Revision::EMPTY, |last| last.envelope.revision),
            position: last.map_or(Position::START, |last| last.position),
            recorded_at: last.map_or(Timestamp::MIN, |last| last.envelope.recorded_at),
            instead: HashMap::new(),
        }
    }

    fn change<A: Aggregate>(&mut self, change: &Change<A::Event>) -> Result<(), LoadError> {
        match change {
            Change::Without(revision) => {
                let place = self.place(*revision)?;
                self.facts.remove(place);
            }
            Change::Instead(revision, event) => {
                let place = self.place(*revision)?;
                let Fact { key, event: real } = &self.facts[place];
                let (key, begins) = (*key, is_initial::<A>(&real.name));
                check_initial(event, begins)?;
                let event = self.supposed(event, Some(key.effective_at))?;
                self.instead.insert(*revision, event.envelope.revision);
                self.facts[place] = Fact { key, event };
            }
            Change::Also(event, effective_at) => {
                if !self.facts.is_empty() {
                    check_initial(event, false)?;
                }
                let event = self.supposed(event, Some(*effective_at))?;
                let key = Key::of(&event);
                self.facts.push(Fact { key, event });
            }
            Change::Then(event) => {
                if !self.facts.is_empty() {
                    check_initial(event, false)?;
                }
                let last = self.facts.iter().map(|fact| fact.key.effective_at).max();
                let effective_at = last.filter(|last| *last > self.recorded_at);
                let event = self.supposed(event, effective_at)?;
                let key = Key::of(&event);
                self.facts.push(Fact { key, event });
            }
        }
        Ok(())
    }

    fn place(&self, revision: Revision) -> Result<usize, LoadError> {
        let stands = self.instead.get(&revision).copied().unwrap_or(revision);
        let place = |fact: &Fact| fact.event.envelope.revision == stands;
        let found = self.facts.iter().position(place);
        found.ok_or_else(|| LoadError::NoSuchFact {
            stream: self.stream.clone(),
            revision,
        })
    }

    /// Nothing precedes the event that a stream begins with, which stays; of a stream that has none, it comes first.
    fn check_beginning<A: Aggregate>(&self, new: bool) -> Result<(), LoadError> {
        let first = self.facts.first().map(|first| &first.event.name);
        match first.filter(|name| A::initial().is_none() && !is_initial::<A>(name)) {
            None => Ok(()),
            Some(name) => {
                let name = listed_name::<A>(name);
                Err(LoadError::Misplaced(if new {
                    Misplaced::FirstNotInitial { name }
                } else {
                    Misplaced::BeforeInitial { name }
                }))
            }
        }
    }

    /// The event as if it were recorded next.
    fn supposed<E: EventSet>(
        &mut self,
        event: &E,
        effective_at: Option<Timestamp>,
    ) -> Result<StoredEvent, StoreError> {
        self.revision = self.revision.next();
        let descriptor = event.descriptor();
        let name = descriptor.name;
        let payload = event.encode();
        let payload = payload.map_err(|error| Invalid::Payload { name, error })?;
        let id = EventId::derived(&self.stream, &format!("what if {}", self.revision), 0);
        let mut event = NewEvent::new(id, name, descriptor.version, payload);
        event.effective_at = effective_at;
        let placement = Placement::new(self.revision, self.position, self.recorded_at);
        Ok(StoredEvent::placed(&self.stream, event, placement))
    }
}

/// Only an initial event stands for an initial one, and another one nowhere else.
fn check_initial<E: EventSet>(event: &E, begins: bool) -> Result<(), LoadError> {
    let descriptor = event.descriptor();
    let name = descriptor.name;
    match (begins, descriptor.initial) {
        (true, false) => Err(LoadError::Misplaced(Misplaced::FirstNotInitial { name })),
        (false, true) => Err(LoadError::Misplaced(Misplaced::InitialNotFirst { name })),
        _ => Ok(()),
    }
}
