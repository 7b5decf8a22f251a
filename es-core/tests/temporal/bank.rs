//! The domain of these tests, and days to tell them by.

use std::sync::Arc;
use std::time::Duration;

use es_core::{Aggregate, Apply, Create, Event, NoError, Repository, Timestamp};
use es_memory::MemoryStore;
use es_testkit::FixedClock;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
pub(crate) struct Opened {
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited", version = 2)]
pub(crate) struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    pub cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.withdrawn", formerly = "account.taken-out")]
pub(crate) struct Withdrawn {
    pub cents: i64,
}

/// An account that doesn't take corrections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError, snapshot(every = 10, fold = 1))]
#[event(Opened, initial)]
#[event(Deposited)]
#[event(Withdrawn)]
#[event(retired = "account.gift-granted")]
pub(crate) struct Account {
    pub owner: String,
    pub balance: i64,
    pub slips: Vec<i64>,
}

impl Create<Opened> for Account {
    fn create(event: Opened) -> Self {
        Self {
            owner: event.owner,
            balance: 0,
            slips: Vec::new(),
        }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.balance += event.cents;
        self.slips.push(event.cents);
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn) {
        self.balance -= event.cents;
        self.slips.push(-event.cents);
    }
}

pub(crate) fn ada() -> String {
    "ada".to_owned()
}

pub(crate) fn open() -> Opened {
    let owner = "Ada".to_owned();
    Opened { owner }
}

pub(crate) const DAY: Duration = Duration::from_hours(24);

/// The beginning of a day.
pub(crate) fn day(day: u32) -> Timestamp {
    Timestamp::EPOCH.saturating_add(DAY * day)
}

pub(crate) fn just_before(instant: Timestamp) -> Timestamp {
    Timestamp::from_micros(instant.micros() - 1).unwrap()
}

pub(crate) type Accounts = Repository<Account, MemoryStore>;

/// A memory store whose clock is the test's.
pub(crate) fn clocked() -> (MemoryStore, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at(day(1)));
    (MemoryStore::with_clock(Arc::clone(&clock)), clock)
}

/// Recorded on days 1, 2, 3 and 4; the third was true on day 1 already, the fourth will be on day 9.
///
/// | revision | what | recorded | effective |
/// |---|---|---|---|
/// | 1 | opened | day 1 | day 1 |
/// | 2 | 10 deposited | day 2 | day 2 |
/// | 3 | 20 deposited | day 3 | day 1 |
/// | 4 | 5 withdrawn | day 4 | day 9 |
pub(crate) async fn four_events() -> Accounts {
    let (store, clock) = clocked();
    let accounts = Accounts::new(store);
    accounts.create(&ada(), open()).await.unwrap();
    clock.set(day(2));
    let deposit = |cents| move |_: &Account| Deposited { cents };
    accounts.execute(&ada(), deposit(10)).await.unwrap();
    clock.set(day(3));
    let late = accounts.execute(&ada(), deposit(20));
    late.effective_at(day(1)).await.unwrap();
    clock.set(day(4));
    let early = accounts.execute(&ada(), |_| Withdrawn { cents: 5 });
    early.effective_at(day(9)).await.unwrap();
    accounts
}
