//! Rule: an aggregate that says what always holds of it says that it takes corrections.
//! Cure: add `corrections` to `#[aggregate(…)]`, or remove the impl of `Correctable`.

use es_core::{Aggregate, Apply, Correctable, Event, EventStore, NoError, Repository, Revision};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError, corrections)]
#[event(Opened)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Correctable for Account {}

#[derive(Default, Aggregate)]
#[aggregate(name = "card", id = String, event = CardEvent, error = NoError)]
#[event(Opened)]
struct Card;

impl Apply<Opened> for Card {
    fn apply(&mut self, _: Opened) {}
}

impl Correctable for Card {}

async fn run(accounts: Repository<Account, impl EventStore>, cards: Repository<Card, impl EventStore>) {
    let id = "1".to_owned();
    let _ = accounts.correct(&id).by("auditor").because("a slip").retract(Revision::new(2)).await;

    let _ = cards.correct(&id).by("auditor").because("a slip").retract(Revision::new(2)).await;
}

fn main() {}
