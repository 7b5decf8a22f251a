use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures_core::future::BoxFuture;
use futures_util::future::{FutureExt, Shared};

use crate::{
    Append, Appended, EventId, EventStore, LogPage, LogQuery, Position, StoreError, StoredEvent,
    StreamId, StreamPage, StreamQuery,
};

/// A store whose log several partitions read at about the same place: a page is read once for all of them.
///
/// They need not keep step. One that lags behind, or hurries ahead, reads for itself what isn't kept, so nobody waits for it.
pub(super) struct SharedLog<S> {
    store: Arc<S>,
    /// The newest last.
    pages: Mutex<VecDeque<Page>>,
    kept: usize,
}

/// A page under way, or there; nothing where it couldn't be read.
struct Page {
    query: LogQuery,
    read: Shared<BoxFuture<'static, Option<Arc<LogPage>>>>,
}

/// Where a query is answered.
enum Answer {
    There(LogPage),
    Reading(Shared<BoxFuture<'static, Option<Arc<LogPage>>>>),
}

impl Page {
    /// What this page has for a query, if it brings whoever asks any further: a page that was read at the end of the log is
    /// not what is there now.
    fn answer(&self, query: &LogQuery) -> Option<Answer> {
        let is_alike = self.query.filter == query.filter && self.query.limit == query.limit;
        if !is_alike {
            return None;
        }
        match self.read.peek() {
            None if self.query.after == query.after => Some(Answer::Reading(self.read.clone())),
            Some(Some(page)) if self.query.after <= query.after => {
                (query.after < page.looked_to).then(|| Answer::There(rest(page, query.after)))
            }
            _ => None,
        }
    }
}

/// A page without what is at or below a position.
fn rest(page: &LogPage, after: Position) -> LogPage {
    let begin = page.events.partition_point(|event| event.position <= after);
    let events = page.events[begin..].to_vec();
    LogPage::new(events, page.looked_to, page.end)
}

impl<S: EventStore> SharedLog<S> {
    /// For so many readers.
    pub(super) fn new(store: Arc<S>, readers: usize) -> Self {
        Self {
            store,
            pages: Mutex::default(),
            // One that is being worked on and one that is read ahead, for each.
            kept: 2 * readers,
        }
    }

    fn answer(&self, query: &LogQuery) -> Answer {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = pages.iter().rev().find_map(|page| page.answer(query)) {
            return answer;
        }
        let (store, asked) = (Arc::clone(&self.store), query.clone());
        let read = async move { store.read_log(asked).await.ok().map(Arc::new) };
        let read = read.boxed().shared();
        if pages.len() >= self.kept {
            pages.pop_front();
        }
        pages.push_back(Page {
            query: query.clone(),
            read: read.clone(),
        });
        Answer::Reading(read)
    }
}

impl<S: EventStore> EventStore for SharedLog<S> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        self.store.append(append)
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.store.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        self.store.read_stream(query)
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        if query.until != Position::END {
            return self.store.read_log(query);
        }
        Box::pin(async move {
            let read = match self.answer(&query) {
                Answer::There(page) => return Ok(page),
                Answer::Reading(read) => read,
            };
            match read.await {
                Some(page) => Ok(rest(&page, query.after)),
                // Who asks for itself is told why.
                None => self.store.read_log(query).await,
            }
        })
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.store.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.wait_past(position)
    }
}
