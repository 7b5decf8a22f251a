//! What comes to the instances of a process: an event that it takes in, or a correction of one.

use super::definition::Process;
use super::listed::{Reacts, Role, Taken};
use crate::temporal::Struck;
use crate::{AggregateId, DecodeError, Metadata, StoredEvent};

/// An event that came to an instance.
pub(super) struct Arrival<'a, P: Process> {
    pub(super) stored: &'a StoredEvent,
    pub(super) key: P::Id,
    /// What the fact does that comes in; none where a correction changes one, or takes one away.
    pub(super) role: Option<Role>,
    /// Whether it corrects what the instance may have taken in before.
    pub(super) corrects: bool,
    /// There are two where a correction puts an input of one type in the place of one of another.
    pub(super) react: Vec<Box<Reacts<P>>>,
    /// What it belongs to, where it says so.
    pub(super) correlation: Option<String>,
}

impl<'a, P: Process> Arrival<'a, P> {
    /// An event as it comes to each instance that it concerns. A correction comes with what it changed, if the process is
    /// told of corrections, and concerns two where the one fact has another key than the other.
    pub(super) fn read(
        stored: &'a StoredEvent,
        struck: Option<&Struck>,
    ) -> Result<Vec<Self>, DecodeError> {
        let (corrects, taken) = match struck {
            Some(struck) => (true, reconsidered::<P>(stored, struck)?),
            None => (false, taken_in::<P>(stored)?),
        };
        let correlation = Metadata::decode(&stored.envelope.metadata)?.correlation;
        let mut arrivals: Vec<Self> = Vec::new();
        for (role, Taken { key, comes, react }) in taken {
            let role = comes.then_some(role);
            let id = P::Id::to_text(&key);
            let same = |other: &&mut Self| P::Id::to_text(&other.key) == id;
            if let Some(other) = arrivals.iter_mut().find(same) {
                other.role = other.role.or(role);
                other.react.push(react);
                continue;
            }
            arrivals.push(Self {
                stored,
                key,
                role,
                corrects,
                react: vec![react],
                correlation: correlation.clone(),
            });
        }
        Ok(arrivals)
    }
}

type TakenAs<P> = Vec<(Role, Taken<P>)>;

fn taken_in<P: Process>(stored: &StoredEvent) -> Result<TakenAs<P>, DecodeError> {
    let Some(input) = P::INPUTS.iter().find(|input| input.is_named(&stored.name)) else {
        return Ok(Vec::new());
    };
    let taken = (input.take)(stored)?;
    Ok(taken.into_iter().map(|taken| (input.role, taken)).collect())
}

/// What a correction changed of the inputs: each is told what concerns it, the one that goes out before the one that
/// comes in.
fn reconsidered<P: Process>(
    correction: &StoredEvent,
    struck: &Struck,
) -> Result<TakenAs<P>, DecodeError> {
    let (before, after) = (struck.before.as_ref(), struck.after.as_ref());
    let line = |fact: Option<&StoredEvent>| {
        let name = &fact?.name;
        P::INPUTS.iter().position(|input| input.is_named(name))
    };
    let changes = match (line(before), line(after)) {
        (old, new) if old == new => [(old, before, after), (None, None, None)],
        (old, new) => [(old, before, None), (new, None, after)],
    };
    let mut all = Vec::new();
    for (line, before, after) in changes {
        let Some(input) = line.and_then(|line| P::INPUTS.get(line)) else {
            continue;
        };
        if let Some(reconsider) = input.reconsider {
            let taken = reconsider(correction, before, after)?;
            all.extend(taken.into_iter().map(|taken| (input.role, taken)));
        }
    }
    Ok(all)
}
