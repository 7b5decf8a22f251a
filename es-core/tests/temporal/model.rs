//! Random events, effective times, corrections of corrections, queries and projections, beside the naive reference.

mod plain;
mod steps;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use es_core::{
    Aggregate, At, CorrectError, EventStore, ExecuteError, Known, LoadError, Repository, Revision,
    SnapshotStore, StoreError,
};
use es_memory::MemoryStore;
use es_sqlite::{Durability, SqliteStore};
use es_testkit::FixedClock;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::steps::{Step, steps};
use crate::bank::{Deposited, Withdrawn, day, open};
use crate::ledger::{Ledger, LedgerEvent, Ledgers};
use crate::projected::Projected;
use crate::reference::{Entry, Log, Says, facts, holds, is_allowed, state};

fn event(cents: i64) -> LedgerEvent {
    if cents < 0 {
        Withdrawn { cents: -cents }.into()
    } else {
        Deposited { cents }.into()
    }
}

/// What a step would add to the log.
fn entry(step: &Step, log: &Log, today: u32) -> Option<Entry> {
    let target = |at: usize| at % (log.len() + 2);
    let (says, effective) = match step {
        // As the repository does where an event of now comes before one that will be effective.
        Step::Move(cents, on) => (Says::Move(*cents), *on),
        Step::Retract(at) => (Says::Retract(target(*at)), None),
        Step::Replace(at, cents, on) => (Says::Replace(target(*at), (*cents).into()), *on),
        Step::Reopen(at, on) => (Says::Replace(target(*at), Value::Null), *on),
        Step::Insert(cents, on) => (Says::Insert(*cents), Some(*on)),
        Step::Tick => return None,
    };
    let recorded = today;
    Some(Entry {
        says,
        recorded,
        effective,
    })
}

/// Whether the step was accepted.
async fn perform<S: EventStore>(
    ledgers: &Ledgers<S>,
    id: &String,
    entry: &Entry,
    first: u32,
) -> Result<bool, String> {
    let correct = || ledgers.correct(id).by("model").because("it says so");
    let at = |target: usize| Revision::new(target as u64);
    let outcome = match (&entry.says, entry.effective) {
        (Says::Move(cents), on) => {
            let moved = ledgers.execute(id, |_| event(*cents));
            let moved = match on {
                Some(on) => moved.effective_at(day(first + on)).await,
                None => moved.await,
            };
            return match moved {
                Ok(_) => Ok(true),
                Err(ExecuteError::Violated(_) | ExecuteError::Store(StoreError::Invalid(_))) => {
                    Ok(false)
                }
                Err(error) => Err(format!("{error:?}")),
            };
        }
        (Says::Retract(target), _) => correct().retract(at(*target)).await,
        (Says::Replace(target, value), on) => {
            let event = value.as_i64().map_or_else(|| open().into(), event);
            match on {
                Some(on) => {
                    correct()
                        .replace_at(at(*target), event, day(first + on))
                        .await
                }
                None => correct().replace(at(*target), event).await,
            }
        }
        (Says::Insert(cents), Some(on)) => correct().insert(event(*cents), day(first + on)).await,
        _ => return Err("not a step".to_owned()),
    };
    match outcome {
        Ok(_) => Ok(true),
        Err(CorrectError::Store(error)) => Err(format!("{error:?}")),
        Err(_) => Ok(false),
    }
}

/// The first entry of each case.
fn opened() -> Entry {
    Entry {
        says: Says::Open,
        recorded: 4,
        effective: Some(2),
    }
}

/// Whether the repository checks an ordinary event: only one that comes before others.
fn is_last(log: &Log) -> bool {
    let newest = facts(log, u32::MAX);
    newest.last().is_some_and(|(_, slot, _)| *slot == log.len())
}

async fn agree<S: EventStore + SnapshotStore + Clone>(
    store: S,
    clock: &Arc<FixedClock>,
    (id, first): (String, u32),
    steps: &[Step],
) -> Result<(), String> {
    clock.set(day(first + 4));
    let projected = Projected::new(store.clone(), first).await;
    let mut projected = projected.map_err(|error| format!("{error:?}"))?;
    let plain = Ledgers::new(store.clone());
    let kept = Repository::<Ledger, _>::new(store.clone()).with_snapshots(store);
    let writing = kept.clone().with_cache(2).with_clock(Arc::clone(clock));
    let mut today = 4;
    let opening = writing
        .create(&id, open())
        .effective_at(day(first + 2))
        .await;
    opening.map_err(|error| format!("{error:?}"))?;
    let mut log = vec![opened()];
    for step in steps {
        let Some(entry) = entry(step, &log, today) else {
            today += 1;
            clock.set(day(first + today));
            continue;
        };
        log.push(entry.clone());
        let ordinary = matches!(entry.says, Says::Move(_));
        let targets_exist = match entry.says {
            Says::Retract(target) | Says::Replace(target, _) => (1..log.len()).contains(&target),
            _ => true,
        };
        let expected =
            targets_exist && is_allowed(&log) && (ordinary && is_last(&log) || holds(&log));
        let accepted = perform(&writing, &id, &entry, first).await?;
        if accepted != expected {
            return Err(format!(
                "{entry:?}: accepted {accepted}, expected {expected}"
            ));
        }
        if !accepted {
            log.pop();
        }
        let hot = writing
            .load(&id)
            .await
            .map_err(|error| format!("{error:?}"))?;
        if Some(hot.slips.clone()) != state(&log, u32::MAX) {
            return Err(format!("now: {:?} after {entry:?}", hot.slips));
        }
        projected.follow(&log).await?;
    }
    for ledgers in [&plain, &kept] {
        for known in 1..=log.len() {
            for effective in (1..=9).map(Some).chain([None]) {
                let at = asked(effective, first).known_at(Revision::new(known as u64));
                let expected = state(&log[..known], effective.unwrap_or(u32::MAX));
                compare(ledgers, &id, at, expected, |it| it.slips.clone()).await?;
            }
        }
        // By the days of recording, and one before the first: several entries of a day are known at once.
        for known in 3..=today {
            let entries = known_on(&log, known);
            for effective in [None, Some(known), Some(1 + known * 5 % 9)] {
                let at = asked(effective, first).known_at(day(first + known));
                let expected = state(entries, effective.unwrap_or(u32::MAX));
                compare(ledgers, &id, at, expected, |it| it.slips.clone()).await?;
            }
        }
    }
    if !asks_projections(first) {
        return Ok(());
    }
    projected.agree(&log).await
}

/// As effective on a day, or whenever.
fn asked(effective: Option<u32>, first: u32) -> At {
    effective.map_or(At::NOW, |effective| At::effective(day(first + effective)))
}

/// What was recorded by the beginning of a day.
fn known_on(log: &[Entry], day: u32) -> &[Entry] {
    &log[..log.partition_point(|entry| entry.recorded <= day)]
}

async fn compare<A, S>(
    accounts: &Repository<A, S>,
    id: &String,
    at: At,
    expected: Option<Vec<i64>>,
    slips: impl Fn(&A) -> Vec<i64>,
) -> Result<(), String>
where
    A: Aggregate<Id = String>,
    S: EventStore,
{
    let loaded = match (at.known_point(), at.effective_instant()) {
        (Known::Instant(instant), None) => accounts.load_as_of(id, instant).await,
        (Known::Head, Some(instant)) => accounts.load_effective(id, instant).await,
        _ => accounts.load_at(id, at).await,
    };
    let actual = match loaded {
        Ok(account) => Some(slips(&account)),
        Err(LoadError::NotFound { .. }) => None,
        Err(error) => return Err(format!("{at:?}: {error:?}")),
    };
    if actual == expected {
        return Ok(());
    }
    Err(format!("{at:?}: {actual:?}, expected {expected:?}"))
}

/// How many cases were asked for: `ES_MODEL_CASES=10000` is for whoever has some minutes, or a release build.
fn all_cases() -> Option<u32> {
    let cases = std::env::var("ES_MODEL_CASES").ok();
    cases.map(|cases| cases.parse().unwrap())
}

/// Whether a case's projections are asked in every way, which is most of its time: else they only follow.
fn asks_projections(first: u32) -> bool {
    all_cases().is_some() || (first / CASE_DAYS).is_multiple_of(20)
}

/// Each case has days of its own, since a store's record time never steps back.
const CASE_DAYS: u32 = 24;

static NEXT: AtomicU32 = AtomicU32::new(0);

fn check(cases: u32, case: impl Fn(Vec<Step>) -> Result<(), String>) {
    let mut config = Config::with_cases(cases);
    config.failure_persistence = None;
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&steps(), |steps| case(steps).map_err(TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

fn next_case() -> (String, u32) {
    let case = NEXT.fetch_add(1, Ordering::Relaxed);
    (format!("case-{case}"), 10 + case * CASE_DAYS)
}

#[test]
fn any_history_is_folded_as_by_the_reference_in_memory() {
    let runtime = runtime();
    check(all_cases().unwrap_or(2_000), |steps| {
        let clock = Arc::new(FixedClock::at(day(1)));
        let store = MemoryStore::with_clock(Arc::clone(&clock));
        runtime.block_on(agree(store, &clock, next_case(), &steps))
    });
}

#[test]
fn any_history_is_folded_as_by_the_reference_on_sqlite() {
    // Each case asks the file some hundred times.
    let cases = all_cases().unwrap_or(1_000);
    let (runtime, _folder, clock, store) = sqlite();
    check(cases, |steps| {
        runtime.block_on(agree(store.clone(), &clock, next_case(), &steps))
    });
}

/// A file for all cases of a test.
fn sqlite() -> (Runtime, TempDir, Arc<FixedClock>, SqliteStore) {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let clock = Arc::new(FixedClock::at(day(1)));
    // What a power loss would take isn't what is tested here.
    let options = SqliteStore::options().durability(Durability::Normal);
    let open = options
        .clock(Arc::clone(&clock))
        .open(folder.path().join("model.db"));
    let store = runtime.block_on(open).unwrap();
    (runtime, folder, clock, store)
}
