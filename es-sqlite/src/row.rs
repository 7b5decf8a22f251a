//! Rows as events. Whatever stands in a row, the answer is an event or a typed error.

use std::sync::Arc;

use es_core::{EventId, Filter, Position, Revision, StoreError, StreamId, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::{Fault, before_commit};
use crate::page::{Page, PageRow};
use crate::tamper::digest;

/// The columns of an event, in the order that [`Rows::read`] takes them.
macro_rules! event_columns {
    () => {
        "position, stream, revision, id, name, recorded_at, effective_at, payload, metadata, hash"
    };
}
pub(crate) use event_columns;

/// How many streams, and how many names, are remembered, each in the place that its key leads to.
const STREAMS: usize = 16_384;
const NAMES: usize = 1_024;

/// Reads rows into pages, and remembers the streams and names that it met: neither ever changes.
pub(crate) struct Rows {
    streams: Remembered<StreamId>,
    names: Remembered<(Arc<str>, u32)>,
    /// The number of the page that is being read.
    page: u64,
}

/// What keys stand for. Keys are given in order, so those that are read together rarely share a place.
struct Remembered<T>(Vec<Option<Met<T>>>);

#[derive(Clone)]
struct Met<T> {
    key: i64,
    value: T,
    /// The last page that it was kept in, and its place there.
    kept: (u64, usize),
}

impl<T: Clone> Remembered<T> {
    fn get_or(
        &mut self,
        key: i64,
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<&mut Met<T>, StoreError> {
        let places = self.0.len();
        let place = &mut self.0[usize::try_from(key).unwrap_or_default() % places];
        if place.as_ref().is_none_or(|met| met.key != key) {
            *place = None;
        }
        if let Some(met) = place {
            return Ok(met);
        }
        let value = read()?;
        // No page has the number 0.
        let kept = (0, 0);
        Ok(place.insert(Met { key, value, kept }))
    }
}

impl<T> Met<T> {
    /// Its place in a page, in which it is kept once.
    fn place(&mut self, page: u64, keep: impl FnOnce(&T) -> usize) -> usize {
        if self.kept.0 != page {
            self.kept = (page, keep(&self.value));
        }
        self.kept.1
    }
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self {
            streams: Remembered(vec![None; STREAMS]),
            names: Remembered(vec![None; NAMES]),
            page: 0,
        }
    }

    /// A page to read into, from now on.
    pub(crate) fn page(&mut self) -> Page {
        self.page += 1;
        Page::default()
    }

    /// Adds a row's event to the page that was begun last.
    pub(crate) fn read(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
        page: &mut Page,
    ) -> Result<Position, StoreError> {
        let number = integer(row, 0).unwrap_or_default();
        let wrong = |column| Fault::Row {
            position: number,
            column,
        };
        let position = u64::try_from(number).map_err(|_| wrong("position"))?;
        let position = Position::new(position);
        let stream = integer(row, 1).ok_or(wrong("stream"))?;
        let name = integer(row, 4).ok_or(wrong("name"))?;
        let current = self.page;
        let row = PageRow {
            position,
            stream: met_stream(&mut self.streams, connection, stream)?
                .place(current, |stream| page.keep_stream(stream)),
            revision: Revision::new(unsigned(row, 2).ok_or(wrong("revision"))?),
            id: event_id(row, 3).ok_or(wrong("id"))?,
            name: met_name(&mut self.names, connection, name)?
                .place(current, |name| page.keep_name(name)),
            recorded_at: timestamp(row, 5).ok_or(wrong("recorded_at"))?,
            effective_at: optional(row, 6, instant, wrong("effective_at"))?,
            payload: page.keep_text(text(row, 7).ok_or(wrong("payload"))?),
            metadata: optional(
                row,
                8,
                |value| Some(page.keep_text(value.as_str().ok()?)),
                wrong("metadata"),
            )?,
            hash: optional(row, 9, digest, wrong("hash"))?,
        };
        page.push(row);
        Ok(position)
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
        let name = integer(row, 4).ok_or(wrong("name"))?;
        let stream = &met_stream(&mut self.streams, connection, stream)?.value;
        let (name, _) = &met_name(&mut self.names, connection, name)?.value;
        Ok(filter.passes(stream.category(), name))
    }
}

/// The stream with this key.
fn met_stream<'m>(
    streams: &'m mut Remembered<StreamId>,
    connection: &Connection,
    key: i64,
) -> Result<&'m mut Met<StreamId>, StoreError> {
    streams.get_or(key, || {
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
fn met_name<'m>(
    names: &'m mut Remembered<(Arc<str>, u32)>,
    connection: &Connection,
    key: i64,
) -> Result<&'m mut Met<(Arc<str>, u32)>, StoreError> {
    names.get_or(key, || {
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

/// A column that may hold nothing; an error if what it holds can't be read.
pub(crate) fn optional<'r, T>(
    row: &'r Row<'_>,
    column: usize,
    read: impl FnOnce(ValueRef<'r>) -> Option<T>,
    wrong: Fault,
) -> Result<Option<T>, Fault> {
    match row.get_ref(column) {
        Ok(ValueRef::Null) => Ok(None),
        Ok(value) => read(value).map(Some).ok_or(wrong),
        Err(_) => Err(wrong),
    }
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
    instant(row.get_ref(column).ok()?)
}

fn instant(value: ValueRef<'_>) -> Option<Timestamp> {
    Timestamp::from_micros(value.as_i64().ok()?)
}

/// A number as SQLite keeps it; none of ours exceeds it in a million years of appending.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
