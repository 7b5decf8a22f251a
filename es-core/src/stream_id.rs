use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Aggregate, AggregateId};

/// The name of a stream, one aggregate's history: a category and an id, written `category/id`.
///
/// A category has 1 to [`MAX_CATEGORY`](Self::MAX_CATEGORY) bytes without `/` and control characters; an id has 1 to
/// [`MAX_ID`](Self::MAX_ID) bytes without NUL. Cheap to clone.
///
/// ```
/// use es_core::StreamId;
/// let stream = StreamId::new("account", "ada/checking")?;
/// assert_eq!((stream.category(), stream.id()), ("account", "ada/checking"));
/// assert_eq!("account/ada/checking".parse(), Ok(stream));
/// # Ok::<(), es_core::InvalidStreamId>(())
/// ```
#[derive(Clone)]
pub struct StreamId {
    text: Arc<str>,
    slash: u8,
}

impl StreamId {
    /// The longest category, in bytes.
    pub const MAX_CATEGORY: usize = 128;
    /// The longest id, in bytes.
    pub const MAX_ID: usize = 256;

    /// The stream of `id` in `category`, if both are well formed.
    pub fn new(category: &str, id: &str) -> Result<Self, InvalidStreamId> {
        Self::check(category, id)?;
        let mut text = String::with_capacity(category.len() + 1 + id.len());
        text.push_str(category);
        text.push('/');
        text.push_str(id);
        Self::split_at(text.into(), category.len())
    }

    /// The stream of the aggregate `A` with this id.
    pub fn of<A: Aggregate>(id: &A::Id) -> Result<Self, InvalidStreamId> {
        Self::new(A::CATEGORY, &A::Id::to_text(id))
    }

    /// The category.
    pub fn category(&self) -> &str {
        &self.text[..usize::from(self.slash)]
    }

    /// The id within the category.
    pub fn id(&self) -> &str {
        &self.text[usize::from(self.slash) + 1..]
    }

    /// Category and id as written: `category/id`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn check(category: &str, id: &str) -> Result<(), InvalidStreamId> {
        if category.is_empty() || category.len() > Self::MAX_CATEGORY {
            return Err(InvalidStreamId::CategoryLength(category.len()));
        }
        if category.chars().any(|c| c == '/' || c.is_control()) {
            return Err(InvalidStreamId::CategoryCharacter);
        }
        if id.is_empty() || id.len() > Self::MAX_ID {
            return Err(InvalidStreamId::IdLength(id.len()));
        }
        if id.contains('\0') {
            return Err(InvalidStreamId::IdCharacter);
        }
        Ok(())
    }

    fn split_at(text: Arc<str>, slash: usize) -> Result<Self, InvalidStreamId> {
        let slash = u8::try_from(slash).map_err(|_| InvalidStreamId::CategoryLength(slash))?;
        Ok(Self { text, slash })
    }
}

impl FromStr for StreamId {
    type Err = InvalidStreamId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (category, id) = text.split_once('/').ok_or(InvalidStreamId::NoSlash)?;
        Self::check(category, id)?;
        Self::split_at(text.into(), category.len())
    }
}

/// As text: `category/id`.
impl Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a category and an id don't make a [`StreamId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStreamId {
    /// The category is empty or too long.
    #[error("a category has 1 to 128 bytes, this one has {0}")]
    CategoryLength(usize),
    /// The category holds `/` or a control character.
    #[error("a category has no `/` and no control characters")]
    CategoryCharacter,
    /// The id is empty or too long.
    #[error("an id has 1 to 256 bytes, this one has {0}")]
    IdLength(usize),
    /// The id holds NUL.
    #[error("an id has no NUL character")]
    IdCharacter,
    /// There is no `/` between category and id.
    #[error("a stream is written `category/id`")]
    NoSlash,
}

// The first slash ends the category, so equal texts are equal streams.
impl PartialEq for StreamId {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for StreamId {}

impl Hash for StreamId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialOrd for StreamId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for StreamId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
