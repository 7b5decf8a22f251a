//! Rule: each event has a name of its own in the enum.
//! Cure: give one an alias: `card::Opened as CardOpened`.

use es_core::{Aggregate, Apply, Event, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

mod card {
    use es_core::Event;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(name = "card.opened")]
    pub struct Opened {}
}

#[derive(Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Opened)]
#[event(card::Opened as CardOpened)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<card::Opened> for Account {
    fn apply(&mut self, _: card::Opened) {}
}

#[derive(Default, Aggregate)]
#[aggregate(name = "card", id = String, event = CardEvent, error = NoError)]
#[event(Opened)]
#[event(card::Opened)]
struct Card;

fn main() {}
