use crate::{DecodeError, EncodeError, Event, Json};

/// The closed set of an aggregate's events, as one enum.
///
/// Implemented by the enum that `#[derive(Aggregate)]` makes; called by the repository, which decodes what a store
/// returned and encodes what a decision brought forth. It is not open: an event that isn't listed is an error, so
/// that nothing is skipped in silence.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Create, Event, EventSet, NoError};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// #[event(name = "door.installed")]
/// struct DoorInstalled {}
///
/// #[derive(Aggregate)]
/// #[aggregate(name = "door", id = String, event = DoorEvent, error = NoError)]
/// #[event(DoorInstalled, initial)]
/// struct Door;
/// # impl Create<DoorInstalled> for Door {
/// #     fn create(_: DoorInstalled) -> Self { Door }
/// # }
///
/// let event = DoorEvent::decode("door.installed", 1, "{}")?;
/// assert_eq!(event, Some(DoorEvent::DoorInstalled(DoorInstalled {})));
/// # }
/// # Ok::<(), es_core::DecodeError>(())
/// ```
pub trait EventSet: Sized + Send + Sync + 'static {
    /// Every event of the set, in the order of its listing.
    const EVENTS: &'static [EventDescriptor];
    /// Names that are skipped on read and never used again.
    const RETIRED: &'static [&'static str];

    /// Decodes a stored event; `None` if its name is retired.
    fn decode(name: &str, version: u32, payload: &str) -> Result<Option<Self>, DecodeError>;

    /// What this event is stored as, beside its payload.
    fn descriptor(&self) -> EventDescriptor;

    /// The payload to be stored.
    fn encode(&self) -> Result<Json, EncodeError>;
}

/// What is known of an event of a set without a value of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventDescriptor {
    /// The stored name.
    pub name: &'static str,
    /// The version that is written.
    pub version: u32,
    /// Names under which older events of this kind were stored.
    pub former_names: &'static [&'static str],
    /// Whether the event begins a stream of its aggregate.
    pub initial: bool,
    /// Whether the aggregate is given it with its envelope, as a [`Recorded`](crate::Recorded).
    pub recorded: bool,
}

impl EventDescriptor {
    /// The descriptor of the event `E`.
    pub const fn of<E: Event>(initial: bool) -> Self {
        Self {
            name: E::NAME,
            version: E::VERSION,
            former_names: E::FORMER_NAMES,
            initial,
            recorded: false,
        }
    }
}
