//! Given these events, when this is decided, then that comes of it.

#![expect(
    clippy::missing_panics_doc,
    reason = "a step of a test panics to fail it"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test reads better without borrows"
)]

mod compensation;
mod corrected;
mod diff;
mod history;
mod invariant;
mod outcome;
mod scenario;

use std::fmt::Debug;

use es_core::{Aggregate, Decision};

pub use compensation::{Compensating, Compensation};
pub(crate) use diff::diff;
pub(crate) use history::chain;
pub use outcome::Outcome;
pub use scenario::Scenario;

/// Tests an aggregate without a store: given events, when something is decided, then these events or that rejection.
///
/// Implemented for every aggregate whose event enum derives `Debug` and `PartialEq`; called by tests. Every event that
/// is given or produced is also encoded, stored, decoded and compared, so that a test fails as well when an event would
/// not survive storage. A failure is reported at the line of the test.
///
/// ```
/// use es_core::{Aggregate, Apply, Create, Event};
/// use es_testkit::Spec;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.opened")]
/// # struct Opened { owner: String }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.withdrawn", version = 2)]
/// # struct Withdrawn { #[event(since = 2, renamed_from = "amt")] cents: i64 }
/// # #[derive(Debug, PartialEq)]
/// # struct Overdrawn;
/// # impl std::fmt::Display for Overdrawn {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("overdrawn") }
/// # }
/// # impl std::error::Error for Overdrawn {}
/// # #[derive(Debug, PartialEq, Aggregate)]
/// # #[aggregate(name = "account", id = String, event = AccountEvent, error = Overdrawn)]
/// # #[event(Opened, initial)]
/// # #[event(Withdrawn)]
/// # struct Account { balance: i64 }
/// # impl Create<Opened> for Account {
/// #     fn create(_: Opened) -> Self { Self { balance: 100 } }
/// # }
/// # impl Apply<Withdrawn> for Account {
/// #     fn apply(&mut self, event: Withdrawn) { self.balance -= event.cents; }
/// # }
/// # impl Account {
/// #     fn open(owner: &str) -> Opened { Opened { owner: owner.to_owned() } }
/// #     fn withdraw(&self, cents: i64) -> Result<Withdrawn, Overdrawn> {
/// #         if cents > self.balance { Err(Overdrawn) } else { Ok(Withdrawn { cents }) }
/// #     }
/// # }
///
/// Account::given(Account::open("ada"))
///     .when(|account| account.withdraw(80))
///     .then(Withdrawn { cents: 80 })
///     .when(|account| account.withdraw(80))
///     .then_rejected(Overdrawn);
///
/// // What version 1 wrote, byte for byte.
/// Account::given(Account::open("ada"))
///     .given_stored("account.withdrawn", 1, r#"{"amt":100}"#)
///     .then_state(Account { balance: 0 });
/// ```
pub trait Spec: Aggregate<Event: Debug + PartialEq> {
    /// Begins with these events; `()` if there are none yet.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    fn given(events: impl Decision<Self>) -> Scenario<Self> {
        Scenario::new().given(events)
    }

    /// Begins with a stored event, as some version of the program wrote it.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    fn given_stored(name: &str, version: u32, payload: &str) -> Scenario<Self> {
        Scenario::new().given_stored(name, version, payload)
    }
}

impl<A: Aggregate<Event: Debug + PartialEq>> Spec for A {}
