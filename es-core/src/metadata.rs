use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{DecodeError, EventId, Json, StoreError};

/// Who did it, why, and what led to it: what the library knows of an event beside its payload.
///
/// Stored as a JSON object. Keys that begin with `es.` are reserved for the library (tags, keys of encrypted
/// fields); every other key that isn't a field here is the user's and kept in [`extra`](Self::extra).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// Who did it: a user, a machine, an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caused_by: Option<EventId>,
    /// What it belongs to across streams: a request, a business case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// The event that this one undoes in the open: [`compensating`](crate::Execution::compensating).
    #[serde(
        default,
        rename = "es.compensates",
        skip_serializing_if = "Option::is_none"
    )]
    pub compensates: Option<EventId>,
    /// The user's own entries.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The keys of what the library knows.
const FIELDS: [&str; 5] = [
    "actor",
    "reason",
    "caused_by",
    "correlation",
    "es.compensates",
];

impl Metadata {
    /// The metadata of an event about which nothing was said.
    pub const EMPTY: &'static str = "{}";

    /// Reads stored metadata.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Metadata`] if it isn't a JSON object of these fields.
    pub fn decode(json: &Json) -> Result<Self, DecodeError> {
        // Most events of a bulk import carry none: spare the parser.
        if json.as_str() == Self::EMPTY {
            return Ok(Self::default());
        }
        serde_json::from_str(json.as_str()).map_err(|error| DecodeError::Metadata(error.into()))
    }

    /// The text to be stored.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] if an entry in [`extra`](Self::extra) has the key of a field here: it would stand twice,
    /// and couldn't be read back.
    pub fn encode(&self) -> Result<Json, StoreError> {
        if let Some(key) = self.extra.keys().find(|key| FIELDS.contains(&key.as_str())) {
            return Err(crate::Invalid::MetadataKey(key.clone()).into());
        }
        Json::encode(self).map_err(|error| StoreError::invalid(crate::Invalid::Metadata(error)))
    }
}
