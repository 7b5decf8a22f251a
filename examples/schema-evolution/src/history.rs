//! The streams in `history/`: one stored event a line, as `{"name": …, "version": …, "payload": …}`.

use es_core::{
    Append, EventId, EventStore, Expected, InvalidJson, Json, NewEvent, StoreError, StreamId,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What version 1 wrote.
pub const VERSION_1: &str = include_str!("../history/version-1.jsonl");
/// What version 2 wrote.
pub const VERSION_2: &str = include_str!("../history/version-2.jsonl");
/// What version 3 writes.
pub const VERSION_3: &str = include_str!("../history/version-3.jsonl");

/// A line of a history.
#[derive(Deserialize)]
pub struct Line<'a> {
    /// The event's name.
    pub name: &'a str,
    /// The version of its payload.
    pub version: u32,
    /// The payload's own text.
    #[serde(borrow)]
    pub payload: &'a RawValue,
}

/// The lines of a history.
pub fn lines(history: &str) -> impl Iterator<Item = Result<Line<'_>, serde_json::Error>> {
    history.lines().map(serde_json::from_str)
}

/// Why a history can't be brought into a store.
#[derive(Debug)]
pub enum ImportError {
    /// A line isn't what it should be.
    Line(serde_json::Error),
    /// A payload can't be stored.
    Payload(InvalidJson),
    /// The store refused.
    Store(StoreError),
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the history can't be brought into the store")
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self {
            Self::Line(error) => error,
            Self::Payload(error) => error,
            Self::Store(error) => error,
        })
    }
}

/// Appends a history as it was written, byte for byte.
pub async fn import(
    store: &impl EventStore,
    stream: StreamId,
    history: &str,
) -> Result<(), ImportError> {
    let mut events = Vec::new();
    for line in lines(history) {
        let line = line.map_err(ImportError::Line)?;
        let payload = Json::parse(line.payload.get()).map_err(ImportError::Payload)?;
        events.push(NewEvent::new(
            EventId::random(),
            line.name,
            line.version,
            payload,
        ));
    }
    let append = Append::new(stream, Expected::NoStream, events);
    store.append(append).await.map_err(ImportError::Store)?;
    Ok(())
}
