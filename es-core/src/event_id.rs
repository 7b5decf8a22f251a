use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::StreamId;

/// An event's identity, by which a store knows a repeated append.
///
/// A UUID: version 7 (time-ordered) when minted, version 5 (a name's hash) when derived from a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// A new id, unlike any other.
    pub fn random() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id of the `ordinal`-th event (from 0) that `key` brings forth in `stream`: the same for the same three.
    ///
    /// It is UUIDv5 over the stream's id as namespace, so two streams or two keys never share an id.
    pub fn derived(stream: &StreamId, key: &str, ordinal: u32) -> Self {
        let namespace = Uuid::new_v5(&NAMESPACE, stream.as_str().as_bytes());
        let of_key = Uuid::new_v5(&namespace, key.as_bytes());
        Self(Uuid::new_v5(&of_key, &ordinal.to_be_bytes()))
    }

    /// The id with these 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// The namespace under which every derived id lies; changing it would forget every `once` key ever used.
const NAMESPACE: Uuid = Uuid::from_u128(0x6573_2d63_6f72_652d_6f6e_6365_2d6b_6579);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidEventId(()))
    }
}

/// A text that is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidEventId(());

impl From<Uuid> for EventId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl From<EventId> for Uuid {
    fn from(id: EventId) -> Self {
        id.0
    }
}

/// Mints the ids of new events, so that a test can fix them.
///
/// Implemented by [`RandomIds`] and by the test kit's counting ids; called by the repository once for each event that
/// has no derived id. It is not where idempotency comes from: that is [`EventId::derived`], by `once(key)`.
///
/// ```
/// use es_core::{EventId, IdSource};
///
/// struct AlwaysSeven;
///
/// impl IdSource for AlwaysSeven {
///     fn next_id(&self) -> EventId {
///         EventId::from_bytes([7; 16])
///     }
/// }
/// # assert_eq!(AlwaysSeven.next_id().as_bytes(), &[7; 16]);
/// ```
pub trait IdSource: Send + Sync + 'static {
    /// An id that no other event has.
    fn next_id(&self) -> EventId;
}

impl<I: IdSource + ?Sized> IdSource for Arc<I> {
    fn next_id(&self) -> EventId {
        (**self).next_id()
    }
}

/// Ids as UUIDv7: unique, and roughly in the order of their making.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn next_id(&self) -> EventId {
        EventId::random()
    }
}
