//! Events on their way from the thread that read them to whoever asked.

use std::ops::Range;
use std::sync::Arc;

use es_core::{Envelope, Json, Position, StoredEvent};

/// A page that holds this many bytes takes no more events, so that large ones don't fill the memory.
const MAX_BYTES: usize = 8 << 20;

/// Rows as they were read, with all of their text in one piece. The events are made of it by whoever asked: memory that
/// one thread takes and another gives back costs both of them more than all the rest of reading.
#[derive(Default)]
pub(crate) struct Page {
    rows: Vec<ReadRow>,
    text: String,
}

struct ReadRow {
    envelope: Envelope,
    position: Position,
    name: Arc<str>,
    version: u32,
    payload: Range<usize>,
    /// Nothing for an empty object.
    metadata: Option<Range<usize>>,
}

impl Page {
    /// Whether it takes no more: it has so many events, or their texts are large.
    pub(crate) fn is_full(&self, limit: usize) -> bool {
        self.rows.len() == limit || self.text.len() > MAX_BYTES
    }

    /// Adds an event, whose envelope lacks the metadata.
    pub(crate) fn push(
        &mut self,
        envelope: Envelope,
        position: Position,
        (name, version): (Arc<str>, u32),
        payload: &str,
        metadata: Option<&str>,
    ) {
        let row = ReadRow {
            envelope,
            position,
            name,
            version,
            payload: self.keep(payload),
            metadata: metadata.map(|metadata| self.keep(metadata)),
        };
        self.rows.push(row);
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    pub(crate) fn into_events(self) -> Vec<StoredEvent> {
        let Self { rows, text } = self;
        let event = |row: ReadRow| {
            let mut envelope = row.envelope;
            if let Some(metadata) = row.metadata {
                envelope.metadata = Json::from_stored(&text[metadata]);
            }
            let payload = Json::from_stored(&text[row.payload]);
            StoredEvent::new(envelope, row.position, row.name, row.version, payload)
        };
        rows.into_iter().map(event).collect()
    }
}
