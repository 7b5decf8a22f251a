use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{Json, Timestamp};

/// An event as others get it: a [CloudEvent](https://cloudevents.io) of version 1.0, in its JSON format.
///
/// What is read as one and written again is the same: attributes that aren't named here are kept as extensions, and the
/// data keeps its text.
///
/// ```
/// use es_core::CloudEvent;
///
/// let text = r#"{"specversion":"1.0","id":"7","source":"/bank","type":"bank.account-opened","data":{"n":1.50}}"#;
/// let event: CloudEvent = serde_json::from_str(text)?;
/// assert_eq!(event.data.as_ref().map(|data| data.as_str()), Some(r#"{"n":1.50}"#));
/// assert_eq!(serde_json::to_string(&event)?, text);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CloudEvent {
    /// Its identity: with the same source, another event has another one.
    pub id: String,
    /// Where it happened, a URI reference.
    pub source: String,
    /// What happened, as others know it.
    pub r#type: String,
    /// What it happened to.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// The form of the data, a URI.
    pub dataschema: Option<String>,
    /// The data.
    pub data: Option<Json>,
    /// All other attributes: names of lower-case letters and digits, with strings, numbers or booleans.
    pub extensions: BTreeMap<String, serde_json::Value>,
}

const SPECVERSION: &str = "1.0";
const JSON: &str = "application/json";

impl CloudEvent {
    /// An event with what each has.
    pub fn new(
        id: impl Into<String>,
        source: impl Into<String>,
        r#type: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            r#type: r#type.into(),
            subject: None,
            time: None,
            dataschema: None,
            data: None,
            extensions: BTreeMap::new(),
        }
    }
}

impl Serialize for CloudEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", SPECVERSION)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("type", &self.r#type)?;
        if let Some(subject) = &self.subject {
            map.serialize_entry("subject", subject)?;
        }
        if let Some(time) = &self.time {
            map.serialize_entry("time", time)?;
        }
        if let Some(dataschema) = &self.dataschema {
            map.serialize_entry("dataschema", dataschema)?;
        }
        for (name, value) in &self.extensions {
            map.serialize_entry(name, value)?;
        }
        if let Some(data) = &self.data {
            let raw: &RawValue = serde_json::from_str(data.as_str()).map_err(S::Error::custom)?;
            map.serialize_entry("data", raw)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for CloudEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut attributes = BTreeMap::<String, Box<RawValue>>::deserialize(deserializer)?;
        let mut text = |name: &'static str| -> Result<Option<String>, D::Error> {
            let raw = attributes.remove(name);
            let text = raw.map(|raw| serde_json::from_str::<Option<String>>(raw.get()));
            let text = text.transpose();
            text.map(Option::flatten)
                .map_err(|_| D::Error::custom(format!("`{name}` isn't a string")))
        };
        if text("specversion")?.as_deref() != Some(SPECVERSION) {
            return Err(D::Error::custom("`specversion` isn't \"1.0\""));
        }
        if text("datacontenttype")?.is_some_and(|content| content != JSON) {
            return Err(D::Error::custom("`datacontenttype` isn't JSON"));
        }
        let missing = D::Error::missing_field;
        let (id, source) = (text("id")?, text("source")?);
        let (r#type, subject) = (text("type")?, text("subject")?);
        let (time, dataschema) = (text("time")?, text("dataschema")?);
        let data = attributes.remove("data");
        let extensions = attributes
            .into_iter()
            .map(|(name, raw)| Ok((name, serde_json::from_str(raw.get())?)))
            .collect::<Result<_, serde_json::Error>>()
            .map_err(D::Error::custom)?;
        Ok(Self {
            id: id.ok_or_else(|| missing("id"))?,
            source: source.ok_or_else(|| missing("source"))?,
            r#type: r#type.ok_or_else(|| missing("type"))?,
            subject,
            time: time
                .map(|time| time.parse())
                .transpose()
                .map_err(D::Error::custom)?,
            dataschema,
            data: data.map(|raw| Json::from_stored(raw.get())),
            extensions,
        })
    }
}
