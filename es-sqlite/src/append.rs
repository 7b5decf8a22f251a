//! Writing: one thread takes what waits, judges it in order and commits it together.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::batch::{Attempt, Batch, Bounds};
use es_core::{
    Append, Appended, Clock, EventId, Metadata, NewEvent, Placement, Position, Revision, Snapshot,
    StoreError, StreamId, Timestamp, Verdict,
};
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{oneshot, watch};

use crate::SqliteOptions;
use crate::error::{Broken, Fault, before_commit, gone, is_busy};
use crate::read::stream_key;
use crate::row::{signed, timestamp, unsigned};
use crate::schema::pragma;
use crate::snapshot;
use crate::wait::tell;

/// How many requests wait in the queue before those who ask have to wait.
const QUEUE: usize = Bounds::DEFAULT.requests;
/// How long a look at another process's lock is put off: about as long as it takes to commit.
const TURN: Duration = Duration::from_micros(500);
/// How many streams are remembered with their revisions.
const STREAMS: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();
/// How many names of events are remembered with their keys.
const NAMES: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// The way to the thread that writes. It writes what is queued when this is dropped, and ends.
pub(crate) struct Writer {
    queue: Sender<Request>,
}

enum Request {
    Append(Append, oneshot::Sender<Result<Appended, StoreError>>),
    SaveSnapshot(Box<Snapshot>, oneshot::Sender<Result<(), StoreError>>),
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
        path: &PathBuf,
        head: Arc<watch::Sender<Position>>,
    ) -> Result<Self, StoreError> {
        let connection = options.connect(path)?;
        let (queue, requests) = channel(QUEUE);
        // The log waits for its turn itself.
        connection
            .busy_timeout(Duration::ZERO)
            .map_err(before_commit)?;
        let log = Log::new(connection, options);
        std::thread::Builder::new()
            .name("es-sqlite write".to_owned())
            .spawn(move || write(log, requests, &head))
            .map_err(gone)?;
        Ok(Self { queue })
    }

    /// Either nothing was queued when the future is dropped, or all of the append is written or refused.
    pub(crate) async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.request(|answer| Request::Append(append, answer)).await
    }

    pub(crate) async fn save_snapshot(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        self.request(|answer| Request::SaveSnapshot(Box::new(snapshot), answer))
            .await
    }

    pub(crate) async fn delete_snapshots(&self, stream: StreamId) -> Result<(), StoreError> {
        self.request(|answer| Request::DeleteSnapshots(stream, answer))
            .await
    }

    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.request(Request::Close).await
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
fn write(mut log: Log, mut requests: Receiver<Request>, head: &watch::Sender<Position>) {
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

impl es_core::batch::Request for Request {
    type Done = Done;

    fn bytes(&self) -> usize {
        match self {
            Self::Append(append, _) => append.events.iter().map(NewEvent::bytes).sum(),
            Self::SaveSnapshot(snapshot, _) => snapshot.state.as_str().len(),
            Self::DeleteSnapshots(..) | Self::Close(_) => 0,
        }
    }

    fn answer(self, done: Done) {
        match (self, done) {
            (Self::Append(_, answer), Done::Append(result)) => drop(answer.send(result)),
            (
                Self::SaveSnapshot(_, answer)
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
            Self::SaveSnapshot(_, answer)
            | Self::DeleteSnapshots(_, answer)
            | Self::Close(answer) => drop(answer.send(Err(error))),
        }
    }
}

/// Tries to commit a batch.
fn commit(log: &mut Log, batch: &[Request], head: &watch::Sender<Position>) -> Attempt<Done> {
    match log.transact(batch) {
        Ok(done) => {
            tracing::trace!(requests = batch.len(), "committed");
            // Before the answers, so that whoever has one finds that waiting for it is over.
            if let Some(position) = log.last.map(|last| last.position) {
                tell(head, position);
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

/// Why a transaction failed. Nothing of it was written, but where its end was reached and broke off.
enum Failure {
    /// At its beginning or its end, for all requests alike.
    Whole(Broken),
    /// At one of its requests.
    Request(StoreError),
}

/// The log as the thread that writes knows it.
struct Log {
    connection: Connection,
    clock: Arc<dyn Clock>,
    busy_timeout: Duration,
    /// Tells whether another connection has committed since, and what is remembered has to be read again.
    data_version: Option<i64>,
    last: Option<Last>,
    streams: LruCache<StreamId, Known>,
    names: LruCache<(Arc<str>, u32), i64>,
}

#[derive(Clone, Copy)]
struct Last {
    position: Position,
    recorded_at: Timestamp,
}

#[derive(Clone, Copy)]
struct Known {
    key: i64,
    revision: Revision,
}

impl Log {
    fn new(connection: Connection, options: &SqliteOptions) -> Self {
        Self {
            connection,
            clock: Arc::clone(&options.clock),
            busy_timeout: options.busy_timeout,
            data_version: None,
            last: None,
            streams: LruCache::new(STREAMS),
            names: LruCache::new(NAMES),
        }
    }

    /// Does all requests in one transaction, each seeing what those before it did.
    fn transact(&mut self, batch: &[Request]) -> Result<Vec<Done>, Failure> {
        self.begin()
            .map_err(|error| Failure::Whole(Broken::before_commit(error)))?;
        match self.perform(batch) {
            Ok(done) => match self.run("COMMIT") {
                Ok(()) => Ok(done),
                Err(error) => {
                    self.roll_back();
                    Err(Failure::Whole(Broken::at_commit(error)))
                }
            },
            Err(error) => {
                self.roll_back();
                Err(Failure::Request(error))
            }
        }
    }

    /// Waits for this process's turn to write.
    ///
    /// Not by SQLite's own waiting: it sleeps longer each time, so that whoever waits longest is the least likely to find
    /// the lock free between others' commits.
    fn begin(&self) -> Result<(), rusqlite::Error> {
        let patience = Instant::now() + self.busy_timeout;
        loop {
            // `IMMEDIATE`: a transaction that reads first and writes then can fail without waiting for its turn.
            match self.run("BEGIN IMMEDIATE") {
                Err(error) if is_busy(&error) && Instant::now() < patience => {
                    std::thread::sleep(TURN);
                }
                begun => return begun,
            }
        }
    }

    fn perform(&mut self, batch: &[Request]) -> Result<Vec<Done>, StoreError> {
        self.refresh()?;
        batch.iter().map(|request| self.request(request)).collect()
    }

    fn run(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::warn!(%error, "a transaction could not be rolled back");
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.data_version = None;
        self.last = None;
        self.streams.clear();
        self.names.clear();
    }

    /// Forgets what another process may have changed.
    fn refresh(&mut self) -> Result<(), StoreError> {
        let version = pragma(&self.connection, "data_version")?;
        if self.data_version != Some(version) {
            self.forget();
            self.data_version = Some(version);
        }
        Ok(())
    }

    fn last(&mut self) -> Result<Last, StoreError> {
        if let Some(last) = self.last {
            return Ok(last);
        }
        let last = self
            .connection
            .prepare_cached(
                "SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([], |row| Ok((unsigned(row, 0), timestamp(row, 1))))
                    .optional()
            })
            .map_err(before_commit)?;
        let (position, recorded_at) = last.unwrap_or((Some(0), Some(Timestamp::MIN)));
        let wrong = |column| Fault::Row {
            position: position.map_or(0, signed),
            column,
        };
        let last = Last {
            position: Position::new(position.ok_or(wrong("position"))?),
            recorded_at: recorded_at.ok_or(wrong("recorded_at"))?,
        };
        self.last = Some(last);
        Ok(last)
    }

    fn request(&mut self, request: &Request) -> Result<Done, StoreError> {
        match request {
            Request::Append(append, _) => self.append(append).map(Done::Append),
            Request::SaveSnapshot(snapshot, _) => {
                let known = self.known(&snapshot.stream)?;
                let key = match known {
                    Some(known) => known.key,
                    None => self.create(&snapshot.stream)?.key,
                };
                snapshot::save(&self.connection, key, snapshot)?;
                Ok(Done::Other)
            }
            Request::DeleteSnapshots(stream, _) => {
                if let Some(known) = self.known(stream)? {
                    snapshot::delete(&self.connection, known.key)?;
                }
                Ok(Done::Other)
            }
            Request::Close(_) => Ok(Done::Other),
        }
    }

    /// Judges an append and takes it in. Being refused is a result; an error is one of the database.
    fn append(&mut self, append: &Append) -> Result<Result<Appended, StoreError>, StoreError> {
        let known = self.known(&append.stream)?;
        let connection = &self.connection;
        let verdict = match known {
            None => append.judge(Revision::EMPTY, |_| Ok(None)),
            Some(known) => append.judge(known.revision, |id| find(connection, known.key, id)),
        };
        match verdict {
            Ok(Verdict::Repeated(appended)) => Ok(Ok(appended)),
            Ok(Verdict::Accepted) => {
                let known = match known {
                    Some(known) => known,
                    None => self.create(&append.stream)?,
                };
                self.accept(append, known).map(Ok)
            }
            Err(refusal @ (StoreError::Conflict(_) | StoreError::IdReused { .. })) => {
                Ok(Err(refusal))
            }
            Err(error) => Err(error),
        }
    }

    fn accept(&mut self, append: &Append, known: Known) -> Result<Appended, StoreError> {
        let mut last = self.last()?;
        // Clocks step back; record time doesn't.
        last.recorded_at = self.clock.now().max(last.recorded_at);
        let mut revision = known.revision;
        let names = self.names(append)?;
        let mut statement = self
            .connection
            .prepare_cached(
                "INSERT INTO events (position, stream, revision, id, name, recorded_at, effective_at, payload, \
                 metadata) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .map_err(before_commit)?;
        let mut placements = Vec::with_capacity(append.events.len());
        for (event, name) in append.events.iter().zip(names) {
            revision = revision.next();
            last.position = Position::new(last.position.number() + 1);
            let metadata = event.metadata.as_str();
            statement
                .execute(params![
                    signed(last.position.number()),
                    known.key,
                    signed(revision.number()),
                    event.id.as_bytes().as_slice(),
                    name,
                    last.recorded_at.micros(),
                    event.effective_at.map(Timestamp::micros),
                    event.payload.as_str(),
                    (metadata != Metadata::EMPTY).then_some(metadata),
                ])
                .map_err(before_commit)?;
            placements.push(Placement::new(revision, last.position, last.recorded_at));
        }
        drop(statement);
        self.last = Some(last);
        let key = known.key;
        self.streams
            .put(append.stream.clone(), Known { key, revision });
        Ok(Appended::new(placements))
    }

    /// The key of each event's name and version.
    fn names(&mut self, append: &Append) -> Result<Vec<i64>, StoreError> {
        let mut keys = Vec::with_capacity(append.events.len());
        for event in &append.events {
            let name = (Arc::clone(&event.name), event.version);
            if let Some(key) = self.names.get(&name) {
                keys.push(*key);
                continue;
            }
            let key = name_key(&self.connection, &event.name, event.version)?;
            self.names.put(name, key);
            keys.push(key);
        }
        Ok(keys)
    }

    /// A stream's key and revision, if it has been named.
    fn known(&mut self, stream: &StreamId) -> Result<Option<Known>, StoreError> {
        if let Some(known) = self.streams.get(stream) {
            return Ok(Some(*known));
        }
        let Some(key) = stream_key(&self.connection, stream)? else {
            return Ok(None);
        };
        let revision = self
            .connection
            .prepare_cached("SELECT coalesce(max(revision), 0) FROM events WHERE stream = ?1")
            .and_then(|mut statement| statement.query_row([key], |row| Ok(unsigned(row, 0))))
            .map_err(before_commit)?;
        let revision = Revision::new(revision.ok_or(Fault::Stream { key })?);
        let known = Known { key, revision };
        self.streams.put(stream.clone(), known);
        Ok(Some(known))
    }

    fn create(&mut self, stream: &StreamId) -> Result<Known, StoreError> {
        self.connection
            .prepare_cached("INSERT INTO streams (category, id) VALUES (?1, ?2)")
            .and_then(|mut statement| statement.insert(params![stream.category(), stream.id()]))
            .map(|key| Known {
                key,
                revision: Revision::EMPTY,
            })
            .map_err(before_commit)
    }
}

/// The key of a name and version, new or old.
fn name_key(connection: &Connection, name: &str, version: u32) -> Result<i64, StoreError> {
    let known = connection
        .prepare_cached("SELECT key FROM names WHERE name = ?1 AND version = ?2")
        .and_then(|mut statement| {
            statement
                .query_row(params![name, version], |row| row.get(0))
                .optional()
        })
        .map_err(before_commit)?;
    if let Some(key) = known {
        return Ok(key);
    }
    connection
        .prepare_cached("INSERT INTO names (name, version) VALUES (?1, ?2)")
        .and_then(|mut statement| statement.insert(params![name, version]))
        .map_err(before_commit)
}

/// Where an event id stands in a stream.
fn find(connection: &Connection, key: i64, id: EventId) -> Result<Option<Placement>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT revision, position, recorded_at FROM events WHERE stream = ?1 AND id = ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![key, id.as_bytes().as_slice()], |row| {
                    Ok((unsigned(row, 0), unsigned(row, 1), timestamp(row, 2)))
                })
                .optional()
        })
        .map_err(before_commit)?;
    match found {
        None => Ok(None),
        Some((Some(revision), Some(position), Some(recorded_at))) => Ok(Some(Placement::new(
            Revision::new(revision),
            Position::new(position),
            recorded_at,
        ))),
        Some((_, position, _)) => Err(Fault::Row {
            position: position.map_or(0, signed),
            column: "revision, position or recorded_at",
        }
        .into()),
    }
}
