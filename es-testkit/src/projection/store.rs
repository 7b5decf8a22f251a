use es_core::{
    Append, Appended, BoxFuture, Direction, EventId, EventStore, LogPage, LogQuery, Position,
    StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};

use super::GivenLog;

/// A given log as a store that is only read: for whoever looks up what a correction changed, and for what is asked as of
/// a point.
///
/// ```
/// # use es_core::{Aggregate, Apply, Event, NoError};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted { by: u64 }
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
/// # #[event(Counted)]
/// # struct Counter;
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, _: Counted) {}
/// # }
/// # #[derive(Debug, Clone, Default, PartialEq, es_core::Projection)]
/// # #[projection(name = "sums", version = 1)]
/// # #[event(Counted)]
/// # struct Sums { total: u64 }
/// # impl Apply<es_core::Recorded<Counted>> for Sums {
/// #     fn apply(&mut self, counted: es_core::Recorded<Counted>) { self.total += counted.by; }
/// # }
/// use es_core::{Position, project};
/// use es_testkit::GivenLog;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let log = GivenLog::new().given::<Counter>(&"a".to_owned(), (Counted { by: 1 }, Counted { by: 2 }));
/// let sums: Sums = project(&log.store(), Position::new(1)).await?;
/// assert_eq!(sums.total, 1);
/// # Ok::<(), es_core::Cause>(())
/// # })?;
/// # Ok::<(), es_core::Cause>(())
/// ```
#[derive(Debug, Clone)]
pub struct GivenStore(Vec<StoredEvent>);

impl GivenLog {
    /// The log as it is now, to be read.
    pub fn store(&self) -> GivenStore {
        GivenStore(self.events().to_vec())
    }
}

impl GivenStore {
    fn page(&self, query: &StreamQuery) -> StreamPage {
        let StreamQuery { stream, from, .. } = query;
        let mut events: Vec<StoredEvent> = (self.0.iter())
            .filter(|event| event.envelope.stream == *stream)
            .cloned()
            .collect();
        let forwards = query.direction == Direction::Forwards;
        if !forwards {
            events.reverse();
        }
        if let Some(from) = from {
            events.retain(|event| {
                let revision = event.envelope.revision;
                if forwards {
                    revision >= *from
                } else {
                    revision <= *from
                }
            });
        }
        let end = events.len() <= query.limit;
        events.truncate(query.limit);
        StreamPage::new(events, end)
    }

    fn log_page(&self, query: &LogQuery) -> LogPage {
        let is_asked =
            |event: &&StoredEvent| event.position > query.after && event.position <= query.until;
        let passes = |event: &&StoredEvent| {
            (query.filter).passes(event.envelope.stream.category(), &event.name)
        };
        let mut events = self.0.iter().filter(is_asked).filter(passes).cloned();
        let page: Vec<StoredEvent> = events.by_ref().take(query.limit).collect();
        let end = events.next().is_none();
        let looked_to = match page.last() {
            Some(last) if !end => last.position,
            _ => self.last().min(query.until).max(query.after),
        };
        LogPage::new(page, looked_to, end)
    }

    fn last(&self) -> Position {
        self.0.last().map_or(Position::START, |last| last.position)
    }
}

impl EventStore for GivenStore {
    fn append(&self, _: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        let cause = "a given log is only read: what happens next is given to it before";
        Box::pin(async { Err(StoreError::Backend(cause.into())) })
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        let is_it =
            move |event: &&StoredEvent| event.envelope.stream == *stream && event.envelope.id == id;
        Box::pin(async move { Ok(self.0.iter().find(is_it).cloned()) })
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        Box::pin(async move { Ok(self.page(&query)) })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move { Ok(self.log_page(&query)) })
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(async { Ok(self.last()) })
    }

    /// For ever, where the log ends: nothing comes behind it.
    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if self.last() > position {
                return Ok(());
            }
            std::future::pending().await
        })
    }
}
