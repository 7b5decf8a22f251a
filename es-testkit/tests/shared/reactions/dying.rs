//! A program that aborts at a named point of what a process does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, LogPage, LogQuery, Position, StoreError,
    StoredEvent, StreamId, StreamPage, StreamQuery,
};

/// Where it dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// The input is read, and the reaction isn't appended.
    InputAndAppend,
    /// The reaction is appended, and the place in the log isn't kept.
    AppendAndCheckpoint,
    /// The place is kept behind the command's record, and the command isn't sent.
    CheckpointAndSend,
    /// The aggregate has decided, and the outcome isn't appended.
    SendAndOutcome,
    /// Nowhere.
    Never,
}

impl Point {
    pub(crate) const ALL: [Self; 4] = [
        Self::InputAndAppend,
        Self::AppendAndCheckpoint,
        Self::CheckpointAndSend,
        Self::SendAndOutcome,
    ];

    pub(crate) fn named(name: &str) -> Self {
        let all = Self::ALL.into_iter();
        let named = all.chain([Self::Never]).find(|point| point.name() == name);
        named.expect("a point's name")
    }

    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }
}

/// A store that aborts the program when it comes to a point for the n-th time.
#[derive(Clone)]
pub(crate) struct Dying<S> {
    store: S,
    point: Point,
    left: Arc<AtomicU32>,
}

impl<S> Dying<S> {
    pub(crate) fn new(store: S, point: Point, times: u32) -> Self {
        let left = Arc::new(AtomicU32::new(times));
        Self { store, point, left }
    }

    fn come_to(&self, point: Point) {
        if self.point == point && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}

fn begins_with(append: &Append, names: &[&str]) -> bool {
    let first = append.events.first();
    first.is_some_and(|first| names.contains(&&*first.name))
}

impl<S: EventStore> EventStore for Dying<S> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        let is_reaction = begins_with(&append, &["es.consumed"]);
        if is_reaction {
            self.come_to(Point::InputAndAppend);
        }
        if begins_with(&append, &["es.accepted", "es.rejected"]) {
            self.come_to(Point::SendAndOutcome);
        }
        Box::pin(async move {
            let appended = self.store.append(append).await;
            if is_reaction {
                self.come_to(Point::AppendAndCheckpoint);
            }
            appended
        })
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        // The first thing that sending does.
        self.come_to(Point::CheckpointAndSend);
        self.store.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        self.store.read_stream(query)
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.store.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.store.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.wait_past(position)
    }
}
