use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

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

    /// For authors of stores: the digest of what an event says, wherever in its stream it is placed. Who numbers the event
    /// makes its hash of that, and needn't have its texts.
    ///
    /// It is the SHA-256 of, one behind the other: the id's 16 bytes; the version as 8 bytes; the lengths of the stream
    /// (`category/id`), the name, the payload and the metadata (`{}` if there is none), each as 4 bytes, and then these
    /// texts as UTF-8; and the effective time, if one was said, as microseconds since 2000 in 8 bytes. Numbers have their
    /// highest byte first. `recorded_at` and the position aren't in it, as a store may learn them only when it has written
    /// the event: a [`Seal`](crate::Seal) covers them.
    pub fn of_content(stream: &StreamId, event: &NewEvent) -> Self {
        let content = Content {
            id: event.id,
            stream,
            name: &event.name,
            version: event.version,
            payload: event.payload.as_str(),
            metadata: event.metadata.as_str(),
            effective_at: event.effective_at,
        };
        content.digest()
    }

    /// For authors of stores: the hash of an event whose content has this digest, placed at this revision behind one with
    /// the hash `previous`.
    ///
    /// It is the SHA-256 of the previous hash, or 32 zero bytes; the revision as 8 bytes, the highest first; and this
    /// digest.
    #[must_use]
    pub fn behind(self, previous: Option<Self>, revision: Revision) -> Self {
        let previous = previous.map_or([0; 32], |previous| previous.0);
        let revision = revision.number().to_be_bytes();
        Self::of(&[&previous, &revision, &self.0])
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
        content.digest().behind(previous, revision)
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

impl Content<'_> {
    fn digest(&self) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(self.id.as_bytes());
        hasher.update(u64::from(self.version).to_be_bytes());
        let texts = [self.stream.as_str(), self.name, self.payload, self.metadata];
        for text in texts {
            // Limits keep every text far below 4 GiB.
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            hasher.update(length.to_be_bytes());
        }
        for text in texts {
            hasher.update(text);
        }
        if let Some(effective_at) = self.effective_at {
            hasher.update((effective_at.micros() - EPOCH).to_be_bytes());
        }
        Digest(hasher.finalize().into())
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
