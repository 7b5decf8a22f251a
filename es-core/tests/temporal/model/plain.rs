//! An aggregate that takes no corrections, with random effective times, beside the reference.

use super::*;

use crate::bank::{Account, AccountEvent};
use crate::reference::plain_state;

fn event(cents: i64) -> AccountEvent {
    if cents < 0 {
        Withdrawn { cents: -cents }.into()
    } else {
        Deposited { cents }.into()
    }
}

/// What moves an account; the same steps say when it was true.
fn moved(step: &Step) -> Option<(i64, Option<u32>)> {
    match step {
        Step::Move(cents, on) | Step::Replace(_, cents, on) => Some((*cents, *on)),
        Step::Insert(cents, on) => Some((*cents, Some(*on))),
        Step::Retract(_) | Step::Reopen(..) | Step::Tick => None,
    }
}

async fn agree<S: EventStore + SnapshotStore + Clone>(
    store: S,
    clock: &Arc<FixedClock>,
    (id, first): (String, u32),
    steps: &[Step],
) -> Result<(), String> {
    clock.set(day(first + 4));
    let bare = Repository::<Account, _>::new(store.clone());
    let kept = bare.clone().with_snapshots(store);
    let writing = kept.clone().with_cache(2);
    let opening = writing.create(&id, open()).effective_at(day(first + 2));
    opening.await.map_err(|error| format!("{error:?}"))?;
    let (mut today, mut log) = (4, vec![opened()]);
    for step in steps {
        let Some((cents, on)) = moved(step) else {
            today += 1;
            clock.set(day(first + today));
            continue;
        };
        let moving = writing.execute(&id, |_| event(cents));
        let moving = match on {
            Some(on) => moving.effective_at(day(first + on)),
            None => moving,
        };
        moving.await.map_err(|error| format!("{error:?}"))?;
        log.push(Entry {
            says: Says::Move(cents),
            recorded: today,
            effective: on,
        });
        let now = plain_state(&log, u32::MAX);
        compare(&writing, &id, At::NOW, now, slips).await?;
    }
    for accounts in [&bare, &kept] {
        for effective in [None].into_iter().chain((1..=9).map(Some)) {
            let by = effective.unwrap_or(u32::MAX);
            let at = asked(effective, first);
            compare(accounts, &id, at, plain_state(&log, by), slips).await?;
            // A few points of what is known: others have others.
            for known in (1..=log.len()).filter(|known| known % 3 == by as usize % 3) {
                let at = at.known_at(Revision::new(known as u64));
                compare(accounts, &id, at, plain_state(&log[..known], by), slips).await?;
            }
            for known in (3..=today).filter(|known| known % 3 == by % 3) {
                let at = at.known_at(day(first + known));
                let expected = plain_state(known_on(&log, known), by);
                compare(accounts, &id, at, expected, slips).await?;
            }
        }
    }
    Ok(())
}

fn slips(account: &Account) -> Vec<i64> {
    account.slips.clone()
}

#[test]
fn without_corrections_the_order_is_the_revision_in_memory() {
    let runtime = runtime();
    check(all_cases().unwrap_or(1_000), |steps| {
        let clock = Arc::new(FixedClock::at(day(1)));
        let store = MemoryStore::with_clock(Arc::clone(&clock));
        runtime.block_on(agree(store, &clock, next_case(), &steps))
    });
}

#[test]
fn without_corrections_the_order_is_the_revision_on_sqlite() {
    let (runtime, _folder, clock, store) = sqlite();
    check(all_cases().unwrap_or(300), |steps| {
        runtime.block_on(agree(store.clone(), &clock, next_case(), &steps))
    });
}
