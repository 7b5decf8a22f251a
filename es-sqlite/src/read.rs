//! Reading: threads with a connection each, which answer in pages.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use es_core::{
    Direction, EventId, Filter, LogQuery, Placement, Position, Revision, StoreError, StreamId,
    StreamQuery,
};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::oneshot;

use crate::error::{Fault, before_commit, gone};
use crate::page::Page;
use crate::row::{Rows, event_columns, signed, timestamp, unsigned};
use crate::threads::{Started, Threads};
use crate::{SqliteOptions, tamper};

/// How many events a filtered read looks at before it answers how far it came.
const STEP: usize = 50_000;

type Question = Box<dyn FnOnce(&mut Reader) + Send>;

/// The threads that read. They end when this is dropped, and with it the way to ask them.
pub(crate) struct Readers {
    /// `None` ends the thread that takes it.
    questions: Sender<Option<Question>>,
    threads: Started,
}

/// A connection, with what it remembers.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    rows: Rows,
}

impl Readers {
    pub(crate) fn start(options: &SqliteOptions, path: &Path) -> Result<Self, StoreError> {
        let (questions, asked) = channel();
        let asked = Arc::new(Mutex::new(asked));
        let mut threads = Threads::default();
        for number in 1..=options.readers {
            let connection = options.connect(path)?;
            connection
                .execute_batch("PRAGMA query_only = ON")
                .map_err(before_commit)?;
            let mut reader = Reader {
                connection,
                rows: Rows::new(),
            };
            let asked = Arc::clone(&asked);
            threads.start(&format!("read {number}"), move || {
                while let Some(question) = next(&asked) {
                    question(&mut reader);
                }
            })?;
        }
        Ok(Self {
            questions,
            threads: Started::all(threads),
        })
    }

    /// Answers what was asked, and waits until the connections are closed. Blocks.
    pub(crate) fn close(&self) {
        self.threads.end(|| {
            let _ = self.questions.send(None);
        });
    }

    /// Has a reader answer. The question is put when the future is first polled.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let question: Question = Box::new(move |reader| {
            // Whoever asked may be gone, and then needs no answer, and no work either.
            if !answer.is_closed() {
                let _ = answer.send(question(reader));
            }
        });
        let asked = self.questions.send(Some(question));
        asked.map_err(|_| Fault::Closed)?;
        answered.await.map_err(gone)?
    }
}

/// The next question. One thread at a time waits for it; the others wait for their turn.
fn next(asked: &Mutex<Receiver<Option<Question>>>) -> Option<Question> {
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.recv().ok().flatten()
}

/// The last position.
pub(crate) fn head(connection: &Connection) -> Result<Position, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT coalesce(max(position), 0) FROM events")
        .map_err(before_commit)?;
    let head = statement
        .query_row([], |row| Ok(unsigned(row, 0)))
        .map_err(before_commit)?;
    Ok(Position::new(head.unwrap_or_default()))
}

/// The key of a stream, if it has events.
pub(crate) fn stream_key(
    connection: &Connection,
    stream: &StreamId,
) -> Result<Option<i64>, StoreError> {
    connection
        .prepare_cached("SELECT key FROM streams WHERE category = ?1 AND id = ?2")
        .and_then(|mut statement| {
            statement
                .query_row(params![stream.category(), stream.id()], |row| row.get(0))
                .optional()
        })
        .map_err(before_commit)
}

/// Where an event id stands in a stream.
pub(crate) fn placement(
    connection: &Connection,
    key: i64,
    id: EventId,
) -> Result<Option<Placement>, StoreError> {
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

impl Reader {
    pub(crate) fn head(&mut self) -> Result<Position, StoreError> {
        head(&self.connection)
    }

    pub(crate) fn hashed_from(&mut self) -> Result<Option<Position>, StoreError> {
        tamper::hashed_from(&self.connection)
    }

    /// A page with the event, or none.
    pub(crate) fn find(&mut self, stream: &StreamId, id: EventId) -> Result<Page, StoreError> {
        let Some(key) = stream_key(&self.connection, stream)? else {
            return Ok(Page::default());
        };
        let mut statement = self
            .connection
            .prepare_cached(concat!(
                "SELECT ",
                event_columns!(),
                " FROM events WHERE stream = ?1 AND id = ?2"
            ))
            .map_err(before_commit)?;
        let mut rows = statement
            .query(params![key, id.as_bytes().as_slice()])
            .map_err(before_commit)?;
        let mut page = self.rows.page();
        if let Some(row) = rows.next().map_err(before_commit)? {
            self.rows.read(&self.connection, row, &mut page)?;
        }
        Ok(page)
    }

    /// A page, and whether it is the last.
    pub(crate) fn read_stream(&mut self, query: &StreamQuery) -> Result<(Page, bool), StoreError> {
        read_stream(&self.connection, &mut self.rows, query)
    }

    /// A page, how far was looked for it, and whether it is the last.
    pub(crate) fn read_log(
        &mut self,
        query: &LogQuery,
    ) -> Result<(Page, Position, bool), StoreError> {
        read_log(&self.connection, &mut self.rows, query)
    }
}

/// A page of a stream, and whether it is the last.
pub(crate) fn read_stream(
    connection: &Connection,
    memory: &mut Rows,
    query: &StreamQuery,
) -> Result<(Page, bool), StoreError> {
    let Some(key) = stream_key(connection, &query.stream)? else {
        return Ok((Page::default(), true));
    };
    let (sql, from) = match query.direction {
        Direction::Forwards => (
            concat!(
                "SELECT ",
                event_columns!(),
                " FROM events WHERE stream = ?1 AND revision >= ?2 ORDER BY revision LIMIT ?3"
            ),
            query.from.map_or(0, |from| signed(from.number())),
        ),
        Direction::Backwards => (
            concat!(
                "SELECT ",
                event_columns!(),
                " FROM events WHERE stream = ?1 AND revision <= ?2 ORDER BY revision DESC LIMIT ?3"
            ),
            query.from.map_or(i64::MAX, |from| signed(from.number())),
        ),
    };
    let mut statement = connection.prepare_cached(sql).map_err(before_commit)?;
    // One more than is wanted tells whether there are more.
    let limit = signed(query.limit as u64).saturating_add(1);
    let mut rows = statement
        .query(params![key, from, limit])
        .map_err(before_commit)?;
    let mut page = memory.page();
    while let Some(row) = rows.next().map_err(before_commit)? {
        if page.is_full(query.limit) {
            return Ok((page, false));
        }
        memory.read(connection, row, &mut page)?;
    }
    Ok((page, true))
}

/// A page of the log, how far was looked for it, and whether it is the last.
pub(crate) fn read_log(
    connection: &Connection,
    memory: &mut Rows,
    query: &LogQuery,
) -> Result<(Page, Position, bool), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            event_columns!(),
            " FROM events WHERE position > ?1 AND position <= ?2 ORDER BY position"
        ))
        .map_err(before_commit)?;
    let (after, until) = (signed(query.after.number()), signed(query.until.number()));
    let mut rows = statement
        .query(params![after, until])
        .map_err(before_commit)?;
    let all = query.filter == Filter::all();
    let mut page = memory.page();
    let (mut looked_to, mut looked) = (query.after, 0);
    while let Some(row) = rows.next().map_err(before_commit)? {
        if looked == STEP {
            return Ok((page, looked_to, false));
        }
        // The payload of an event that doesn't pass is never looked at.
        if all || memory.passes(connection, row, &query.filter)? {
            if page.is_full(query.limit) {
                return Ok((page, looked_to, false));
            }
            looked_to = memory.read(connection, row, &mut page)?;
        } else {
            looked_to = Position::new(unsigned(row, 0).unwrap_or_default());
        }
        looked += 1;
    }
    Ok((page, looked_to, true))
}
