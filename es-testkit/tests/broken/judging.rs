//! Flaws of judging an append: laws 3, 4, 5 and 15.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use es_core::{
    Append, Appended, EventId, EventStore, Expected, Revision, StoreError, StreamPage, StreamQuery,
};

use crate::store::{Answer, Beneath, Flaw};

/// Looks at the revision, then writes: two find the same one.
#[derive(Default)]
pub(crate) struct LooksThenWrites;

impl Flaw for LooksThenWrites {
    fn append<'a>(&'a self, beneath: &'a Beneath, mut append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let actual = beneath.revision(&append.stream).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            if append.expected.is_met_by(actual) {
                append.expected = Expected::Any;
            }
            beneath.store.append(append).await
        })
    }
}

/// A conflict tells the revision before the actual one.
#[derive(Default)]
pub(crate) struct ConflictsLie;

impl Flaw for ConflictsLie {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            beneath
                .store
                .append(append)
                .await
                .map_err(|error| match error {
                    StoreError::Conflict(conflict) => {
                        let actual = Revision::new(conflict.actual.number().saturating_sub(1));
                        StoreError::conflict(&conflict.stream, conflict.expected, actual)
                    }
                    error => error,
                })
        })
    }
}

/// `Any` is turned into the revision that was read, which somebody else may have moved.
#[derive(Default)]
pub(crate) struct AnyIsRead;

impl Flaw for AnyIsRead {
    fn append<'a>(&'a self, beneath: &'a Beneath, mut append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            if append.expected == Expected::Any {
                append.expected = Expected::Exact(beneath.revision(&append.stream).await);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            beneath.store.append(append).await
        })
    }
}

/// What an expectation is taken for.
fn taken(append: Append, expected: Expected) -> Append {
    Append::new(append.stream, expected, append.events)
}

/// `Any` is taken for `NoStream`.
#[derive(Default)]
pub(crate) struct AnyIsNoStream;

impl Flaw for AnyIsNoStream {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        match append.expected {
            Expected::Any => beneath.store.append(taken(append, Expected::NoStream)),
            _ => beneath.store.append(append),
        }
    }
}

/// `NoStream` and `StreamExists` are taken for `Any`.
#[derive(Default)]
pub(crate) struct ExistenceIsIgnored;

impl Flaw for ExistenceIsIgnored {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        match append.expected {
            Expected::NoStream | Expected::StreamExists => {
                beneath.store.append(taken(append, Expected::Any))
            }
            _ => beneath.store.append(append),
        }
    }
}

/// `Exact` is met by any later revision too.
#[derive(Default)]
pub(crate) struct ExactIsAtLeast;

impl Flaw for ExactIsAtLeast {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let actual = beneath.revision(&append.stream).await;
            match append.expected {
                Expected::Exact(revision) if revision <= actual => {
                    beneath.store.append(taken(append, Expected::Any)).await
                }
                _ => beneath.store.append(append).await,
            }
        })
    }
}

/// The expectation is looked at before the ids.
#[derive(Default)]
pub(crate) struct ExpectationFirst;

impl Flaw for ExpectationFirst {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let actual = beneath.revision(&append.stream).await;
            if append.expected.is_met_by(actual) {
                return beneath.store.append(append).await;
            }
            Err(StoreError::conflict(
                &append.stream,
                append.expected,
                actual,
            ))
        })
    }
}

fn reused(append: &Append) -> StoreError {
    StoreError::IdReused {
        stream: append.stream.clone(),
        id: append.events[0].id,
    }
}

/// Every repeat is a reuse of ids.
#[derive(Default)]
pub(crate) struct RepeatsAreReuses;

impl Flaw for RepeatsAreReuses {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let appended = beneath.store.append(append.clone()).await?;
            if appended.is_repeated() {
                return Err(reused(&append));
            }
            Ok(appended)
        })
    }
}

/// A repeat is known by the list of ids that each handle remembers.
#[derive(Default)]
pub(crate) struct RemembersAppends(Mutex<HashSet<(usize, Vec<EventId>)>>);

impl Flaw for RemembersAppends {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let ids = append.events.iter().map(|event| event.id).collect();
            let appended = beneath.store.append(append.clone()).await?;
            let new = self.0.lock().unwrap().insert((beneath.handle, ids));
            if appended.is_repeated() && new {
                return Err(reused(&append));
            }
            Ok(appended)
        })
    }
}

/// Of an append whose ids are partly there, the rest is appended.
#[derive(Default)]
pub(crate) struct AppendsTheRest;

impl Flaw for AppendsTheRest {
    fn append<'a>(&'a self, beneath: &'a Beneath, mut append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let answer = beneath.store.append(append.clone()).await;
            let Err(StoreError::IdReused { .. }) = answer else {
                return answer;
            };
            let there = beneath.stream(&append.stream).await;
            append
                .events
                .retain(|event| there.iter().all(|stored| stored.envelope.id != event.id));
            if append.events.is_empty() {
                return answer;
            }
            beneath.store.append(append).await
        })
    }
}

/// Ids that are all there are a repeat, in whatever order and however far apart.
#[derive(Default)]
pub(crate) struct OrderIsIgnored;

impl Flaw for OrderIsIgnored {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let answer = beneath.store.append(append.clone()).await;
            let Err(StoreError::IdReused { .. }) = answer else {
                return answer;
            };
            let there = beneath.stream(&append.stream).await;
            let places: Option<Vec<_>> = append
                .events
                .iter()
                .map(|event| there.iter().find(|stored| stored.envelope.id == event.id))
                .map(|stored| {
                    let (at, position) = (&stored?.envelope, stored?.position);
                    Some(es_core::Placement::new(
                        at.revision,
                        position,
                        at.recorded_at,
                    ))
                })
                .collect();
            places.map_or(answer, |places| Ok(Appended::new(places)))
        })
    }
}

/// An id may stand in one stream only.
#[derive(Default)]
pub(crate) struct IdsAreGlobal;

impl Flaw for IdsAreGlobal {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let elsewhere = beneath.log().await.iter().any(|stored| {
                stored.envelope.stream != append.stream
                    && append
                        .events
                        .iter()
                        .any(|event| event.id == stored.envelope.id)
            });
            if elsewhere {
                return Err(reused(&append));
            }
            beneath.store.append(append).await
        })
    }
}

/// A repeat with another payload is a reuse of ids.
#[derive(Default)]
pub(crate) struct PayloadsAreCompared;

impl Flaw for PayloadsAreCompared {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let there = beneath.stream(&append.stream).await;
            let differs = there.iter().any(|stored| {
                let same = append
                    .events
                    .iter()
                    .find(|event| event.id == stored.envelope.id);
                same.is_some_and(|event| event.payload != stored.payload)
            });
            if differs {
                return Err(reused(&append));
            }
            beneath.store.append(append).await
        })
    }
}

/// Every refusal is what the driver said, with the statement's parameters.
#[derive(Default)]
pub(crate) struct PassesOnTheDriver;

impl Flaw for PassesOnTheDriver {
    fn append<'a>(&'a self, beneath: &'a Beneath, append: Append) -> Answer<'a, Appended> {
        Box::pin(async move {
            let parameters: Vec<_> = append
                .events
                .iter()
                .map(|event| event.payload.as_str().chars().take(200).collect::<String>())
                .collect();
            let answer = beneath.store.append(append).await;
            answer.map_err(|error| StoreError::Backend(format!("{error} {parameters:?}").into()))
        })
    }

    fn read_stream<'a>(
        &'a self,
        beneath: &'a Beneath,
        query: StreamQuery,
    ) -> Answer<'a, StreamPage> {
        Box::pin(async move {
            let page = beneath.store.read_stream(query).await?;
            if page.events.is_empty() {
                return Err(StoreError::Backend("no rows".into()));
            }
            Ok(page)
        })
    }
}
