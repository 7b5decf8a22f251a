use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{EncodeError, Json};

/// What an event's data has to be: storable as JSON and sent between threads.
///
/// Implemented for every type with serde's `Serialize` and `Deserialize`; never by hand. Called by an event's encoding and
/// decoding. It is not an [`Event`]: it has neither a name nor a version.
///
/// ```
/// use es_core::Payload;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct MoneyDeposited { cents: i64 }
///
/// let text = Payload::encoded(&MoneyDeposited { cents: 500 })?;
/// assert_eq!(text.as_str(), r#"{"cents":500}"#);
/// assert_eq!(MoneyDeposited::decoded(text.as_str())?, MoneyDeposited { cents: 500 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be stored: it lacks serde's derives",
    label = "add `#[derive(Serialize, Deserialize)]`",
    note = "an event owns its data: no references, and `Send + Sync`"
)]
pub trait Payload: Sized + Send + Sync + 'static {
    /// The text to be stored.
    fn encoded(payload: &Self) -> Result<Json, EncodeError>;

    /// The value of a stored text.
    fn decoded(text: &str) -> Result<Self, DecodeError>;
}

// Serde's traits are asked for here and aren't supertraits, so that lacking both is one error, which names this trait.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Payload for T {
    fn encoded(payload: &Self) -> Result<Json, EncodeError> {
        Json::encode(payload)
    }

    #[inline]
    fn decoded(text: &str) -> Result<Self, DecodeError> {
        serde_json::from_str(text).map_err(DecodeError::from)
    }
}

/// A fact that happened, with its stored name and the history of its schema.
///
/// Implemented by `#[derive(Event)]`, which proves that every version from 1 to the current one can be read; called
/// by the event set of an aggregate when a stream is read. It is not a message: whom it concerns, when it happened
/// and who did it stand in the [`Envelope`](crate::Envelope).
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use es_core::Event;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
/// #[event(name = "account.money-deposited", version = 2)]
/// struct MoneyDeposited {
///     #[event(since = 2, renamed_from = "amt")]
///     cents: i64,
/// }
///
/// assert_eq!(MoneyDeposited::decode(1, r#"{"amt":500}"#)?, MoneyDeposited { cents: 500 });
/// # }
/// # Ok::<(), es_core::DecodeError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "add `#[derive(Event)]` and `#[event(name = \"…\")]` to `{Self}`"
)]
pub trait Event: Payload {
    /// The stored name. Renaming the type doesn't change it.
    const NAME: &'static str;
    /// The schema version that is written, from 1.
    const VERSION: u32;
    /// Names under which older events of this kind were stored.
    const FORMER_NAMES: &'static [&'static str] = &[];

    /// Decodes a payload that any version up to the current one wrote.
    fn decode(version: u32, payload: &str) -> Result<Self, DecodeError>;
}

/// Why a stored event can't be read. It never quotes the payload, which may hold personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No event of this name is listed, now, formerly or as retired.
    #[error(
        "no event of this name is known; if it was removed, list it with `#[event(retired = \"…\")]`"
    )]
    UnknownName,
    /// A newer program wrote this version.
    #[error("the newest version known here is {known}; a newer program wrote it")]
    NewerVersion {
        /// The newest version that this program reads.
        known: u32,
    },
    /// Versions count from 1.
    #[error("versions count from 1")]
    VersionZero,
    /// The payload isn't what this version of the event looks like.
    #[error("the payload doesn't fit: {0}")]
    Payload(PayloadError),
    /// The metadata isn't what it looks like.
    #[error("the metadata doesn't fit: {0}")]
    Metadata(PayloadError),
    /// A conversion on the way to the current version refused the payload.
    #[error("the upcaster to version {to} refused {}", Place(.field.as_deref()))]
    Upcast {
        /// The version that the refusing hop leads to.
        to: u32,
        /// The stored key of the field, where the hop describes one.
        field: Option<String>,
    },
    /// It corrects another event, and the aggregate takes no corrections.
    #[error(
        "it corrects another event, and the aggregate takes no corrections: add `#[aggregate(corrections)]`"
    )]
    Correction,
    /// A correction that points at what isn't there.
    #[error("it corrects the event at revision {revision}, and another one stands there or none")]
    Target {
        /// The revision that it points at.
        revision: crate::Revision,
    },
    /// The event stands where the rules of a stream's beginning don't allow it.
    #[error("{0}")]
    Misplaced(crate::Misplaced),
}

struct Place<'a>(Option<&'a str>);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(field) => write!(f, "the field `{field}`"),
            None => f.write_str("the payload"),
        }
    }
}

/// Where and how a payload doesn't fit its type, without quoting it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at line {line}, column {column}")]
pub struct PayloadError {
    what: String,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for PayloadError {
    fn from(error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        let what = match error.classify() {
            Category::Data => missing_field(&error)
                .unwrap_or_else(|| "a value of another type or form".to_owned()),
            Category::Eof => "the JSON ends too soon".to_owned(),
            Category::Syntax | Category::Io => "not JSON".to_owned(),
        };
        Self {
            what,
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Serde's message where it names a field of ours and nothing of the payload.
fn missing_field(error: &serde_json::Error) -> Option<String> {
    let message = error.to_string();
    let name = message.strip_prefix("missing field `")?.split('`').next()?;
    Some(format!("missing field `{name}`"))
}

impl From<serde_json::Error> for DecodeError {
    #[cold]
    fn from(error: serde_json::Error) -> Self {
        Self::Payload(error.into())
    }
}
