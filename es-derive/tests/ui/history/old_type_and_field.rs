//! Rule: an old type describes the versions before it itself.
//! Cure: move the change there.

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
#[event(name = "account.money-withdrawn")]
struct WithdrawnV1 {
    euros: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(name = "account.money-withdrawn", version = 2, upcast(from = WithdrawnV1))]
struct Withdrawn {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
}

impl From<WithdrawnV1> for Withdrawn {
    fn from(old: WithdrawnV1) -> Self {
        Withdrawn { cents: old.euros * 100 }
    }
}

fn main() {}
