//! An append as the one message that it is stored as.
//!
//! ```text
//! version of this form                          1 byte
//! the stream's last sequence before, 0 for none 8   bytes, as all numbers the lowest first
//! the first event's revision                    8
//! recorded at, microseconds since 1970          8
//! events, less one                              2
//! and for each:
//!   id                                         16
//!   in form 2, its hash                        32
//!   what follows: 1 effective time, 2 metadata  1
//!   version of the payload                      4
//!   length of the name                          1
//!   length of the payload                       4
//!   effective at, if there is one               8
//!   length of the metadata, if there is any     4
//!   name, payload, metadata
//! ```
//!
//! The messages of a log that isn't tamper-evident have form 1, those of one that is form 2. A form never changes; another
//! one gets another number, and these are read for ever.

use es_core::{Append, Digest, Metadata, NewEvent, Placement, Position, Revision, Timestamp};

/// More events than this can't be told apart by a position: its lower bits are the index within the message.
pub(crate) const MAX_EVENTS: usize = 1 << INDEX_BITS;
/// What a message takes beside its events.
const HEAD: usize = 27;
/// What it takes of a tamper-evident log beside an event.
const HASH: usize = 32;
pub(crate) const PLAIN: u8 = 1;
pub(crate) const HASHED: u8 = 2;
const INDEX_BITS: u32 = 16;
pub(crate) const EFFECTIVE: u8 = 1;
pub(crate) const METADATA: u8 = 2;

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
pub(crate) fn size(append: &Append, hashed: bool) -> usize {
    let beside = if hashed { HASH } else { 0 };
    let sizes = append.events.iter().map(|event| event_size(event) + beside);
    sizes.sum::<usize>() + HEAD
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

/// The message of an append that was checked against the limits; with the hash of each event, or with none.
pub(crate) fn encode(append: &Append, head: &Head, hashes: &[Digest]) -> Vec<u8> {
    let form = if hashes.is_empty() { PLAIN } else { HASHED };
    let mut bytes = Vec::with_capacity(size(append, form == HASHED));
    bytes.push(form);
    bytes.extend_from_slice(&head.previous.to_le_bytes());
    bytes.extend_from_slice(&head.first.number().to_le_bytes());
    bytes.extend_from_slice(&head.recorded_at.micros().to_le_bytes());
    bytes.extend_from_slice(&narrow::<u16>(head.events - 1).to_le_bytes());
    for (index, event) in append.events.iter().enumerate() {
        encode_event(&mut bytes, event, hashes.get(index));
    }
    bytes
}

fn encode_event(bytes: &mut Vec<u8>, event: &NewEvent, hash: Option<&Digest>) {
    let (payload, metadata) = (event.payload.as_str(), event.metadata.as_str());
    let (mut follows, has_metadata) = (0, metadata != Metadata::EMPTY);
    if event.effective_at.is_some() {
        follows |= EFFECTIVE;
    }
    if has_metadata {
        follows |= METADATA;
    }
    bytes.extend_from_slice(event.id.as_bytes());
    if let Some(hash) = hash {
        bytes.extend_from_slice(hash.as_bytes());
    }
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

#[cfg(test)]
mod tests {
    use es_core::{
        Append, Digest, EventId, Expected, Json, NewEvent, Revision, StreamId, Timestamp,
    };

    use super::{HASHED, HEAD, Head, PLAIN, encode, position, sequence, size};
    use crate::events::Events;

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
    const GOLDEN: [&str; 2] = [
        "01 2c01000000000000 0700000000000000 40420f0000000000 0100 \
        01010101010101010101010101010101 00 03000000 01 08000000 61 7b2262223a20317d \
        02020202020202020202020202020202 03 03000000 02 04000000 fbffffffffffffff 0f000000 c3a9 6e756c6c \
        7b226163746f72223a22616461227d",
        "02 2c01000000000000 0700000000000000 40420f0000000000 0100 \
        01010101010101010101010101010101 0808080808080808080808080808080808080808080808080808080808080808 \
        00 03000000 01 08000000 61 7b2262223a20317d \
        02020202020202020202020202020202 0909090909090909090909090909090909090909090909090909090909090909 \
        03 03000000 02 04000000 fbffffffffffffff 0f000000 c3a9 6e756c6c 7b226163746f72223a22616461227d",
    ];

    /// Of each form, with the hashes that are in it.
    fn golden() -> [(Vec<u8>, Vec<Digest>); 2] {
        let bytes = |text: &str| {
            let digits: String = text.split_whitespace().collect();
            let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            (0..digits.len()).step_by(2).map(byte).collect()
        };
        let hashes = [8, 9].map(|byte| Digest::from_bytes([byte; 32]));
        [
            (bytes(GOLDEN[0]), Vec::new()),
            (bytes(GOLDEN[1]), hashes.to_vec()),
        ]
    }

    #[test]
    fn an_append_has_the_bytes_that_it_always_had() {
        let (append, head) = example();
        for (expected, hashes) in golden() {
            let bytes = encode(&append, &head, &hashes);
            assert_eq!(bytes, expected);
            assert_eq!(bytes.len(), size(&append, !hashes.is_empty()));
        }
        // As the crate's documentation says: at most 38 for an event, beside its texts, and 32 more for a hash.
        let texts = (1 + 8) + (2 + 4 + 15);
        assert_eq!(size(&append, false), HEAD + 26 + 38 + texts);
        assert_eq!(size(&append, true), HEAD + 26 + 38 + 2 * 32 + texts);
    }

    #[test]
    fn the_bytes_are_read_as_the_append_that_they_were() {
        let (append, expected) = example();
        for (bytes, hashes) in golden() {
            let mut events = Events::of(&bytes).unwrap();
            let head = events.head;
            assert_eq!(head, expected);
            assert_eq!(head.last(), Revision::new(8));
            for (index, at) in head.placements(9).into_iter().enumerate() {
                let stored = events.next().unwrap().stored(&append.stream, at);
                let new = &append.events[index];
                assert_eq!((stored.envelope.id, &stored.name), (new.id, &new.name));
                assert_eq!(
                    (stored.version, &stored.payload),
                    (new.version, &new.payload)
                );
                assert_eq!(stored.envelope.metadata, new.metadata);
                assert_eq!(stored.envelope.effective_at, new.effective_at);
                assert_eq!(stored.envelope.recorded_at, head.recorded_at);
                assert_eq!(stored.hash, hashes.get(index).copied());
            }
            assert!(events.ended() && events.next().is_none());
            let known = Events::of(&bytes).unwrap().known().unwrap();
            assert_eq!(known.ids, [append.events[0].id, append.events[1].id]);
            assert_eq!(known.hash, hashes.last().copied());
        }
        assert_eq!(position(9, 1).number(), (9 << 16) + 1);
        assert_eq!(sequence(position(9, 65_535)), 9);
    }

    fn reads(bytes: &[u8]) -> bool {
        Events::of(bytes).is_some_and(|events| events.known().is_some())
    }

    #[test]
    fn what_is_no_message_of_ours_is_refused_and_never_a_panic() {
        for (bytes, _) in golden() {
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
            // Of a form to come, and of the other one.
            let mut newer = bytes;
            for form in [HASHED + 1, HASHED + PLAIN - newer[0]] {
                newer[0] = form;
                assert!(!reads(&newer));
            }
        }
    }
}
