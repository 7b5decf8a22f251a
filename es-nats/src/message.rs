//! An append as the one message that it is stored as, and back. Whatever stands in a message, the answer is events or a
//! typed error.
//!
//! ```text
//! version of this form, 1                       1 byte
//! the stream's last sequence before, 0 for none 8   bytes, as all numbers the lowest first
//! the first event's revision                    8
//! recorded at, microseconds since 1970          8
//! events, less one                              2
//! and for each:
//!   id                                         16
//!   what follows: 1 effective time, 2 metadata  1
//!   version of the payload                      4
//!   length of the name                          1
//!   length of the payload                       4
//!   effective at, if there is one               8
//!   length of the metadata, if there is any     4
//!   name, payload, metadata
//! ```
//!
//! The form never changes; another one gets another number, and this one is read for ever.

use std::sync::Arc;

use es_core::{
    Append, Envelope, EventId, Json, Metadata, NewEvent, Placement, Position, Revision,
    StoredEvent, StreamId, Timestamp,
};

/// More events than this can't be told apart by a position: its lower bits are the index within the message.
pub(crate) const MAX_EVENTS: usize = 1 << INDEX_BITS;
/// What a message takes beside its events.
const HEAD: usize = 27;
const FORM: u8 = 1;
const INDEX_BITS: u32 = 16;
const EFFECTIVE: u8 = 1;
const METADATA: u8 = 2;

/// Where an append stands: what its message says beside its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The sequence of the message before it in its stream, 0 for none.
    pub previous: u64,
    pub first: Revision,
    pub recorded_at: Timestamp,
    pub events: usize,
}

impl Head {
    /// The last event's revision.
    pub(crate) fn last(&self) -> Revision {
        self.first.plus(self.events as u64 - 1)
    }

    /// Where the events of the message with this sequence are placed.
    pub(crate) fn placements(&self, sequence: u64) -> Vec<Placement> {
        let place = |index: usize| {
            let revision = self.first.plus(index as u64);
            Placement::new(revision, position(sequence, index), self.recorded_at)
        };
        (0..self.events).map(place).collect()
    }
}

/// The place of an event in the log.
pub(crate) fn position(sequence: u64, index: usize) -> Position {
    Position::new((sequence << INDEX_BITS) | index as u64)
}

/// The sequence of the message in which an event stands.
pub(crate) fn sequence(position: Position) -> u64 {
    position.number() >> INDEX_BITS
}

/// How many bytes the message of an append has.
pub(crate) fn size(append: &Append) -> usize {
    append.events.iter().map(event_size).sum::<usize>() + HEAD
}

fn event_size(event: &NewEvent) -> usize {
    let metadata = event.metadata.as_str();
    let optional = if metadata == Metadata::EMPTY {
        0
    } else {
        4 + metadata.len()
    };
    let effective = if event.effective_at.is_some() { 8 } else { 0 };
    26 + effective + optional + event.name.len() + event.payload.as_str().len()
}

/// The message of an append that was checked against the limits.
pub(crate) fn encode(append: &Append, head: &Head) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size(append));
    bytes.push(FORM);
    bytes.extend_from_slice(&head.previous.to_le_bytes());
    bytes.extend_from_slice(&head.first.number().to_le_bytes());
    bytes.extend_from_slice(&head.recorded_at.micros().to_le_bytes());
    bytes.extend_from_slice(&narrow::<u16>(head.events - 1).to_le_bytes());
    for event in &append.events {
        encode_event(&mut bytes, event);
    }
    bytes
}

fn encode_event(bytes: &mut Vec<u8>, event: &NewEvent) {
    let (payload, metadata) = (event.payload.as_str(), event.metadata.as_str());
    let (mut follows, has_metadata) = (0, metadata != Metadata::EMPTY);
    if event.effective_at.is_some() {
        follows |= EFFECTIVE;
    }
    if has_metadata {
        follows |= METADATA;
    }
    bytes.extend_from_slice(event.id.as_bytes());
    bytes.push(follows);
    bytes.extend_from_slice(&event.version.to_le_bytes());
    bytes.push(narrow::<u8>(event.name.len()));
    bytes.extend_from_slice(&narrow::<u32>(payload.len()).to_le_bytes());
    if let Some(effective_at) = event.effective_at {
        bytes.extend_from_slice(&effective_at.micros().to_le_bytes());
    }
    if has_metadata {
        bytes.extend_from_slice(&narrow::<u32>(metadata.len()).to_le_bytes());
    }
    bytes.extend_from_slice(event.name.as_bytes());
    bytes.extend_from_slice(payload.as_bytes());
    if has_metadata {
        bytes.extend_from_slice(metadata.as_bytes());
    }
}

/// A length within the limits, which fit.
fn narrow<T: TryFrom<usize> + Default>(length: usize) -> T {
    T::try_from(length).unwrap_or_default()
}

/// A message as it is read: its events are decoded one by one.
pub(crate) struct Events<'m> {
    pub head: Head,
    rest: &'m [u8],
    left: usize,
}

/// An event whose texts are still those of the message.
pub(crate) struct RawEvent<'m> {
    pub id: EventId,
    pub name: &'m str,
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
        if form != FORM {
            return None;
        }
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

    /// The ids of all events.
    pub(crate) fn ids(mut self) -> Option<Vec<EventId>> {
        let mut ids = Vec::with_capacity(self.left);
        while let Some(event) = self.next() {
            ids.push(event.id);
        }
        self.ended().then_some(ids)
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
        StoredEvent::new(envelope, at.position, name, self.version, payload)
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

#[cfg(test)]
mod tests {
    use es_core::{Append, EventId, Expected, Json, NewEvent, Revision, StreamId, Timestamp};

    use super::{Events, FORM, HEAD, Head, encode, position, sequence, size};

    fn example() -> (Append, Head) {
        let event = |id, name: &str, payload: &str| {
            NewEvent::new(
                EventId::from_bytes([id; 16]),
                name,
                3,
                Json::from_stored(payload),
            )
        };
        let mut events = vec![event(1, "a", "{\"b\": 1}"), event(2, "é", "null")];
        events[1].metadata = Json::from_stored("{\"actor\":\"ada\"}");
        events[1].effective_at = Timestamp::from_micros(-5);
        let stream = StreamId::new("account", "1").unwrap();
        let head = Head {
            previous: 300,
            first: Revision::new(7),
            recorded_at: Timestamp::from_micros(1_000_000).unwrap(),
            events: 2,
        };
        (Append::new(stream, Expected::Any, events), head)
    }

    /// What a release wrote is read by every later one: these bytes never change.
    const GOLDEN: &str = "01 2c01000000000000 0700000000000000 40420f0000000000 0100 \
        01010101010101010101010101010101 00 03000000 01 08000000 61 7b2262223a20317d \
        02020202020202020202020202020202 03 03000000 02 04000000 fbffffffffffffff 0f000000 c3a9 6e756c6c \
        7b226163746f72223a22616461227d";

    fn golden() -> Vec<u8> {
        let digits: String = GOLDEN.split_whitespace().collect();
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(byte).collect()
    }

    #[test]
    fn an_append_has_the_bytes_that_it_always_had() {
        let (append, head) = example();
        let bytes = encode(&append, &head);
        assert_eq!(bytes, golden());
        assert_eq!(bytes.len(), size(&append));
        // As the crate's documentation says: at most 38 for an event, beside its texts.
        assert_eq!(size(&append), HEAD + (26 + 1 + 8) + (38 + 2 + 4 + 15));
    }

    #[test]
    fn the_bytes_are_read_as_the_append_that_they_were() {
        let (append, expected) = example();
        let bytes = golden();
        let mut events = Events::of(&bytes).unwrap();
        let head = events.head;
        assert_eq!(head, expected);
        assert_eq!(head.last(), Revision::new(8));
        for (new, at) in append.events.iter().zip(head.placements(9)) {
            let stored = events.next().unwrap().stored(&append.stream, at);
            assert_eq!((stored.envelope.id, &stored.name), (new.id, &new.name));
            assert_eq!(
                (stored.version, &stored.payload),
                (new.version, &new.payload)
            );
            assert_eq!(stored.envelope.metadata, new.metadata);
            assert_eq!(stored.envelope.effective_at, new.effective_at);
            assert_eq!(stored.envelope.recorded_at, head.recorded_at);
        }
        assert!(events.ended() && events.next().is_none());
        assert_eq!(position(9, 1).number(), (9 << 16) + 1);
        assert_eq!(sequence(position(9, 65_535)), 9);
    }

    fn reads(bytes: &[u8]) -> bool {
        Events::of(bytes).is_some_and(|events| events.ids().is_some())
    }

    #[test]
    fn what_is_no_message_of_ours_is_refused_and_never_a_panic() {
        let bytes = golden();
        assert!(reads(&bytes));
        for length in 0..bytes.len() {
            assert!(!reads(&bytes[..length]), "cut at {length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(!reads(&longer));
        for at in 0..bytes.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut spoilt = bytes.clone();
                spoilt[at] = byte;
                // Whatever it says: it is an answer.
                let _ = reads(&spoilt);
            }
        }
        let mut newer = bytes;
        newer[0] = FORM + 1;
        assert!(!reads(&newer));
    }
}
