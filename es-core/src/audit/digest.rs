use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::blocks::{self, Block};
use crate::{EventId, NewEvent, Revision, StoredEvent, StreamId, Timestamp};

/// A SHA-256: of an event and its stream up to it, or of a log up to a position.
///
/// Written and parsed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// What an event says, wherever it stands in its stream.
struct Content<'e> {
    id: EventId,
    stream: &'e StreamId,
    name: &'e str,
    version: u32,
    payload: &'e str,
    metadata: &'e str,
    effective_at: Option<Timestamp>,
}

impl Digest {
    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// For authors of stores: the hash of an event that is placed at this revision, behind one with the hash `previous`;
    /// `None` if it is the first, or the one before it has no hash.
    ///
    /// It is what [`of_content`](Self::of_content) and [`behind`](Self::behind) make of it, one after the other.
    pub fn of_event(
        previous: Option<Self>,
        stream: &StreamId,
        revision: Revision,
        event: &NewEvent,
    ) -> Self {
        Self::of_content(stream, event).behind(previous, revision)
    }

    /// For authors of stores: the hashes of events that are placed one behind the other from the revision `first` on, behind
    /// one with the hash `previous`.
    ///
    /// Each is what [`of_event`](Self::of_event) makes of it, in less time.
    pub fn of_events(
        previous: Option<Self>,
        stream: &StreamId,
        first: Revision,
        events: &[NewEvent],
    ) -> Vec<Self> {
        let mut hashes = Vec::with_capacity(events.len());
        let mut events = events.iter().map(|event| Content::of(stream, event));
        let Some(event) = events.next() else {
            return hashes;
        };
        let (mut previous, mut revision, mut room) = (previous, first, Vec::new());
        let mut content = event.digest(&mut room);
        for event in events {
            // What an event says doesn't wait for the hash before it.
            let link = content.link(previous, revision);
            let [next, hash] = blocks::both(event.message(&mut room), &link).map(Self);
            hashes.push(hash);
            (previous, revision, content) = (Some(hash), revision.next(), next);
        }
        hashes.push(content.behind(previous, revision));
        hashes
    }

    /// For authors of stores: the digest of what an event says, wherever in its stream it is placed. Who numbers the event
    /// makes its hash of that, and needn't have its texts.
    ///
    /// It is the SHA-256 of, one behind the other: the id's 16 bytes; the version as 8 bytes; the lengths of the stream
    /// (`category/id`), the name, the payload and the metadata (`{}` if there is none), each as 4 bytes, and then these
    /// texts as UTF-8; and the effective time, if one was said, as microseconds since 2000 in 8 bytes. Numbers have their
    /// highest byte first. `recorded_at` and the position aren't in it, as a store may learn them only when it has written
    /// the event: a [`Seal`](crate::Seal) covers them.
    pub fn of_content(stream: &StreamId, event: &NewEvent) -> Self {
        Content::of(stream, event).digest(&mut Vec::new())
    }

    /// For authors of stores: the hash of an event whose content has this digest, placed at this revision behind one with
    /// the hash `previous`.
    ///
    /// It is the SHA-256 of the previous hash, or 32 zero bytes; the revision as 8 bytes, the highest first; and this
    /// digest.
    #[must_use]
    pub fn behind(self, previous: Option<Self>, revision: Revision) -> Self {
        Self(blocks::hash(&self.link(previous, revision)))
    }

    fn link(&self, previous: Option<Self>, revision: Revision) -> [Block; LINK] {
        let previous = previous.map_or([0; 32], |previous| previous.0);
        let revision = revision.number().to_be_bytes();
        let mut link = [[0; 64]; LINK];
        blocks::write(&mut link, [&previous, &revision, &self.0]);
        link
    }

    /// The hash that a stored event has to have behind one with the hash `previous`, if it stood at this revision.
    pub(super) fn of_stored(
        previous: Option<Self>,
        revision: Revision,
        event: &StoredEvent,
    ) -> Self {
        let envelope = &event.envelope;
        let content = Content {
            id: envelope.id,
            stream: &envelope.stream,
            name: &event.name,
            version: event.version,
            payload: event.payload.as_str(),
            metadata: envelope.metadata.as_str(),
            effective_at: envelope.effective_at,
        };
        let digest = content.digest(&mut Vec::new());
        digest.behind(previous, revision)
    }

    /// Of these bytes, one behind the other.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// From 1970 to 2000, in microseconds: PostgreSQL, whose function computes the same, counts from there.
const EPOCH: i64 = 946_684_800_000_000;

/// The blocks of what an event's place is hashed with: the hash before it, the revision and what it says.
const LINK: usize = blocks::count(32 + 8 + 32);

impl<'e> Content<'e> {
    fn of(stream: &'e StreamId, event: &'e NewEvent) -> Self {
        Self {
            id: event.id,
            stream,
            name: &event.name,
            version: event.version,
            payload: event.payload.as_str(),
            metadata: event.metadata.as_str(),
            effective_at: event.effective_at,
        }
    }

    fn digest(&self, room: &mut Vec<Block>) -> Digest {
        Digest(blocks::hash(self.message(room)))
    }

    /// What is hashed, written into `room`, which grows as it has to and may hold anything.
    fn message<'r>(&self, room: &'r mut Vec<Block>) -> &'r [Block] {
        let texts = [self.stream.as_str(), self.name, self.payload, self.metadata];
        let mut head = [0; 40];
        head[..16].copy_from_slice(self.id.as_bytes());
        head[16..24].copy_from_slice(&u64::from(self.version).to_be_bytes());
        for (length, text) in head[24..].chunks_exact_mut(4).zip(texts) {
            // Limits keep every text far below 4 GiB.
            let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
            length.copy_from_slice(&bytes.to_be_bytes());
        }
        let micros = self.effective_at.map(|at| at.micros() - EPOCH);
        let micros = micros.map(i64::to_be_bytes);
        let effective_at = micros.as_ref().map_or(&[][..], |micros| micros);
        let [stream, name, payload, metadata] = texts.map(str::as_bytes);
        let parts = [&head, stream, name, payload, metadata, effective_at];
        let count = blocks::count(parts.iter().map(|part| part.len()).sum());
        if room.len() < count {
            room.resize(count, [0; 64]);
        }
        let message = &mut room[..count];
        blocks::write(message, parts);
        message
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text: &[u8; 64] = (text.as_bytes().try_into()).map_err(|_| InvalidDigest(()))?;
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |of: u8| char::from(of).to_digit(16);
            let (high, low) = digit(digits[0])
                .zip(digit(digits[1]))
                .ok_or(InvalidDigest(()))?;
            *byte = u8::try_from(high << 4 | low).map_err(|_| InvalidDigest(()))?;
        }
        Ok(Self(bytes))
    }
}

/// A text that isn't the 64 hexadecimal digits of a [`Digest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is written as 64 hexadecimal digits")]
pub struct InvalidDigest(pub(super) ());

#[cfg(test)]
mod tests {
    use super::Digest;
    use crate::{EventId, Json, NewEvent, Revision, StreamId, Timestamp};

    fn event() -> NewEvent {
        let payload = Json::from_stored(r#"{"cents":7}"#);
        let mut event = NewEvent::new(
            EventId::from_bytes([7; 16]),
            "account.deposited",
            2,
            payload,
        );
        event.metadata = Json::from_stored(r#"{"actor":"ädä"}"#);
        event.effective_at = Timestamp::from_micros(1_234_567);
        event
    }

    fn hash(previous: Option<Digest>, stream: &str, revision: u64, event: &NewEvent) -> Digest {
        let stream = stream.parse::<StreamId>().unwrap();
        Digest::of_event(previous, &stream, Revision::new(revision), event)
    }

    /// The values are those of another program: stored hashes are read for ever.
    #[test]
    fn an_event_has_the_hash_that_its_description_gives() {
        let first = hash(None, "account/1", 1, &event());
        assert_eq!(first.to_string(), FIRST);
        let mut second = event();
        second.effective_at = None;
        second.metadata = Json::EMPTY_OBJECT;
        let second = hash(Some(first), "account/1", 2, &second);
        assert_eq!(second.to_string(), SECOND);
        assert_eq!(SECOND.parse(), Ok(second));
        assert!(SECOND[1..].parse::<Digest>().is_err());
        assert!(SECOND.replace('a', "g").parse::<Digest>().is_err());
    }

    const FIRST: &str = "f64dba56923f8e779f4e5fad25ea4d7ef60e601fff107d394edc92fad193362a";
    const SECOND: &str = "79669a17470afe4a3a646edfcf1a18243994f9444faa911f9c963781346900c6";

    #[test]
    fn events_of_a_stream_have_the_hashes_that_each_has_behind_the_one_before() {
        let stream = "account/1".parse::<StreamId>().unwrap();
        let of_length = |length: usize| {
            let mut event = event();
            event.payload = Json::from_stored(format!("\"{}\"", "7".repeat(length)));
            event
        };
        // Of fewer and more blocks than the one before, and as many as what is hashed beside them.
        let events = [0, 300, 20, 64, 1_000, 5].map(of_length);
        for before in [None, Some(Digest::from_bytes([1; 32]))] {
            let (mut previous, mut revision) = (before, Revision::new(7));
            let each = events.iter().map(|event| {
                let hash = Digest::of_event(previous, &stream, revision, event);
                (previous, revision) = (Some(hash), revision.next());
                hash
            });
            let each: Vec<_> = each.collect();
            for count in 0..=events.len() {
                let hashes = Digest::of_events(before, &stream, Revision::new(7), &events[..count]);
                assert_eq!(hashes, each[..count]);
            }
        }
    }

    #[test]
    fn whatever_differs_the_hash_differs() {
        let mut hashes = vec![
            hash(None, "account/1", 1, &event()),
            hash(Some(Digest::from_bytes([1; 32])), "account/1", 1, &event()),
            hash(None, "account/2", 1, &event()),
            hash(None, "account/1", 2, &event()),
        ];
        let changes: [fn(&mut NewEvent); 8] = [
            |event| event.id = EventId::from_bytes([8; 16]),
            |event| event.name = "account.withdrawn".into(),
            |event| event.version = 3,
            |event| event.payload = Json::from_stored(r#"{"cents":8}"#),
            |event| event.metadata = Json::EMPTY_OBJECT,
            |event| event.effective_at = None,
            |event| event.effective_at = Timestamp::from_micros(1_234_568),
            // The same bytes, cut at another place.
            |event| {
                event.name = r#"account.deposited{"cents""#.into();
                event.payload = Json::from_stored(":7}");
            },
        ];
        for change in changes {
            let mut event = event();
            change(&mut event);
            hashes.push(hash(None, "account/1", 1, &event));
        }
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }
}
