//! Rule: a command is handled with events of its aggregate.
//! Cure: list the event, or return another.

use es_core::{Aggregate, Apply, Command, Create, Event, Handle, NoError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.closed")]
struct Closed {}

#[derive(Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Opened, initial)]
#[event(Closed)]
struct Account;

impl Create<Opened> for Account {
    fn create(_: Opened) -> Self {
        Account
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "card.blocked")]
struct Blocked {}

#[derive(Command)]
#[command(aggregate = Account)]
struct Close {
    #[command(id)]
    account: String,
}

impl Handle<Close> for Account {
    type Events = Closed;

    fn handle(&self, _: &Close) -> Result<Closed, NoError> {
        Ok(Closed {})
    }
}

#[derive(Command)]
#[command(aggregate = Account)]
struct Block {
    #[command(id)]
    account: String,
}

impl Handle<Block> for Account {
    type Events = Blocked;

    fn handle(&self, _: &Block) -> Result<Blocked, NoError> {
        Ok(Blocked {})
    }
}

fn main() {}
