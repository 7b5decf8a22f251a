use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use es_core::wake::Head;
use es_core::{
    Append, Appended, BoxFuture, EventId, EventStore, Limits, LogPage, LogQuery, Position,
    Revision, Snapshot, SnapshotStore, StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};
use tokio::sync::oneshot;

use crate::SqliteOptions;
use crate::append::Writer;
use crate::error::gone;
use crate::read::Readers;
use crate::threads::Threads;
use crate::wait::Watcher;

/// A store in an SQLite database. Its clones are handles of the same store.
///
/// When the last one is dropped, what is queued is still written; [`close`](Self::close) waits for it.
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    // In this order: the watcher and the readers end before the writer, whose connection is then the last and brings the
    // WAL back into the database.
    watcher: Watcher,
    readers: Readers,
    writer: Writer,
}

impl Shared {
    fn close(&self) -> Result<(), StoreError> {
        // In this order, as when they are dropped.
        self.watcher.close();
        self.readers.close();
        self.writer.close()
    }
}

impl SqliteStore {
    /// Opens the database in this file, or makes one, as [`options`](Self::options) are by default.
    ///
    /// # Errors
    ///
    /// As [`SqliteOptions::open`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open(path).await
    }

    /// Opens a store in another way.
    pub fn options() -> SqliteOptions {
        SqliteOptions::new()
    }

    /// Opening reads and perhaps writes the disk, so it has a thread of its own.
    pub(crate) async fn start(options: SqliteOptions, path: PathBuf) -> Result<Self, StoreError> {
        let (answer, opened) = oneshot::channel();
        Threads::default().start("open", move || {
            // Whoever asked may be gone.
            let _ = answer.send(Self::start_threads(&options, path));
        })?;
        opened.await.map_err(gone)?
    }

    fn start_threads(options: &SqliteOptions, path: PathBuf) -> Result<Self, StoreError> {
        let head = Head::default();
        // The writer first: it makes the tables that the others read.
        let writer = Writer::start(options, &path, head.clone())?;
        let readers = Readers::start(options, &path)?;
        let watcher = Watcher::start(options, &path, head)?;
        tracing::debug!(readers = options.readers, "SQLite store opened");
        Ok(Self {
            shared: Arc::new(Shared {
                path,
                watcher,
                readers,
                writer,
            }),
        })
    }

    /// Writes what is queued, and closes the database. Handles that are left answer [`StoreError::Unavailable`].
    ///
    /// Once this answers no connection of the store is open, so the file may be copied, moved or deleted.
    pub async fn close(self) -> Result<(), StoreError> {
        EventStore::close(&self).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

impl EventStore for SqliteStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move {
            // Before it is queued, so that it can't fail those beside it.
            append.check(&Limits::DEFAULT)?;
            self.shared.writer.append(append).await
        })
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        let stream = stream.clone();
        let found = self
            .shared
            .readers
            .ask(move |reader| reader.find(&stream, id));
        Box::pin(async move { Ok(found.await?.into_events().pop()) })
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        let read = self
            .shared
            .readers
            .ask(move |reader| reader.read_stream(&query));
        Box::pin(async move {
            let (page, end) = read.await?;
            Ok(StreamPage::new(page.into_events(), end))
        })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        let read = self
            .shared
            .readers
            .ask(move |reader| reader.read_log(&query));
        Box::pin(async move {
            let (page, looked_to, end) = read.await?;
            Ok(LogPage::new(page.into_events(), looked_to, end))
        })
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(self.shared.readers.ask(super::read::Reader::head))
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // From here on no append is missed; one that came before is found by looking.
            let mut waiting = self.shared.watcher.wait()?;
            if self.head().await? > position {
                return Ok(());
            }
            waiting.past(position).await
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // It waits for threads, so it has one of its own.
            let (answer, closed) = oneshot::channel();
            let shared = Arc::clone(&self.shared);
            Threads::default().start("close", move || {
                // Whoever asked may be gone.
                let _ = answer.send(shared.close());
            })?;
            closed.await.map_err(gone)?
        })
    }

    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        Box::pin(self.shared.readers.ask(super::read::Reader::hashed_from))
    }
}

impl SnapshotStore for SqliteStore {
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        at_most: Revision,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        let stream = stream.clone();
        Box::pin(
            self.shared
                .readers
                .ask(move |reader| reader.load_snapshot(&stream, at_most)),
        )
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.shared.writer.keep_snapshot(snapshot))
    }

    fn delete_snapshots<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.shared.writer.delete_snapshots(stream.clone()))
    }
}
