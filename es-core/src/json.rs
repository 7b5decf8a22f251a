use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::Serialize;

use crate::strict::{self, EncodeError};

/// JSON text as it is stored: what went in comes back byte for byte.
///
/// Nested at most [`MAX_DEPTH`](Self::MAX_DEPTH) deep, so that every reader can decode it. Cheap to clone. `Debug`
/// shows the length and not the text, since payloads hold personal data and debug output ends in logs.
#[derive(Clone)]
pub struct Json(Text);

#[derive(Clone)]
enum Text {
    /// `{}`, the metadata of most events: it costs neither memory nor counting.
    EmptyObject,
    Shared(Arc<str>),
}

impl Json {
    /// How deep arrays and objects may be nested.
    pub const MAX_DEPTH: usize = 127;

    /// `{}`
    pub const EMPTY_OBJECT: Self = Self(Text::EmptyObject);

    /// Encodes a value, refusing what JSON can't bring back: non-finite floats, and nesting deeper than
    /// [`MAX_DEPTH`](Self::MAX_DEPTH).
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError> {
        strict::to_string(value).map(Self::from_stored)
    }

    /// Takes a text that is JSON, nested at most [`MAX_DEPTH`](Self::MAX_DEPTH) deep.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidJson> {
        let text = text.into();
        if depth(&text) > Self::MAX_DEPTH {
            return Err(InvalidJson::TooDeep);
        }
        serde_json::from_str::<serde::de::IgnoredAny>(&text)
            .map_err(|error| InvalidJson::at(&error))?;
        Ok(Self::from_stored(text))
    }

    /// Takes a text that a store kept, as it is: if somebody else wrote it and it isn't JSON, decoding it says so.
    pub fn from_stored(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        match &*text {
            EMPTY_OBJECT => Self::EMPTY_OBJECT,
            _ => Self(Text::Shared(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::EmptyObject => EMPTY_OBJECT,
            Text::Shared(text) => text,
        }
    }
}

const EMPTY_OBJECT: &str = "{}";

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl Hash for Json {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// How deep arrays and objects are nested in a text, without parsing it.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.as_str().len())
    }
}

/// Why a text isn't JSON that can be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJson {
    /// Not JSON. The text itself isn't shown, as it may hold personal data.
    #[error("not JSON at line {line}, column {column}")]
    Syntax {
        /// The line of the mistake, from 1.
        line: usize,
        /// The column of the mistake, from 1.
        column: usize,
    },
    /// Nested too deep for readers to decode.
    #[error("nested deeper than 127 levels")]
    TooDeep,
}

impl InvalidJson {
    fn at(error: &serde_json::Error) -> Self {
        Self::Syntax {
            line: error.line(),
            column: error.column(),
        }
    }
}
