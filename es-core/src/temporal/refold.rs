//! Folds a stream whose order of recording isn't the order of its facts, from the newest snapshot that serves.

use super::fact::{Fact, fold};
use super::ground::Ground;
use crate::process::is_record;
use crate::repository::Folded;
use crate::{Aggregate, At, EventStore, Repository, Revision, StoreError, StreamId};

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// Folds what is effective of what is known, for an aggregate that takes corrections.
    pub(crate) async fn refold(&self, stream: &StreamId, at: At) -> Result<Folded<A>, StoreError> {
        if let Some(folded) = self.fold_skipping(stream, at).await? {
            return Ok(folded);
        }
        let mut ground = Ground::new(self, stream, at);
        let (facts, tail) = loop {
            ground.descend().await?;
            let tail = std::mem::take(&mut ground.tail);
            match ground.facts(&tail)? {
                Some(facts) => break (facts, tail),
                None => ground.tail = tail,
            }
        };
        let late = ground.late(&tail)?;
        let mut folded = ground.folded;
        folded.late = late;
        let instant = at.effective_instant();
        let effective = |fact: &&Fact| instant.is_none_or(|at| fact.key.effective_at <= at);
        let facts = facts.iter().take_while(effective);
        fold(&mut folded.state, facts.clone())?;
        folded.key = facts.last().map(|fact| fact.key).or(folded.key);
        // Also where nothing counts any more: what was corrected away has happened to something.
        folded.begun |= tail.iter().any(|entry| !is_record(&entry.name));
        if let Some(last) = tail.last() {
            folded.stand_on(last);
        }
        if at == At::NOW {
            // Whatever newer snapshot there is, it didn't serve: this one will.
            self.keep_snapshot(stream, Revision::EMPTY, &folded).await;
        }
        Ok(folded)
    }
}
