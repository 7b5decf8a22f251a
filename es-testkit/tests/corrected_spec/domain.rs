//! An account that takes corrections, and read models of it.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use es_core::{
    Aggregate, Apply, Correctable, Corrected, Event, Projection, Recorded, Revision, Timestamp,
};
use es_testkit::GivenLog;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited")]
pub(crate) struct Deposited {
    pub cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.withdrawn")]
pub(crate) struct Withdrawn {
    pub cents: i64,
}

/// An event that doesn't survive storage: serde forgets a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.noted")]
pub(crate) struct Noted {
    #[serde(skip)]
    pub note: String,
}

#[derive(Debug, Default, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = Overdrawn, corrections)]
#[event(Deposited)]
#[event(Withdrawn)]
#[event(Noted)]
pub(crate) struct Account {
    pub balance: i64,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Overdrawn;

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("overdrawn")
    }
}

impl std::error::Error for Overdrawn {}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.balance += event.cents;
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn) {
        self.balance -= event.cents;
    }
}

impl Apply<Noted> for Account {
    fn apply(&mut self, _: Noted) {}
}

impl Correctable for Account {
    fn check(&self) -> Result<(), Overdrawn> {
        if self.balance < 0 {
            Err(Overdrawn)
        } else {
            Ok(())
        }
    }
}

/// What came in on each day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "income", version = 1, corrections)]
#[event(Deposited)]
pub(crate) struct Income(pub BTreeMap<u64, i64>);

impl Income {
    fn add(&mut self, deposited: &Recorded<Deposited>, sign: i64) {
        let day = u64::try_from(deposited.effective_at.micros()).unwrap() / DAY_MICROS;
        let sum = self.0.entry(day).or_default();
        *sum += sign * deposited.cents;
        if *sum == 0 {
            self.0.remove(&day);
        }
    }
}

impl Apply<Recorded<Deposited>> for Income {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.add(&deposited, 1);
    }
}

impl Apply<Corrected<Deposited>> for Income {
    fn apply(&mut self, corrected: Corrected<Deposited>) {
        if let Some(before) = &corrected.before {
            self.add(before, -1);
        }
        if let Some(after) = &corrected.after {
            self.add(after, 1);
        }
    }
}

/// Passes over corrections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "slips", version = 1)]
#[event(Deposited)]
pub(crate) struct Slips(pub Vec<i64>);

impl Apply<Recorded<Deposited>> for Slips {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.0.push(deposited.cents);
    }
}

/// What came in on each account, in the order in which it was true.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "deposits", version = 1, by_stream, corrections)]
#[event(Deposited)]
pub(crate) struct Deposits(pub Vec<i64>);

impl Apply<Recorded<Deposited>> for Deposits {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.0.push(deposited.cents);
    }
}

pub(crate) const DAY_MICROS: u64 = 86_400_000_000;

pub(crate) fn day(day: u64) -> Timestamp {
    Timestamp::EPOCH.saturating_add(Duration::from_micros(day * DAY_MICROS))
}

pub(crate) fn ada() -> String {
    "ada".to_owned()
}

pub(crate) fn r(number: u64) -> Revision {
    Revision::new(number)
}

pub(crate) fn deposited(cents: i64) -> Deposited {
    Deposited { cents }
}

pub(crate) fn income(days: &[(u64, i64)]) -> Income {
    Income(days.iter().copied().collect())
}

/// 100 on day 2, 50 on day 4.
pub(crate) fn slips() -> GivenLog {
    GivenLog::new()
        .recorded_at(day(2))
        .given::<Account>(&ada(), deposited(100))
        .recorded_at(day(4))
        .given::<Account>(&ada(), deposited(50))
}

pub(crate) fn failure(test: impl FnOnce()) -> String {
    let caught = catch_unwind(AssertUnwindSafe(test)).expect_err("it should have failed");
    match caught.downcast::<String>() {
        Ok(message) => *message,
        Err(caught) => (*caught.downcast::<&str>().expect("a message")).to_owned(),
    }
}
