//! A message of one event in a tamper-evident log, as `src/message.rs` lays it out, for who edits it.

use std::ops::Range;

const REVISION: Range<usize> = 9..17;
const RECORDED_AT: Range<usize> = 17..25;
const ID: Range<usize> = 27..43;
const HASH: Range<usize> = 43..75;
const VERSION: usize = 76;
const EFFECTIVE_AT: usize = 85;

/// A message, and the subject that it has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) bytes: Vec<u8>,
}

impl Message {
    /// The form, what leads to the message before it, the revision and the record time.
    pub(crate) fn place(&self) -> &[u8] {
        &self.bytes[..RECORDED_AT.end]
    }

    /// What stands at another message's place.
    pub(crate) fn placed_as(&self, other: &Self) -> Self {
        let bytes = [other.place(), &self.bytes[RECORDED_AT.end..]].concat();
        Self {
            bytes,
            ..other.clone()
        }
    }

    pub(crate) fn revision(&self) -> u64 {
        u64::from_le_bytes(self.bytes[REVISION].try_into().unwrap())
    }

    pub(crate) fn moved(mut self, by: i64) -> Self {
        let revision = self.revision().checked_add_signed(by).unwrap();
        self.bytes[REVISION].copy_from_slice(&revision.to_le_bytes());
        self
    }

    pub(crate) fn hashed(mut self, hash: &[u8; 32]) -> Self {
        self.bytes[HASH].copy_from_slice(hash);
        self
    }

    /// As in a log that isn't tamper-evident.
    pub(crate) fn without_hash(mut self) -> Self {
        self.bytes[0] = 1;
        self.bytes.drain(HASH);
        self
    }

    /// Another event's id.
    pub(crate) fn with_id(mut self, byte: u8) -> Self {
        self.bytes[ID].fill(byte);
        self
    }

    /// With as many other bytes in place of these.
    pub(crate) fn with(mut self, found: &str, other: &str) -> Self {
        let length = found.len();
        assert_eq!(length, other.len());
        let at = self
            .bytes
            .windows(length)
            .position(|part| part == found.as_bytes());
        let at = at.expect("it is there");
        self.bytes[at..at + length].copy_from_slice(other.as_bytes());
        self
    }

    pub(crate) fn changed(mut self, what: Change) -> Self {
        let at = match what {
            Change::Hash => HASH.start,
            Change::Id => ID.start,
            Change::Version => VERSION,
            Change::EffectiveAt => EFFECTIVE_AT,
            Change::RecordedAt => RECORDED_AT.start,
            Change::Name => return self.with("numbered", "reckoned"),
            Change::Payload => return self.with("\"number\":3", "\"number\":9"),
            Change::Metadata => return self.with("\"actor\":\"me\"", "\"actor\":\"he\""),
        };
        self.bytes[at] ^= 1;
        self
    }
}

/// What of an event is changed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Hash,
    Id,
    Version,
    EffectiveAt,
    RecordedAt,
    Name,
    Payload,
    Metadata,
}

/// Those that an event's hash is over, and it.
pub(crate) const HASHED: [Change; 7] = [
    Change::Hash,
    Change::Id,
    Change::Version,
    Change::EffectiveAt,
    Change::Name,
    Change::Payload,
    Change::Metadata,
];
