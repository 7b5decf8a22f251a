//! How corrections are stored: under names of the library's own, each with the fact that it puts in place, so that a
//! reader who ignores corrections never counts one.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{DecodeError, EventId, Json, NewEvent, Revision, StoreError, StoredEvent, Timestamp};

/// The stored name of a retraction: `{"revision": 4, "event_id": "…"}`.
pub(crate) const RETRACTED: &str = "es.retracted";
/// The stored name of a replacement: `{"revision": 2, "event_id": "…", "name": "…", "version": 1, "payload": …}`.
pub(crate) const REPLACED: &str = "es.replaced";
/// The stored name of an insert: `{"name": "…", "version": 1, "payload": …}`.
pub(crate) const INSERTED: &str = "es.inserted";

/// The version of these payloads.
const VERSION: u32 = 1;

/// Whether events of this stored name correct others.
pub(crate) fn is_correction(name: &str) -> bool {
    matches!(name, RETRACTED | REPLACED | INSERTED)
}

/// What a stored correction says.
#[derive(Debug, Clone)]
pub(crate) enum Correction {
    /// The target isn't so.
    Retracted(Target),
    /// Instead of the target it is so.
    Replaced(Target, Content),
    /// It was so, too.
    Inserted(Content),
}

/// The entry that a correction points at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) revision: Revision,
    pub(crate) id: EventId,
}

/// A fact that a correction carries, as the version of its event wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) name: Arc<str>,
    pub(crate) version: u32,
    pub(crate) payload: Json,
}

#[derive(Deserialize)]
struct StoredTarget {
    revision: Revision,
    event_id: EventId,
}

#[derive(Deserialize)]
struct StoredContent<'p> {
    name: String,
    version: u32,
    #[serde(borrow)]
    payload: &'p RawValue,
}

impl Correction {
    /// What an entry says, if it is a correction.
    pub(crate) fn of(stored: &StoredEvent) -> Result<Option<Self>, StoreError> {
        if !is_correction(&stored.name) {
            return Ok(None);
        }
        let decoded = Self::decode(&stored.name, stored.version, stored.payload.as_str());
        decoded
            .map(Some)
            .map_err(|reason| stored.undecodable(reason))
    }

    fn decode(name: &str, version: u32, payload: &str) -> Result<Self, DecodeError> {
        match version {
            VERSION => {}
            0 => return Err(DecodeError::VersionZero),
            _ => return Err(DecodeError::NewerVersion { known: VERSION }),
        }
        let target = || Target::decode(payload);
        Ok(match name {
            RETRACTED => Self::Retracted(target()?),
            REPLACED => Self::Replaced(target()?, Content::decode(payload)?),
            _ => Self::Inserted(Content::decode(payload)?),
        })
    }

    /// The event to be appended.
    pub(crate) fn encode(&self, id: EventId) -> Result<NewEvent, StoreError> {
        let (name, text) = match self {
            Self::Retracted(target) => (RETRACTED, format!("{{{}}}", target.encode())),
            Self::Replaced(target, content) => (
                REPLACED,
                format!("{{{},{}}}", target.encode(), content.encode()?),
            ),
            Self::Inserted(content) => (INSERTED, format!("{{{}}}", content.encode()?)),
        };
        let payload =
            Json::parse(text).map_err(|error| StoreError::invalid(crate::Invalid::Json(error)))?;
        Ok(NewEvent::new(id, name, VERSION, payload))
    }

    pub(crate) fn target(&self) -> Option<Target> {
        match self {
            Self::Retracted(target) | Self::Replaced(target, _) => Some(*target),
            Self::Inserted(_) => None,
        }
    }

    pub(crate) fn content(&self) -> Option<&Content> {
        match self {
            Self::Retracted(_) => None,
            Self::Replaced(_, content) | Self::Inserted(content) => Some(content),
        }
    }
}

impl Target {
    fn decode(payload: &str) -> Result<Self, DecodeError> {
        let StoredTarget { revision, event_id } = serde_json::from_str(payload)?;
        let id = event_id;
        Ok(Self { revision, id })
    }

    fn encode(self) -> String {
        let Self { revision, id } = self;
        format!(r#""revision":{revision},"event_id":"{id}""#)
    }
}

impl Content {
    fn decode(payload: &str) -> Result<Self, DecodeError> {
        let stored: StoredContent<'_> = serde_json::from_str(payload)?;
        Ok(Self {
            name: stored.name.into(),
            version: stored.version,
            payload: Json::from_stored(stored.payload.get()),
        })
    }

    fn encode(&self) -> Result<String, StoreError> {
        let name = Json::encode(&*self.name)
            .map_err(|error| StoreError::invalid(crate::Invalid::Metadata(error)))?;
        let (name, version, payload) = (name.as_str(), self.version, self.payload.as_str());
        Ok(format!(
            r#""name":{name},"version":{version},"payload":{payload}"#
        ))
    }

    /// The fact as the fold sees it: with the correction's envelope, and its own name, version and payload.
    pub(crate) fn as_event(&self, carrier: &StoredEvent, effective_at: Timestamp) -> StoredEvent {
        let mut envelope = carrier.envelope.clone();
        envelope.effective_at = Some(effective_at);
        let Self {
            name,
            version,
            payload,
        } = self.clone();
        StoredEvent::new(envelope, carrier.position, name, version, payload)
    }
}
