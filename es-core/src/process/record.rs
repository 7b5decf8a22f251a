//! What a process writes into streams, under names of the library's own: each is a record of what it took in, decided
//! and did, and none is an event of an aggregate.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::trouble::Class;
use crate::{
    DecodeError, EncodeError, EventId, Invalid, Json, NewEvent, Position, StoreError, StoredEvent,
    Timestamp,
};

macro_rules! records {
    ($($(#[$doc:meta])* $record:ident = $name:literal,)*) => {
        /// A record, as it is stored.
        #[derive(Debug)]
        pub(crate) enum Record {
            $($(#[$doc])* $record($record),)*
        }

        /// Whether events of this stored name are records: folds pass over them.
        pub(crate) fn is_record(name: &str) -> bool {
            name.starts_with("es.") && matches!(name, $($name)|*)
        }

        /// The stored names of all records.
        pub(super) const NAMES: &[&str] = &[$($name),*];

        impl Record {
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$record(_) => $name,)*
                }
            }

            fn payload(&self) -> Result<Json, EncodeError> {
                match self {
                    $(Self::$record(record) => Json::encode(record),)*
                }
            }

            /// What is stored under this name, if that is a record's.
            pub(super) fn decoded(name: &str, payload: &str) -> Result<Option<Self>, DecodeError> {
                match name {
                    $($name => Ok(Some(Self::$record(serde_json::from_str(payload)?))),)*
                    _ => Ok(None),
                }
            }
        }

        $(impl From<$record> for Record {
            fn from(record: $record) -> Self {
                Self::$record(record)
            }
        })*
    };
}

records! {
    /// In a process's stream: an input was taken in, and what follows in the append is its reaction.
    Consumed = "es.consumed",
    /// In a process's stream: an input waits behind what the instance is stuck on.
    Deferred = "es.deferred",
    /// In a process's stream: a command to be sent, under its id.
    Commanded = "es.commanded",
    /// In a process's stream: a command was accepted.
    Accepted = "es.accepted",
    /// In a process's stream: a command was rejected, and what follows in the append is the reaction to that.
    Rejected = "es.rejected",
    /// In a process's stream: a deadline was set, in place of one of the same name.
    DeadlineSet = "es.deadline-set",
    /// In a process's stream: a deadline was cancelled.
    DeadlineCancelled = "es.deadline-cancelled",
    /// In a process's stream: a deadline has passed, and what follows in the append is the reaction to that.
    DeadlineFired = "es.deadline-fired",
    /// In a process's stream: the instance is over.
    Ended = "es.ended",
    /// In a process's stream: the instance can't go on by itself.
    Quarantined = "es.quarantined",
    /// In a process's stream: somebody has it go on.
    Resumed = "es.resumed",
    /// In the stream of a process as a whole: where it began.
    Began = "es.began",
    /// In the stream of a process as a whole: an input was set aside, as no instance can have its key.
    SetAside = "es.set-aside",
    /// In the stream of a process as a whole: somebody had an input taken in that was set aside.
    Readmitted = "es.readmitted",
    /// In the stream of a process as a whole: somebody had an input passed over that was set aside.
    Discarded = "es.discarded",
    /// In the stream of a command's target, under the command's id: it was refused.
    Refused = "es.refused",
    /// In the stream of a command's target, under the command's id: it was accepted and changed nothing.
    Unchanged = "es.unchanged",
}

/// Which event was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consumed {
    pub(crate) event: EventId,
    pub(crate) name: String,
    pub(crate) position: Position,
    /// It had waited, and when its turn came it concerned the instance no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) passed_over: bool,
    /// It corrects what the instance has taken in, which was over and stays so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) after_end: bool,
}

/// Which event waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deferred {
    pub(crate) event: EventId,
    pub(crate) name: String,
    pub(crate) position: Position,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Commanded {
    pub(crate) command: String,
    /// The stream of the aggregate that it is for.
    pub(crate) target: String,
    pub(crate) payload: Box<RawValue>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) command: EventId,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rejected {
    pub(crate) command: EventId,
    #[serde(flatten)]
    pub(crate) refusal: Refused,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeadlineSet {
    pub(crate) deadline: String,
    pub(crate) due: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeadlineCancelled {
    pub(crate) deadline: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeadlineFired {
    /// The id of the record that set it.
    pub(crate) setting: EventId,
    pub(crate) deadline: String,
    pub(crate) due: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ended {}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Quarantined {
    /// The input, command or setting of a deadline that it can't get past; none if its own history can't be read.
    pub(crate) on: Option<EventId>,
    pub(crate) reason: String,
    pub(crate) class: Class,
    /// How often it was tried.
    pub(crate) attempts: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Resumed {
    /// What it was stuck on and passes over.
    pub(crate) skipped: Option<EventId>,
}

/// Everything after this position is the process's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Began {
    pub(crate) position: Position,
}

/// Which event was set aside, and why.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SetAside {
    pub(crate) event: EventId,
    pub(crate) name: String,
    pub(crate) position: Position,
    pub(crate) reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Readmitted {
    pub(crate) event: EventId,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Discarded {
    pub(crate) event: EventId,
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) why: RejectionKind,
    pub(crate) reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Unchanged {}

/// In which way a command was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RejectionKind {
    /// The aggregate said no.
    Rejected,
    /// The aggregate doesn't exist.
    NotFound,
    /// The aggregate that it would have created exists already.
    AlreadyExists,
}

/// The version of these payloads.
const VERSION: u32 = 1;

impl Record {
    /// What a stored event says, if it is a record.
    pub(crate) fn of(stored: &StoredEvent) -> Result<Option<Self>, StoreError> {
        if is_record(&stored.name) && stored.version > VERSION {
            return Err(stored.undecodable(DecodeError::NewerVersion { known: VERSION }));
        }
        Self::decoded(&stored.name, stored.payload.as_str())
            .map_err(|reason| stored.undecodable(reason))
    }

    /// The record as it is to be appended.
    pub(crate) fn encode(&self, id: EventId, metadata: &Json) -> Result<NewEvent, StoreError> {
        let name = self.name();
        let payload = self.payload();
        let payload = payload.map_err(|error| Invalid::Payload { name, error })?;
        // A command's payload was checked by itself, and stands one level deeper here.
        let payload = Json::parse(payload.as_str()).map_err(Invalid::Json)?;
        let mut event = NewEvent::new(id, name, VERSION, payload);
        event.metadata = metadata.clone();
        Ok(event)
    }
}
