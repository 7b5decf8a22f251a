//! Brings payloads that an older version of an event wrote to the current one, hop by hop.
//!
//! A hop that describes fields works on their raw text, so what it doesn't mention comes through as it was stored:
//! 128-bit integers and floats included, which `serde_json::Value` would round.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::names::Message;
use crate::{DecodeError, Event, strict};

/// How payloads of the version before `to` become those of `to`.
#[derive(Debug)]
pub enum Hop<'a> {
    /// By a function on the whole payload; `None` if it refuses.
    Json {
        /// The version that it leads to.
        to: u32,
        /// The function.
        with: fn(Value) -> Option<Value>,
    },
    /// By changes of fields, which happen all at once.
    Fields {
        /// The version that it leads to.
        to: u32,
        /// The changes.
        changes: &'a [Change<'a>],
    },
}

/// What a hop does to one field.
#[derive(Debug)]
pub enum Change<'a> {
    /// The field ends.
    Removed {
        /// Its stored key.
        key: &'a str,
    },
    /// The field begins.
    Added {
        /// Its stored key.
        key: &'a str,
        /// What older payloads get, as JSON.
        default: &'a str,
    },
    /// The field gets another key, another form, or both.
    Moved {
        /// The stored key before.
        from: &'a str,
        /// The stored key after.
        to: &'a str,
        /// From the old value's text to the new one's; `None` if it refuses.
        with: Option<fn(&str) -> Option<String>>,
    },
}

type Object = BTreeMap<String, Box<RawValue>>;

/// A payload on its way.
enum Payload<'a> {
    Text(Cow<'a, str>),
    Fields(Object),
}

/// Decodes a payload of any version; only an older one takes the way over the hops.
///
/// # Errors
///
/// As [`Event::decode`].
#[inline]
pub fn decode<E: Event>(version: u32, payload: &str, hops: &[Hop<'_>]) -> Result<E, DecodeError> {
    if version == E::VERSION {
        E::decoded(payload)
    } else {
        decode_older(version, payload, hops)
    }
}

#[cold]
fn decode_older<E: Event>(version: u32, payload: &str, hops: &[Hop<'_>]) -> Result<E, DecodeError> {
    known(version, E::VERSION)?;
    let payload = upcast(version, payload, hops)?;
    E::decoded(&payload)
}

/// Decodes a payload of any version; an older one is decoded as `Old`, which knows the hops before.
///
/// # Errors
///
/// As [`Event::decode`].
pub fn decode_from<E: UpcastFrom<Old> + Event, Old: Event>(
    version: u32,
    payload: &str,
) -> Result<E, DecodeError> {
    if version == E::VERSION {
        return E::decoded(payload);
    }
    known(version, E::VERSION)?;
    Old::decode(version, payload).map(E::upcast_from)
}

fn known(version: u32, known: u32) -> Result<(), DecodeError> {
    match version {
        0 => Err(DecodeError::VersionZero),
        _ if version > known => Err(DecodeError::NewerVersion { known }),
        _ => Ok(()),
    }
}

fn upcast<'a>(
    version: u32,
    payload: &'a str,
    hops: &[Hop<'_>],
) -> Result<Cow<'a, str>, DecodeError> {
    let mut payload = Payload::Text(Cow::Borrowed(payload));
    for hop in hops {
        payload = match hop {
            Hop::Json { to, .. } | Hop::Fields { to, .. } if *to <= version => continue,
            Hop::Json { to, with } => {
                let value = serde_json::from_str(&payload.into_text()?)?;
                let value = with(value).ok_or(refused(*to, None))?;
                Payload::Text(Cow::Owned(serde_json::to_string(&value)?))
            }
            Hop::Fields { to, changes } => {
                let mut fields = payload.into_fields(*to)?;
                change(&mut fields, *to, changes)?;
                Payload::Fields(fields)
            }
        };
    }
    payload.into_text()
}

impl<'a> Payload<'a> {
    fn into_text(self) -> Result<Cow<'a, str>, DecodeError> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Fields(fields) => Ok(Cow::Owned(serde_json::to_string(&fields)?)),
        }
    }

    /// The fields of an object. A struct that had none was stored as `null`.
    fn into_fields(self, to: u32) -> Result<Object, DecodeError> {
        match self {
            Self::Fields(fields) => Ok(fields),
            Self::Text(text) => match serde_json::from_str::<Option<Object>>(&text) {
                Ok(fields) => Ok(fields.unwrap_or_default()),
                Err(error) if error.is_data() => Err(refused(to, None)),
                Err(error) => Err(error.into()),
            },
        }
    }
}

/// Takes every old value out before a new one goes in, so that two fields can swap their names.
fn change(fields: &mut Object, hop: u32, changes: &[Change<'_>]) -> Result<(), DecodeError> {
    let mut arriving = Vec::new();
    for change in changes {
        if let Change::Moved { from, to, with } = change {
            let value = fields.get(*from).map(|value| value.get());
            let value = match with {
                // As serde has it, an optional value that is missing is `null`.
                Some(with) => {
                    Some(with(value.unwrap_or("null")).ok_or_else(|| refused(hop, Some(from)))?)
                }
                // Serde knows whether the field may be missing.
                None => value.map(str::to_owned),
            };
            arriving.extend(value.map(|value| (*from, *to, value)));
        }
    }
    for change in changes {
        if let Change::Removed { key } | Change::Moved { from: key, .. } = change {
            fields.remove(*key);
        }
    }
    for (from, to, value) in arriving {
        let value = RawValue::from_string(value).map_err(|_| refused(hop, Some(from)))?;
        fields.insert(to.to_owned(), value);
    }
    for change in changes {
        if let Change::Added { key, default } = change
            && !fields.contains_key(*key)
        {
            let default = RawValue::from_string((*default).to_owned())
                .map_err(|_| refused(hop, Some(key)))?;
            fields.insert((*key).to_owned(), default);
        }
    }
    Ok(())
}

fn refused(to: u32, field: Option<&str>) -> DecodeError {
    DecodeError::Upcast {
        to,
        field: field.map(str::to_owned),
    }
}

/// What a function on JSON takes.
#[diagnostic::on_unimplemented(
    message = "an upcast takes the older payload as `serde_json::Value`, and not as `{Self}`",
    label = "write `fn name(payload: serde_json::Value) -> Result<serde_json::Value, E>`"
)]
pub trait OlderPayload {
    /// From the stored text's value.
    fn older(value: Value) -> Self;
}

impl OlderPayload for Value {
    fn older(value: Value) -> Self {
        value
    }
}

/// What a function on JSON answers.
#[diagnostic::on_unimplemented(
    message = "an upcast answers with `Result<serde_json::Value, E>`, and not with `{Self}`",
    label = "write `fn name(payload: serde_json::Value) -> Result<serde_json::Value, E>`"
)]
pub trait NewerPayload {
    /// The newer payload; `None` if the function refuses.
    fn newer(self) -> Option<Value>;
}

impl<E> NewerPayload for Result<Value, E> {
    // The error may quote the payload, and is dropped.
    fn newer(self) -> Option<Value> {
        self.ok()
    }
}

/// What a function on JSON makes of a payload.
pub fn judged<Old: OlderPayload, New: NewerPayload>(
    value: Value,
    with: fn(Old) -> New,
) -> Option<Value> {
    with(Old::older(value)).newer()
}

/// What a field's last conversion makes: the field's type.
#[diagnostic::on_unimplemented(
    message = "the conversion makes `{Self}`, and the field is `{Field}`",
    label = "let the function return `{Field}`, or make the field `{Self}`"
)]
pub trait Makes<Field> {}

#[diagnostic::do_not_recommend]
impl<T> Makes<T> for T {}

/// The text of a field after an infallible conversion.
pub fn converted<Old: DeserializeOwned, Field, New: Serialize + Makes<Field>>(
    text: &str,
    with: fn(Old) -> New,
) -> Option<String> {
    let old = serde_json::from_str(text).ok()?;
    strict::to_string(&with(old)).ok()
}

/// The text of a field after a conversion that may refuse.
pub fn try_converted<Old: DeserializeOwned, Field, New: Serialize + Makes<Field>, E>(
    text: &str,
    with: fn(Old) -> Result<New, E>,
) -> Option<String> {
    let old = serde_json::from_str(text).ok()?;
    strict::to_string(&with(old).ok()?).ok()
}

/// What `#[event(upcast(from = Old))]` asks for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made from its older version `{Old}`",
    label = "write `impl From<{Old}> for {Self} {{ fn from(old: {Old}) -> Self {{ … }} }}`"
)]
pub trait UpcastFrom<Old>: Sized {
    /// The current version of an old event.
    fn upcast_from(old: Old) -> Self;
}

#[diagnostic::do_not_recommend]
impl<Old, T: From<Old>> UpcastFrom<Old> for T {
    fn upcast_from(old: Old) -> Self {
        Self::from(old)
    }
}

/// Checks while compiling that `Old` is the version before `version` of the event `name`.
///
/// # Panics
///
/// If it isn't; only called while compiling.
#[track_caller]
pub const fn check_old<Old: Event>(name: &str, version: u32) {
    // An event that the derive refused has version 0; its own error is enough.
    if Old::VERSION == 0 {
        return;
    }
    let mut message = Message::new();
    if Old::VERSION != version - 1 {
        message.push("the type in `upcast(from = …)` has to be version ");
        message.push_number(version - 1);
        message.push(" of this event, and is version ");
        message.push_number(Old::VERSION);
        panic!("{}", message.as_str())
    }
    if !same(Old::NAME.as_bytes(), name.as_bytes()) {
        message.push("the type in `upcast(from = …)` has to be named `");
        message.push(name);
        message.push("` like this event, and is named `");
        message.push(Old::NAME);
        message.push("`");
        panic!("{}", message.as_str())
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
