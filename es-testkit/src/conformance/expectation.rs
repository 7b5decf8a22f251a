//! Law 4: each expectation against each state of a stream.

use es_core::{Expected, Revision, StoreError};
use futures_util::future::join_all;

use super::Failure;
use super::bench::{Bench, append, read, stream, whole};
use super::failure::{Fact, same};

/// Revisions of a stream: empty, one event, several.
const STATES: [u64; 3] = [0, 1, 4];

/// Appends to a stream of each state, and compares with what `met` says of it.
async fn against_every_state(
    bench: &Bench,
    expected: impl Fn(u64) -> Expected,
    met: impl Fn(u64) -> bool,
) -> Fact {
    let store = bench.handle().await?;
    for state in STATES {
        let stream = stream(&format!("{state}-{}", bench.id()))?;
        if state > 0 {
            let events = usize::try_from(state).unwrap_or_default();
            bench.grow(&store, &stream, events).await?;
        }
        let expected = expected(state);
        let answer = append(&store, &stream, expected, bench.events(2)).await;
        let what = format!("{expected:?} at revision {state}");
        match (met(state), answer) {
            (true, Ok(appended)) => {
                same(what, appended.revision(), Revision::new(state + 2))?;
            }
            (false, Err(StoreError::Conflict(conflict))) => {
                same(what, conflict.actual, Revision::new(state))?;
                same(
                    "events after a conflict",
                    read(&store, &stream).await?.len() as u64,
                    state,
                )?;
            }
            (true, Err(error)) => {
                return Err(Failure::from(error).after(format!("{what} is met")));
            }
            (false, other) => {
                let message = format!("{what} is a conflict, not {other:?}");
                return Err(Failure::new(message));
            }
        }
    }
    Ok(())
}

pub(crate) async fn any_is_met_by_every_stream(bench: &Bench) -> Fact {
    against_every_state(bench, |_| Expected::Any, |_| true).await
}

pub(crate) async fn no_stream_is_met_by_an_empty_stream_only(bench: &Bench) -> Fact {
    against_every_state(bench, |_| Expected::NoStream, |state| state == 0).await
}

pub(crate) async fn stream_exists_is_met_by_a_stream_with_events_only(bench: &Bench) -> Fact {
    against_every_state(bench, |_| Expected::StreamExists, |state| state > 0).await
}

pub(crate) async fn an_exact_revision_is_met_by_that_revision_only(bench: &Bench) -> Fact {
    let exactly = |revision| Expected::Exact(Revision::new(revision));
    against_every_state(bench, exactly, |_| true).await?;
    against_every_state(bench, |state| exactly(state + 1), |_| false).await?;
    against_every_state(
        bench,
        |state| exactly(state.saturating_sub(1)),
        |state| state == 0,
    )
    .await?;
    against_every_state(bench, |_| exactly(0), |state| state == 0).await?;
    // Numbers that a signed column or the next addition can't hold.
    for revision in [i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX - 1, u64::MAX] {
        against_every_state(bench, |_| exactly(revision), |_| false).await?;
    }
    Ok(())
}

pub(crate) async fn any_does_not_conflict_under_concurrent_appends(bench: &Bench) -> Fact {
    let (handles, stream) = (bench.handles(3).await?, stream("1")?);
    let appends = (0..48).map(|index| {
        let (store, stream, events) = (handles[index % 3].clone(), stream.clone(), bench.events(1));
        tokio::spawn(async move { append(&store, &stream, Expected::Any, events).await })
    });
    for answer in bench.soon("concurrent appends", join_all(appends)).await? {
        answer??;
    }
    same("events", read(&handles[0], &stream).await?.len(), 48)
}

pub(crate) async fn an_unmet_expectation_changes_nothing(bench: &Bench) -> Fact {
    let (store, there, absent) = (bench.handle().await?, stream("1")?, stream("2")?);
    bench.grow(&store, &there, 2).await?;
    let before = whole(&store).await?;
    for (stream, expected) in [
        (&there, Expected::NoStream),
        (&there, Expected::Exact(Revision::FIRST)),
        (&there, Expected::Exact(Revision::new(3))),
        (&absent, Expected::StreamExists),
        (&absent, Expected::Exact(Revision::FIRST)),
    ] {
        let answer = append(&store, stream, expected, bench.events(2)).await;
        let refused = matches!(answer, Err(StoreError::Conflict(_)));
        same(
            format!("{expected:?} on {stream} is a conflict"),
            refused,
            true,
        )?;
        same(
            format!("the store after {expected:?} on {stream}"),
            &whole(&store).await?,
            &before,
        )?;
        same(
            "events of a stream without any",
            read(&store, &absent).await?.len(),
            0,
        )?;
    }
    Ok(())
}
