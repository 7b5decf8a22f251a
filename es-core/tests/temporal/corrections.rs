//! What a correction makes of a history.

use std::sync::Arc;

use es_core::{
    At, DecodeError, EventStore, Fate, LoadError, LogQuery, Metadata, Position, Revision,
    StoreError,
};
use es_testkit::FixedClock;
use futures_util::TryStreamExt;

use crate::bank::{Accounts, Deposited, ada, clocked, day, open};
use crate::ledger::{Ledger, Ledgers};

pub(crate) fn revision(number: u64) -> Revision {
    Revision::new(number)
}

pub(crate) fn deposited(cents: i64) -> Deposited {
    Deposited { cents }
}

/// Ada's ledger, opened on day 1.
pub(crate) async fn opened() -> (Ledgers, Arc<FixedClock>) {
    let (store, clock) = clocked();
    let ledgers = Ledgers::new(store).with_clock(Arc::clone(&clock));
    ledgers.create(&ada(), open()).await.unwrap();
    (ledgers, clock)
}

pub(crate) async fn deposit(ledgers: &Ledgers, cents: i64, on: u32) {
    let deposit = ledgers.execute(&ada(), |_| Deposited { cents });
    deposit.effective_at(day(on)).await.unwrap();
}

/// The seven entries of the table that defines the state at (V, K):
/// r1 open d1; r2 100 d2; r3 50 d4; r4 replace r2 by 70; r5 insert 10 at d3; r6 retract r4; r7 replace r3 by 50 at d2.
pub(crate) async fn seven() -> (Ledgers, Arc<FixedClock>) {
    let (ledgers, clock) = opened().await;
    deposit(&ledgers, 100, 2).await;
    deposit(&ledgers, 50, 4).await;
    let because = |why: &str| ledgers.correct(&ada()).by("auditor").because(why);
    because("70 it was")
        .replace(revision(2), deposited(70))
        .await
        .unwrap();
    because("forgotten")
        .insert(deposited(10), day(3))
        .await
        .unwrap();
    because("100 after all").retract(revision(4)).await.unwrap();
    let early = because("it came on day 2");
    early
        .replace_at(revision(3), deposited(50), day(2))
        .await
        .unwrap();
    (ledgers, clock)
}

#[tokio::test]
async fn the_state_at_each_point_is_that_of_the_table() {
    let (ledgers, _) = seven().await;
    for (known, on_day_2, on_day_4) in [
        (3, &[100][..], &[100, 50][..]),
        (4, &[70], &[70, 50]),
        (5, &[70], &[70, 10, 50]),
        (6, &[100], &[100, 10, 50]),
        (7, &[100, 50], &[100, 50, 10]),
    ] {
        for (effective, slips) in [(day(2), on_day_2), (day(4), on_day_4)] {
            let at = At::effective(effective).known_at(revision(known));
            let ledger = ledgers.load_at(&ada(), at).await.unwrap();
            assert_eq!(
                ledger.slips, slips,
                "known at {known}, effective {effective}"
            );
            assert_eq!(ledger.revision(), revision(known));
        }
    }
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [100, 50, 10]);
}

#[tokio::test]
async fn an_event_knows_when_it_was_true_after_a_correction() {
    let (ledgers, _) = seven().await;
    let ledger = ledgers.load_effective(&ada(), day(2)).await.unwrap();
    assert_eq!(ledger.last, Some(day(2)));
    // A replacement that doesn't say when was true when that was which it replaces.
    let known = At::effective(day(2)).known_at(revision(4));
    let facts = ledgers.facts(&ada(), known).await.unwrap();
    assert_eq!(facts[1].revision, revision(4));
    assert_eq!(facts[1].effective_at, day(2));
    assert_eq!(facts[1].metadata.actor.as_deref(), Some("auditor"));
}

#[tokio::test]
async fn a_correction_is_an_event_with_actor_and_reason_behind_what_stays() {
    let (ledgers, _) = seven().await;
    let log = ledgers
        .store()
        .read_log(LogQuery::all())
        .await
        .unwrap()
        .events;
    let names: Vec<&str> = log.iter().map(|event| &*event.name).collect();
    assert_eq!(
        names[3..],
        ["es.replaced", "es.inserted", "es.retracted", "es.replaced"]
    );
    let id = log[1].envelope.id;
    assert_eq!(
        log[3].payload.as_str(),
        format!(
            r#"{{"revision":2,"event_id":"{id}","name":"account.deposited","version":2,"payload":{{"cents":70}}}}"#
        )
    );
    let metadata = Metadata::decode(&log[3].envelope.metadata).unwrap();
    assert_eq!(metadata.actor.as_deref(), Some("auditor"));
    assert_eq!(metadata.reason.as_deref(), Some("70 it was"));
}

#[tokio::test]
async fn correcting_a_correction_leaves_one_fact_in_its_place() {
    let (ledgers, _) = opened().await;
    deposit(&ledgers, 100, 2).await;
    deposit(&ledgers, 1, 3).await;
    let correct = || ledgers.correct(&ada()).by("auditor").because("misread");
    correct().replace(revision(2), deposited(70)).await.unwrap();
    correct().replace(revision(4), deposited(80)).await.unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [80, 1]);
    correct().retract(revision(5)).await.unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [70, 1]);
    correct().retract(revision(4)).await.unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [100, 1]);
    correct().retract(revision(2)).await.unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [1]);
    correct().retract(revision(8)).await.unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [100, 1]);
}

#[tokio::test]
async fn a_dry_run_shows_before_and_after_at_every_later_event_and_writes_nothing() {
    let (ledgers, _) = opened().await;
    for (cents, on) in [(100, 2), (50, 4), (1, 5)] {
        deposit(&ledgers, cents, on).await;
    }
    let correct = ledgers.correct(&ada()).by("auditor").because("forgotten");
    let correct = correct.insert(deposited(10), day(3)).retract(revision(4));
    let impact = correct.dry_run().await.unwrap();
    let balance = |ledger: &Option<Ledger>| ledger.as_ref().unwrap().balance;
    let effects: Vec<_> = (impact.effects.iter())
        .map(|effect| (effect.fate, balance(&effect.before), balance(&effect.after)))
        .collect();
    assert_eq!(
        effects,
        [
            (Fate::Comes, 100, 110),
            (Fate::Stays, 150, 160),
            (Fate::Goes, 151, 160),
        ]
    );
    assert_eq!(impact.diff().unwrap().changes().len(), 4);
    assert_eq!(ledgers.store().head().await.unwrap(), Position::new(4));
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [100, 50, 1]);
}

#[tokio::test]
async fn an_aggregate_without_corrections_says_that_it_meets_one() {
    let (ledgers, _) = seven().await;
    let accounts = Accounts::new(ledgers.store().clone());
    let loaded = accounts.load(&ada()).await;
    let Err(LoadError::Store(StoreError::Undecodable(error))) = loaded else {
        panic!("{loaded:?}");
    };
    assert_eq!(error.revision, revision(4));
    assert_eq!(error.reason, DecodeError::Correction);
}

#[tokio::test]
async fn history_and_spans_show_what_counts() {
    let (ledgers, _) = seven().await;
    let moments: Vec<_> = ledgers.history(&ada()).try_collect().await.unwrap();
    let seen: Vec<_> = (moments.iter())
        .map(|moment| (moment.event.revision.number(), moment.state.balance))
        .collect();
    assert_eq!(seen, [(1, 0), (2, 100), (7, 150), (5, 160)]);
    let came = ledgers
        .between(&ada(), revision(4), revision(6))
        .await
        .unwrap();
    let went = ledgers
        .between(&ada(), revision(6), revision(4))
        .await
        .unwrap();
    let revisions = |events: Vec<es_core::Recorded<_>>| -> Vec<u64> {
        events
            .iter()
            .map(|event: &es_core::Recorded<crate::ledger::LedgerEvent>| event.revision.number())
            .collect()
    };
    assert_eq!((revisions(came), revisions(went)), (vec![2, 5], vec![4]));
}

#[tokio::test]
async fn a_supposed_event_is_folded_where_it_belongs() {
    let (ledgers, _) = seven().await;
    let asked = ledgers.what_if(&ada()).also(deposited(1), day(2));
    let impact = asked.without(revision(5)).await.unwrap();
    assert_eq!(impact.after.unwrap().slips, [100, 50, 1]);
}
