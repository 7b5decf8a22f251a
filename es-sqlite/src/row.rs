//! Rows as events. Whatever stands in a row, the answer is an event or a typed error.

use std::sync::Arc;

use es_core::{Envelope, EventId, Filter, Position, Revision, StoreError, StreamId, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::{Fault, before_commit};
use crate::page::Page;

/// The columns of an event, in the order that [`Rows::read`] takes them.
macro_rules! event_columns {
    () => {
        "position, stream, revision, id, name, recorded_at, effective_at, payload, metadata"
    };
}
pub(crate) use event_columns;

/// How many streams, and how many names, are remembered, each in the place that its key leads to.
const STREAMS: usize = 16_384;
const NAMES: usize = 1_024;

/// Makes events of rows, and remembers the streams and names that it met: neither ever changes.
pub(crate) struct Rows {
    streams: Remembered<StreamId>,
    names: Remembered<(Arc<str>, u32)>,
}

/// What keys stand for. Keys are given in order, so those that are read together rarely share a place.
struct Remembered<T>(Vec<Option<(i64, T)>>);

impl<T: Clone> Remembered<T> {
    fn get_or<E>(&mut self, key: i64, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let places = self.0.len();
        let place = &mut self.0[usize::try_from(key).unwrap_or_default() % places];
        match place {
            Some((known, value)) if *known == key => Ok(value.clone()),
            _ => {
                let value = read()?;
                *place = Some((key, value.clone()));
                Ok(value)
            }
        }
    }
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self {
            streams: Remembered(vec![None; STREAMS]),
            names: Remembered(vec![None; NAMES]),
        }
    }

    /// Adds a row's event to a page.
    pub(crate) fn read(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
        page: &mut Page,
    ) -> Result<(), StoreError> {
        let position = integer(row, 0).unwrap_or_default();
        let wrong = |column| Fault::Row { position, column };
        let stream = integer(row, 1).ok_or(wrong("stream"))?;
        let stream = self.stream(connection, stream)?;
        let revision = unsigned(row, 2).ok_or(wrong("revision"))?;
        let id = event_id(row, 3).ok_or(wrong("id"))?;
        let name = integer(row, 4).ok_or(wrong("name"))?;
        let name = self.name(connection, name)?;
        let recorded_at = timestamp(row, 5).ok_or(wrong("recorded_at"))?;
        let mut envelope = Envelope::new(id, stream, Revision::new(revision), recorded_at);
        if !is_null(row, 6) {
            envelope.effective_at = Some(timestamp(row, 6).ok_or(wrong("effective_at"))?);
        }
        let payload = text(row, 7).ok_or(wrong("payload"))?;
        let metadata = if is_null(row, 8) {
            None
        } else {
            Some(text(row, 8).ok_or(wrong("metadata"))?)
        };
        let position = Position::new(unsigned(row, 0).ok_or(wrong("position"))?);
        page.push(envelope, position, name, payload, metadata);
        Ok(())
    }

    /// Whether a row's event passes, from its stream and its name alone.
    pub(crate) fn passes(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
        filter: &Filter,
    ) -> Result<bool, StoreError> {
        let position = integer(row, 0).unwrap_or_default();
        let wrong = |column| Fault::Row { position, column };
        let stream = integer(row, 1).ok_or(wrong("stream"))?;
        let stream = self.stream(connection, stream)?;
        let name = integer(row, 4).ok_or(wrong("name"))?;
        let (name, _) = self.name(connection, name)?;
        Ok(filter.passes(stream.category(), &name))
    }

    /// The stream with this key.
    fn stream(&mut self, connection: &Connection, key: i64) -> Result<StreamId, StoreError> {
        self.streams.get_or(key, || {
            connection
                .prepare_cached("SELECT category, id FROM streams WHERE key = ?1")
                .and_then(|mut statement| {
                    let read = |row: &Row<'_>| {
                        let named = text(row, 0).zip(text(row, 1));
                        Ok(named.and_then(|(category, id)| StreamId::new(category, id).ok()))
                    };
                    statement.query_row([key], read).optional()
                })
                .map_err(before_commit)?
                .flatten()
                .ok_or_else(|| Fault::Stream { key }.into())
        })
    }

    /// The name and version with this key.
    fn name(&mut self, connection: &Connection, key: i64) -> Result<(Arc<str>, u32), StoreError> {
        self.names.get_or(key, || {
            connection
                .prepare_cached("SELECT name, version FROM names WHERE key = ?1")
                .and_then(|mut statement| {
                    let read = |row: &Row<'_>| {
                        let version = integer(row, 1).and_then(|version| version.try_into().ok());
                        Ok(text(row, 0).map(Arc::from).zip(version))
                    };
                    statement.query_row([key], read).optional()
                })
                .map_err(before_commit)?
                .flatten()
                .ok_or_else(|| Fault::Name { key }.into())
        })
    }
}

fn is_null(row: &Row<'_>, column: usize) -> bool {
    matches!(row.get_ref(column), Ok(ValueRef::Null))
}

pub(crate) fn integer(row: &Row<'_>, column: usize) -> Option<i64> {
    row.get_ref(column).ok()?.as_i64().ok()
}

pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Option<u64> {
    integer(row, column)?.try_into().ok()
}

pub(crate) fn text<'r>(row: &'r Row<'_>, column: usize) -> Option<&'r str> {
    row.get_ref(column).ok()?.as_str().ok()
}

pub(crate) fn event_id(row: &Row<'_>, column: usize) -> Option<EventId> {
    let bytes = row.get_ref(column).ok()?.as_blob().ok()?;
    Some(EventId::from_bytes(bytes.try_into().ok()?))
}

pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> Option<Timestamp> {
    Timestamp::from_micros(integer(row, column)?)
}

/// A number as SQLite keeps it; none of ours exceeds it in a million years of appending.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
