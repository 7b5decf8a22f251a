//! Law 15: errors are told apart, say what they must and nothing that they mustn't.

use es_core::{
    AnyStore, EventStore, Expected, Invalid, LogQuery, NewEvent, Position, Revision, StoreError,
    StreamQuery,
};

use super::Failure;
use super::bench::{Bench, append, json, stream};
use super::failure::{Fact, chain, holds, same, shown};

pub(crate) async fn a_conflict_names_stream_expectation_and_revision(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    for (id, events, expected) in [
        ("a", 0, Expected::StreamExists),
        ("b", 0, Expected::Exact(Revision::new(3))),
        ("c", 1, Expected::NoStream),
        ("d", 4, Expected::Exact(Revision::new(3))),
        ("e", 4, Expected::Exact(Revision::EMPTY)),
    ] {
        let stream = stream(id)?;
        if events > 0 {
            bench.grow(&store, &stream, events).await?;
        }
        match append(&store, &stream, expected, bench.events(2)).await {
            Err(StoreError::Conflict(conflict)) => {
                let named = (
                    &conflict.stream,
                    conflict.expected,
                    conflict.actual.number(),
                );
                same("the conflict", named, (&stream, expected, events as u64))?;
            }
            other => return Err(Failure::new(format!("not a conflict: {}", shown(&other)))),
        }
    }
    Ok(())
}

pub(crate) async fn reused_ids_are_named(bench: &Bench) -> Fact {
    let (store, its) = (bench.handle().await?, stream("1")?);
    let old = bench.events(2);
    append(&store, &its, Expected::NoStream, old.clone()).await?;
    let new = bench.event();
    for events in [
        vec![new.clone(), old[1].clone()],
        vec![old[1].clone(), new.clone()],
        vec![old[1].clone(), old[0].clone()],
    ] {
        match append(&store, &its, Expected::Any, events).await {
            Err(StoreError::IdReused { stream, id }) => {
                same("the stream of the ids", &stream, &its)?;
                let found = old.iter().any(|event| event.id == id);
                holds(found, || format!("{id} was not used before"))?;
            }
            other => {
                return Err(Failure::new(format!(
                    "not a reuse of ids: {}",
                    shown(&other)
                )));
            }
        }
    }
    Ok(())
}

pub(crate) async fn invalid_requests_say_what_is_wrong(bench: &Bench) -> Fact {
    type Right = fn(&Invalid) -> bool;
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let (mut zero, mut twice) = (bench.event(), bench.events(2));
    zero.version = 0;
    twice[1].id = twice[0].id;
    let requests: [(_, Right); 4] = [
        (Vec::new(), |invalid| {
            matches!(invalid, Invalid::EmptyAppend)
        }),
        (vec![zero], |invalid| {
            matches!(invalid, Invalid::VersionZero)
        }),
        (vec![bench.named("")], |invalid| {
            matches!(invalid, Invalid::EventName)
        }),
        (twice, |invalid| matches!(invalid, Invalid::DuplicateId(_))),
    ];
    for (events, right) in requests {
        let answer = append(&store, &stream, Expected::Any, events).await;
        let told = matches!(&answer, Err(StoreError::Invalid(invalid)) if right(invalid));
        holds(told, || {
            format!("an invalid append was answered {}", shown(&answer))
        })?;
    }
    Ok(())
}

/// What a payload holds that no log may.
const SECRET: &str = "correct-horse-battery-staple";

fn secret(bench: &Bench) -> NewEvent {
    let mut event = bench.event_of(format!("{{\"password\":\"{SECRET}\"}}"));
    event.metadata = json(format!("{{\"actor\":\"{SECRET}\"}}"));
    event
}

pub(crate) async fn no_error_shows_a_payload(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let (first, second) = (secret(bench), secret(bench));
    append(&store, &stream, Expected::NoStream, vec![first.clone()]).await?;
    let (mut zero, mut nameless) = (secret(bench), secret(bench));
    zero.version = 0;
    nameless.name = "".into();
    let mut large = secret(bench);
    large.payload = json(format!(
        "\"{}\"",
        SECRET.repeat(bench.profile.limits.payload_bytes / SECRET.len() + 1)
    ));
    for (expected, events) in [
        (Expected::NoStream, vec![second.clone()]),
        (Expected::Any, vec![first.clone(), second.clone()]),
        (Expected::Any, vec![second.clone(), second]),
        (Expected::Any, vec![zero]),
        (Expected::Any, vec![nameless]),
        (Expected::Any, vec![large]),
    ] {
        let Err(error) = append(&store, &stream, expected, events).await else {
            return Err(Failure::new(
                "an append that has to be refused was accepted",
            ));
        };
        let told = format!("{} {error:?}", chain(&error));
        holds(!told.contains(SECRET), || {
            "an error shows a payload or metadata".into()
        })?;
    }
    Ok(())
}

async fn is_empty(bench: &Bench, store: &AnyStore) -> Fact {
    let absent = stream("absent")?;
    for query in [
        StreamQuery::forwards(absent.clone()),
        StreamQuery::backwards(absent.clone()),
    ] {
        let page = store.read_stream(query.from(Revision::new(7))).await?;
        same(
            "a stream without events",
            (page.events.len(), page.end),
            (0, true),
        )?;
    }
    same(
        "an absent event",
        store.find(&absent, bench.id()).await?,
        None,
    )
}

pub(crate) async fn what_is_not_there_is_empty_and_no_error(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    is_empty(bench, &store).await?;
    same("the head", store.head().await?, Position::START)?;
    let page = store.read_log(LogQuery::all()).await?;
    same("the log", (page.events.len(), page.end), (0, true))?;
    bench.grow(&store, &stream("there")?, 2).await?;
    is_empty(bench, &store).await
}
