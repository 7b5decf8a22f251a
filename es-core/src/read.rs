use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{Aggregate, EventDescriptor, EventSet, Position, Revision, StoredEvent, StreamId};

/// Which events of a stream to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamQuery {
    /// The stream.
    pub stream: StreamId,
    /// From the first event on, or from the last event back.
    pub direction: Direction,
    /// The first revision to return: forwards the lowest, backwards the highest. `None` is the stream's end on that
    /// side.
    pub from: Option<Revision>,
    /// How many events a page holds at most.
    pub limit: usize,
}

impl StreamQuery {
    /// The whole stream forwards, in pages of a store's choice.
    pub fn forwards(stream: StreamId) -> Self {
        Self {
            stream,
            direction: Direction::Forwards,
            from: None,
            limit: PAGE,
        }
    }

    /// The whole stream backwards.
    pub fn backwards(stream: StreamId) -> Self {
        Self {
            direction: Direction::Backwards,
            ..Self::forwards(stream)
        }
    }

    /// Beginning with this revision.
    pub fn from(self, revision: Revision) -> Self {
        Self {
            from: Some(revision),
            ..self
        }
    }

    /// At most so many events in a page.
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The query for the page after `page`, or `None` where it was the last.
    pub fn after(self, page: &StreamPage) -> Option<Self> {
        let last = page.events.last()?.envelope.revision;
        let from = match self.direction {
            Direction::Forwards => last.next(),
            Direction::Backwards => {
                Revision::new(last.number().checked_sub(1).filter(|number| *number > 0)?)
            }
        };
        (!page.end).then(|| self.from(from))
    }
}

/// The default size of a page, in events: large enough that a page's cost is its events, small enough for memory.
const PAGE: usize = 1_000;

/// Which way a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From old to new.
    Forwards,
    /// From new to old.
    Backwards,
}

/// Part of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamPage {
    /// The events in the query's direction; possibly fewer than its limit before the end.
    pub events: Vec<StoredEvent>,
    /// Whether the stream ended with this page when it was read. A page without events is always the end.
    pub end: bool,
}

impl StreamPage {
    /// A page.
    pub fn new(events: Vec<StoredEvent>, end: bool) -> Self {
        Self { events, end }
    }
}

/// Which events of the log to read, in the order of their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogQuery {
    /// Events after this position.
    pub after: Position,
    /// Events up to and including this position.
    pub until: Position,
    /// Only events that pass.
    pub filter: Filter,
    /// How many events a page holds at most.
    pub limit: usize,
}

impl LogQuery {
    /// Every event after this position.
    pub fn after(position: Position) -> Self {
        Self {
            after: position,
            until: Position::END,
            filter: Filter::all(),
            limit: PAGE,
        }
    }

    /// The event at this position, if there is one.
    pub fn at(position: Position) -> Self {
        let before = Position::new(position.number().saturating_sub(1));
        Self::after(before).until(position).limit(1)
    }

    /// Every event of the log.
    pub fn all() -> Self {
        Self::after(Position::START)
    }

    /// The query for the page after `page`, or `None` where it was the last.
    pub fn beyond(self, page: &LogPage) -> Option<Self> {
        let after = page.looked_to;
        (!page.end).then_some(Self { after, ..self })
    }

    /// Only up to and including this position.
    pub fn until(self, position: Position) -> Self {
        Self {
            until: position,
            ..self
        }
    }

    /// Only events that pass the filter.
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// At most so many events in a page.
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }
}

/// Part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogPage {
    /// The events that passed the filter; possibly fewer than the query's limit before the end.
    pub events: Vec<StoredEvent>,
    /// How far the store looked: no event at or below this position that passes is missing. At least the query's
    /// `after`, also where nothing passed.
    pub looked_to: Position,
    /// Whether the log (or the query's `until`) ended with this page when it was read.
    pub end: bool,
}

impl LogPage {
    /// A page.
    pub fn new(events: Vec<StoredEvent>, looked_to: Position, end: bool) -> Self {
        Self {
            events,
            looked_to,
            end,
        }
    }
}

/// Which events of the log a reader wants: of these categories and with these names, where none means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    categories: BTreeSet<Arc<str>>,
    names: BTreeSet<Arc<str>>,
}

impl Filter {
    /// Every event passes.
    pub fn all() -> Self {
        Self::default()
    }

    /// Events of the aggregate `A`.
    pub fn of<A: Aggregate>() -> Self {
        Self::all().category(A::CATEGORY)
    }

    /// Events of the set `E`, by all of their names, present and former.
    pub fn events_of<E: EventSet>() -> Self {
        Self::of_events(E::EVENTS)
    }

    /// These events, by all of their names, present and former.
    pub fn of_events(events: &[EventDescriptor]) -> Self {
        let names = events
            .iter()
            .flat_map(|event| std::iter::once(&event.name).chain(event.former_names));
        names.fold(Self::all(), |filter, name| filter.name(*name))
    }

    /// Lets events of this category pass; said again, of any that was said. With names, an event has to pass by both.
    pub fn category(mut self, category: impl Into<Arc<str>>) -> Self {
        self.categories.insert(category.into());
        self
    }

    /// Lets events with this name pass; said again, with any that was said. With categories, an event has to pass by
    /// both.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.names.insert(name.into());
        self
    }

    /// The categories that pass; none means any.
    pub fn categories(&self) -> impl ExactSizeIterator<Item = &str> {
        self.categories.iter().map(|category| &**category)
    }

    /// The names that pass; none means any.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Whether an event passes.
    pub fn passes(&self, category: &str, name: &str) -> bool {
        (self.categories.is_empty() || self.categories.contains(category))
            && (self.names.is_empty() || self.names.contains(name))
    }
}
