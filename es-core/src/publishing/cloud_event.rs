use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{InvalidTimestamp, Json, Timestamp};

/// An event as others get it: a [CloudEvent](https://cloudevents.io) of version 1.0, in its JSON format.
///
/// What is read as one and written again says the same: every attribute keeps its value, those that aren't named here as
/// extensions, and the time and the data keep their text. Only an attribute that is `null` is left out, which is what it
/// means.
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
    pub time: Option<CloudTime>,
    /// The media type of the data; JSON if nothing is said.
    pub datacontenttype: Option<String>,
    /// The form of the data, a URI.
    pub dataschema: Option<String>,
    /// The data; of another media type than JSON, a string that holds it.
    pub data: Option<Json>,
    /// The data, where it is bytes, in Base64. Then there is no other.
    pub data_base64: Option<String>,
    /// All other attributes, under [names](InvalidExtension) of lower-case letters and digits: strings, numbers or booleans.
    pub extensions: BTreeMap<String, Value>,
}

const SPECVERSION: &str = "1.0";
/// The names of attributes that aren't extensions, and of the data.
const NAMED: [&str; 10] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "data",
    "data_base64",
];

/// An instant as an event says it, in RFC 3339: with the offset and as many digits as it was written with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CloudTime(Arc<str>);

impl CloudTime {
    /// It as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The instant, to the microsecond at or before it.
    pub fn timestamp(&self) -> Timestamp {
        // It was parsed before.
        self.0.parse().unwrap_or(Timestamp::MIN)
    }
}

impl From<Timestamp> for CloudTime {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.to_string().into())
    }
}

impl FromStr for CloudTime {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Timestamp>()?;
        Ok(Self(text.into()))
    }
}

/// A name that no extension can have: one has lower-case letters and digits, and isn't that of another attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` can't be the name of an extension: one has lower-case letters and digits, and isn't that of another attribute"
)]
pub struct InvalidExtension(String);

impl InvalidExtension {
    pub(super) fn check(name: &str) -> Result<(), Self> {
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if name.is_empty() || !name.bytes().all(letters) || NAMED.contains(&name) {
            return Err(Self(name.to_owned()));
        }
        Ok(())
    }
}

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
            datacontenttype: None,
            dataschema: None,
            data: None,
            data_base64: None,
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
            map.serialize_entry("time", time.as_str())?;
        }
        if let Some(datacontenttype) = &self.datacontenttype {
            map.serialize_entry("datacontenttype", datacontenttype)?;
        }
        if let Some(dataschema) = &self.dataschema {
            map.serialize_entry("dataschema", dataschema)?;
        }
        for (name, value) in &self.extensions {
            InvalidExtension::check(name).map_err(S::Error::custom)?;
            map.serialize_entry(name, value)?;
        }
        if let Some(data) = &self.data {
            let raw: &RawValue = serde_json::from_str(data.as_str()).map_err(S::Error::custom)?;
            map.serialize_entry("data", raw)?;
        }
        if let Some(bytes) = &self.data_base64 {
            map.serialize_entry("data_base64", bytes)?;
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
        let missing = D::Error::missing_field;
        let (id, source) = (text("id")?, text("source")?);
        let (r#type, subject) = (text("type")?, text("subject")?);
        let (time, dataschema) = (text("time")?, text("dataschema")?);
        let (datacontenttype, data_base64) = (text("datacontenttype")?, text("data_base64")?);
        let data = attributes.remove("data");
        if data.is_some() && data_base64.is_some() {
            return Err(D::Error::custom("both `data` and `data_base64` are there"));
        }
        let mut extensions = BTreeMap::new();
        for (name, raw) in attributes {
            InvalidExtension::check(&name).map_err(D::Error::custom)?;
            let value: Value = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
            if !value.is_null() {
                extensions.insert(name, value);
            }
        }
        Ok(Self {
            id: id.ok_or_else(|| missing("id"))?,
            source: source.ok_or_else(|| missing("source"))?,
            r#type: r#type.ok_or_else(|| missing("type"))?,
            subject,
            time: time
                .map(|time| time.parse())
                .transpose()
                .map_err(D::Error::custom)?,
            datacontenttype,
            dataschema,
            data_base64,
            data: data.map(|raw| Json::from_stored(raw.get())),
            extensions,
        })
    }
}
