//! Flaws of the log and of reading: laws 6, 7, 8 and 10.

use es_core::{
    Direction, EventId, EventStore, Filter, LogPage, LogQuery, Placement, Position, Revision,
    StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};
use es_memory::MemoryStore;
use es_testkit::conformance::{Declared, Profile};

use crate::store::{Answer, Beneath, Flaw};

/// What was acknowledged was in a buffer.
#[derive(Default)]
pub(crate) struct Forgets;

impl Flaw for Forgets {
    fn reopen(&self, _: &Beneath) -> MemoryStore {
        MemoryStore::new()
    }
}

/// Declares that it forgets, and doesn't.
#[derive(Default)]
pub(crate) struct ModestlyDurable;

impl Flaw for ModestlyDurable {
    fn profile(&self, profile: Profile) -> Profile {
        profile.declares(Declared::Volatile)
    }
}

/// Of two positions the later one is told first.
#[derive(Default)]
pub(crate) struct SwappedPositions;

impl Flaw for SwappedPositions {
    fn told(&self, at: Placement) -> Placement {
        let swapped = Position::new(((at.position.number() - 1) ^ 1) + 1);
        Placement::new(at.revision, swapped, at.recorded_at)
    }
}

/// The head is where the next event will be.
#[derive(Default)]
pub(crate) struct HeadAhead;

impl Flaw for HeadAhead {
    fn head<'a>(&'a self, beneath: &'a Beneath) -> Answer<'a, Position> {
        Box::pin(async { Ok(Position::new(beneath.store.head().await?.number() + 1)) })
    }
}

/// Some events become visible only after later ones, as those of a transaction that commits late.
#[derive(Default)]
pub(crate) struct LateCommits;

impl Flaw for LateCommits {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, query: LogQuery) -> Answer<'a, LogPage> {
        Box::pin(async move {
            let head = beneath.store.head().await?.number();
            let mut page = beneath.store.read_log(query).await?;
            let late = |position: u64| position.is_multiple_of(3) && position + 2 > head;
            page.events.retain(|event| !late(event.position.number()));
            Ok(page)
        })
    }
}

/// Every second handle reads from a replica that lags.
#[derive(Default)]
pub(crate) struct LaggingReplica;

impl Flaw for LaggingReplica {
    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        Box::pin(async move {
            let forwards = query.direction == Direction::Forwards;
            let mut page = beneath.store.read_stream(query).await?;
            if beneath.handle % 2 == 1 && forwards {
                page.events.pop();
            }
            Ok(page)
        })
    }
}

/// Backwards is forwards.
#[derive(Default)]
pub(crate) struct OneWay;

impl Flaw for OneWay {
    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        mut query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        query.direction = Direction::Forwards;
        beneath.store.read_stream(query)
    }
}

/// A read from a revision begins after it.
#[derive(Default)]
pub(crate) struct FromIsAfter;

impl Flaw for FromIsAfter {
    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        mut query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        query.from = query.from.map(Revision::next);
        beneath.store.read_stream(query)
    }
}

/// Every page is the last.
#[derive(Default)]
pub(crate) struct EndsTooSoon;

impl Flaw for EndsTooSoon {
    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        Box::pin(async move {
            let page = beneath.store.read_stream(query).await?;
            Ok(StreamPage::new(page.events, true))
        })
    }
}

/// An event is found in whatever stream it is.
#[derive(Default)]
pub(crate) struct FindsAnywhere;

impl Flaw for FindsAnywhere {
    fn find<'a>(
        &'a self,
        beneath: &'a Beneath,
        _: &'a StreamId,
        id: EventId,
    ) -> Answer<'a, Option<StoredEvent>> {
        Box::pin(async move {
            let log = beneath.log().await;
            Ok::<_, StoreError>(log.into_iter().find(|event| event.envelope.id == id))
        })
    }
}

/// The log is read whole, and each event judged by `passes`.
async fn read_by(
    beneath: &Beneath,
    mut query: LogQuery,
    passes: impl Fn(&Filter, &StoredEvent) -> bool,
) -> Result<LogPage, StoreError> {
    let filter = std::mem::take(&mut query.filter);
    let mut page = beneath.store.read_log(query).await?;
    page.events.retain(|event| passes(&filter, event));
    Ok(page)
}

/// Categories or names, where it should be both.
#[derive(Default)]
pub(crate) struct FiltersByEither;

impl Flaw for FiltersByEither {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, query: LogQuery) -> Answer<'a, LogPage> {
        Box::pin(read_by(beneath, query, |filter, event| {
            let category = filter
                .categories()
                .any(|wanted| wanted == event.envelope.stream.category());
            let name = filter.names().any(|wanted| wanted == &*event.name);
            category || name || (filter.categories().len() == 0 && filter.names().len() == 0)
        }))
    }
}

/// Upper and lower case are the same to a filter.
#[derive(Default)]
pub(crate) struct FiltersFoldCase;

impl Flaw for FiltersFoldCase {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, query: LogQuery) -> Answer<'a, LogPage> {
        Box::pin(read_by(beneath, query, |filter, event| {
            let like = |wanted: &str, is: &str| wanted.to_lowercase() == is.to_lowercase();
            let (mut categories, mut names) = (filter.categories(), filter.names());
            let category = categories.len() == 0
                || categories.any(|it| like(it, event.envelope.stream.category()));
            category && (names.len() == 0 || names.any(|it| like(it, &event.name)))
        }))
    }
}
