use std::ops::RangeInclusive;
use std::time::Duration;

use super::fact::{Facts, fold, known_count};
use crate::{
    Aggregate, At, EventId, EventStore, Known, LoadError, Repository, StoreError, StoredEvent,
    StreamId, Timestamp,
};

/// At which instants of which clock a timeline looks.
///
/// ```
/// use std::time::Duration;
/// use es_core::{Samples, Timestamp};
///
/// let (first, last): (Timestamp, Timestamp) = ("1993-01-01T00:00:00Z".parse()?, "1993-12-31T00:00:00Z".parse()?);
/// let daily = Samples::effective(first..=last, Duration::from_secs(86_400));
/// assert_eq!(daily.instants().count(), 365);
/// # Ok::<(), es_core::InvalidTimestamp>(())
/// ```
#[derive(Debug, Clone)]
pub struct Samples {
    pub(super) clock: Clock,
    pub(super) span: RangeInclusive<Timestamp>,
    every: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Clock {
    Effective(Known),
    Recorded(Option<Timestamp>),
}

/// What was seen at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample<T> {
    /// The instant.
    pub at: Timestamp,
    /// The value; `None` before the aggregate existed. A projection always has one.
    pub value: Option<T>,
}

impl Samples {
    /// What was true in the world, from the first instant on and then each `every` (at least a microsecond) up to the
    /// last, by all that is known now.
    pub fn effective(span: RangeInclusive<Timestamp>, every: Duration) -> Self {
        let clock = Clock::Effective(Known::Head);
        Self { clock, span, every }
    }

    /// What was known to the store, from the first instant on and then each `every` (at least a microsecond) up to the
    /// last, whenever it is true.
    pub fn recorded(span: RangeInclusive<Timestamp>, every: Duration) -> Self {
        let clock = Clock::Recorded(None);
        Self { clock, span, every }
    }

    /// With the other clock standing still at the part of `at` that it shows.
    pub fn standing_at(self, at: At) -> Self {
        let clock = match self.clock {
            Clock::Effective(_) => Clock::Effective(at.known_point()),
            Clock::Recorded(_) => Clock::Recorded(at.effective_instant()),
        };
        Self { clock, ..self }
    }

    /// The instants.
    pub fn instants(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let (last, every) = (*self.span.end(), self.every.max(Duration::from_micros(1)));
        let first = Some(*self.span.start()).filter(|first| *first <= last);
        std::iter::successors(first, move |at| {
            let next = at.saturating_add(every);
            (*at < next && next <= last).then_some(next)
        })
    }

    fn at(&self, instant: Timestamp) -> At {
        match self.clock {
            Clock::Effective(known) => At::effective(instant).known_at(known),
            Clock::Recorded(effective) => {
                effective.map_or(At::NOW, At::effective).known_at(instant)
            }
        }
    }
}

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// What `value` makes of the state at each of the instants: a balance over time.
    ///
    /// The stream is read once, and folded once as long as from one instant to the next facts only come at the end.
    ///
    /// # Errors
    ///
    /// The store doesn't answer, or an event can't be read.
    pub async fn timeline<T>(
        &self,
        id: &A::Id,
        samples: Samples,
        mut value: impl FnMut(&A) -> T,
    ) -> Result<Vec<Sample<T>>, LoadError> {
        let stream = StreamId::of::<A>(id).map_err(StoreError::from)?;
        let entries = match samples.clock {
            Clock::Effective(known) => self.entries(&stream, known).await?,
            Clock::Recorded(_) => self.entries(&stream, (*samples.span.end()).into()).await?,
        };
        let mut film = Film::<A>::new(&entries);
        let mut seen = Vec::new();
        for instant in samples.instants() {
            let state = film.wind_to(samples.at(instant))?;
            let value = state.map(&mut value);
            seen.push(Sample { at: instant, value });
        }
        Ok(seen)
    }
}

/// A state that is brought from one point in time to another, from where it stands if nothing before changed.
struct Film<'e, A> {
    entries: &'e [StoredEvent],
    /// The facts among the first so many entries.
    facts: Facts,
    known: Option<usize>,
    folded: Vec<EventId>,
    state: Option<A>,
}

impl<'e, A: Aggregate> Film<'e, A> {
    fn new(entries: &'e [StoredEvent]) -> Self {
        Self {
            entries,
            facts: Facts::default(),
            known: None,
            folded: Vec::new(),
            state: A::initial(),
        }
    }

    fn wind_to(&mut self, at: At) -> Result<Option<&A>, StoreError> {
        let known = known_count(self.entries, at.known_point());
        if self.known != Some(known) {
            self.facts = Facts::of::<A>(&self.entries[..known])?;
            self.known = Some(known);
        }
        let facts = self.facts.effective::<A>(at.effective_instant());
        let ids = facts.iter().map(|fact| fact.event.envelope.id);
        if !self.folded.iter().copied().eq(ids.take(self.folded.len())) {
            self.folded.clear();
            self.state = A::initial();
        }
        for fact in &facts[self.folded.len()..] {
            fold(&mut self.state, [*fact])?;
            self.folded.push(fact.event.envelope.id);
        }
        Ok(self.state.as_ref())
    }
}
