//! Rule: what is kept of each stream says so.
//! Cure: add `by_stream`.

use es_core::{Apply, ByStream, Event, FoldStream, Projection, Recorded};
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

#[derive(Clone, Default, Projection)]
#[projection(name = "cards", version = 1)]
#[event(Opened)]
struct Card;

impl Apply<Recorded<Opened>> for Card {
    fn apply(&mut self, _: Recorded<Opened>) {}
}

fn kept<R: FoldStream>(_: ByStream<R>) {}

fn keep() {
    kept(ByStream::<Account>::default());
    kept(ByStream::<Card>::default());
}

fn main() {}
