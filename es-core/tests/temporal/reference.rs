//! The state as effective at V, as known at K, once more: from the seven points of its definition, in the plainest way
//! and without the library's code.

use serde_json::Value;

/// An entry of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub says: Says,
    /// Days.
    pub recorded: u32,
    pub effective: Option<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Says {
    Open,
    Move(i64),
    Retract(usize),
    Replace(usize, Value),
    Insert(i64),
}

/// Revisions count from 1; entry `r` stands at `log[r - 1]`.
pub(crate) type Log = Vec<Entry>;

/// Why an entry doesn't count: it is as if it had never been, or its fact has given way.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Out {
    Retracted(usize),
    Replaced(usize),
}

/// Points 1 and 2: from last to first, what stands strikes its target. A replacement that is replaced gives its fact
/// away and stands as a correction; one that is retracted strikes nothing.
fn out(log: &[Entry]) -> Vec<Option<Out>> {
    let mut out: Vec<Option<Out>> = vec![None; log.len()];
    for revision in (1..=log.len()).rev() {
        if matches!(out[revision - 1], Some(Out::Retracted(_))) {
            continue;
        }
        match log[revision - 1].says {
            Says::Retract(target) => {
                out[target - 1] = out[target - 1].or(Some(Out::Retracted(revision)));
            }
            Says::Replace(target, _) => {
                out[target - 1] = out[target - 1].or(Some(Out::Replaced(revision)));
            }
            _ => {}
        }
    }
    out
}

fn effective(log: &[Entry], revision: usize) -> u32 {
    let entry = &log[revision - 1];
    match (entry.effective, &entry.says) {
        (Some(own), _) => own,
        (None, Says::Replace(target, _)) => effective(log, *target),
        (None, _) => entry.recorded,
    }
}

fn root(log: &[Entry], revision: usize) -> usize {
    match log[revision - 1].says {
        Says::Replace(target, _) => root(log, target),
        _ => revision,
    }
}

/// Points 3 and 4: the facts effective by a day, as (effective, slot, cents); the opening counts as `None`.
pub(crate) fn facts(log: &[Entry], by: u32) -> Vec<(u32, usize, Option<i64>)> {
    let out = out(log);
    let mut facts = Vec::new();
    for revision in 1..=log.len() {
        let cents = match &log[revision - 1].says {
            _ if out[revision - 1].is_some() => continue,
            Says::Retract(_) => continue,
            Says::Open => None,
            Says::Move(cents) | Says::Insert(cents) => Some(*cents),
            Says::Replace(_, value) => value.as_i64(),
        };
        facts.push((effective(log, revision), root(log, revision), cents));
    }
    facts.retain(|(effective, ..)| *effective <= by);
    facts.sort_by_key(|(effective, slot, _)| (*effective, *slot));
    facts
}

/// The cents in the order of the fold; `None` before the account exists.
pub(crate) fn state(log: &[Entry], by: u32) -> Option<Vec<i64>> {
    let facts = facts(log, by);
    let exists = facts.iter().any(|(.., cents)| cents.is_none());
    exists.then(|| facts.iter().filter_map(|(.., cents)| *cents).collect())
}

/// Without opting in, by point 7: the order is the revision, and the day only filters. The account exists from when its
/// opening is effective.
pub(crate) fn plain_state(log: &[Entry], by: u32) -> Option<Vec<i64>> {
    let counts = |revision: &usize| effective(log, *revision) <= by;
    let cents = |revision: usize| match log[revision - 1].says {
        Says::Move(cents) => Some(cents),
        _ => None,
    };
    let begun = !log.is_empty() && counts(&1);
    begun.then(|| (1..=log.len()).filter(counts).filter_map(cents).collect())
}

/// Points 5 and 6: whether the last entry may stand behind the others.
pub(crate) fn is_allowed(log: &[Entry]) -> bool {
    let (last, before) = log.split_last().expect("an entry");
    let gone = out(before);
    let in_force =
        |target: usize| (1..=before.len()).contains(&target) && gone[target - 1].is_none();
    let is_opening = |revision: usize| {
        let root = root(before, revision);
        matches!(before[root - 1].says, Says::Open)
    };
    let fits = match &last.says {
        Says::Open => before.is_empty(),
        Says::Move(_) | Says::Insert(_) => !before.is_empty(),
        Says::Replace(target, value) => {
            in_force(*target)
                && !matches!(before[target - 1].says, Says::Retract(_))
                && is_opening(*target) == value.is_null()
        }
        Says::Retract(target) => {
            let restores_into_a_taken_place = |target: usize| {
                // What comes back strikes again what it struck; nobody else may have done so since.
                let Says::Retract(restored) = before[target - 1].says else {
                    return false;
                };
                match before[restored - 1].says {
                    Says::Retract(struck) | Says::Replace(struck, _) => gone[struck - 1].is_some(),
                    _ => false,
                }
            };
            in_force(*target)
                && !matches!(before[target - 1].says, Says::Open)
                && !restores_into_a_taken_place(*target)
        }
    };
    let first = |log: &[Entry]| facts(log, u32::MAX).first().map(|(.., cents)| *cents);
    fits && first(log) == Some(None)
}

/// Whether the balance is never below zero along the history where it wasn't before.
pub(crate) fn holds(log: &[Entry]) -> bool {
    let (_, before) = log.split_last().expect("an entry");
    let (old, new) = (facts(before, u32::MAX), facts(log, u32::MAX));
    let balance = |facts: &[(u32, usize, Option<i64>)], (effective, slot): (u32, usize)| -> i64 {
        let until = facts
            .iter()
            .filter(|fact| (fact.0, fact.1) <= (effective, slot));
        until.filter_map(|fact| fact.2).sum()
    };
    new.iter().all(|fact| {
        let place = (fact.0, fact.1);
        balance(&new, place) >= 0 || balance(&old, place) < 0
    })
}
