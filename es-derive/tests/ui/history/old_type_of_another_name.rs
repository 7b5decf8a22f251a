//! Rule: an old type is the same event.
//! Cure: give it the same name.

use es_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited")]
struct DepositedV1 {
    euros: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-deposited", version = 2, upcast(from = DepositedV1))]
struct Deposited {
    cents: i64,
}

impl From<DepositedV1> for Deposited {
    fn from(old: DepositedV1) -> Self {
        Deposited { cents: old.euros * 100 }
    }
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-taken")]
struct WithdrawnV1 {
    euros: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2, upcast(from = WithdrawnV1))]
struct Withdrawn {
    cents: i64,
}

impl From<WithdrawnV1> for Withdrawn {
    fn from(old: WithdrawnV1) -> Self {
        Withdrawn { cents: old.euros * 100 }
    }
}

fn main() {}
