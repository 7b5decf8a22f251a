//! A stored message as the events of an append. Whatever stands in it, the answer is events or none.

use std::sync::Arc;

use es_core::{
    Digest, Envelope, EventId, Json, Placement, Revision, StoredEvent, StreamId, Timestamp,
};

use crate::message::{EFFECTIVE, HASHED, Head, METADATA, PLAIN};

/// A message as it is read: its events are decoded one by one.
pub(crate) struct Events<'m> {
    pub head: Head,
    hashed: bool,
    rest: &'m [u8],
    left: usize,
}

/// What is remembered of the events of a message.
pub(crate) struct Known {
    pub ids: Vec<EventId>,
    /// The last one's hash.
    pub hash: Option<Digest>,
}

/// An event whose texts are still those of the message.
pub(crate) struct RawEvent<'m> {
    pub id: EventId,
    pub name: &'m str,
    hash: Option<Digest>,
    version: u32,
    effective_at: Option<Timestamp>,
    payload: &'m str,
    metadata: Option<&'m str>,
}

impl<'m> Events<'m> {
    /// Begins to read a message; `None` if it isn't one of ours.
    pub(crate) fn of(message: &'m [u8]) -> Option<Self> {
        let mut rest = message;
        let [form] = take(&mut rest)?;
        let hashed = match form {
            PLAIN => false,
            HASHED => true,
            _ => return None,
        };
        let previous = u64::from_le_bytes(take(&mut rest)?);
        let first = u64::from_le_bytes(take(&mut rest)?);
        let micros = i64::from_le_bytes(take(&mut rest)?);
        let events = usize::from(u16::from_le_bytes(take(&mut rest)?)) + 1;
        let head = Head {
            previous,
            first: Revision::new(first),
            recorded_at: Timestamp::from_micros(micros)?,
            events,
        };
        // Neither is ever written, and both would break what is counted from them.
        let sound = first > 0 && first.checked_add(events as u64).is_some();
        sound.then_some(Self {
            head,
            hashed,
            rest,
            left: events,
        })
    }

    /// The next event; `None` after the last, or where the message breaks off.
    pub(crate) fn next(&mut self) -> Option<RawEvent<'m>> {
        let left = self.left.checked_sub(1)?;
        let mut bytes = self.rest;
        let rest = &mut bytes;
        let id = EventId::from_bytes(take(rest)?);
        let hash = if self.hashed {
            Some(Digest::from_bytes(take(rest)?))
        } else {
            None
        };
        let [follows] = take(rest)?;
        let version = u32::from_le_bytes(take(rest)?);
        let [name] = take(rest)?;
        let payload = u32::from_le_bytes(take(rest)?);
        let effective_at = match follows & EFFECTIVE {
            0 => None,
            _ => Some(Timestamp::from_micros(i64::from_le_bytes(take(rest)?))?),
        };
        let metadata = match follows & METADATA {
            0 => None,
            _ => Some(u32::from_le_bytes(take(rest)?)),
        };
        let event = RawEvent {
            id,
            hash,
            version,
            effective_at,
            name: text(rest, u32::from(name))?,
            payload: text(rest, payload)?,
            metadata: match metadata {
                None => None,
                Some(length) => Some(text(rest, length)?),
            },
        };
        // Where it breaks off, it isn't at its end.
        (self.rest, self.left) = (bytes, left);
        Some(event)
    }

    /// Whether there is no event left, and nothing else.
    pub(crate) fn ended(&self) -> bool {
        self.left == 0 && self.rest.is_empty()
    }

    /// What is to be remembered of all of them.
    pub(crate) fn known(mut self) -> Option<Known> {
        let mut ids = Vec::with_capacity(self.left);
        let mut hash = None;
        while let Some(event) = self.next() {
            ids.push(event.id);
            hash = event.hash;
        }
        self.ended().then_some(Known { ids, hash })
    }
}

impl RawEvent<'_> {
    /// The event, with texts of its own.
    pub(crate) fn stored(&self, stream: &StreamId, at: Placement) -> StoredEvent {
        let mut envelope = Envelope::new(self.id, stream.clone(), at.revision, at.recorded_at);
        envelope.effective_at = self.effective_at;
        if let Some(metadata) = self.metadata {
            envelope.metadata = Json::from_stored(metadata);
        }
        let payload = Json::from_stored(self.payload);
        let name: Arc<str> = self.name.into();
        let mut event = StoredEvent::new(envelope, at.position, name, self.version, payload);
        event.hash = self.hash;
        event
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

fn text<'m>(rest: &mut &'m [u8], length: u32) -> Option<&'m str> {
    let (taken, left) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = left;
    std::str::from_utf8(taken).ok()
}
