//! A log in one line, and how it is computed.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::{
    EncodeError, EventId, Invalid, Json, NewEvent, Position, Revision, StoreError, StoredEvent,
    StreamId,
};

/// The stored name of a seal.
const SEALED: &str = "es.sealed";
/// The version of its payload.
const VERSION: u32 = 1;
/// How many digits of each event's own digest a seal notes, which is 4 bytes: they tell which event differs, while the hash
/// tells that one does.
const NOTED: usize = 8;

/// The log up to a position, in one line: who keeps it elsewhere can tell whether anything up to there was changed since.
///
/// A [`Sealer`](crate::Sealer) makes it, and a [`Verification`](crate::Verification) is asked against it.
///
/// ```
/// # use es_core::{InvalidSeal, Seal};
/// let line = "es-seal-1 42 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 7 \"account/ada\"";
/// let seal: Seal = line.parse()?;
/// assert_eq!((seal.position.number(), seal.stream.id()), (42, "ada"));
/// assert_eq!(seal.to_string(), line);
/// # Ok::<(), InvalidSeal>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seal {
    /// Up to and including the event at this position.
    pub position: Position,
    /// Of every event up to there, with its position, record time and hash.
    pub hash: Digest,
    /// The stream of the event at this position.
    pub stream: StreamId,
    /// That event's revision.
    pub revision: Revision,
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            position,
            hash,
            stream,
            revision,
        } = self;
        // As JSON, since an id may hold spaces and line breaks; a string can always be encoded.
        let stream = serde_json::to_string(stream.as_str()).map_err(|_| fmt::Error)?;
        write!(f, "es-seal-1 {position} {hash} {revision} {stream}")
    }
}

impl FromStr for Seal {
    type Err = InvalidSeal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.trim().splitn(5, ' ');
        let mut word = || words.next().ok_or(InvalidSeal(()));
        if word()? != "es-seal-1" {
            return Err(InvalidSeal(()));
        }
        let number = |word: &str| word.parse::<u64>().map_err(|_| InvalidSeal(()));
        let position = Position::new(number(word()?)?);
        let hash = word()?.parse().map_err(|_| InvalidSeal(()))?;
        let revision = Revision::new(number(word()?)?);
        let stream: String = serde_json::from_str(word()?).map_err(|_| InvalidSeal(()))?;
        Ok(Self {
            position,
            hash,
            stream: stream.parse().map_err(|_| InvalidSeal(()))?,
            revision,
        })
    }
}

/// A text that isn't the line of a [`Seal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seal is written `es-seal-1 POSITION HASH REVISION \"STREAM\"`")]
pub struct InvalidSeal(());

/// The stream that seals are appended to.
pub(super) fn seals() -> Result<StreamId, StoreError> {
    Ok(StreamId::new("es.seals", "log")?)
}

/// What all events up to one come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Running(pub(super) Digest);

impl Running {
    pub(super) const START: Self = Self(Digest::from_bytes([0; 32]));

    /// Takes in the next event of the log, and answers with what it noted of it.
    pub(super) fn take(&mut self, event: &StoredEvent) -> Noted {
        let envelope = &event.envelope;
        // Where there is no hash, what is stored of the event itself stands for it.
        let of_content = || Digest::of_stored(None, envelope.revision, event);
        let hash = event.hash.unwrap_or_else(of_content);
        let of_event = Digest::of(&[
            &event.position.number().to_be_bytes(),
            &envelope.recorded_at.micros().to_be_bytes(),
            hash.as_bytes(),
        ]);
        self.0 = Digest::of(&[self.0.as_bytes(), of_event.as_bytes()]);
        let [a, b, c, d, ..] = *of_event.as_bytes();
        Noted([a, b, c, d])
    }
}

/// The beginning of an event's own digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noted([u8; 4]);

/// A seal as it is stored: with what it covers since the seal before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed {
    /// The seal before it covers the log up to here.
    pub(super) after: Position,
    pub(super) position: Position,
    pub(super) event_id: EventId,
    pub(super) hash: String,
    pub(super) stream: String,
    pub(super) revision: Revision,
    /// Of each stream with events in between: the last one's revision, and what was noted of each.
    pub(super) streams: BTreeMap<String, (Revision, String)>,
}

impl Sealed {
    /// What a stored event says, if it is a seal that can be read.
    pub(super) fn decode(event: &StoredEvent) -> Option<Self> {
        let known = &*event.name == SEALED && event.version == VERSION;
        known.then(|| serde_json::from_str(event.payload.as_str()).ok())?
    }

    pub(super) fn encode(&self, id: EventId) -> Result<NewEvent, StoreError> {
        let invalid = |error: EncodeError| Invalid::Payload {
            name: SEALED,
            error,
        };
        let payload = Json::encode(self).map_err(invalid)?;
        Ok(NewEvent::new(id, SEALED, VERSION, payload))
    }

    pub(super) fn seal(&self) -> Option<Seal> {
        Some(Seal {
            position: self.position,
            hash: self.hash.parse().ok()?,
            stream: self.stream.parse().ok()?,
            revision: self.revision,
        })
    }

    /// How many events it covers of a stream, and the last one's revision.
    pub(super) fn of_stream(&self, stream: &str) -> Option<(u64, Revision)> {
        let (last, noted) = self.streams.get(stream)?;
        Some(((noted.len() / NOTED) as u64, *last))
    }

    /// Whether this is what was noted of this event; `None` if it doesn't cover it.
    pub(super) fn fits(&self, event: &StoredEvent, noted: Noted) -> Option<bool> {
        let (last, of_stream) = self.streams.get(event.envelope.stream.as_str())?;
        let behind = last
            .number()
            .checked_sub(event.envelope.revision.number())?;
        let behind = usize::try_from(behind).ok()?.checked_mul(NOTED)?;
        let end = of_stream.len().checked_sub(behind)?;
        let found = of_stream.get(end.checked_sub(NOTED)?..end)?;
        Some(found == noted.to_string())
    }
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What the next seal will cover.
#[derive(Debug, Clone, Default)]
pub(super) struct Range {
    pub(super) events: usize,
    /// Whether there is more in it than seals.
    pub(super) worth_sealing: bool,
    streams: BTreeMap<StreamId, (Revision, String)>,
}

impl Range {
    pub(super) fn add(&mut self, event: &StoredEvent, noted: Noted) {
        self.events += 1;
        self.worth_sealing |= &*event.name != SEALED;
        let stream = event.envelope.stream.clone();
        let entry = (self.streams.entry(stream)).or_insert((Revision::EMPTY, String::new()));
        entry.0 = event.envelope.revision;
        // Writing to a string can't fail.
        let _ = write!(entry.1, "{noted}");
    }

    pub(super) fn streams(&self) -> BTreeMap<String, (Revision, String)> {
        let streams = self.streams.iter();
        streams
            .map(|(stream, covered)| (stream.to_string(), covered.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Seal;

    #[test]
    fn a_seal_is_one_line_whatever_its_stream_is_called() {
        let zeros = "0".repeat(64);
        let line = format!(r#"es-seal-1 3 {zeros} 2 "note/two\nlines and a \"word\"""#);
        let seal: Seal = line.parse().unwrap();
        assert_eq!(seal.stream.id(), "two\nlines and a \"word\"");
        assert_eq!(seal.to_string(), line);
        for wrong in [
            String::new(),
            zeros.clone(),
            line.replace("seal-1", "seal-2"),
            line.replace("es-seal-1 3", "es-seal-1 three"),
            line.replace(&zeros, &zeros[1..]),
            line.replace("note/", "note"),
            line.replace('"', ""),
        ] {
            assert!(wrong.parse::<Seal>().is_err(), "{wrong}");
        }
    }
}
