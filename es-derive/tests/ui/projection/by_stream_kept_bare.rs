//! Rule: what is kept of one stream isn't a read model by itself.
//! Cure: keep it as `ByStream<…>`.

use es_core::{Apply, ByStream, Event, InMemory, Projection, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {}

#[derive(Clone, Default, Projection)]
#[projection(name = "accounts", version = 1, by_stream)]
#[event(Opened)]
struct Account;

impl Apply<Recorded<Opened>> for Account {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

fn keep() {
    InMemory::<ByStream<Account>>::new();
    InMemory::<Account>::new();
}

fn main() {}
