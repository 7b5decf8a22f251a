//! Law 3: random appends, one by one and interleaved, have the answers of the model.

use es_core::{Append, Appended, EventStore, Expected, NewEvent, Revision, StoreError};
use tokio::task::JoinSet;

use super::Failure;
use super::bench::{Bench, Dice, ids_of, log_pages, read, stream};
use super::failure::{Fact, same};
use super::model::{Model, answer, explain};
use super::record_time::never_decreases;

/// A random append: to one of four streams, with a random expectation near its revision, of new events or of some
/// that were tried before.
fn random(
    bench: &Bench,
    dice: &mut Dice,
    earlier: &[Append],
    near: u64,
) -> Result<Append, Failure> {
    let stream = stream(["a", "b", "c", "A"][dice.below(4)])?;
    let expected = match dice.below(7) {
        0 | 1 => Expected::Any,
        2 => Expected::NoStream,
        3 => Expected::StreamExists,
        step => Expected::Exact(Revision::new((near + step as u64).saturating_sub(5))),
    };
    let mut events: Vec<NewEvent> = bench.events(1 + dice.below(3));
    if !earlier.is_empty() && dice.below(3) == 0 {
        let old = dice.one_of(earlier);
        let cut = dice.below(old.events.len());
        match dice.below(4) {
            0 => {
                return Ok(Append::new(
                    old.stream.clone(),
                    expected,
                    old.events.clone(),
                ));
            }
            1 => {
                return Ok(Append::new(
                    old.stream.clone(),
                    expected,
                    old.events[cut..].to_vec(),
                ));
            }
            2 => events.insert(dice.below(events.len() + 1), old.events[cut].clone()),
            _ => events = old.events.iter().rev().cloned().collect(),
        }
        return Ok(Append::new(old.stream.clone(), expected, events));
    }
    Ok(Append::new(stream, expected, events))
}

pub(crate) async fn random_appends_are_answered_as_by_the_model(bench: &Bench) -> Fact {
    let seed = 0x5eed;
    let (handles, mut dice) = (bench.handles(2).await?, Dice::new(seed));
    let (mut model, mut appends) = (Model::new(bench.profile.limits), Vec::new());
    for step in 0..250 {
        let near = model.ids(&stream("a")?).len() as u64;
        let append = random(bench, &mut dice, &appends, near)?;
        let told = answer(&handles[step % 2].append(append.clone()).await)?;
        same(
            format!("seed {seed:#x}, step {step}: {append:?}"),
            told,
            model.append(&append),
        )?;
        if step % 10 == 0 {
            let stored = ids_of(&read(&handles[0], &append.stream).await?);
            same(
                format!("seed {seed:#x}, step {step}: ids"),
                &stored[..],
                model.ids(&append.stream),
            )?;
        }
        appends.push(append);
    }
    Ok(())
}

pub(crate) async fn random_interleavings_are_answered_as_one_by_one(bench: &Bench) -> Fact {
    let (handles, seed) = (bench.handles(3).await?, 0xca5e);
    let mut tasks = JoinSet::new();
    // Appends that several tasks know, so that repeats and reuses meet their first across tasks.
    let mut dice = Dice::new(seed);
    let mut known = Vec::new();
    for _ in 0..6 {
        known.push(random(bench, &mut dice, &known, 1)?);
    }
    for task in 0..8 {
        let (bench, store) = (bench.clone(), handles[task % 3].clone());
        let (mut dice, mut known) = (Dice::new(seed + task as u64), known.clone());
        tasks.spawn(async move {
            let mut answered = Vec::new();
            for near in 0..20 {
                let append = random(&bench, &mut dice, &known, near)?;
                known.push(append.clone());
                let answer = store.append(append.clone()).await;
                answered.push((append, answer));
                tokio::task::yield_now().await;
            }
            Ok::<Vec<(Append, Result<Appended, StoreError>)>, Failure>(answered)
        });
    }
    let mut answered = Vec::new();
    for of_task in bench.soon("interleaved appends", tasks.join_all()).await? {
        answered.extend(of_task?);
    }
    let explained = explain(bench.profile.limits, &answered);
    explained.map_err(|failure| failure.after(format!("seed {seed:#x}")))?;
    let accepted = answered.iter().filter_map(|(append, answer)| match answer {
        Ok(appended) if !appended.is_repeated() => Some(append.events.len()),
        _ => None,
    });
    let log = log_pages(&handles[0], es_core::LogQuery::all()).await?;
    same(format!("seed {seed:#x}: events"), log.len(), accepted.sum())?;
    let times = never_decreases(bench, &log);
    times.map_err(|failure| failure.after(format!("seed {seed:#x}")))
}
