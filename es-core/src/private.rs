//! What the derives' expansions call, and the test kit. Not part of the public interface: it changes without notice.

pub use std::boxed::Box;
pub use std::string::String;
pub use std::vec::Vec;

pub use crate::names::{Names, Twins, names};
pub use crate::process::{DryOutcome, DryRun};
pub use crate::temporal::{CorrectionStep, correct_given, facts_given, fold_given};
pub use crate::upcast::{
    Change, Hop, UpcastFrom, check_old, converted, decode, decode_from, judged, try_converted,
};

use crate::{
    Aggregate, Command, DecodeError, EncodeError, Event, EventDescriptor, EventId, EventSet,
    Handle, HandleCreate, Handler, Json, Misplaced, Payload, Process, Recorded, SnapshotPolicy,
    StoredEvent,
};

/// Changes a state as a correction says.
pub type Correcting<P> = Box<dyn FnOnce(&mut P)>;

/// A correction's change to a projection whose event on this line it is, by its facts.
pub type CorrectingLine<P> = fn(
    usize,
    Option<&StoredEvent>,
    Option<&StoredEvent>,
) -> Result<Option<Correcting<P>>, DecodeError>;

/// Has a projection follow a correction, or leaves it as it is.
///
/// # Errors
///
/// A fact can't be read.
pub fn correct<P>(
    state: &mut P,
    line: impl Fn(&str) -> Option<usize>,
    by_line: CorrectingLine<P>,
    before: Option<&StoredEvent>,
    after: Option<&StoredEvent>,
) -> Result<(), DecodeError> {
    let line = |fact: Option<&StoredEvent>| fact.and_then(|fact| line(&fact.name));
    let on =
        |at: Option<usize>, before, after| at.map_or(Ok(None), |at| by_line(at, before, after));
    let changes = match (line(before), line(after)) {
        (old, new) if old == new => [on(old, before, after)?, None],
        (old, new) => [on(old, before, None)?, on(new, None, after)?],
    };
    // All is read before anything is changed.
    for change in changes.into_iter().flatten() {
        change(state);
    }
    Ok(())
}

/// A fact of a correction as its event.
///
/// # Errors
///
/// It can't be read.
pub fn fact<E>(
    stored: Option<&StoredEvent>,
    decode: impl FnOnce(u32, &str) -> Result<E, DecodeError>,
) -> Result<Option<Recorded<E>>, DecodeError> {
    let Some(stored) = stored else {
        return Ok(None);
    };
    let event = decode(stored.version, stored.payload.as_str())?;
    Recorded::new(event, &stored.envelope).map(Some)
}

/// The state before any event, of an aggregate without initial events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no state before its first event: it isn't `Default`",
    label = "add `#[derive(Default)]`, or mark the events that begin a stream: `#[event(…, initial)]`"
)]
pub trait InitialState: Sized {
    /// The state.
    fn initial_state() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> InitialState for T {
    fn initial_state() -> Self {
        T::default()
    }
}

/// Begins a state with an initial event, which has to come first.
///
/// # Errors
///
/// The stream has begun already.
pub fn begin<A>(
    state: &mut Option<A>,
    name: &'static str,
    create: impl FnOnce() -> Result<A, DecodeError>,
) -> Result<(), DecodeError> {
    if state.is_some() {
        return Err(DecodeError::Misplaced(Misplaced::InitialNotFirst { name }));
    }
    *state = Some(create()?);
    Ok(())
}

/// The state that an event changes. It has begun, or the aggregate exists without an event.
///
/// # Errors
///
/// The stream hasn't begun, and the event isn't one to begin it.
pub fn begun<'a, A: Aggregate>(
    state: &'a mut Option<A>,
    name: &'static str,
) -> Result<&'a mut A, DecodeError> {
    if state.is_none() {
        *state = A::initial();
    }
    state
        .as_mut()
        .ok_or(DecodeError::Misplaced(Misplaced::FirstNotInitial { name }))
}

/// An event as a line of an aggregate: the only place that asks whether it is one, so that it is one error if not.
#[derive(Debug)]
pub struct Listed<E> {
    /// What the set says of it.
    pub descriptor: EventDescriptor,
    /// [`Event::decode`].
    pub decode: fn(u32, &str) -> Result<E, DecodeError>,
    /// [`Json::encode`].
    pub encode: fn(&E) -> Result<Json, EncodeError>,
}

impl<E> Listed<E> {
    /// An event, listed as `initial` or not.
    pub const fn new(initial: bool) -> Self
    where
        E: Event,
    {
        Self {
            descriptor: EventDescriptor::of::<E>(initial),
            decode: E::decode,
            encode: E::encoded,
        }
    }

    /// The same, given with its envelope.
    pub const fn recorded(mut self) -> Self {
        self.descriptor.recorded = true;
        self
    }
}

/// How a command is handled.
pub type HandlerOf<C> = Handler<C, <C as Command>::Aggregate>;

/// The id of the aggregate that a command is for.
pub type IdOf<C> = <<C as Command>::Aggregate as Aggregate>::Id;

/// The state of an aggregate with `snapshot(…)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be kept as a snapshot: it lacks serde's derives",
    label = "add `#[derive(Serialize, Deserialize)]` to `{Self}`"
)]
pub trait KeptState: Payload {}

#[diagnostic::do_not_recommend]
impl<A: Payload> KeptState for A {}

/// An aggregate that says `corrections`. An impl of [`Correctable`](crate::Correctable) alone would let corrections into a
/// stream that the aggregate can't read then.
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes no corrections",
    label = "add `corrections` to the `#[aggregate(…)]` of `{Self}`"
)]
pub trait OptsIn {}

/// When an aggregate is kept as a snapshot.
pub const fn snapshots<A: KeptState>(every: u64, fold: u32, schema: u64) -> SnapshotPolicy<A> {
    SnapshotPolicy::new(every, fold, schema)
}

/// A command's field with the id of an aggregate whose ids are of the type `Id`.
#[diagnostic::on_unimplemented(
    message = "the ids of `{A}` are `{Id}`, and not `{Self}`",
    label = "make this field a `{Id}`, or name another aggregate"
)]
pub trait TargetId<A, Id> {
    /// The id.
    fn target_id(&self) -> &Id;
}

#[diagnostic::do_not_recommend]
impl<A, Id> TargetId<A, Id> for Id {
    fn target_id(&self) -> &Id {
        self
    }
}

/// The id of the aggregate that a command is for.
pub fn target<A: Aggregate, T: TargetId<A, A::Id>>(field: &T) -> &A::Id {
    field.target_id()
}

/// A command's field with the id of the event that it undoes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the id of an event",
    label = "make this field an `EventId`, or an `Option<EventId>`"
)]
pub trait CompensatedId {
    /// The id.
    fn compensated_id(&self) -> Option<EventId>;
}

#[diagnostic::do_not_recommend]
impl CompensatedId for EventId {
    fn compensated_id(&self) -> Option<EventId> {
        Some(*self)
    }
}

#[diagnostic::do_not_recommend]
impl CompensatedId for Option<EventId> {
    fn compensated_id(&self) -> Option<EventId> {
        *self
    }
}

/// The event that a command undoes.
pub fn compensated(field: &impl CompensatedId) -> Option<EventId> {
    field.compensated_id()
}

/// The handler of a command for an aggregate that exists.
pub const fn existing<C: Command>() -> HandlerOf<C>
where
    C::Aggregate: Handle<C>,
{
    Handler::existing()
}

/// The handler of a command that creates the aggregate.
pub const fn creating<C: Command>() -> HandlerOf<C>
where
    C::Aggregate: HandleCreate<C>,
{
    Handler::creating()
}

/// Checks what of a process only its aggregate says.
///
/// # Panics
///
/// While compiling, if the aggregate can't be a process.
#[track_caller]
pub const fn check_process<P: Process>() {
    let events = <P::Event as EventSet>::EVENTS;
    let mut event = 0;
    while event < events.len() {
        if events[event].initial {
            refuse(
                "a process has no initial events: its state before its first input is its `Default`",
            );
        }
        event += 1;
    }
    if P::CORRECTIONS.is_some() {
        refuse("a process takes no corrections: what it has decided was sent");
    }
}

#[track_caller]
const fn refuse(message: &str) -> ! {
    panic!("{}", message)
}

/// What stands in for an enum of events that the derive couldn't make, beside its error.
#[derive(Debug)]
pub enum NoEvents {}

impl EventSet for NoEvents {
    const EVENTS: &'static [EventDescriptor] = &[];
    const RETIRED: &'static [&'static str] = &[];

    fn decode(_: &str, _: u32, _: &str) -> Result<Option<Self>, DecodeError> {
        Err(DecodeError::UnknownName)
    }

    fn descriptor(&self) -> EventDescriptor {
        match *self {}
    }

    fn encode(&self) -> Result<Json, EncodeError> {
        match *self {}
    }
}

/// Mixes an event's name and version into the fingerprint of a snapshot's schema (FNV-1a, 64 bits).
pub const fn fingerprint(seed: u64, events: &[EventDescriptor]) -> u64 {
    let mut hash = seed;
    let mut event = 0;
    while event < events.len() {
        let name = events[event].name.as_bytes();
        let mut at = 0;
        while at < name.len() {
            hash = mixed(hash, name[at]);
            at += 1;
        }
        let version = events[event].version.to_be_bytes();
        let mut at = 0;
        while at < version.len() {
            hash = mixed(hash, version[at]);
            at += 1;
        }
        event += 1;
    }
    hash
}

const fn mixed(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
}
