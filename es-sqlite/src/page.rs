//! Events on their way from the thread that read them to whoever asked.

use std::ops::Range;
use std::sync::Arc;

use es_core::{
    Digest, Envelope, EventId, Json, Position, Revision, StoredEvent, StreamId, Timestamp,
};

/// A page that holds this many bytes takes no more events, so that large ones don't fill the memory.
const MAX_BYTES: usize = 8 << 20;

/// Rows as they were read: their texts in one piece, and each stream and name once.
///
/// The events are made of it by whoever asked. Memory that one thread takes and another gives back, and counters of
/// references that two threads change in turn, cost both of them more than all the rest of reading.
#[derive(Default)]
pub(crate) struct Page {
    rows: Vec<PageRow>,
    texts: String,
    streams: Vec<StreamId>,
    names: Vec<(Arc<str>, u32)>,
}

/// A row of a page, with its stream and its name by their places there.
pub(crate) struct PageRow {
    pub(crate) position: Position,
    pub(crate) stream: usize,
    pub(crate) revision: Revision,
    pub(crate) id: EventId,
    pub(crate) name: usize,
    pub(crate) recorded_at: Timestamp,
    pub(crate) effective_at: Option<Timestamp>,
    pub(crate) payload: Range<usize>,
    /// Nothing for an empty object.
    pub(crate) metadata: Option<Range<usize>>,
    pub(crate) hash: Option<Digest>,
}

impl Page {
    /// Whether it takes no more: it has so many events, or their texts are large.
    pub(crate) fn is_full(&self, limit: usize) -> bool {
        self.rows.len() == limit || self.texts.len() > MAX_BYTES
    }

    pub(crate) fn push(&mut self, row: PageRow) {
        self.rows.push(row);
    }

    pub(crate) fn keep_text(&mut self, text: &str) -> Range<usize> {
        let start = self.texts.len();
        self.texts.push_str(text);
        start..self.texts.len()
    }

    pub(crate) fn keep_stream(&mut self, stream: &StreamId) -> usize {
        self.streams.push(stream.clone());
        self.streams.len() - 1
    }

    pub(crate) fn keep_name(&mut self, name: &(Arc<str>, u32)) -> usize {
        self.names.push(name.clone());
        self.names.len() - 1
    }

    pub(crate) fn into_events(self) -> Vec<StoredEvent> {
        let json = |text: Range<usize>| Json::from_stored(&self.texts[text]);
        let event = |row: PageRow| {
            let stream = self.streams[row.stream].clone();
            let (name, version) = &self.names[row.name];
            let mut envelope = Envelope::new(row.id, stream, row.revision, row.recorded_at);
            envelope.effective_at = row.effective_at;
            if let Some(metadata) = row.metadata {
                envelope.metadata = json(metadata);
            }
            let payload = json(row.payload);
            let name = Arc::clone(name);
            let mut event = StoredEvent::new(envelope, row.position, name, *version, payload);
            // Only where there is one: setting it looks whether the event is shared.
            if row.hash.is_some() {
                event.hash = row.hash;
            }
            event
        };
        self.rows.into_iter().map(event).collect()
    }
}
