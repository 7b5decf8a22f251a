//! Whether a correction is allowed by what it corrects.

use super::CorrectError;
use super::correction::{Content, Correction as Stored, Target};
use super::fact::is_initial;
use super::standing::{Force, Standing};
use crate::process::is_record;
use crate::{
    Aggregate, EventSet, Invalid, Misplaced, Revision, StoreError, StoredEvent, Timestamp,
};

/// One of the corrections that are made together.
#[derive(Debug)]
pub enum Step<E> {
    /// The event at this revision didn't happen.
    Retract(Revision),
    /// This happened instead, perhaps at another instant of the world.
    Replace(Revision, E, Option<Timestamp>),
    /// This happened, too.
    Insert(E, Timestamp),
}

impl<E: EventSet> Step<E> {
    pub(super) fn effective_at(&self) -> Option<Timestamp> {
        match self {
            Self::Retract(_) => None,
            Self::Replace(_, _, effective_at) => *effective_at,
            Self::Insert(_, effective_at) => Some(*effective_at),
        }
    }

    /// The entry that it is of, if it is of one.
    pub(super) fn target(&self) -> Option<Revision> {
        match self {
            Self::Retract(target) | Self::Replace(target, ..) => Some(*target),
            Self::Insert(..) => None,
        }
    }

    /// The correction to be stored, if the entries of a stream that is at `head` allow it: all of them, or those from one
    /// on that isn't later than its target.
    pub(super) fn judged<A: Aggregate<Event = E>>(
        &self,
        entries: &[StoredEvent],
        head: Revision,
    ) -> Result<Stored, CorrectError<A::Error>> {
        let standing = Standing::of(entries)?;
        match self {
            Self::Retract(target) => {
                let entry = in_force(&standing, entries, *target, head)?;
                if let Some(Stored::Retracted(taken_back)) = standing.correction(*target) {
                    check_free(&standing, *target, taken_back.revision)?;
                }
                if is_initial::<A>(&entry.event.name) {
                    return Err(CorrectError::Beginning { target: *target });
                }
                Ok(Stored::Retracted(entry.target))
            }
            Self::Replace(target, event, _) => {
                let entry = in_force(&standing, entries, *target, head)?;
                let name = match standing.correction(*target) {
                    Some(Stored::Retracted(_)) => {
                        return Err(CorrectError::Unreplaceable { target: *target });
                    }
                    Some(stored) => stored.content().map_or("", |content| &content.name),
                    None => &entry.event.name,
                };
                check_beginning::<A>(event, is_initial::<A>(name))?;
                Ok(Stored::Replaced(entry.target, content(event)?))
            }
            Self::Insert(event, _) => {
                check_beginning::<A>(event, false)?;
                Ok(Stored::Inserted(content(event)?))
            }
        }
    }
}

/// An entry that counts.
struct Entry<'e> {
    event: &'e StoredEvent,
    target: Target,
}

fn in_force<'e, E: std::error::Error>(
    standing: &Standing,
    entries: &'e [StoredEvent],
    target: Revision,
    head: Revision,
) -> Result<Entry<'e>, CorrectError<E>> {
    let event = entries
        .iter()
        .rev()
        .find(|entry| entry.envelope.revision == target && !is_record(&entry.name));
    match (event, standing.force(target)) {
        (Some(event), Some(Force::Counts)) => Ok(Entry {
            event,
            target: Target {
                revision: target,
                id: event.envelope.id,
            },
        }),
        (_, Some(Force::Replaced { by } | Force::Retracted { by })) => {
            Err(CorrectError::AlreadyCorrected { target, by })
        }
        _ => Err(CorrectError::NoSuchRevision { target, head }),
    }
}

/// A correction that comes back strikes its target again, which must not have been corrected otherwise since: two facts
/// would stand in one place.
fn check_free<E: std::error::Error>(
    standing: &Standing,
    target: Revision,
    restored: Revision,
) -> Result<(), CorrectError<E>> {
    let strikes = standing.correction(restored).and_then(Stored::target);
    match strikes.and_then(|struck| standing.force(struck.revision)) {
        Some(Force::Replaced { by } | Force::Retracted { by }) => {
            Err(CorrectError::AlreadyCorrected { target, by })
        }
        _ => Ok(()),
    }
}

/// Only an initial event stands for an initial one, and nowhere else.
fn check_beginning<A: Aggregate>(
    event: &A::Event,
    beginning: bool,
) -> Result<(), CorrectError<A::Error>> {
    let descriptor = event.descriptor();
    let name = descriptor.name;
    match (beginning, descriptor.initial) {
        (true, false) => Err(CorrectError::Misplaced(Misplaced::FirstNotInitial { name })),
        (false, true) => Err(CorrectError::Misplaced(Misplaced::InitialNotFirst { name })),
        _ => Ok(()),
    }
}

fn content<E: EventSet>(event: &E) -> Result<Content, StoreError> {
    let descriptor = event.descriptor();
    let name = descriptor.name;
    let payload = event.encode();
    Ok(Content {
        name: name.into(),
        version: descriptor.version,
        payload: payload.map_err(|error| Invalid::Payload { name, error })?,
    })
}
