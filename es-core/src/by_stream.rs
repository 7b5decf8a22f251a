use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::temporal::is_correction;
use crate::{
    Aggregate, DecodeError, EventDescriptor, Fold, InvalidStreamId, Projection, StoredEvent,
    StreamId, Timestamp,
};

/// What a projection keeps of each stream: folded from the events of one, and of no other.
///
/// Implemented by `#[derive(Projection)]` with `by_stream`, which sends each event to its
/// [`Apply<Recorded<E>>`](crate::Apply); called by [`ByStream`], which keeps one for each stream, and has an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` isn't what is kept of one stream",
    label = "add `by_stream` to its `#[projection(…)]`"
)]
pub trait FoldStream: Projection + Default {
    /// A fingerprint of its fields: a saved state with another one is ignored.
    const SCHEMA: u64;

    /// Takes an event of its stream into the state; one that isn't listed changes nothing.
    ///
    /// # Errors
    ///
    /// The event can't be read. The state is as it was.
    fn fold(&mut self, stored: &StoredEvent) -> Result<(), DecodeError>;
}

/// A read model that keeps an `R` of each stream: the balance of each account, the state of each order.
///
/// With `corrections`, an `R` is at any time what its stream's facts come to that count then, in the order in which they
/// were true, as the aggregate is that takes corrections. So it needs to know nothing of corrections: where one is met,
/// or an event that was true before what was folded, its stream is folded anew, which costs reading the stream up to
/// there; kept in memory, once for each batch. Without the word, events are folded in the order of the log, and
/// corrections are passed over.
///
/// It is a projection as every other one: kept in memory by [`InMemory`](crate::InMemory), asked as of any point by
/// [`project`](crate::project), and over time by [`timeline`](crate::timeline).
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use es_core::{Apply, ByStream, Event, EventStore, InMemory, Projection, Recorded, StoreError, Timestamp, project};
/// use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.deposited")]
/// # struct Deposited { cents: i64 }
///
/// /// What an account holds, and its largest deposit: of one account, so it is the key of nothing.
/// #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
/// #[projection(name = "balances", version = 1, by_stream, corrections)]
/// #[event(Deposited)]
/// struct Balance { cents: i64, largest: i64 }
///
/// impl Apply<Recorded<Deposited>> for Balance {
///     fn apply(&mut self, deposited: Recorded<Deposited>) {
///         self.cents += deposited.cents;
///         self.largest = self.largest.max(deposited.cents);
///     }
/// }
///
/// fn follow(store: impl EventStore) -> InMemory<ByStream<Balance>> {
///     InMemory::new().corrections_from(store)
/// }
///
/// async fn richest_at(store: impl EventStore, instant: Timestamp) -> Result<Option<String>, StoreError> {
///     let balances: ByStream<Balance> = project(&store, instant).await?;
///     let richest = balances.iter().max_by_key(|(_, balance)| balance.cents);
///     Ok(richest.map(|(stream, _)| stream.id().to_owned()))
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByStream<R> {
    rows: BTreeMap<StreamId, Row<R>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row<R> {
    /// When the last event that is folded was true.
    last: Timestamp,
    state: R,
}

impl<R> ByStream<R> {
    /// What is kept of a stream; `None` if it has none of the events.
    pub fn get(&self, stream: &StreamId) -> Option<&R> {
        self.rows.get(stream).map(|row| &row.state)
    }

    /// What is kept of the aggregate `A` with this id; `None` if it has none of the events.
    ///
    /// # Errors
    ///
    /// There can't be such an id.
    pub fn of<A: Aggregate>(&self, id: &A::Id) -> Result<Option<&R>, InvalidStreamId> {
        Ok(self.get(&StreamId::of::<A>(id)?))
    }

    /// All of them, in the order of the streams' names.
    pub fn iter(&self) -> impl Iterator<Item = (&StreamId, &R)> {
        self.rows.iter().map(|(stream, row)| (stream, &row.state))
    }

    /// How many streams there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<R> Default for ByStream<R> {
    fn default() -> Self {
        let rows = BTreeMap::new();
        Self { rows }
    }
}

#[diagnostic::do_not_recommend]
impl<R: FoldStream> Projection for ByStream<R> {
    const NAME: &'static str = R::NAME;
    const VERSION: u32 = R::VERSION;
    const EVENTS: &'static [EventDescriptor] = R::EVENTS;
    const CORRECTIONS: bool = R::CORRECTIONS;
}

#[diagnostic::do_not_recommend]
impl<R: FoldStream> Fold for ByStream<R> {
    const SCHEMA: u64 = R::SCHEMA;
    const REFOLDS: bool = R::CORRECTIONS;

    fn fold(&mut self, stored: &StoredEvent) -> Result<(), DecodeError> {
        if !is_listed::<R>(&stored.name) {
            return Ok(());
        }
        let (stream, last) = (&stored.envelope.stream, true_at(stored));
        if let Some(row) = self.rows.get_mut(stream) {
            row.state.fold(stored)?;
            row.last = last;
            return Ok(());
        }
        let mut state = R::default();
        state.fold(stored)?;
        self.rows.insert(stream.clone(), Row { last, state });
        Ok(())
    }

    fn is_late(&self, stored: &StoredEvent) -> bool {
        if !R::CORRECTIONS {
            return false;
        }
        let row = self.rows.get(&stored.envelope.stream);
        is_correction(&stored.name)
            || is_listed::<R>(&stored.name) && row.is_some_and(|row| true_at(stored) < row.last)
    }

    fn refold(&mut self, stream: &StreamId, facts: &[StoredEvent]) -> Result<(), DecodeError> {
        let mut state = R::default();
        let mut last = None;
        for fact in facts.iter().filter(|fact| is_listed::<R>(&fact.name)) {
            state.fold(fact)?;
            last = Some(true_at(fact));
        }
        match last {
            Some(last) => self.rows.insert(stream.clone(), Row { last, state }),
            None => self.rows.remove(stream),
        };
        Ok(())
    }
}

fn is_listed<R: Projection>(name: &str) -> bool {
    let mut events = R::EVENTS.iter();
    events.any(|event| event.name == name || event.former_names.contains(&name))
}

fn true_at(stored: &StoredEvent) -> Timestamp {
    let envelope = &stored.envelope;
    envelope.effective_at.unwrap_or(envelope.recorded_at)
}
