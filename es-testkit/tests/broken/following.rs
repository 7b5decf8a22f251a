//! Flaws of reading on and of waiting: laws 9 and 10.

use std::sync::Mutex;

use es_core::{EventStore, LogPage, LogQuery, Position, StreamPage, StreamQuery};

use crate::store::{Answer, Beneath, Flaw};

/// A page at the log's end says that it looked at the event that comes next.
#[derive(Default)]
pub(crate) struct LooksTooFar;

impl Flaw for LooksTooFar {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, query: LogQuery) -> Answer<'a, LogPage> {
        Box::pin(async move {
            let mut page = beneath.store.read_log(query).await?;
            if page.end {
                page.looked_to = Position::new(page.looked_to.number().saturating_add(1));
            }
            Ok(page)
        })
    }
}

/// A read only tells of the events that it found.
#[derive(Default)]
pub(crate) struct LooksAtItsEvents;

impl Flaw for LooksAtItsEvents {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, query: LogQuery) -> Answer<'a, LogPage> {
        Box::pin(async move {
            let after = query.after;
            let mut page = beneath.store.read_log(query).await?;
            page.looked_to = page.events.last().map_or(after, |event| event.position);
            Ok(page)
        })
    }
}

/// Who reads slowly finds the older events gone from a buffer of fifty.
#[derive(Default)]
pub(crate) struct DropsTheSlow;

impl Flaw for DropsTheSlow {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, query: LogQuery) -> Answer<'a, LogPage> {
        Box::pin(async move {
            let head = beneath.store.head().await?.number();
            let oldest = Position::new(head.saturating_sub(50));
            let after = query.after.max(oldest);
            let buffered = LogQuery::after(after)
                .until(query.until)
                .filter(query.filter)
                .limit(query.limit);
            beneath.store.read_log(buffered).await
        })
    }
}

/// A read begins with the event at the position after which it should.
#[derive(Default)]
pub(crate) struct AfterIsFrom;

impl Flaw for AfterIsFrom {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, mut query: LogQuery) -> Answer<'a, LogPage> {
        query.after = Position::new(query.after.number().saturating_sub(1));
        beneath.store.read_log(query)
    }
}

/// A read ends before the position up to which it should.
#[derive(Default)]
pub(crate) struct UntilIsBefore;

impl Flaw for UntilIsBefore {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, mut query: LogQuery) -> Answer<'a, LogPage> {
        if query.until != Position::END {
            query.until = Position::new(query.until.number().saturating_sub(1));
        }
        beneath.store.read_log(query)
    }
}

/// A page has as many events as there are.
#[derive(Default)]
pub(crate) struct LimitIsIgnored;

impl Flaw for LimitIsIgnored {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, query: LogQuery) -> Answer<'a, LogPage> {
        beneath.store.read_log(query.limit(usize::MAX))
    }

    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        beneath.store.read_stream(query.limit(usize::MAX))
    }
}

/// A wait looks for the next event only, not for those that are there.
#[derive(Default)]
pub(crate) struct WaitsForTheNext;

impl Flaw for WaitsForTheNext {
    fn wait_past<'a>(&'a self, beneath: &'a Beneath, position: Position) -> Answer<'a, ()> {
        Box::pin(async move {
            let head = beneath.store.head().await?;
            beneath.store.wait_past(position.max(head)).await
        })
    }
}

/// A wait looks once, and is never woken.
#[derive(Default)]
pub(crate) struct NeverWakes;

impl Flaw for NeverWakes {
    fn wait_past<'a>(&'a self, beneath: &'a Beneath, position: Position) -> Answer<'a, ()> {
        Box::pin(async move {
            if beneath.store.head().await? > position {
                return Ok(());
            }
            std::future::pending().await
        })
    }
}

/// A subscriber that was dropped in a read finds that the store has moved on: the log counts what it handed out.
#[derive(Default)]
pub(crate) struct HandsOutOnce(Mutex<Position>);

impl Flaw for HandsOutOnce {
    fn read_log<'a>(&'a self, beneath: &'a Beneath, mut query: LogQuery) -> Answer<'a, LogPage> {
        Box::pin(async move {
            query.after = query.after.max(*self.0.lock().unwrap());
            let page = beneath.store.read_log(query).await?;
            *self.0.lock().unwrap() = page.looked_to;
            tokio::task::yield_now().await;
            Ok(page)
        })
    }
}
