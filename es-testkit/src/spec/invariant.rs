//! What always holds of an aggregate that takes corrections, asked where a repository asks it.

use std::fmt::Debug;

use es_core::{Aggregate, StoredEvent};

use super::history::{History, at, chain};

/// The event of a history after which something doesn't hold that held before.
#[derive(Debug)]
pub(super) struct Violated<A: Aggregate> {
    /// Its stored name and when it was true.
    place: String,
    /// What the aggregate says of the state after it.
    pub(super) error: A::Error,
}

impl<A: Aggregate> Violated<A> {
    pub(super) fn told(&self) -> String {
        let why = chain(&self.error);
        format!("the history would break at {}: {why}", self.place)
    }
}

impl<A: Aggregate<Event: Debug + PartialEq>> History<A> {
    /// What a repository would refuse what came since for: an event that was true before others, after which something
    /// breaks. What was broken at a place before isn't held against it.
    pub(super) fn violated(&self, before: &[StoredEvent]) -> Option<Violated<A>> {
        let check = A::CORRECTIONS?.check;
        let shared = before.iter().zip(&self.facts);
        let shared = shared.take_while(|(one, other)| one == other).count();
        if shared == before.len() {
            // It came last, and was decided by the aggregate's methods.
            return None;
        }
        (shared..self.facts.len()).find_map(|place| {
            let fact = &self.facts[place];
            let error = broken(&self.facts[..=place], check)?;
            // Nothing goes with what is appended, so these are what came before it without that.
            let is_old = |fact: &&StoredEvent| before.contains(fact);
            let reached = self.facts[..=place].iter().filter(is_old).count();
            let place = format!("`{}`, effective at {}", fact.name, at(fact));
            let is_new = broken(&before[..reached], check).is_none();
            is_new.then_some(Violated { place, error })
        })
    }
}

pub(super) fn folded<A: Aggregate>(facts: &[StoredEvent]) -> Option<A> {
    let mut state = A::initial();
    for fact in facts {
        // Each was folded before, when it was taken in.
        let _ = A::fold_stored(&mut state, fact);
    }
    state
}

fn broken<A: Aggregate>(
    facts: &[StoredEvent],
    check: fn(&A) -> Result<(), A::Error>,
) -> Option<A::Error> {
    check(&folded::<A>(facts)?).err()
}
