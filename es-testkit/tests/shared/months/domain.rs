use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use es_core::{
    Aggregate, Apply, Correctable, Entry, Event, NoError, Projection, Recorded, Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited", version = 2)]
pub(crate) struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    pub cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.withdrawn")]
pub(crate) struct Withdrawn {
    pub cents: i64,
}

/// None of the read model's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.renamed")]
pub(crate) struct Renamed {}

#[derive(Debug, Default, Clone, PartialEq, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError, corrections)]
#[event(Deposited)]
#[event(Withdrawn)]
#[event(Renamed)]
pub(crate) struct Account;

impl Apply<Deposited> for Account {
    fn apply(&mut self, _: Deposited) {}
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, _: Withdrawn) {}
}

impl Apply<Renamed> for Account {
    fn apply(&mut self, _: Renamed) {}
}

impl Correctable for Account {}

/// What came in and went out in each month, in a database. It refuses thirteens, until it is cured.
#[derive(Clone, Default, Projection)]
#[projection(name = "months", version = 1, event = MonthsEvent, corrections)]
#[event(Deposited)]
#[event(Withdrawn)]
pub(crate) struct Months {
    pub cured: Arc<AtomicBool>,
}

/// What is to be added to a month of an account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub account: String,
    pub month: i64,
    pub cents: i64,
    pub entries: i64,
}

/// Of thirty days each.
pub(crate) fn month(instant: Timestamp) -> i64 {
    instant.micros().div_euclid(30 * 24 * 3_600 * 1_000_000)
}

impl Change {
    fn of(fact: &Recorded<MonthsEvent>, sign: i64) -> Self {
        let cents = match fact.event {
            MonthsEvent::Deposited(Deposited { cents }) => cents,
            MonthsEvent::Withdrawn(Withdrawn { cents }) => -cents,
        };
        Self {
            account: fact.stream.id().to_owned(),
            month: month(fact.effective_at),
            cents: sign * cents,
            entries: sign,
        }
    }
}

/// What an entry does to the months: the handlers of all databases only write it.
pub(crate) fn changes(entry: &Entry<MonthsEvent>) -> Vec<Change> {
    let before = entry.before().map(|fact| Change::of(fact, -1));
    let after = entry.after().map(|fact| Change::of(fact, 1));
    before.into_iter().chain(after).collect()
}

impl Months {
    /// Asked when all of an entry is written.
    pub(crate) fn refuses(&self, changes: &[Change]) -> bool {
        let mut after = changes.iter().filter(|change| change.entries > 0);
        after.any(|change| change.cents == 13) && !self.cured.load(Ordering::SeqCst)
    }
}
