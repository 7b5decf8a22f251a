//! Law 3, and law 2 under load: appends that come together are judged as if they came one by one.

use es_core::{Append, Appended, EventStore, Expected, Revision, StoreError, StreamId};
use futures_util::future::join_all;

use super::Failure;
use super::bench::{Bench, Dice, append, json, read, revisions_of, stream, whole};
use super::failure::{Fact, holds, same};
use super::model::explain;

/// Appends of one event each at once, from two handles and several tasks.
async fn together(
    bench: &Bench,
    stream: &StreamId,
    expected: Expected,
    count: usize,
) -> Result<Vec<Result<Appended, StoreError>>, Failure> {
    let handles = bench.handles(2).await?;
    let appends = (0..count).map(|index| {
        let (store, stream) = (handles[index % 2].clone(), stream.clone());
        let events = bench.events(1);
        tokio::spawn(async move { append(&store, &stream, expected, events).await })
    });
    let answers = bench.soon("concurrent appends", join_all(appends)).await?;
    Ok(answers.into_iter().collect::<Result<_, _>>()?)
}

fn one_winner(answers: Vec<Result<Appended, StoreError>>, revision: Revision) -> Fact {
    let won = answers.iter().filter(|answer| answer.is_ok()).count();
    same("appends that won", won, 1)?;
    for answer in answers {
        match answer {
            Ok(appended) => same("the winner's revision", appended.revision(), revision)?,
            Err(StoreError::Conflict(conflict)) => {
                same("the losers' actual revision", conflict.actual, revision)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

pub(crate) async fn of_appends_that_expect_one_revision_exactly_one_wins(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    bench.grow(&store, &stream, 1).await?;
    for revision in 1..=8 {
        let expected = Expected::Exact(Revision::new(revision));
        let answers = together(bench, &stream, expected, 16).await?;
        one_winner(answers, Revision::new(revision + 1))?;
    }
    same("events", read(&store, &stream).await?.len(), 9)
}

pub(crate) async fn of_appends_that_create_a_stream_exactly_one_wins(bench: &Bench) -> Fact {
    let store = bench.handle().await?;
    for (id, expected) in [
        ("a", Expected::NoStream),
        ("b", Expected::Exact(Revision::EMPTY)),
        ("c", Expected::NoStream),
    ] {
        let stream = stream(id)?;
        let answers = together(bench, &stream, expected, 16).await?;
        one_winner(answers, Revision::FIRST)?;
        same("events", read(&store, &stream).await?.len(), 1)?;
    }
    Ok(())
}

pub(crate) async fn losers_learn_the_revision_and_change_nothing(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    bench.grow(&store, &stream, 3).await?;
    let before = whole(&store).await?;
    for expected in [Expected::NoStream, Expected::Exact(Revision::new(2))] {
        for answer in together(bench, &stream, expected, 8).await? {
            match answer {
                Err(StoreError::Conflict(conflict)) => {
                    same("the actual revision", conflict.actual, Revision::new(3))?;
                }
                Err(error) => return Err(error.into()),
                Ok(_) => return Err(Failure::new(format!("{expected:?} was met at revision 3"))),
            }
        }
        same("the store after conflicts", &whole(&store).await?, &before)?;
    }
    Ok(())
}

pub(crate) async fn revisions_stay_contiguous_under_concurrent_appends(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let answers = together(bench, &stream, Expected::Any, 64).await?;
    let mut told = Vec::new();
    for answer in answers {
        told.push(answer?.revision().number());
    }
    told.sort_unstable();
    same("revisions told", told, (1..=64).collect())?;
    let read = revisions_of(&read(&store, &stream).await?);
    same("revisions read", read, (1..=64).collect())
}

pub(crate) async fn appends_that_are_queued_together_are_judged_one_by_one(bench: &Bench) -> Fact {
    for seed in 1..=4 {
        let round = queued_together(bench, seed).await;
        round.map_err(|failure| failure.after(format!("seed {seed}")))?;
    }
    Ok(())
}

/// 64 appends on four streams: mixed expectations, some repeated, some with another's id, one oversized.
async fn queued_together(bench: &Bench, seed: u64) -> Fact {
    let (store, mut dice) = (bench.handle().await?, Dice::new(seed));
    let mut appends: Vec<Append> = Vec::new();
    for index in 0..64 {
        let stream = stream(&format!("{seed}-{}", dice.below(4)))?;
        let expected = match dice.below(6) {
            0 | 1 => Expected::Any,
            2 => Expected::NoStream,
            3 => Expected::StreamExists,
            _ => Expected::Exact(Revision::new(dice.below(6) as u64)),
        };
        let count = 1 + dice.below(3);
        let mut append = Append::new(stream, expected, bench.events(count));
        if index == 40 {
            let bytes = "x".repeat(bench.profile.limits.payload_bytes);
            append.events[0].payload = json(format!("\"{bytes}\""));
        } else if index > 0 && dice.below(5) == 0 {
            let earlier = dice.one_of(&appends).clone();
            match dice.below(3) {
                0 => append.events[0].id = earlier.events[0].id,
                1 => append.events.clone_from(&earlier.events),
                _ => append = earlier,
            }
        }
        appends.push(append);
    }
    let queued = join_all(appends.iter().map(|append| store.append(append.clone())));
    let answers = bench.soon("64 queued appends", queued).await?;
    let answered: Vec<_> = appends.into_iter().zip(answers).collect();
    explain(bench.profile.limits, &answered)?;
    let accepted = answered.iter().filter(|(_, answer)| answer.is_ok()).count();
    holds(accepted > 4, || {
        format!("only {accepted} of 64 appends were accepted")
    })?;
    agrees(bench, &answered).await
}

/// What the streams hold is what was accepted, in the order of its positions.
async fn agrees(bench: &Bench, answered: &[(Append, Result<Appended, StoreError>)]) -> Fact {
    let store = bench.handle().await?;
    for (append, answer) in answered {
        let Ok(appended) = answer else { continue };
        let stored = read(&store, &append.stream).await?;
        for (event, placed) in append.events.iter().zip(appended.placements()) {
            let there = stored
                .iter()
                .find(|stored| stored.envelope.revision == placed.revision)
                .map(|stored| (stored.envelope.id, stored.position));
            same(
                "the event at a revision that was told",
                there,
                Some((event.id, placed.position)),
            )?;
        }
    }
    Ok(())
}
