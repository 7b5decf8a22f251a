//! What happens to accounts, and what is corrected of it.

use std::time::Duration;

use es_core::{At, CorrectError, EventStore, NoError, Repository, Revision, Timestamp};

use super::Totals;
use super::domain::{Account, AccountEvent, Deposited, Renamed, Withdrawn, month};

const ACCOUNTS: [&str; 2] = ["ada", "bob"];

/// Numbers that are the same each time.
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn day(&mut self) -> Timestamp {
        day(self.below(150))
    }

    /// Each type of event, and no thirteen.
    fn event(&mut self) -> AccountEvent {
        let cents = 20 + i64::try_from(self.below(100)).unwrap();
        match self.below(5) {
            0 => Renamed {}.into(),
            1 | 2 => Withdrawn { cents }.into(),
            _ => Deposited { cents }.into(),
        }
    }
}

pub(crate) fn day(number: u64) -> Timestamp {
    Timestamp::EPOCH.saturating_add(Duration::from_hours(24 * number))
}

/// Something happens, or something that happened is corrected, or a correction of it: whatever is allowed. Tells whether
/// something was corrected.
pub(crate) async fn happen<S: EventStore + Clone>(store: &S, choices: &mut Choices) -> bool {
    let accounts = Repository::<Account, S>::new(store.clone());
    let id = ACCOUNTS[usize::try_from(choices.below(2)).unwrap()].to_owned();
    let head = accounts.load(&id).await;
    let head = head.map_or(0, |loaded| loaded.revision().number());
    let (event, day) = (choices.event(), choices.day());
    if head < 3 || choices.below(2) == 0 {
        let execute = accounts.execute(&id, |_| event.clone());
        match choices.below(3) {
            0 => execute.await.map(drop).unwrap(),
            _ => execute.effective_at(day).await.map(drop).unwrap(),
        }
        return false;
    }
    let correction = accounts.correct(&id).by("auditor").because("a slip");
    let target = Revision::new(1 + choices.below(head));
    let correction = match choices.below(5) {
        0 | 1 => correction.retract(target),
        2 => correction.replace(target, event),
        3 => correction.replace_at(target, event, day),
        // Two at once, which share an append.
        _ => correction.replace(target, event.clone()).insert(event, day),
    };
    match correction.await {
        Ok(_) => true,
        Err(CorrectError::AlreadyCorrected { .. } | CorrectError::Unreplaceable { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// What the facts come to that count: what each read model has to be.
pub(crate) async fn expected<S: EventStore + Clone>(store: &S) -> Totals {
    let accounts = Repository::<Account, S>::new(store.clone());
    let mut totals = Totals::new();
    for id in ACCOUNTS {
        let facts = accounts.facts(&id.to_owned(), At::NOW).await.unwrap();
        for fact in facts {
            let cents = match fact.event {
                AccountEvent::Deposited(Deposited { cents }) => cents,
                AccountEvent::Withdrawn(Withdrawn { cents }) => -cents,
                AccountEvent::Renamed(_) => continue,
            };
            let key = (id.to_owned(), month(fact.effective_at));
            let (sum, entries) = totals.entry(key).or_default();
            (*sum, *entries) = (*sum + cents, *entries + 1);
        }
    }
    totals
}

/// A deposit of Ada's.
pub(crate) async fn deposit<S: EventStore + Clone>(store: &S, id: &str, cents: i64, on: u64) {
    let accounts = Repository::<Account, S>::new(store.clone());
    let deposit = accounts.execute(&id.to_owned(), |_| Deposited { cents });
    deposit.effective_at(day(on)).await.unwrap();
}

/// Corrects what stands at a revision.
pub(crate) async fn replace<S: EventStore + Clone>(
    store: &S,
    id: &str,
    revision: u64,
    event: impl Into<AccountEvent>,
) -> Result<(), CorrectError<NoError>> {
    let accounts = Repository::<Account, S>::new(store.clone());
    let correction = accounts.correct(&id.to_owned()).by("ada").because("a slip");
    let replace = correction.replace(Revision::new(revision), event);
    replace.await.map(drop)
}
