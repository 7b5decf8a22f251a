//! What can't be done now, and when it is tried again: each instance by itself, so that the others go on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::trouble::{Trouble, Undone};
use super::view::DelayedInstance;
use crate::{StoreError, Timestamp};

/// The instances that have to wait. Only this program knows of them: another one finds out by itself.
#[derive(Debug)]
pub(super) struct Delays {
    by_id: BTreeMap<String, Delay>,
    /// How long to wait after the first failure, and at most.
    pub(super) back_off: (Duration, Duration),
    /// How often what fails for good is tried.
    pub(super) attempts: u32,
}

#[derive(Debug)]
struct Delay {
    shown: DelayedInstance,
    again_at: Instant,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            by_id: BTreeMap::new(),
            back_off: (Duration::from_millis(100), Duration::from_secs(10)),
            attempts: 10,
        }
    }
}

impl Delays {
    /// Whether it isn't the instance's turn yet.
    pub(super) fn rests(&self, id: &str) -> bool {
        let delay = self.by_id.get(id);
        delay.is_some_and(|delay| delay.again_at > Instant::now())
    }

    /// The instance has done what it had to, or is stuck.
    pub(super) fn done(&mut self, id: &str) {
        self.by_id.remove(id);
    }

    /// The instance couldn't do this at this time, and waits; what is to be said of it if it was tried often enough.
    pub(super) fn failed(&mut self, id: &str, undone: &Undone, now: Timestamp) -> Option<Trouble> {
        let before = self.by_id.remove(id).map(|delay| delay.shown);
        let before = before.filter(|before| before.on == undone.on);
        let (tried, since) = before.map_or((0, now), |before| (before.attempts, before.since));
        let trouble = Trouble {
            attempts: tried.saturating_add(1),
            ..Trouble::from(&undone.error)
        };
        let given_up = trouble.attempts >= self.attempts && !undone.is_passing();
        // Where somebody else was faster it is tried again soon: the next time it may be the first.
        let again_in = match undone.error {
            StoreError::Conflict(_) => self.back_off.0,
            _ => self.delay(trouble.attempts),
        };
        let told = given_up.then(|| trouble.clone());
        let shown = DelayedInstance {
            key: id.to_owned(),
            on: undone.on,
            reason: trouble.reason,
            class: trouble.class.into(),
            attempts: trouble.attempts,
            since,
        };
        let again_at = Instant::now() + again_in;
        let delay = Delay { shown, again_at };
        self.by_id.insert(id.to_owned(), delay);
        told
    }

    pub(super) fn shown(&self) -> Vec<DelayedInstance> {
        let shown = self.by_id.values().map(|delay| delay.shown.clone());
        shown.collect()
    }

    /// Twice as long after each try.
    fn delay(&self, attempts: u32) -> Duration {
        let (first, most) = self.back_off;
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1));
        let doubled = doubled.unwrap_or(u32::MAX);
        first.saturating_mul(doubled).min(most)
    }
}
