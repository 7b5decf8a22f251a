//! Writing: the queue, and the thread that takes what waits and has it committed together.

use std::path::Path;
use std::time::Duration;

use es_core::batch::{Attempt, Batch, Bounds};
use es_core::wake::Head;
use es_core::{Append, Appended, NewEvent, Snapshot, StoreError, StreamId};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use crate::SqliteOptions;
use crate::error::{Fault, before_commit};
use crate::inline;
use crate::log::Log;
use crate::threads::{Started, Threads};
use crate::transaction::Failure;

/// How many requests wait in the queue before those who ask have to wait.
const QUEUE: usize = Bounds::DEFAULT.requests;

/// The way to the thread that writes. It writes what is queued when this is dropped, and ends.
pub(crate) struct Writer {
    queue: Sender<Request>,
    threads: Started,
}

enum Request {
    Append(Append, oneshot::Sender<Result<Appended, StoreError>>),
    KeepSnapshot(Box<Snapshot>, oneshot::Sender<Result<(), StoreError>>),
    DeleteSnapshots(StreamId, oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// A request that was done, in a transaction that isn't committed yet.
enum Done {
    Append(Result<Appended, StoreError>),
    Other,
}

impl Writer {
    pub(crate) fn start(
        options: &SqliteOptions,
        path: &Path,
        head: Head,
    ) -> Result<Self, StoreError> {
        let mut connection = options.connect(path)?;
        inline::register(&mut connection, options)?;
        let (queue, requests) = channel(QUEUE);
        // The log waits for its turn itself.
        connection
            .busy_timeout(Duration::ZERO)
            .map_err(before_commit)?;
        let log = Log::new(connection, options);
        let mut threads = Threads::default();
        threads.start("write", move || write(log, requests, &head))?;
        Ok(Self {
            queue,
            threads: Started::all(threads),
        })
    }

    /// Either nothing was queued when the future is dropped, or all of the append is written or refused.
    pub(crate) async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.request(|answer| Request::Append(append, answer)).await
    }

    pub(crate) async fn keep_snapshot(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        self.request(|answer| Request::KeepSnapshot(Box::new(snapshot), answer))
            .await
    }

    pub(crate) async fn delete_snapshots(&self, stream: StreamId) -> Result<(), StoreError> {
        self.request(|answer| Request::DeleteSnapshots(stream, answer))
            .await
    }

    /// Writes what is queued, and waits until the connection is closed. Blocks.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        // If nobody takes it, the thread has ended.
        let written = match self.queue.blocking_send(Request::Close(answer)) {
            Ok(()) => answered.blocking_recv(),
            Err(_) => Ok(Ok(())),
        };
        self.threads.end(|| {});
        // The thread answers everything that it takes, unless it died: then nobody knows.
        written.map_err(|error| StoreError::Unknown(error.into()))?
    }

    async fn request<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let queued = self.queue.send(request(answer)).await;
        queued.map_err(|_| Fault::Closed)?;
        // The thread answers everything that it takes, unless it died: then nobody knows.
        answered
            .await
            .map_err(|error| StoreError::Unknown(error.into()))?
    }
}

/// The thread: it takes what waits, and never waits for more.
fn write(mut log: Log, mut requests: Receiver<Request>, head: &Head) {
    while let Some(first) = requests.blocking_recv() {
        let batch = Batch::collect(first, Bounds::DEFAULT, || requests.try_recv().ok());
        let closing = batch
            .requests()
            .iter()
            .any(|request| matches!(request, Request::Close(_)));
        if closing {
            // Before it is answered, so that nothing is taken after.
            requests.close();
        }
        let mut batches = vec![batch];
        while let Some(batch) = batches.pop() {
            let attempt = commit(&mut log, batch.requests(), head);
            batches.extend(batch.settle(attempt));
        }
    }
}

impl Request {
    /// How many events it would add.
    fn events(&self) -> usize {
        match self {
            Self::Append(append, _) => append.events.len(),
            Self::KeepSnapshot(..) | Self::DeleteSnapshots(..) | Self::Close(_) => 0,
        }
    }
}

impl es_core::batch::Request for Request {
    type Done = Done;

    fn bytes(&self) -> usize {
        match self {
            Self::Append(append, _) => append.events.iter().map(NewEvent::bytes).sum(),
            Self::KeepSnapshot(snapshot, _) => snapshot.state.as_str().len(),
            Self::DeleteSnapshots(..) | Self::Close(_) => 0,
        }
    }

    fn answer(self, done: Done) {
        match (self, done) {
            (Self::Append(_, answer), Done::Append(result)) => drop(answer.send(result)),
            (
                Self::KeepSnapshot(_, answer)
                | Self::DeleteSnapshots(_, answer)
                | Self::Close(answer),
                _,
            ) => drop(answer.send(Ok(()))),
            (Self::Append(_, answer), Done::Other) => drop(answer),
        }
    }

    fn fail(self, error: StoreError) {
        match self {
            Self::Append(_, answer) => drop(answer.send(Err(error))),
            Self::KeepSnapshot(_, answer)
            | Self::DeleteSnapshots(_, answer)
            | Self::Close(answer) => drop(answer.send(Err(error))),
        }
    }
}

/// Tries to commit a batch.
fn commit(log: &mut Log, batch: &[Request], head: &Head) -> Attempt<Done> {
    let events: usize = batch.iter().map(Request::events).sum();
    let span = tracing::debug_span!("es_sqlite.commit", requests = batch.len(), events);
    let _within = span.enter();
    match log.transact(batch, perform) {
        Ok(done) => {
            // Before the answers, so that whoever has one finds that waiting for it is over.
            if let Some(position) = log.head() {
                head.tell(position);
            }
            Attempt::Committed(done)
        }
        Err(Failure::Whole(broken)) => {
            tracing::warn!(requests = batch.len(), error = %broken, "a commit failed");
            Attempt::Failed(Box::new(move || broken.for_each()))
        }
        Err(Failure::Request(error)) => Attempt::Refused(error),
    }
}

/// Does a request in the log's transaction.
fn perform(log: &mut Log, request: &Request) -> Result<Done, StoreError> {
    match request {
        Request::Append(append, _) => log.append(append).map(Done::Append),
        Request::KeepSnapshot(snapshot, _) => log.keep_snapshot(snapshot).map(|()| Done::Other),
        Request::DeleteSnapshots(stream, _) => log.delete_snapshots(stream).map(|()| Done::Other),
        Request::Close(_) => Ok(Done::Other),
    }
}
