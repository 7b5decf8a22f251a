//! Rows as events. Whatever stands in a row, the answer is an event or a typed error.

use std::error::Error;
use std::sync::Arc;

use es_core::{
    Digest, Envelope, Json, Position, Revision, StoreError, StoredEvent, StreamId, Timestamp,
};
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};
use uuid::Uuid;

use crate::error::Fault;

/// The columns of an event, in the order that [`Memory::event`] takes them.
pub(crate) const EVENT_COLUMNS: &str = "position, stream, revision, id, name, version, recorded_at, effective_at, payload, metadata, hash";

/// How many streams, and how many names, are remembered, each in a place that its text leads to.
const STREAMS: usize = 1_024;
const NAMES: usize = 64;

/// Makes events of rows, and shares the streams and names that they have in common.
pub(crate) struct Memory {
    streams: Box<[Option<StreamId>]>,
    names: Box<[Option<Arc<str>>]>,
}

/// FNV-1a, as it is short and names are. Two texts that meet in a place only cost each other's memory.
pub(crate) fn place(text: &str, places: usize) -> usize {
    let mixed = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from((mixed ^ (mixed >> 32)) % places as u64).unwrap_or_default()
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            streams: vec![None; STREAMS].into(),
            names: vec![None; NAMES].into(),
        }
    }

    /// A row's event.
    pub(crate) fn event(&mut self, row: &Row) -> Result<StoredEvent, StoreError> {
        let number: i64 = row.try_get(0).unwrap_or_default();
        let wrong = |column| Fault::Row {
            position: number,
            column,
        };
        let position = unsigned(number).ok_or(wrong("position"))?;
        let stream = text(row, 1).ok_or(wrong("stream"))?;
        let stream = self.stream(stream).ok_or(wrong("stream"))?;
        let revision = integer(row, 2)
            .and_then(unsigned)
            .ok_or(wrong("revision"))?;
        let id: Uuid = row.try_get(3).map_err(|_| wrong("id"))?;
        let name = text(row, 4).ok_or(wrong("name"))?;
        let name = self.name(name);
        let version = integer(row, 5).and_then(|version| version.try_into().ok());
        let version = version.ok_or(wrong("version"))?;
        let recorded_at = row.try_get::<_, Micros>(6).ok();
        let recorded_at = recorded_at.and_then(Micros::timestamp);
        let recorded_at = recorded_at.ok_or(wrong("recorded_at"))?;
        let effective_at: Option<Micros> = row.try_get(7).map_err(|_| wrong("effective_at"))?;
        let payload = text(row, 8).ok_or(wrong("payload"))?;
        let metadata: Option<&str> = row.try_get(9).map_err(|_| wrong("metadata"))?;

        let mut envelope = Envelope::new(id.into(), stream, Revision::new(revision), recorded_at);
        if let Some(micros) = effective_at {
            envelope.effective_at = Some(micros.timestamp().ok_or(wrong("effective_at"))?);
        }
        if let Some(metadata) = metadata {
            envelope.metadata = Json::from_stored(metadata);
        }
        let (position, payload) = (Position::new(position), Json::from_stored(payload));
        let mut event = StoredEvent::new(envelope, position, name, version, payload);
        let hash: Option<&[u8]> = row.try_get(10).map_err(|_| wrong("hash"))?;
        if let Some(hash) = hash {
            let hash = hash.try_into().map_err(|_| wrong("hash"))?;
            event.hash = Some(Digest::from_bytes(hash));
        }
        Ok(event)
    }

    fn stream(&mut self, text: &str) -> Option<StreamId> {
        let known = &mut self.streams[place(text, STREAMS)];
        match known {
            Some(stream) if stream.as_str() == text => Some(stream.clone()),
            _ => {
                let stream: StreamId = text.parse().ok()?;
                Some(known.insert(stream).clone())
            }
        }
    }

    fn name(&mut self, text: &str) -> Arc<str> {
        let known = &mut self.names[place(text, NAMES)];
        match known {
            Some(name) if **name == *text => Arc::clone(name),
            _ => Arc::clone(known.insert(text.into())),
        }
    }
}

pub(crate) fn integer(row: &Row, column: usize) -> Option<i64> {
    row.try_get(column).ok()
}

pub(crate) fn text(row: &Row, column: usize) -> Option<&str> {
    row.try_get(column).ok()
}

pub(crate) fn unsigned(number: i64) -> Option<u64> {
    number.try_into().ok()
}

/// A number as PostgreSQL keeps it; none of ours exceeds it in a million years of appending.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A `timestamptz` as it is sent: microseconds since 2000.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Micros(i64);

/// From 1970 to 2000, in microseconds.
const EPOCH: i64 = 946_684_800_000_000;

impl Micros {
    /// The instant, unless it is infinite or out of range.
    pub(crate) fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_micros(self.0.checked_add(EPOCH)?)
    }
}

impl From<Timestamp> for Micros {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.micros() - EPOCH)
    }
}

impl ToSql for Micros {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl FromSql<'_> for Micros {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(i64::from_be_bytes(raw.try_into()?)))
    }

    accepts!(TIMESTAMPTZ);
}

/// A hash as it is sent: its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hash(pub Digest);

impl ToSql for Hash {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    accepts!(BYTEA);
    to_sql_checked!();
}

impl FromSql<'_> for Hash {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Digest::from_bytes(raw.try_into()?)))
    }

    accepts!(BYTEA);
}
