//! Some revisions of a stream, as their messages come in order.

use std::collections::VecDeque;

use es_core::{StoreError, StoredEvent, StreamId};

use super::MAX_BYTES;
use crate::error::Fault;
use crate::events::Events;

/// The events of some revisions, as their messages come in order.
pub(crate) struct Range<'r> {
    stream: &'r StreamId,
    /// The next revision that is wanted, and the last.
    pub next: u64,
    to: u64,
    limit: usize,
    /// Whether the oldest give way to newer ones where all are too many bytes.
    newest: bool,
    pub events: VecDeque<StoredEvent>,
    bytes: usize,
}

impl<'r> Range<'r> {
    pub(crate) fn new(stream: &'r StreamId, from: u64, to: u64, limit: usize) -> Self {
        Self {
            stream,
            next: from,
            to,
            limit,
            newest: false,
            events: VecDeque::new(),
            bytes: 0,
        }
    }

    pub(crate) fn newest(self) -> Self {
        Self {
            newest: true,
            ..self
        }
    }

    /// How many messages hold them, at most.
    pub(crate) fn expected(&self) -> usize {
        let left = usize::try_from(self.to.saturating_sub(self.next)).unwrap_or(usize::MAX);
        left.saturating_add(1).min(self.limit)
    }

    /// Takes what is wanted of a message; whether more is.
    pub(crate) fn take(&mut self, sequence: u64, message: &[u8]) -> Result<bool, StoreError> {
        let broken = || Fault::Message(sequence);
        let mut events = Events::of(message).ok_or_else(broken)?;
        for at in events.head.placements(sequence) {
            let event = events.next().ok_or_else(broken)?;
            if at.revision.number() < self.next {
                continue;
            }
            if at.revision.number() > self.to || self.is_full() {
                return Ok(false);
            }
            self.push(event.stored(self.stream, at));
            self.next = at.revision.number() + 1;
        }
        if !events.ended() {
            return Err(broken().into());
        }
        Ok(self.next <= self.to && !self.is_full())
    }

    fn is_full(&self) -> bool {
        self.events.len() >= self.limit || (self.bytes > MAX_BYTES && !self.newest)
    }

    fn push(&mut self, event: StoredEvent) {
        self.bytes += bytes(&event);
        self.events.push_back(event);
        while self.newest && self.bytes > MAX_BYTES && self.events.len() > 1 {
            let oldest = self.events.pop_front();
            self.bytes -= oldest.as_ref().map_or(0, bytes);
        }
    }
}

fn bytes(event: &StoredEvent) -> usize {
    event.payload.as_str().len() + event.envelope.metadata.as_str().len()
}
