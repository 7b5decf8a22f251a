//! Which entries of a stream changed what was folded before them: what tells that a state in the past still serves, without
//! reading all that came since.
//!
//! An entry that isn't among them is in order: what it says is true after all that counted when it came.

use super::fact::Key;
use super::standing::Standing;
use crate::process::is_record;
use crate::{Revision, StoreError, StoredEvent, Timestamp};

/// How many are remembered.
const MOST: usize = 64;

/// The entries that weren't in order, each with the first place in the fold that it touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Late {
    /// Of this revision and those before it nothing is said.
    pub(crate) since: Revision,
    /// The last place that anything said, whether it counts any more or not: what is in order stands behind it.
    pub(crate) highest: Option<Key>,
    /// By revision.
    pub(crate) entries: Vec<(Revision, Key)>,
}

impl Late {
    /// Nothing is known of what came up to this revision, whose last fact stands there.
    pub(crate) const fn unknown(since: Revision, highest: Option<Key>) -> Self {
        Self {
            since,
            highest,
            entries: Vec::new(),
        }
    }

    /// Takes in an event that comes next.
    pub(crate) fn take(&mut self, revision: Revision, key: Key) {
        if Some(key) < self.highest {
            self.push(revision, key);
        }
        self.highest = self.highest.max(Some(key));
    }

    /// Takes in the entries that come next.
    pub(crate) fn extend(
        &mut self,
        entries: &[StoredEvent],
        standing: &Standing,
    ) -> Result<(), StoreError> {
        for entry in entries.iter().filter(|entry| !is_record(&entry.name)) {
            let revision = entry.envelope.revision;
            if standing.correction(revision).is_none() {
                self.take(revision, Key::of(entry));
                continue;
            }
            let places = standing.places(entries, revision)?;
            let first = places.iter().flatten().min().copied();
            // Where these entries don't tell what it touches, it may be anything.
            let is_told = places.iter().all(Option::is_some);
            self.push(revision, first.filter(|_| is_told).unwrap_or(Key::FIRST));
            self.highest = self.highest.max(places.into_iter().flatten().max());
        }
        Ok(())
    }

    fn push(&mut self, revision: Revision, key: Key) {
        if self.entries.len() == MOST {
            (self.since, _) = self.entries.remove(0);
        }
        self.entries.push((revision, key));
    }

    /// Whether all that came after a revision up to now leaves what is folded up to a place as it is; `None` if it isn't
    /// known.
    pub(crate) fn leaves(&self, revision: Revision, last: Option<Key>) -> Option<bool> {
        (self.since <= revision).then(|| !self.touches_after(revision, |key| Some(key) <= last))
    }

    /// Whether something after a revision touches what is effective by an instant.
    pub(crate) fn touches_by(&self, revision: Revision, instant: Timestamp) -> bool {
        self.touches_after(revision, |key| key.effective_at <= instant)
    }

    fn touches_after(&self, revision: Revision, is_meant: impl Fn(Key) -> bool) -> bool {
        let after = self.entries.iter().filter(|(entry, _)| *entry > revision);
        after.into_iter().any(|(_, key)| is_meant(*key))
    }

    /// Whether the entry at a revision is one of them.
    pub(crate) fn contains(&self, revision: Revision) -> bool {
        self.entries
            .binary_search_by_key(&revision, |(entry, _)| *entry)
            .is_ok()
    }
}
