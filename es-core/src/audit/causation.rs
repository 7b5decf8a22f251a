use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::trail::{each_event, metadata};
use super::{AuditEntry, AuditTrail};
use crate::{EventId, EventStore, Position, StoreError, StreamId};

/// What an event led to, across streams: its consequences, theirs, and so on.
///
/// Told by what commands said with [`caused_by`](crate::Execution::caused_by). Its text is for reading:
///
/// ```text
/// 2026-05-01T00:00:00Z order/7 1 order.placed, by ada
///   2026-05-01T00:00:01Z payment/7 1 payment.requested
///     2026-05-01T00:00:02Z payment/7 2 payment.failed: no money
///   2026-05-01T00:00:01Z parcel/7 1 parcel.packed
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CausationTree {
    events: Vec<Consequence>,
}

/// An event of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Consequence {
    /// How many events lie between it and the tree's first; 0 for the first itself.
    pub depth: usize,
    /// The event.
    pub entry: AuditEntry,
}

/// An event before it is known whether it belongs to the tree.
struct Seen {
    stream: StreamId,
    caused_by: Option<EventId>,
}

impl CausationTree {
    /// The whole story that an event belongs to, from the first cause that is known; empty if the log doesn't hold the
    /// event. All of the log is read.
    ///
    /// A cause comes before what it leads to: what an event says to be caused by a later one is not followed.
    pub async fn around<S: EventStore + ?Sized>(
        store: &S,
        event: EventId,
    ) -> Result<Self, StoreError> {
        let seen = log(store).await?;
        let place = |id: EventId| seen.by_id.get(&id).copied();
        let Some(mut first) = place(event) else {
            return Ok(Self::default());
        };
        while let Some(cause) = seen.cause(first) {
            first = cause;
        }
        seen.tree(store, first).await
    }

    /// What an event led to; empty if the log doesn't hold the event. All of the log is read.
    pub async fn below<S: EventStore + ?Sized>(
        store: &S,
        event: EventId,
    ) -> Result<Self, StoreError> {
        let seen = log(store).await?;
        match seen.by_id.get(&event) {
            Some(first) => seen.tree(store, *first).await,
            None => Ok(Self::default()),
        }
    }

    /// Each event, before those that it led to, and these in the order of the log.
    pub fn events(&self) -> &[Consequence] {
        &self.events
    }
}

impl fmt::Display for CausationTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events
            .iter()
            .try_for_each(|Consequence { depth, entry }| {
                writeln!(f, "{:indent$}{entry}", "", indent = depth * 2)
            })
    }
}

/// The events of the log that have a cause or may be one.
struct Log {
    events: BTreeMap<Position, Seen>,
    by_id: HashMap<EventId, Position>,
}

async fn log<S: EventStore + ?Sized>(store: &S) -> Result<Log, StoreError> {
    let (mut events, mut by_id) = (BTreeMap::new(), HashMap::new());
    each_event(store, |event| {
        let caused_by = metadata(event)?.caused_by;
        let (id, stream) = (event.envelope.id, event.envelope.stream.clone());
        // An id is its event's within the stream; where two streams hold it, the first is meant.
        by_id.entry(id).or_insert(event.position);
        let seen = Seen { stream, caused_by };
        events.insert(event.position, seen);
        Ok(())
    })
    .await?;
    Ok(Log { events, by_id })
}

impl Log {
    fn cause(&self, of: Position) -> Option<Position> {
        let cause = self.by_id.get(&self.events.get(&of)?.caused_by?)?;
        (*cause < of).then_some(*cause)
    }

    async fn tree<S: EventStore + ?Sized>(
        &self,
        store: &S,
        first: Position,
    ) -> Result<CausationTree, StoreError> {
        let mut led_to: BTreeMap<Position, Vec<Position>> = BTreeMap::new();
        for position in self.events.keys() {
            if let Some(cause) = self.cause(*position) {
                led_to.entry(cause).or_default().push(*position);
            }
        }
        // A stack and not a recursion: a chain may be as long as the log.
        let (mut found, mut next) = (Vec::new(), vec![(0, first)]);
        while let Some((depth, position)) = next.pop() {
            found.push((depth, position));
            let consequences = led_to.remove(&position).unwrap_or_default();
            next.extend(consequences.into_iter().rev().map(|at| (depth + 1, at)));
        }
        let entries = self.entries(store, &found).await?;
        let event = |(depth, position): (usize, Position)| {
            let entry = entries.get(&position)?.clone();
            Some(Consequence { depth, entry })
        };
        let events = found.into_iter().filter_map(event).collect();
        Ok(CausationTree { events })
    }

    /// What is known of these events, by the trails of their streams.
    async fn entries<S: EventStore + ?Sized>(
        &self,
        store: &S,
        found: &[(usize, Position)],
    ) -> Result<HashMap<Position, AuditEntry>, StoreError> {
        let seen = found.iter().filter_map(|(_, at)| self.events.get(at));
        let streams: BTreeSet<&StreamId> = seen.map(|seen| &seen.stream).collect();
        let mut entries = HashMap::new();
        for stream in streams {
            let trail = AuditTrail::of_stream(store, stream).await?;
            entries.extend(trail.into_iter().map(|entry| (entry.position, entry)));
        }
        Ok(entries)
    }
}
