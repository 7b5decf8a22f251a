//! A history that is about to change is checked from a snapshot on that the change doesn't touch.

use std::future::IntoFuture;

use es_core::{At, CorrectError, EventStore, ExecuteError, StreamQuery};

use crate::bank::{Deposited, Withdrawn, ada, clocked, day, open};
use crate::ledger::Ledgers;
use crate::snapshots::{balance, correct, ledgers, revision, stream};

fn withdrawn(cents: i64) -> Withdrawn {
    Withdrawn { cents }
}

/// Who checks a changed history begins with the snapshot before the change, as is seen by what it is forged to hold.
#[tokio::test]
async fn a_correction_is_checked_from_the_snapshot_before_what_it_touches() {
    for (target, spent) in [
        (13, 12_000),
        (13, 12_001),
        (9, 8_000),
        (9, 8_001),
        (5, 4_000),
        (5, 4_001),
        // Nothing is before these: the history is what it really was.
        (4, 2),
        (4, 3),
    ] {
        let ledgers = ledgers(14).await;
        let replace = || correct(&ledgers).replace(revision(target), withdrawn(spent));
        let is_covered = spent % 1_000 == 0 || spent == 2;
        match replace().dry_run().await {
            Ok(impact) => {
                assert!(is_covered, "{target}: {spent}");
                let after = impact.after.unwrap().balance;
                assert_eq!(impact.before.unwrap().balance, after + spent + 1);
                let first = &impact.effects[0];
                assert_eq!(first.event.revision, revision(target));
                replace().await.unwrap();
                assert_eq!(balance(&ledgers, At::NOW).await, after, "{target}");
            }
            Err(CorrectError::Violated(violation)) => {
                assert!(!is_covered, "{target}: {spent}");
                assert_eq!(violation.revision, revision(15));
                assert_eq!(violation.error.balance, -1);
                let refused = replace().await;
                assert!(
                    matches!(refused, Err(CorrectError::Violated(_))),
                    "{refused:?}"
                );
                assert_eq!(head(&ledgers).await, 14);
            }
            Err(error) => panic!("{target}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_late_event_is_checked_from_the_snapshot_before_it() {
    for (on, spent) in [(13, 12_001), (12, 12_000), (10, 8_002), (5, 4_001), (2, 1)] {
        let ledgers = ledgers(14).await;
        let spend = |cents| {
            let spend = ledgers.execute(&ada(), move |_| withdrawn(cents));
            spend.effective_at(day(on)).into_future()
        };
        match spend(spent + 1).await {
            Err(ExecuteError::Violated(violation)) => {
                assert_eq!(violation.revision, revision(15), "{on}");
            }
            other => panic!("{on}: {other:?}"),
        }
        assert_eq!(head(&ledgers).await, 14);
        spend(spent).await.unwrap();
        assert_eq!(head(&ledgers).await, 15);
    }
}

/// Without a snapshot the whole stream is folded, as facts and not as it was recorded.
#[tokio::test]
async fn what_was_corrected_or_came_late_exists() {
    for late in [false, true] {
        let (store, _) = clocked();
        let ledgers = Ledgers::new(store);
        let opening = ledgers.create(&ada(), open()).effective_at(day(1));
        opening.await.unwrap();
        let deposit = |cents, on| {
            let deposit = ledgers.execute(&ada(), move |_| Deposited { cents });
            deposit.effective_at(day(on)).into_future()
        };
        deposit(100, 4).await.unwrap();
        if late {
            deposit(1, 3).await.unwrap();
        } else {
            let replaced = correct(&ledgers).replace(revision(2), Deposited { cents: 101 });
            replaced.await.unwrap();
        }
        let refused = ledgers.create(&ada(), open()).await;
        assert!(
            matches!(refused, Err(ExecuteError::AlreadyExists { .. })),
            "{refused:?}"
        );
        assert_eq!(head(&ledgers).await, 3);
        let again = ledgers.create_or_execute(&ada(), open, |ledger| ledger.withdraw(101));
        again.effective_at(day(5)).await.unwrap();
        assert_eq!(balance(&ledgers, At::NOW).await, 0, "late: {late}");
        assert_eq!(head(&ledgers).await, 4);
    }
}

#[tokio::test]
async fn what_stands_before_a_snapshot_is_judged_as_without_one() {
    let ledgers = ledgers(14).await;
    let refused = correct(&ledgers).retract(revision(1)).await;
    assert!(
        matches!(refused, Err(CorrectError::Beginning { .. })),
        "{refused:?}"
    );
    let refused = correct(&ledgers).retract(revision(16)).await;
    assert!(
        matches!(refused, Err(CorrectError::NoSuchRevision { head, .. }) if head == revision(14)),
        "{refused:?}"
    );
    let refused = correct(&ledgers).insert(withdrawn(1), day(0)).await;
    assert!(
        matches!(refused, Err(CorrectError::Misplaced(_))),
        "{refused:?}"
    );
    correct(&ledgers).retract(revision(3)).await.unwrap();
    let refused = correct(&ledgers).retract(revision(3)).await;
    assert!(
        matches!(refused, Err(CorrectError::AlreadyCorrected { by, .. }) if by == revision(15)),
        "{refused:?}"
    );
    assert_eq!(head(&ledgers).await, 15);
}

async fn head(ledgers: &Ledgers) -> u64 {
    let stored = ledgers.store().read_stream(StreamQuery::forwards(stream()));
    stored.await.unwrap().events.len() as u64
}
