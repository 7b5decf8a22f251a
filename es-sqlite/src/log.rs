//! The log as the thread that writes knows it: judges appends and writes them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use es_core::{
    Append, Appended, Clock, Digest, Metadata, Placement, Position, Revision, Snapshot, StoreError,
    StreamId, Timestamp, Verdict,
};
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, params};

use crate::SqliteOptions;
use crate::error::{Fault, before_commit};
use crate::inline::Inlines;
use crate::read::{placement, stream_key};
use crate::row::{signed, timestamp, unsigned};
use crate::schema::pragma;
use crate::{snapshot, tamper};

/// How many streams are remembered with their revisions.
const STREAMS: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();
/// How many names of events are remembered with their keys.
const NAMES: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// What the thread that writes knows of the log.
pub(crate) struct Log {
    pub(crate) connection: Connection,
    clock: Arc<dyn Clock>,
    pub(crate) busy_timeout: Duration,
    /// Tells whether another connection has committed since, and what is remembered has to be read again.
    data_version: Option<i64>,
    last: Option<Last>,
    /// Whether events are hashed, whatever the options say that this process was opened with.
    tamper_evident: Option<bool>,
    streams: LruCache<StreamId, Known>,
    names: LruCache<(Arc<str>, u32), i64>,
    inline: Inlines,
    /// A projection that the database requires inside of appends, and this process hasn't registered.
    missing: Option<(String, u32)>,
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
    /// The last event's, if it has one and hashes are asked for.
    hash: Option<Digest>,
}

impl Log {
    pub(crate) fn new(connection: Connection, options: &SqliteOptions) -> Self {
        Self {
            connection,
            clock: Arc::clone(&options.clock),
            busy_timeout: options.busy_timeout,
            data_version: None,
            last: None,
            tamper_evident: None,
            streams: LruCache::new(STREAMS),
            names: LruCache::new(NAMES),
            inline: options.inline.clone(),
            missing: None,
        }
    }

    /// The position of the last event, if this has seen it.
    pub(crate) fn head(&self) -> Option<Position> {
        self.last.map(|last| last.position)
    }

    /// Forgets all that it remembers of the database.
    pub(crate) fn forget(&mut self) {
        self.data_version = None;
        self.last = None;
        self.tamper_evident = None;
        self.streams.clear();
        self.names.clear();
    }

    /// Forgets what another process may have changed.
    pub(crate) fn refresh(&mut self) -> Result<(), StoreError> {
        let version = pragma(&self.connection, "data_version")?;
        if self.data_version != Some(version) {
            self.forget();
            self.missing = self.inline.missing(&self.connection)?;
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

    /// Keeps a snapshot, of a stream that may be new to this file.
    pub(crate) fn keep_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let known = match self.known(&snapshot.stream)? {
            Some(known) => known,
            None => self.create(&snapshot.stream)?,
        };
        snapshot::keep(&self.connection, known.key, snapshot)
    }

    pub(crate) fn delete_snapshots(&mut self, stream: &StreamId) -> Result<(), StoreError> {
        match self.known(stream)? {
            Some(known) => snapshot::delete(&self.connection, known.key),
            None => Ok(()),
        }
    }

    /// Judges an append and takes it in. Being refused is a result; an error is one of the database.
    pub(crate) fn append(
        &mut self,
        append: &Append,
    ) -> Result<Result<Appended, StoreError>, StoreError> {
        let known = self.known(&append.stream)?;
        let connection = &self.connection;
        let verdict = match known {
            None => append.judge(Revision::EMPTY, |_| Ok(None)),
            Some(known) => append.judge(known.revision, |id| placement(connection, known.key, id)),
        };
        match verdict {
            Ok(Verdict::Repeated(appended)) => Ok(Ok(appended)),
            Ok(Verdict::Accepted) => match &self.missing {
                Some((name, version)) => Ok(Err(Fault::InlineMissing {
                    name: name.clone(),
                    version: *version,
                }
                .into())),
                None if self.inline.concern(append) => self.accept_inline(append, known),
                None => self.accept(append, known).map(Ok),
            },
            Err(refusal @ (StoreError::Conflict(_) | StoreError::IdReused { .. })) => {
                Ok(Err(refusal))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes an append in together with what projections do with it; if one says no, it is undone, and nothing else is.
    fn accept_inline(
        &mut self,
        append: &Append,
        known: Option<Known>,
    ) -> Result<Result<Appended, StoreError>, StoreError> {
        let last = self.last;
        self.run("SAVEPOINT es_append").map_err(before_commit)?;
        let appended = self.accept(append, known)?;
        let taken = self.inline.take(&self.connection, append, &appended);
        if self.connection.is_autocommit() {
            return Err(StoreError::Unknown(Fault::InlineEnded.into()));
        }
        let outcome = match taken {
            Ok(()) => Ok(appended),
            Err(refusal @ (StoreError::Rejected(_) | StoreError::Undecodable(_))) => {
                self.run("ROLLBACK TO es_append").map_err(before_commit)?;
                // What was new with it is gone.
                self.last = last;
                self.streams.pop(&append.stream);
                self.names.clear();
                Err(refusal)
            }
            Err(error) => return Err(error),
        };
        self.run("RELEASE es_append").map_err(before_commit)?;
        Ok(outcome)
    }

    fn accept(&mut self, append: &Append, known: Option<Known>) -> Result<Appended, StoreError> {
        let known = match known {
            Some(known) => known,
            None => self.create(&append.stream)?,
        };
        let mut last = self.last()?;
        // Clocks step back; record time doesn't.
        last.recorded_at = self.clock.now().max(last.recorded_at);
        let mut revision = known.revision;
        let names = self.names(append)?;
        let hashes = if self.is_tamper_evident()? {
            Digest::of_events(known.hash, &append.stream, revision.next(), &append.events)
        } else {
            Vec::new()
        };
        let mut statement = self
            .connection
            .prepare_cached(
                "INSERT INTO events (position, stream, revision, id, name, recorded_at, effective_at, payload, \
                 metadata, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .map_err(before_commit)?;
        let mut placements = Vec::with_capacity(append.events.len());
        for (place, (event, name)) in append.events.iter().zip(names).enumerate() {
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
                    hashes.get(place).map(Digest::as_bytes),
                ])
                .map_err(before_commit)?;
            placements.push(Placement::new(revision, last.position, last.recorded_at));
        }
        drop(statement);
        self.last = Some(last);
        let known = Known {
            key: known.key,
            revision,
            hash: hashes.last().copied().or(known.hash),
        };
        self.streams.put(append.stream.clone(), known);
        Ok(Appended::new(placements))
    }

    fn is_tamper_evident(&mut self) -> Result<bool, StoreError> {
        if let Some(tamper_evident) = self.tamper_evident {
            return Ok(tamper_evident);
        }
        let tamper_evident = tamper::is_evident(&self.connection)?;
        self.tamper_evident = Some(tamper_evident);
        Ok(tamper_evident)
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
        let hash = if self.is_tamper_evident()? && !revision.is_empty() {
            tamper::hash(&self.connection, key, revision)?
        } else {
            None
        };
        let known = Known {
            key,
            revision,
            hash,
        };
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
                hash: None,
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
