//! Rule: a repository keeps snapshots of an aggregate that says how often.
//! Cure: add `snapshot(every = 100, fold = 1)` to the aggregate, or leave `with_snapshots` out.

use es_core::{Aggregate, Apply, Event, EventStore, NoError, Repository, SnapshotStore};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Default, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError, snapshot(every = 100, fold = 1))]
#[event(Opened)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Default, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "card", id = String, event = CardEvent, error = NoError)]
#[event(Opened)]
struct Card;

impl Apply<Opened> for Card {
    fn apply(&mut self, _: Opened) {}
}

fn run(store: impl EventStore + SnapshotStore + Clone) {
    let _ = Repository::<Account, _>::new(store.clone()).with_snapshots(store.clone());

    let _ = Repository::<Card, _>::new(store.clone()).with_snapshots(store);
}

fn main() {}
