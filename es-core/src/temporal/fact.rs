use super::standing::Standing;
use crate::process::is_record;
use crate::{
    Aggregate, EventDescriptor, EventSet, Known, Revision, StoreError, StoredEvent, Timestamp,
};

/// Where in the fold a fact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) effective_at: Timestamp,
    /// The revision of the fact, or of the one that it replaces in the end.
    pub(crate) slot: Revision,
}

/// An event that counts, in the form in which it is folded.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) key: Key,
    pub(crate) event: StoredEvent,
}

impl Key {
    /// The place before all others.
    pub(crate) const FIRST: Self = Self {
        effective_at: Timestamp::MIN,
        slot: Revision::EMPTY,
    };

    /// The place of an event that corrects nothing.
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

    /// What the facts of the aggregate `A` are folded in the order of: without corrections that of recording.
    pub(crate) fn order<A: Aggregate>(&self) -> Key {
        if A::CORRECTIONS.is_some() {
            return self.key;
        }
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
    pub(crate) fn of<A: Aggregate>(entries: &[StoredEvent]) -> Result<Self, StoreError> {
        if A::CORRECTIONS.is_some() {
            return Standing::of(entries)?.facts(entries).map(Self);
        }
        let fact = |event: &StoredEvent| Fact {
            key: Key::of(event),
            event: event.clone(),
        };
        let counted = entries.iter().filter(|entry| !is_record(&entry.name));
        Ok(Self(counted.map(fact).collect()))
    }

    pub(crate) fn all(&self) -> &[Fact] {
        &self.0
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

impl IntoIterator for Facts {
    type Item = Fact;
    type IntoIter = std::vec::IntoIter<Fact>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
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

/// Whether events of this stored name begin a stream of the aggregate.
pub(crate) fn is_initial<A: Aggregate>(name: &str) -> bool {
    listed::<A>(name).is_some_and(|event| event.initial)
}

/// Whether the aggregate is given events of this stored name with their envelopes.
pub(crate) fn is_recorded<A: Aggregate>(name: &str) -> bool {
    listed::<A>(name).is_some_and(|event| event.recorded)
}

/// The present name of an event that was stored under this one.
pub(crate) fn listed_name<A: Aggregate>(name: &str) -> &'static str {
    listed::<A>(name).map_or("a retired event", |event| event.name)
}

fn listed<A: Aggregate>(name: &str) -> Option<&'static EventDescriptor> {
    let mut events = A::Event::EVENTS.iter();
    events.find(|event| event.name == name || event.former_names.contains(&name))
}
