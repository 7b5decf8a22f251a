//! Which entries of a stream count, given all that is known.
//!
//! The entries are walked from the last to the first. A correction that stands strikes its target: a retraction makes
//! it as if it had never been, so what the target had struck is back; a replacement puts another fact in its place. A
//! replacement that is itself replaced still stands as a correction (what it struck stays struck), and only its fact has
//! given way: otherwise correcting a correction would bring the first mistake back beside the second correction.

use std::collections::BTreeMap;

use super::correction::{Correction, Target};
use super::fact::{Fact, Key};
use crate::process::is_record;
use crate::{DecodeError, Revision, StoreError, StoredEvent};

/// Whether an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Force {
    Counts,
    Replaced { by: Revision },
    Retracted { by: Revision },
}

/// The entries of a stream, or of its tail, and which of them count.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The revision before the first entry.
    base: u64,
    force: Vec<Force>,
    corrections: BTreeMap<usize, Correction>,
    /// The lowest entry before these that is struck or restored by one of them.
    touched: Option<Revision>,
}

impl Standing {
    pub(crate) fn of(entries: &[StoredEvent]) -> Result<Self, StoreError> {
        let first = entries
            .first()
            .map_or(1, |first| first.envelope.revision.number());
        let mut standing = Self {
            base: first.saturating_sub(1),
            force: vec![Force::Counts; entries.len()],
            corrections: BTreeMap::new(),
            touched: None,
        };
        for (index, entry) in entries.iter().enumerate().rev() {
            let Some(correction) = Correction::of(entry)? else {
                continue;
            };
            if let Some(target) = correction.target() {
                standing.strike(entries, index, &correction, target)?;
            }
            standing.corrections.insert(index, correction);
        }
        Ok(standing)
    }

    fn strike(
        &mut self,
        entries: &[StoredEvent],
        index: usize,
        correction: &Correction,
        target: Target,
    ) -> Result<(), StoreError> {
        let entry = &entries[index];
        let revision = target.revision;
        let astray = || entry.undecodable(DecodeError::Target { revision });
        if revision.is_empty() || revision >= entry.envelope.revision {
            return Err(astray());
        }
        let struck = self.index(revision);
        if struck.is_some_and(|struck| entries[struck].envelope.id != target.id) {
            return Err(astray());
        }
        if matches!(self.force[index], Force::Retracted { .. }) {
            return Ok(());
        }
        let by = entry.envelope.revision;
        match struck {
            Some(struck) if self.force[struck] == Force::Counts => {
                self.force[struck] = match correction {
                    Correction::Retracted(_) => Force::Retracted { by },
                    _ => Force::Replaced { by },
                };
            }
            Some(_) => {}
            None => self.touched = Some(self.touched.map_or(revision, |low| low.min(revision))),
        }
        Ok(())
    }

    fn index(&self, revision: Revision) -> Option<usize> {
        let after = revision.number().checked_sub(self.base + 1)?;
        usize::try_from(after)
            .ok()
            .filter(|index| *index < self.force.len())
    }

    /// Whether the entry at a revision counts, if there is one.
    pub(crate) fn force(&self, revision: Revision) -> Option<Force> {
        Some(self.force[self.index(revision)?])
    }

    /// What the entry at a revision says, if it is a correction.
    pub(crate) fn correction(&self, revision: Revision) -> Option<&Correction> {
        self.corrections.get(&self.index(revision)?)
    }

    /// Where in the fold the facts stand that the correction at a revision puts in place, strikes or restores; `None` for
    /// one that these entries don't tell.
    pub(crate) fn places(
        &self,
        entries: &[StoredEvent],
        revision: Revision,
    ) -> Result<Vec<Option<Key>>, StoreError> {
        let (mut at, mut places) = (revision, Vec::new());
        while let Some(index) = self.index(at) {
            let correction = self.corrections.get(&index);
            if !matches!(correction, Some(Correction::Retracted(_))) {
                let is_told = self.root(index).is_some();
                places.push(is_told.then(|| self.key(entries, index)).transpose()?);
            }
            match correction.and_then(Correction::target) {
                Some(target) => at = target.revision,
                None => return Ok(places),
            }
        }
        places.push(None);
        Ok(places)
    }

    /// The entry that a fact replaces in the end, if it is among these.
    fn root(&self, mut index: usize) -> Option<usize> {
        while let Some(Correction::Replaced(target, _)) = self.corrections.get(&index) {
            index = self.index(target.revision)?;
        }
        Some(index)
    }

    /// The lowest entry before these that one of them strikes or restores.
    pub(crate) fn touched(&self) -> Option<Revision> {
        self.touched
    }

    /// The facts among these entries, in the order of the fold. Asked only where nothing before them is touched.
    pub(crate) fn facts(&self, entries: &[StoredEvent]) -> Result<Vec<Fact>, StoreError> {
        let mut facts = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            if self.force[index] == Force::Counts && !is_record(&entry.name) {
                facts.extend(self.fact(entries, index, entry)?);
            }
        }
        facts.sort_by_key(|fact| fact.key);
        Ok(facts)
    }

    /// The fact that counts here and not by another standing of these entries: one correction makes a difference of at
    /// most one.
    pub(crate) fn counts_not_in(
        &self,
        other: &Self,
        entries: &[StoredEvent],
    ) -> Result<Option<StoredEvent>, StoreError> {
        for (index, entry) in entries.iter().enumerate() {
            let there = other.force.get(index) == Some(&Force::Counts);
            if self.force[index] == Force::Counts
                && !there
                && !is_record(&entry.name)
                && let Some(fact) = self.fact(entries, index, entry)?
            {
                return Ok(Some(fact.event));
            }
        }
        Ok(None)
    }

    fn fact(
        &self,
        entries: &[StoredEvent],
        index: usize,
        entry: &StoredEvent,
    ) -> Result<Option<Fact>, StoreError> {
        let Some(correction) = self.corrections.get(&index) else {
            let (key, event) = (Key::of(entry), entry.clone());
            return Ok(Some(Fact { key, event }));
        };
        let Some(content) = correction.content() else {
            return Ok(None);
        };
        let key = self.key(entries, index)?;
        let event = content.as_event(entry, key.effective_at);
        Ok(Some(Fact { key, event }))
    }

    /// A fact's own effective time, else that of what it replaces, else when it was recorded; and the root of what it
    /// replaces.
    fn key(&self, entries: &[StoredEvent], index: usize) -> Result<Key, StoreError> {
        let (mut at, mut effective_at) = (index, None);
        loop {
            let entry = &entries[at];
            effective_at = effective_at.or(entry.envelope.effective_at);
            let Some(Correction::Replaced(target, _)) = self.corrections.get(&at) else {
                let root = Key::of(entry);
                return Ok(Key {
                    effective_at: effective_at.unwrap_or(root.effective_at),
                    ..root
                });
            };
            let revision = target.revision;
            at = self
                .index(revision)
                .ok_or_else(|| entry.undecodable(DecodeError::Target { revision }))?;
        }
    }
}
