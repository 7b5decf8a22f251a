//! A change of the past is folded once: what the check came to is what the next load shows.

use std::cell::RefCell;
use std::sync::Arc;

use es_core::{
    Aggregate, Apply, Correctable, Correction, Event, NoError, Recorded, Repository, Revision,
    Timestamp,
};
use es_memory::MemoryStore;
use serde::{Deserialize, Serialize};

use crate::bank::{clocked, day};

const EVENTS: u32 = 100_000;
const EVERY: u32 = 1_000;

thread_local! {
    /// How often each event was folded, by its number.
    static FOLDED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.moved")]
struct Moved {
    number: usize,
    cents: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account", id = String, event = AccountEvent, error = NoError, corrections, snapshot(every = 1_000, fold = 1)
)]
#[event(Moved)]
struct Account {
    balance: i64,
    moves: u32,
}

impl Apply<Moved> for Account {
    fn apply(&mut self, event: Moved) {
        self.balance += event.cents;
        self.moves += 1;
        FOLDED.with_borrow_mut(|folded| {
            if folded.len() <= event.number {
                folded.resize(event.number + 1, 0);
            }
            folded[event.number] += 1;
        });
    }
}

impl Correctable for Account {}

type Accounts = Repository<Account, MemoryStore>;

/// What was folded since this was asked last: the first and the last number, and how often each between them.
fn folded() -> Option<(usize, usize, u32)> {
    let folded = FOLDED.take();
    let first = folded.iter().position(|times| *times > 0)?;
    let times = folded[first];
    let last = folded.iter().rposition(|times| *times > 0)?;
    let between = &folded[first..=last];
    assert!(between.iter().all(|it| *it == times), "{between:?}");
    Some((first, last, times))
}

fn id() -> String {
    "ada".to_owned()
}

fn moved(number: u32, cents: i64) -> Moved {
    let number = number as usize;
    Moved { number, cents }
}

/// So many events, numbered as their revisions, with a snapshot after each thousand; those of a thousand on one day.
async fn filled(events: u32) -> MemoryStore {
    let (store, _) = clocked();
    let accounts = Accounts::new(store.clone()).with_snapshots(store.clone());
    let filling = accounts.with_cache(1);
    for thousand in 0..events / EVERY {
        let first = thousand * EVERY + 1;
        let moves: Vec<Moved> = (first..first + EVERY).map(|it| moved(it, 1)).collect();
        let executed = filling.execute(&id(), move |_| moves.clone());
        executed.effective_at(day(thousand + 1)).await.unwrap();
    }
    FOLDED.take();
    store
}

fn correct(accounts: &Accounts) -> Correction<'_, Account, MemoryStore> {
    accounts.correct(&id()).by("auditor").because("a test")
}

fn revision(number: u32) -> Revision {
    Revision::new(number.into())
}

/// What a repository shows that keeps nothing, of which nothing is counted.
async fn bare(store: &MemoryStore) -> Account {
    let loaded = Accounts::new(store.clone()).load(&id()).await;
    FOLDED.take();
    loaded.unwrap().into_state()
}

#[tokio::test]
async fn a_correction_deep_in_a_stream_folds_what_is_behind_it_once() {
    let store = filled(EVENTS).await;
    let accounts = Accounts::new(store.clone()).with_snapshots(store.clone());
    let (target, last) = (EVENTS / 2, EVENTS as usize);
    let before = (target - EVERY) as usize;
    correct(&accounts)
        .replace(revision(target), moved(target, 5))
        .await
        .unwrap();
    assert_eq!(folded(), Some((before + 1, last, 1)));
    // The snapshot that was kept is all that the loads need, of what is and of what was.
    let account = accounts.load(&id()).await.unwrap();
    assert_eq!(account.balance, i64::from(EVENTS) + 4);
    accounts.load_at(&id(), revision(EVENTS + 1)).await.unwrap();
    accounts.load_at(&id(), revision(EVENTS)).await.unwrap();
    assert_eq!(folded(), None);
    assert_eq!(account.into_state(), bare(&store).await);
    // One that takes it back, too.
    correct(&accounts)
        .retract(revision(EVENTS + 1))
        .await
        .unwrap();
    assert_eq!(folded(), Some((before + 1, last, 1)));
    assert_eq!(accounts.load(&id()).await.unwrap().moves, EVENTS);
    assert_eq!(folded(), None);
}

#[tokio::test]
async fn a_late_event_folds_what_is_behind_it_once() {
    let store = filled(5 * EVERY).await;
    let accounts = Accounts::new(store.clone()).with_snapshots(store.clone());
    let last = 5 * EVERY as usize + 1;
    // It comes behind the second thousand, on their day.
    let late = accounts.execute(&id(), move |_| moved(5 * EVERY + 1, 7));
    late.effective_at(day(2)).await.unwrap();
    assert_eq!(folded(), Some((2 * EVERY as usize + 1, last, 1)));
    let account = accounts.load(&id()).await.unwrap();
    assert_eq!(folded(), None);
    assert_eq!(account.into_state(), bare(&store).await);
}

#[tokio::test]
async fn the_cache_keeps_what_the_check_came_to() {
    let store = filled(2 * EVERY).await;
    let accounts = Accounts::new(store.clone()).with_cache(1);
    let all = 2 * EVERY as usize;
    for (change, last) in [(0, all), (1, all + 1)] {
        if change == 0 {
            let corrected = correct(&accounts).replace(revision(5), moved(5, 5));
            corrected.await.unwrap();
            assert_eq!(folded(), Some((1, last, 1)));
        } else {
            let late = accounts.execute(&id(), move |_| moved(2 * EVERY + 1, 7));
            late.effective_at(day(1)).await.unwrap();
            assert_eq!(folded(), Some((1, last, 1)));
        }
        let account = accounts.load(&id()).await.unwrap();
        assert_eq!(folded(), None);
        assert_eq!(account.into_state(), bare(&store).await);
    }
}

#[tokio::test]
async fn what_a_snapshot_lacks_is_folded_once_around_a_correction() {
    let store = filled(EVERY).await;
    let elsewhere = Accounts::new(store.clone());
    let moves: Vec<Moved> = (1..=50).map(|it| moved(EVERY + it, 1)).collect();
    let executed = elsewhere.execute(&id(), move |_| moves.clone());
    executed.effective_at(day(2)).await.unwrap();
    let replaced = correct(&elsewhere).replace(revision(EVERY + 40), moved(EVERY + 40, 5));
    replaced.await.unwrap();
    FOLDED.take();
    let accounts = Accounts::new(store.clone()).with_snapshots(store.clone());
    let account = accounts.load(&id()).await.unwrap();
    let first = EVERY as usize + 1;
    assert_eq!(folded(), Some((first, first + 49, 1)));
    assert_eq!(account.into_state(), bare(&store).await);
}

#[tokio::test]
async fn a_refused_change_leaves_what_is_kept() {
    let store = filled(2 * EVERY).await;
    let accounts = Accounts::new(store.clone()).with_cache(1);
    accounts.load(&id()).await.unwrap();
    accounts.execute(&id(), |_| ()).await.unwrap();
    FOLDED.take();
    let refused = correct(&accounts).retract(revision(9_999)).await;
    refused.unwrap_err();
    let stale = correct(&accounts).retract(revision(5));
    stale.expecting(revision(7)).await.unwrap_err();
    accounts.load(&id()).await.unwrap();
    assert_eq!(folded(), None);
}

/// Remembers when its events were recorded, which only the store says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account", id = String, event = StampedEvent, error = NoError, corrections, snapshot(every = 1, fold = 1)
)]
#[event(Moved, recorded)]
struct Stamped {
    recorded: Vec<Timestamp>,
}

impl Apply<Recorded<Moved>> for Stamped {
    fn apply(&mut self, event: Recorded<Moved>) {
        self.recorded.push(event.recorded_at);
    }
}

impl Correctable for Stamped {}

#[tokio::test]
async fn what_only_the_store_says_is_folded_from_what_was_stored() {
    let (store, clock) = clocked();
    let accounts = Repository::<Stamped, _>::new(store.clone());
    let accounts = accounts
        .with_snapshots(store)
        .with_cache(1)
        .with_clock(Arc::clone(&clock));
    for on in [1, 2] {
        clock.set(day(on));
        accounts.execute(&id(), |_| moved(0, 1)).await.unwrap();
    }
    let recorded = async || accounts.load(&id()).await.unwrap().into_state().recorded;
    let correct = || accounts.correct(&id()).by("auditor").because("a test");
    clock.set(day(5));
    let replaced = correct().replace(Revision::FIRST, moved(0, 2));
    replaced.await.unwrap();
    assert_eq!(recorded().await, [day(5), day(2)]);
    clock.set(day(6));
    let inserted = correct().insert(moved(0, 3), day(1));
    inserted.await.unwrap();
    assert_eq!(recorded().await, [day(5), day(6), day(2)]);
    clock.set(day(7));
    let late = accounts.execute(&id(), |_| moved(0, 4));
    late.effective_at(day(1)).await.unwrap();
    assert_eq!(recorded().await, [day(5), day(6), day(7), day(2)]);
    clock.set(day(8));
    correct().retract(Revision::new(4)).await.unwrap();
    assert_eq!(recorded().await, [day(5), day(7), day(2)]);
}
