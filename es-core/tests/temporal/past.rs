use es_core::{
    At, EventStore, Expected, Json, Known, LoadError, NewEvent, Position, Repository, Revision,
    SnapshotStore, StreamId,
};
use es_memory::MemoryStore;

use crate::bank::{
    Account, Accounts, Deposited, ada, clocked, day, four_events, just_before, open,
};

#[tokio::test]
async fn what_is_effective_later_plays_no_part() {
    let accounts = four_events().await;
    for (instant, slips) in [
        (day(1), &[20][..]),
        (just_before(day(2)), &[20]),
        (day(2), &[10, 20]),
        (just_before(day(9)), &[10, 20]),
        (day(9), &[10, 20, -5]),
    ] {
        let account = accounts.load_effective(&ada(), instant).await.unwrap();
        assert_eq!(account.slips, slips, "{instant}");
        assert_eq!(account.revision(), Revision::new(4), "{instant}");
    }
}

#[tokio::test]
async fn an_aggregate_exists_from_its_first_event_on() {
    let accounts = four_events().await;
    let before = accounts.load_effective(&ada(), just_before(day(1))).await;
    assert!(matches!(before, Err(LoadError::NotFound { .. })));

    // Even if a later one is effective before: it can't be folded onto nothing.
    let (store, _) = clocked();
    let accounts = Accounts::new(store);
    accounts.create(&ada(), open()).await.unwrap();
    let backdated = accounts.execute(&ada(), |_| Deposited { cents: 1 });
    backdated.effective_at(day(0)).await.unwrap();
    let before = accounts.load_effective(&ada(), day(0)).await;
    assert!(matches!(before, Err(LoadError::NotFound { .. })));
    let account = accounts.load_effective(&ada(), day(1)).await.unwrap();
    assert_eq!(account.balance, 1);
}

#[tokio::test]
async fn both_clocks_together() {
    let accounts = four_events().await;
    for (known, at_day_1, at_day_2) in [
        (Known::from(Revision::new(1)), &[][..], &[][..]),
        (Revision::new(2).into(), &[], &[10]),
        (Revision::new(3).into(), &[20], &[10, 20]),
        (just_before(day(3)).into(), &[], &[10]),
        (day(3).into(), &[20], &[10, 20]),
        (Position::new(2).into(), &[], &[10]),
        (Known::Head, &[20], &[10, 20]),
    ] {
        for (effective, slips) in [(day(1), at_day_1), (day(2), at_day_2)] {
            let at = At::effective(effective).known_at(known);
            let account = accounts.load_at(&ada(), at).await.unwrap();
            assert_eq!(account.slips, slips, "{at:?}");
        }
    }
    let to_come = At::effective(day(1)).known_at(Revision::new(5));
    assert!(matches!(
        accounts.load_at(&ada(), to_come).await,
        Err(LoadError::NoSuchRevision { head, .. }) if head == Revision::new(4)
    ));
}

#[tokio::test]
async fn a_position_is_a_point_in_what_is_known() {
    let accounts = four_events().await;
    for (position, slips) in [(1, &[][..]), (3, &[10, 20]), (99, &[10, 20, -5])] {
        let account = accounts.load_at(&ada(), Position::new(position)).await;
        assert_eq!(account.unwrap().slips, slips, "{position}");
    }
    let before = accounts.load_at(&ada(), Position::START).await;
    assert!(matches!(before, Err(LoadError::NotFound { .. })));
}

#[tokio::test]
async fn a_past_version_is_upcast() {
    let store = MemoryStore::new();
    let stream = StreamId::new("account", "ada").unwrap();
    let event = |id, name, payload: &str| {
        let id = es_core::EventId::from_bytes([id; 16]);
        let mut event = NewEvent::new(id, name, 1, Json::parse(payload).unwrap());
        event.effective_at = Some(day(u32::from(event.id.as_bytes()[0])));
        event
    };
    let events = vec![
        event(1, "account.opened", r#"{"owner":"Ada"}"#),
        event(2, "account.deposited", r#"{"amt":7}"#),
        event(3, "account.gift-granted", "[]"),
    ];
    store
        .append(es_core::Append::new(stream, Expected::Any, events))
        .await
        .unwrap();
    let accounts = Accounts::new(store);
    let account = accounts.load_effective(&ada(), day(3)).await.unwrap();
    assert_eq!(account.balance, 7);
    let facts = accounts.facts(&ada(), At::NOW).await.unwrap();
    let revisions: Vec<_> = facts.iter().map(|fact| fact.revision.number()).collect();
    assert_eq!(revisions, [1, 2]);
}

/// A day for each of 95 events, of which snapshots stand at 10, 20 …
async fn long() -> Accounts {
    let (store, clock) = clocked();
    let accounts = Repository::<Account, _>::new(store.clone()).with_snapshots(store);
    accounts.create(&ada(), open()).await.unwrap();
    for number in 2..=95 {
        clock.set(day(number));
        let deposit = |_: &Account| Deposited { cents: 1 };
        accounts.execute(&ada(), deposit).await.unwrap();
    }
    accounts
}

#[tokio::test]
async fn an_instant_long_ago_is_found_from_the_snapshot_before_it() {
    let accounts = long().await;
    let plain = Accounts::new(accounts.store().clone());
    for number in 1..=95 {
        let at = [
            At::known(day(number)),
            At::known(just_before(day(number + 1))),
            At::known(Position::new(number.into())),
            At::known(Revision::new(number.into())),
        ];
        for at in at {
            let account = accounts.load_at(&ada(), at).await.unwrap();
            assert_eq!(account, plain.load_at(&ada(), at).await.unwrap(), "{at:?}");
            assert_eq!(account.revision(), Revision::new(number.into()), "{at:?}");
        }
    }
    assert!(
        accounts
            .load_as_of(&ada(), just_before(day(1)))
            .await
            .is_err()
    );
}

/// Forges the snapshot at 40, so that it shows where it is used.
#[tokio::test]
async fn the_snapshot_before_an_instant_is_the_one_that_is_used() {
    let accounts = long().await;
    let stream = StreamId::new("account", "ada").unwrap();
    let store = accounts.store();
    let kept = store.load_snapshot(&stream, Revision::new(45)).await;
    let mut snapshot = kept.unwrap().unwrap();
    assert_eq!(snapshot.revision, Revision::new(40));
    snapshot.state = Json::parse(r#"{"owner":"forged","balance":1000,"slips":[]}"#).unwrap();
    store.keep_snapshot(snapshot).await.unwrap();
    for (number, balance) in [(39, 38), (40, 1000), (45, 1005), (50, 49)] {
        let account = accounts.load_as_of(&ada(), day(number)).await.unwrap();
        assert_eq!(account.balance, balance, "{number}");
    }
}
