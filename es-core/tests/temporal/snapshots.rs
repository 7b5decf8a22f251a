//! Snapshots under two clocks: one serves where nothing recorded after it changes what it holds, and is forged here to
//! show where it does.

use es_core::{At, Json, Revision, SnapshotStore, StreamId};
use es_memory::MemoryStore;

use crate::bank::{Deposited, ada, clocked, day, open};
use crate::ledger::Ledgers;

pub(crate) fn revision(number: u64) -> Revision {
    Revision::new(number)
}

fn deposited(cents: i64) -> Deposited {
    Deposited { cents }
}

pub(crate) fn stream() -> StreamId {
    StreamId::new("account", "ada").unwrap()
}

async fn deposit(ledgers: &Ledgers, cents: i64, on: u32) {
    let deposit = ledgers.execute(&ada(), |_| deposited(cents));
    deposit.effective_at(day(on)).await.unwrap();
}

/// Opened on day 1; then 1 on each day from 2 to `last`, each at the revision of its day; snapshots at 4, 8 …, whose
/// state is forged to hold a thousand times their revision.
pub(crate) async fn ledgers(last: u32) -> Ledgers {
    let (store, _) = clocked();
    let ledgers = Ledgers::new(store.clone()).with_snapshots(store);
    let opening = ledgers.create(&ada(), open()).effective_at(day(1));
    opening.await.unwrap();
    for on in 2..=last {
        deposit(&ledgers, 1, on).await;
    }
    for at in (4..=last).step_by(4) {
        forge(ledgers.store(), at.into()).await;
    }
    ledgers
}

async fn forge(store: &MemoryStore, at: u64) {
    let mut snapshot = newest(store, at).await.unwrap();
    assert_eq!(snapshot.revision, revision(at));
    let micros = day(u32::try_from(at).unwrap()).micros();
    let balance = at * 1_000;
    let forged = format!(
        r#"{{"last":[{micros},{at}],"state":{{"owner":"","balance":{balance},"slips":[],"last":null}}}}"#
    );
    snapshot.state = Json::parse(forged).unwrap();
    store.keep_snapshot(snapshot).await.unwrap();
}

async fn newest(store: &MemoryStore, at_most: u64) -> Option<es_core::Snapshot> {
    let snapshot = store.load_snapshot(&stream(), revision(at_most)).await;
    snapshot.unwrap()
}

pub(crate) async fn balance(ledgers: &Ledgers, at: At) -> i64 {
    ledgers.load_at(&ada(), at).await.unwrap().balance
}

pub(crate) fn correct(
    ledgers: &Ledgers,
) -> es_core::Correction<'_, crate::ledger::Ledger, MemoryStore> {
    ledgers.correct(&ada()).by("auditor").because("a test")
}

#[tokio::test]
async fn a_snapshot_keeps_where_its_last_fact_stands() {
    let (store, _) = clocked();
    let ledgers = Ledgers::new(store.clone()).with_snapshots(store.clone());
    ledgers.create(&ada(), open()).await.unwrap();
    for on in [5, 3, 4] {
        deposit(&ledgers, 1, on).await;
    }
    // The last event came late: the state wasn't folded to its end, and is by the load.
    assert_eq!(newest(&store, 9).await, None);
    ledgers.load(&ada()).await.unwrap();
    let kept = newest(&store, 9).await.unwrap();
    let five = day(5).micros();
    let (three, four) = (day(3).micros(), day(4).micros());
    let begins = format!(
        r#"{{"last":[{five},2],"late":[0,[{five},2],[[3,{three},3],[4,{four},4]]],"state":{{"#
    );
    assert!(
        kept.state.as_str().starts_with(&begins),
        "{}",
        kept.state.as_str()
    );
}

#[tokio::test]
async fn it_serves_what_is_effective_after_all_that_it_holds() {
    let ledgers = ledgers(14).await;
    for (at, expected) in [
        (At::NOW, 12_002),
        (At::effective(day(14)), 12_002),
        (At::effective(day(12)), 12_000),
        // The one at 12 holds what is effective later: the one at 8 doesn't.
        (At::effective(day(11)), 8_003),
        (At::effective(day(8)), 8_000),
        (At::effective(day(7)), 4_003),
        (At::effective(day(3)), 2),
        (At::known(revision(11)), 8_003),
        (At::effective(day(9)).known_at(revision(11)), 8_001),
        (At::effective(day(99)).known_at(revision(13)), 12_001),
    ] {
        assert_eq!(balance(&ledgers, at).await, expected, "{at:?}");
    }
}

#[tokio::test]
async fn a_late_event_leaves_the_snapshots_before_it() {
    let ledgers = ledgers(14).await;
    deposit(&ledgers, 100, 10).await;
    assert_eq!(balance(&ledgers, At::NOW).await, 8_106);
    assert_eq!(balance(&ledgers, At::effective(day(12))).await, 8_104);
    // As known before it came, nothing has changed.
    assert_eq!(balance(&ledgers, At::known(revision(14))).await, 12_002);
    // One that came late but after all that a snapshot holds leaves that.
    deposit(&ledgers, 100, 13).await;
    assert_eq!(balance(&ledgers, At::effective(day(13))).await, 8_205);
}

#[tokio::test]
async fn a_correction_of_what_came_after_a_snapshot_leaves_it() {
    let ledgers = ledgers(14).await;
    correct(&ledgers)
        .replace(revision(13), deposited(5))
        .await
        .unwrap();
    assert_eq!(balance(&ledgers, At::NOW).await, 12_006);
    // It was kept anew.
    forge_as(ledgers.store(), 15, 14, 15_000).await;
    assert_eq!(balance(&ledgers, At::NOW).await, 15_000);
}

#[tokio::test]
async fn a_correction_of_what_a_snapshot_holds_leaves_an_earlier_one() {
    for (target, expected) in [(9, 8_005), (8, 4_009), (5, 4_009), (4, 12)] {
        let ledgers = ledgers(14).await;
        correct(&ledgers).retract(revision(target)).await.unwrap();
        assert_eq!(balance(&ledgers, At::NOW).await, expected, "{target}");
        assert_eq!(balance(&ledgers, At::known(revision(14))).await, 12_002);
    }
}

#[tokio::test]
async fn what_a_retraction_restores_is_not_in_a_snapshot_either() {
    let ledgers = ledgers(14).await;
    correct(&ledgers).retract(revision(9)).await.unwrap();
    ledgers.load(&ada()).await.unwrap();
    forge_as(ledgers.store(), 15, 14, 15_000).await;
    assert_eq!(balance(&ledgers, At::NOW).await, 15_000);
    // By somebody who keeps no snapshot of what came of it.
    let elsewhere = Ledgers::new(ledgers.store().clone());
    correct(&elsewhere).retract(revision(15)).await.unwrap();
    assert_eq!(balance(&ledgers, At::NOW).await, 12_002);
}

async fn forge_as(store: &MemoryStore, at: u64, last: u32, balance: i64) {
    let mut snapshot = newest(store, at).await.unwrap();
    assert_eq!(snapshot.revision, revision(at));
    let micros = day(last).micros();
    let forged = format!(
        r#"{{"last":[{micros},{last}],"state":{{"owner":"","balance":{balance},"slips":[],"last":null}}}}"#
    );
    snapshot.state = Json::parse(forged).unwrap();
    store.keep_snapshot(snapshot).await.unwrap();
}

#[tokio::test]
async fn the_cache_follows_the_same_rule() {
    let (store, _) = clocked();
    let ledgers = Ledgers::new(store.clone()).with_cache(4);
    let elsewhere = Ledgers::new(store);
    ledgers
        .create(&ada(), open())
        .effective_at(day(1))
        .await
        .unwrap();
    for on in [2, 3] {
        deposit(&ledgers, 10, on).await;
    }
    correct(&elsewhere)
        .replace(revision(2), deposited(70))
        .await
        .unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [70, 10]);
    deposit(&elsewhere, 5, 2).await;
    // Decided on a kept state that is too old, and again on the tail.
    let spend = ledgers.execute(&ada(), |ledger| ledger.withdraw(85));
    spend.effective_at(day(4)).await.unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [70, 5, 10, -85]);
}

#[tokio::test]
async fn the_state_of_a_snapshot_is_read_by_whose_schema_and_fold_made_it() {
    let ledgers = ledgers(4).await;
    let mut snapshot = newest(ledgers.store(), 4).await.unwrap();
    let state = snapshot.state_of::<crate::ledger::Ledger>().unwrap();
    assert_eq!(state.balance, 4_000);
    snapshot.fold += 1;
    assert!(snapshot.state_of::<crate::ledger::Ledger>().is_none());
    snapshot.fold -= 1;
    snapshot.schema ^= 1;
    assert!(snapshot.state_of::<crate::ledger::Ledger>().is_none());
    snapshot.schema ^= 1;
    snapshot.state = Json::parse("{}").unwrap();
    assert!(snapshot.state_of::<crate::ledger::Ledger>().is_none());
}
