//! The other side of the benchmarks: rusqlite with the store's columns, indexes and pragmas, and nothing around it.

#![allow(dead_code, reason = "each benchmark uses a part")]

use std::path::Path;

use es_core::EventId;
use rusqlite::{CachedStatement, Connection, params};
use tokio::sync::{mpsc, oneshot};

/// As `src/schema.rs` has it. The triggers cost an insert nothing and are left out.
const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS streams (
        key INTEGER PRIMARY KEY, category TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (category, id)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS names (
        key INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (name <> ''), version INTEGER NOT NULL CHECK (version > 0),
        UNIQUE (name, version)
    ) STRICT;
    INSERT OR IGNORE INTO names VALUES (1, 'account.deposited', 1);
    CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY CHECK (position > 0),
        stream INTEGER NOT NULL REFERENCES streams (key),
        revision INTEGER NOT NULL CHECK (revision > 0),
        id BLOB NOT NULL CHECK (length(id) = 16),
        name INTEGER NOT NULL REFERENCES names (key),
        recorded_at INTEGER NOT NULL,
        effective_at INTEGER,
        payload TEXT NOT NULL,
        metadata TEXT,
        UNIQUE (stream, revision),
        UNIQUE (stream, id)
    ) STRICT;
";

const INSERT: &str = "INSERT INTO events (position, stream, revision, id, name, recorded_at, effective_at, payload, metadata) \
     VALUES (?1, ?2, ?3, ?4, 1, ?5, NULL, ?6, NULL)";

/// One append: its stream's key, the revision before it, and the payloads.
pub(crate) struct Job {
    pub stream: i64,
    pub revision: i64,
    pub payloads: Vec<String>,
}

pub(crate) struct Bare {
    connection: Connection,
    position: i64,
}

impl Bare {
    /// A database with this many streams, whose keys count from 1.
    pub(crate) fn open(path: &Path, streams: usize) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(TABLES)?;
        for stream in 1..=streams {
            let id = stream.to_string();
            connection.execute(
                "INSERT OR IGNORE INTO streams (category, id) VALUES ('account', ?1)",
                [id],
            )?;
        }
        Ok(Self {
            connection,
            position: 0,
        })
    }

    /// Inserts all of these in one transaction.
    pub(crate) fn commit<'j>(
        &mut self,
        jobs: impl IntoIterator<Item = &'j Job>,
    ) -> rusqlite::Result<()> {
        self.run("BEGIN IMMEDIATE")?;
        let mut insert = self.connection.prepare_cached(INSERT)?;
        for job in jobs {
            Self::insert(&mut insert, &mut self.position, job)?;
        }
        drop(insert);
        self.run("COMMIT")
    }

    fn insert(
        insert: &mut CachedStatement<'_>,
        position: &mut i64,
        job: &Job,
    ) -> rusqlite::Result<()> {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |now| now.as_micros());
        for (revision, payload) in (job.revision + 1..).zip(&job.payloads) {
            *position += 1;
            let id = EventId::random();
            insert.execute(params![
                *position,
                job.stream,
                revision,
                id.as_bytes().as_slice(),
                i64::try_from(now).unwrap_or_default(),
                payload,
            ])?;
        }
        Ok(())
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// A thread that commits together what waits, and answers each.
    pub(crate) fn group_commit(mut self) -> mpsc::Sender<(Job, oneshot::Sender<()>)> {
        let (queue, mut jobs) = mpsc::channel::<(Job, oneshot::Sender<()>)>(1_024);
        std::thread::spawn(move || {
            let mut batch = Vec::new();
            while let Some(first) = jobs.blocking_recv() {
                batch.push(first);
                while let Ok(next) = jobs.try_recv() {
                    batch.push(next);
                }
                self.commit(batch.iter().map(|(job, _)| job))
                    .expect("the bare side commits");
                for (_, answer) in batch.drain(..) {
                    let _ = answer.send(());
                }
            }
        });
        queue
    }
}
