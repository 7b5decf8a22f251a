//! What a correction, or an event that comes late, may not do; and that nothing is written then.

use es_core::{
    CorrectError, EventStore, ExecuteError, Invalid, Misplaced, Position, Revision, StoreError,
};
use es_memory::MemoryStore;

use crate::bank::{Opened, Withdrawn, ada, day, just_before, open};
use crate::corrections::{deposit, deposited, opened, revision, seven};
use crate::ledger::{Ledger, Ledgers, Overdrawn};

#[tokio::test]
async fn what_is_corrected_already_is_refused_with_what_corrected_it() {
    let (ledgers, _) = seven().await;
    let correct = || ledgers.correct(&ada()).by("auditor").because("again");
    for (refused, target, by) in [
        (correct().retract(revision(3)).await, 3, 7),
        (correct().replace(revision(3), deposited(1)).await, 3, 7),
        (correct().retract(revision(4)).await, 4, 6),
    ] {
        assert!(
            matches!(
                refused,
                Err(CorrectError::AlreadyCorrected { target: t, by: b })
                    if (t, b) == (revision(target), revision(by))
            ),
            "{refused:?}"
        );
    }
    let refused = correct().replace(revision(6), deposited(1)).await;
    assert!(matches!(refused, Err(CorrectError::Unreplaceable { .. })));
    for target in [0, 8, 99] {
        let refused = correct().retract(revision(target)).await;
        assert!(matches!(refused, Err(CorrectError::NoSuchRevision { .. })));
    }
    let refused = correct().await;
    assert!(matches!(
        refused,
        Err(CorrectError::Store(StoreError::Invalid(invalid))) if matches!(*invalid, Invalid::EmptyAppend)
    ));
    assert_eq!(ledgers.store().head().await.unwrap(), Position::new(7));
}

#[tokio::test]
async fn what_was_corrected_otherwise_meanwhile_is_not_restored() {
    let (ledgers, _) = opened().await;
    deposit(&ledgers, 100, 2).await;
    let correct = || ledgers.correct(&ada()).by("auditor").because("misread");
    correct().replace(revision(2), deposited(70)).await.unwrap();
    correct().retract(revision(3)).await.unwrap();
    correct().replace(revision(2), deposited(80)).await.unwrap();
    // Restoring 70 would put two facts into the place of the one.
    let refused = correct().retract(revision(4)).await;
    assert!(matches!(
        refused,
        Err(CorrectError::AlreadyCorrected { by, .. }) if by == revision(5)
    ));
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [80]);
}

#[tokio::test]
async fn the_first_event_is_replaced_by_an_initial_one_and_nothing_precedes_it() {
    let (ledgers, _) = opened().await;
    deposit(&ledgers, 100, 2).await;
    let correct = || ledgers.correct(&ada()).by("auditor").because("her name");
    let refused = correct().retract(Revision::FIRST).await;
    assert!(matches!(refused, Err(CorrectError::Beginning { .. })));
    for refused in [
        correct().replace(Revision::FIRST, deposited(1)).await,
        correct().replace(revision(2), open()).await,
        correct().insert(open(), day(2)).await,
        correct().insert(deposited(1), just_before(day(1))).await,
        correct().replace_at(Revision::FIRST, open(), day(3)).await,
    ] {
        assert!(
            matches!(refused, Err(CorrectError::Misplaced(_))),
            "{refused:?}"
        );
    }
    let backdated = ledgers.execute(&ada(), |_| deposited(1));
    let refused = backdated.effective_at(just_before(day(1))).await;
    let name = "account.deposited";
    assert!(matches!(
        refused,
        Err(ExecuteError::Store(StoreError::Invalid(invalid)))
            if matches!(*invalid, Invalid::Misplaced(Misplaced::BeforeInitial { name: n }) if n == name)
    ));
    assert_eq!(ledgers.store().head().await.unwrap(), Position::new(2));

    let owner = "Ada Lovelace".to_owned();
    correct()
        .replace(Revision::FIRST, Opened { owner })
        .await
        .unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().owner, "Ada Lovelace");
    // A replacement of it can be taken back.
    correct().retract(revision(3)).await.unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().owner, "Ada");
}

#[tokio::test]
async fn a_correction_that_breaks_the_history_is_refused_at_the_event_where_it_breaks() {
    let (ledgers, _) = opened().await;
    deposit(&ledgers, 100, 2).await;
    let withdraw = ledgers.execute(&ada(), |ledger| ledger.withdraw(80));
    withdraw.effective_at(day(3)).await.unwrap();
    deposit(&ledgers, 500, 4).await;
    let correct = || ledgers.correct(&ada()).by("auditor").because("70 it was");
    let refused = correct().replace(revision(2), deposited(70)).await;
    let Err(CorrectError::Violated(violation)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(violation.revision, revision(3));
    assert_eq!(&*violation.name, "account.withdrawn");
    assert_eq!(violation.effective_at, day(3));
    assert_eq!(violation.error, Overdrawn { balance: -10 });
    let dry = correct()
        .replace(revision(2), deposited(70))
        .dry_run()
        .await;
    assert!(matches!(dry, Err(CorrectError::Violated(_))));
    assert_eq!(ledgers.store().head().await.unwrap(), Position::new(4));

    // Two corrections that only hold together are made together.
    correct()
        .replace(revision(2), deposited(70))
        .replace(revision(3), Withdrawn { cents: 70 })
        .await
        .unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [70, -70, 500]);
}

#[tokio::test]
async fn a_backdated_event_that_breaks_the_history_is_refused() {
    let (ledgers, _) = opened().await;
    deposit(&ledgers, 100, 2).await;
    let withdraw = |cents| move |ledger: &Ledger| ledger.withdraw(cents);
    let spent = ledgers.execute(&ada(), withdraw(80)).effective_at(day(4));
    spent.await.unwrap();
    deposit(&ledgers, 500, 5).await;
    let refused = ledgers
        .execute(&ada(), withdraw(50))
        .effective_at(day(3))
        .await;
    let Err(ExecuteError::Violated(violation)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (violation.revision, violation.error.balance),
        (revision(3), -30)
    );
    assert_eq!(ledgers.store().head().await.unwrap(), Position::new(4));
    let fits = ledgers.execute(&ada(), withdraw(20)).effective_at(day(3));
    fits.await.unwrap();
    assert_eq!(
        ledgers.load(&ada()).await.unwrap().slips,
        [100, -20, -80, 500]
    );
}

#[tokio::test]
async fn an_event_of_now_comes_before_one_that_will_be_effective() {
    let (ledgers, clock) = opened().await;
    deposit(&ledgers, 10, 2).await;
    let standing_order = ledgers.execute(&ada(), |ledger| ledger.withdraw(10));
    standing_order.effective_at(day(30)).await.unwrap();
    clock.set(day(5));
    let refused = ledgers.execute(&ada(), |_| Withdrawn { cents: 5 }).await;
    let Err(ExecuteError::Violated(violation)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(violation.revision, revision(3));
    ledgers.execute(&ada(), |_| deposited(7)).await.unwrap();
    let ledger = ledgers.load(&ada()).await.unwrap();
    assert_eq!(
        (&ledger.slips[..], ledger.last),
        (&[10, 7, -10][..], Some(day(5)))
    );
}

#[tokio::test]
async fn what_is_broken_already_is_not_held_against_a_correction() {
    let (ledgers, _) = opened().await;
    // Decided without asking, when the account didn't look yet.
    let overdrawn = ledgers.execute(&ada(), |_| Withdrawn { cents: 50 });
    overdrawn.effective_at(day(2)).await.unwrap();
    deposit(&ledgers, 20, 3).await;
    let correct = || ledgers.correct(&ada()).by("auditor").because("half");
    correct().replace(revision(3), deposited(40)).await.unwrap();
    correct()
        .replace(revision(2), Withdrawn { cents: 60 })
        .await
        .unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [-60, 40]);
}

#[tokio::test]
async fn a_correction_is_judged_again_after_a_conflict_and_only_if_it_may() {
    let (ledgers, _) = seven().await;
    let correct = ledgers.correct(&ada()).by("auditor").because("seen at 6");
    let refused = correct
        .insert(deposited(1), day(4))
        .expecting(revision(6))
        .await;
    assert!(matches!(
        refused,
        Err(CorrectError::Conflict(conflict)) if conflict.actual == revision(7)
    ));
    assert_eq!(ledgers.store().head().await.unwrap(), Position::new(7));
    let correct = ledgers.correct(&ada()).by("auditor").because("seen at 7");
    let appended = correct
        .insert(deposited(1), day(4))
        .expecting(revision(7))
        .await;
    assert_eq!(appended.unwrap().revision(), revision(8));
}

#[tokio::test]
async fn an_aggregate_that_does_not_exist_has_no_past() {
    let ledgers = Ledgers::new(MemoryStore::new());
    let correct = ledgers.correct(&ada()).by("auditor").because("?");
    let refused = correct.insert(deposited(1), day(1)).await;
    assert!(matches!(refused, Err(CorrectError::NotFound { .. })));
    assert_eq!(ledgers.store().head().await.unwrap(), Position::START);
}
