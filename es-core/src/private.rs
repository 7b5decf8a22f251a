//! What the derives' expansions call. Not part of the public interface: it changes without notice.

pub use std::string::String;
pub use std::vec::Vec;

pub use crate::names::{Names, Twins, names};
pub use crate::upcast::{
    Change, Hop, UpcastFrom, check_old, converted, decode, decode_from, judged, try_converted,
};

use crate::{DecodeError, Misplaced};

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

/// The state that an event changes, which an initial event has to have begun.
///
/// # Errors
///
/// The stream hasn't begun.
pub fn begun<'a, A>(
    state: &'a mut Option<A>,
    name: &'static str,
) -> Result<&'a mut A, DecodeError> {
    state
        .as_mut()
        .ok_or(DecodeError::Misplaced(Misplaced::FirstNotInitial { name }))
}

/// The state that an event changes, of an aggregate that exists without one.
pub fn existing<A: InitialState>(state: &mut Option<A>) -> &mut A {
    state.get_or_insert_with(A::initial_state)
}

/// Mixes an event's name and version into the fingerprint of a snapshot's schema (FNV-1a, 64 bits).
pub const fn fingerprint(seed: u64, events: &[crate::EventDescriptor]) -> u64 {
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
