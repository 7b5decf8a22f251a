use crate::{Aggregate, Known, Revision, StoreError, StoredEvent, Timestamp};

/// Where in the fold a fact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) effective_at: Timestamp,
    pub(crate) slot: Revision,
}

/// An event that counts, in the form in which it is folded.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) key: Key,
    pub(crate) event: StoredEvent,
}

impl Key {
    /// The place of an event that isn't corrected.
    pub(crate) fn of(stored: &StoredEvent) -> Self {
        let envelope = &stored.envelope;
        Self {
            effective_at: envelope.effective_at.unwrap_or(envelope.recorded_at),
            slot: envelope.revision,
        }
    }
}

impl Fact {
    /// Whether both are the same event.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.event.envelope.id == other.event.envelope.id
    }

    /// What facts are folded in the order of.
    pub(crate) fn order(&self) -> Key {
        Key {
            effective_at: Timestamp::MIN,
            ..self.key
        }
    }
}

/// What counts of a stream's entries, in the order of the fold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts(Vec<Fact>);

impl Facts {
    /// The facts among the entries of a stream, which are all that is known.
    pub(crate) fn of(entries: &[StoredEvent]) -> Self {
        let fact = |event: &StoredEvent| Fact {
            key: Key::of(event),
            event: event.clone(),
        };
        Self(entries.iter().map(fact).collect())
    }

    /// Those that are effective at an instant; all of them, if none is asked for.
    ///
    /// An aggregate exists from its first event on: before that is effective, nothing is.
    pub(crate) fn effective<A: Aggregate>(&self, instant: Option<Timestamp>) -> Vec<&Fact> {
        let is_effective = |fact: &&Fact| instant.is_none_or(|at| fact.key.effective_at <= at);
        let begun = A::initial().is_some() || self.0.first().as_ref().is_some_and(is_effective);
        self.0
            .iter()
            .filter(|_| begun)
            .filter(is_effective)
            .collect()
    }
}

/// How many of a stream's entries are known.
pub(crate) fn known_count(entries: &[StoredEvent], known: Known) -> usize {
    entries.partition_point(|entry| known.includes(&entry.envelope, entry.position))
}

/// Folds facts onto a state.
pub(crate) fn fold<'f, A: Aggregate>(
    state: &mut Option<A>,
    facts: impl IntoIterator<Item = &'f Fact>,
) -> Result<(), StoreError> {
    facts.into_iter().try_for_each(|Fact { event, .. }| {
        A::fold_stored(state, event).map_err(|reason| event.undecodable(reason))
    })
}
