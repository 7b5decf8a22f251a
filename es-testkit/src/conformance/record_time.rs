//! Law 14: record time never decreases with position.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use es_core::{Placement, StoredEvent, Timestamp};
use futures_util::future::join_all;

use super::bench::{Bench, stream, whole};
use super::failure::{Fact, holds, same};
use super::{Declared, Failure};
use crate::FixedClock;

/// The clock of the store under test; `None` if it declares its own.
fn clock(bench: &Bench) -> Result<Option<&Arc<FixedClock>>, Failure> {
    match (&bench.profile.clock, bench.declares(Declared::OwnClock)) {
        (Some(clock), false) => Ok(Some(clock)),
        (None, true) => Ok(None),
        (None, false) => Err(Failure::new(
            "the profile has no clock, and `OwnClock` isn't declared",
        )),
        (Some(_), true) => Err(Failure::new(
            "the profile has a clock, but `OwnClock` is declared",
        )),
    }
}

/// In the log, or in each stream of it where no more is promised.
pub(crate) fn never_decreases(bench: &Bench, log: &[StoredEvent]) -> Fact {
    let of_stream = bench.declares(Declared::RecordTimeOfStream);
    let mut last = HashMap::new();
    for event in log {
        let stream = of_stream.then_some(&event.envelope.stream);
        let is = (event.position, event.envelope.recorded_at);
        if let Some((position, recorded_at)) = last.insert(stream, is) {
            holds(recorded_at <= is.1, || {
                format!("after {:?} came {is:?}", (position, recorded_at))
            })?;
        }
    }
    Ok(())
}

pub(crate) async fn record_time_is_the_clock_s(bench: &Bench) -> Fact {
    let (store, stream) = (bench.handle().await?, stream("1")?);
    let Some(clock) = clock(bench)? else {
        // Then it is a real clock, and shows a time that other clocks show too, give or take a day.
        const DAY: Duration = Duration::from_hours(24);
        let recorded = bench.grow(&store, &stream, 1).await?.last().recorded_at;
        let now = es_core::Clock::now(&es_core::SystemClock);
        let near = recorded.saturating_add(DAY) > now && now.saturating_add(DAY) > recorded;
        return holds(near, || {
            format!("recorded at {recorded} by a clock of its own, at {now}")
        });
    };
    for micros in [1, 1_000_000, 1_767_225_599_999_999] {
        let now = Timestamp::EPOCH.saturating_add(Duration::from_micros(micros));
        clock.set(now);
        let appended = bench.grow(&store, &stream, 2).await?;
        let told = appended
            .placements()
            .iter()
            .map(|at| at.recorded_at)
            .collect::<Vec<_>>();
        same("record time", told, vec![now, now])?;
    }
    never_decreases(bench, whole(&store).await?.log())
}

pub(crate) async fn record_time_does_not_step_back_with_the_clock(bench: &Bench) -> Fact {
    let Some(clock) = clock(bench)? else {
        return Ok(());
    };
    let handles = bench.handles(2).await?;
    let at = |day: u64| Timestamp::EPOCH.saturating_add(Duration::from_secs(day * 86_400));
    let mut told: Vec<Placement> = Vec::new();
    // The clock's day, and the day of the record: the latest that was, in the log or in the stream, of which there are
    // three in turn.
    let mut days = [(5, 5), (9, 9), (3, 9), (9, 9), (8, 9), (10, 10), (1, 10)];
    if bench.declares(Declared::RecordTimeOfStream) {
        days = [(5, 5), (9, 9), (3, 3), (9, 9), (8, 9), (10, 10), (1, 9)];
    }
    for (index, (day, recorded)) in days.into_iter().enumerate() {
        clock.set(at(day));
        let stream = stream(&format!("{}", index % 3))?;
        let appended = bench.grow(&handles[index % 2], &stream, 2).await?;
        same(
            format!("record time on day {day}"),
            appended.last().recorded_at,
            at(recorded),
        )?;
        told.extend_from_slice(appended.placements());
    }
    let log = whole(&handles[0]).await?;
    never_decreases(bench, log.log())?;
    let stored: Vec<_> = log
        .log()
        .iter()
        .map(|event| event.envelope.recorded_at)
        .collect();
    same(
        "record times",
        stored,
        told.iter().map(|at| at.recorded_at).collect(),
    )
}

pub(crate) async fn record_time_does_not_decrease_under_concurrent_appends(bench: &Bench) -> Fact {
    let (handles, clock) = (bench.handles(2).await?, clock(bench)?.cloned());
    let appends = (0..64_u64)
        .zip(handles.iter().cycle())
        .map(|(index, store)| {
            let (bench, store) = (bench.clone(), store.clone());
            let clock = clock.clone();
            tokio::spawn(async move {
                if let Some(clock) = clock {
                    // To and fro.
                    clock.set(
                        Timestamp::EPOCH.saturating_add(Duration::from_secs(index * 7919 % 100)),
                    );
                }
                bench
                    .grow(&store, &stream(&format!("{}", index % 5))?, 2)
                    .await
            })
        });
    for answer in bench.soon("concurrent appends", join_all(appends)).await? {
        answer??;
    }
    never_decreases(bench, whole(&handles[0]).await?.log())
}
