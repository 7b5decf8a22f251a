//! Flaws of writing: laws 1, 2, 11, 12 and 13.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use es_core::{
    Append, Appended, Cause, EventId, EventStore, Expected, Invalid, Json, Limits, Placement,
    Position, Revision, StoreError, StoredEvent, StreamPage, StreamQuery, Timestamp,
};

use crate::store::{Answer, Beneath, Flaw};

/// Only the first of several events is written.
#[derive(Default)]
pub(crate) struct Torn;

impl Flaw for Torn {
    fn append<'a>(&'a self, beneath: &'a Beneath, mut append: Append) -> Answer<'a, Appended> {
        append.events.truncate(1);
        beneath.store.append(append)
    }
}

/// The events of an append are written the wrong way round.
#[derive(Default)]
pub(crate) struct Reversed;

impl Flaw for Reversed {
    fn append<'a>(&'a self, beneath: &'a Beneath, mut append: Append) -> Answer<'a, Appended> {
        append.events.reverse();
        beneath.store.append(append)
    }
}

/// Each event is written by itself.
#[derive(Default)]
pub(crate) struct InPieces;

impl Flaw for InPieces {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let (mut expected, mut placements) = (append.expected, Vec::new());
            for event in append.events {
                let piece = Append::new(append.stream.clone(), expected, vec![event]);
                placements.push(beneath.store.append(piece).await?.last());
                expected = Expected::Any;
                tokio::task::yield_now().await;
            }
            Ok(Appended::new(placements))
        })
    }
}

/// A refused append has written its first event.
#[derive(Default)]
pub(crate) struct RefusedTooLate;

impl Flaw for RefusedTooLate {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let refused = beneath.store.append(append.clone()).await;
            if let (Err(_), Some(first)) = (&refused, append.events.into_iter().next()) {
                let written = Append::new(append.stream, Expected::Any, vec![first]);
                drop(beneath.store.append(written).await);
            }
            refused
        })
    }
}

/// The second revision is 3.
#[derive(Default)]
pub(crate) struct RevisionGap;

fn gap(revision: Revision) -> Revision {
    revision.plus(u64::from(revision > Revision::FIRST))
}

impl Flaw for RevisionGap {
    fn told(&self, at: Placement) -> Placement {
        Placement::new(gap(at.revision), at.position, at.recorded_at)
    }

    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        event.envelope.revision = gap(event.envelope.revision);
        event
    }
}

/// A refused append uses up a revision, as a sequence of the database does.
#[derive(Default)]
pub(crate) struct RefusalsCount(AtomicU64);

impl Flaw for RefusalsCount {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let appended = beneath.store.append(append).await;
            self.0
                .fetch_add(u64::from(appended.is_err()), Ordering::SeqCst);
            appended
        })
    }

    fn told(&self, at: Placement) -> Placement {
        let revision = at.revision.plus(self.0.load(Ordering::SeqCst));
        Placement::new(revision, at.position, at.recorded_at)
    }
}

/// What is invalid is mended and accepted.
#[derive(Default)]
pub(crate) struct Obliging;

impl Flaw for Obliging {
    fn append<'a>(&'a self, beneath: &'a Beneath, mut append: Append) -> Answer<'a, Appended> {
        if append.events.is_empty() {
            let nowhere = Placement::new(Revision::EMPTY, Position::START, Timestamp::EPOCH);
            return Box::pin(async move { Ok(Appended::new(vec![nowhere])) });
        }
        append.events.truncate(Limits::DEFAULT.events);
        let mut seen = Vec::new();
        for event in &mut append.events {
            event.version = event.version.max(1);
            if seen.len() < 10 && seen.contains(&event.id) {
                event.id = EventId::random();
            }
            seen.push(event.id);
            let name = event.name.chars().filter(|c| !c.is_control()).take(128);
            let name = name.collect::<String>();
            event.name = if name.is_empty() {
                "?".into()
            } else {
                name.into()
            };
        }
        beneath.store.append(append)
    }
}

/// Takes fewer events than it says.
#[derive(Default)]
pub(crate) struct Narrow;

impl Flaw for Narrow {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        let (count, limit) = (append.events.len(), 1_000);
        if count > limit {
            let invalid = Invalid::TooManyEvents { count, limit };
            return Box::pin(async move { Err(invalid.into()) });
        }
        beneath.store.append(append)
    }
}

/// An invalid append is found out in the batch, and fails the next one with it.
#[derive(Default)]
pub(crate) struct FailsNeighbours(AtomicBool);

impl Flaw for FailsNeighbours {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            if self.0.swap(false, Ordering::SeqCst) {
                return Err(StoreError::Unavailable("the batch failed".into()));
            }
            let answer = beneath.store.append(append).await;
            let invalid = matches!(answer, Err(StoreError::Invalid(_)));
            self.0.store(invalid, Ordering::SeqCst);
            answer
        })
    }
}

/// An append with an id that is there replaces the payload.
#[derive(Default)]
pub(crate) struct Upserts(Mutex<HashMap<EventId, Json>>);

impl Flaw for Upserts {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        for event in &append.events {
            self.0
                .lock()
                .unwrap()
                .insert(event.id, event.payload.clone());
        }
        beneath.store.append(append)
    }

    fn shown(&self, mut event: StoredEvent) -> StoredEvent {
        if let Some(payload) = self.0.lock().unwrap().get(&event.envelope.id) {
            event.payload = payload.clone();
        }
        event
    }
}

/// The database lets anybody change and delete, which isn't declared; or there is none, which isn't declared either.
#[derive(Default)]
pub(crate) struct Tamperable<const DATABASE: bool>;

impl<const DATABASE: bool> Flaw for Tamperable<DATABASE> {
    fn profile(
        &self,
        mut profile: es_testkit::conformance::Profile,
    ) -> es_testkit::conformance::Profile {
        profile.declared.clear();
        profile
    }

    fn tamper(&self) -> Option<Result<(), Cause>> {
        DATABASE.then_some(Ok(()))
    }
}

/// A read that was dropped half-way keeps its connection, and appends have none left.
#[derive(Default)]
pub(crate) struct LeaksConnections(Arc<AtomicU64>);

struct Connection(Arc<AtomicU64>);

impl Flaw for LeaksConnections {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        if self.0.load(Ordering::SeqCst) > 3 {
            return Box::pin(std::future::pending());
        }
        beneath.store.append(append)
    }

    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        Box::pin(async move {
            let connection = Connection(Arc::clone(&self.0));
            connection.0.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            let page = beneath.store.read_stream(query).await;
            // Given back here, and nowhere else.
            connection.0.fetch_sub(1, Ordering::SeqCst);
            page
        })
    }
}
