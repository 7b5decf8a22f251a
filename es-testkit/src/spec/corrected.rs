//! Given a past that was corrected.

use std::fmt::Debug;

use es_core::__private::CorrectionStep;
use es_core::{Correctable, Revision, Timestamp};

use super::Scenario;

/// Corrections of what is given, by the rules of [`Repository::correct`](es_core::Repository::correct): one that a store
/// would refuse fails the test. Each has a revision of its own.
impl<A: Correctable<Event: Debug + PartialEq>> Scenario<A> {
    /// The event at this revision didn't happen.
    ///
    /// ```
    /// # use es_core::{Aggregate, Apply, Correctable, Event};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "account.deposited")]
    /// # struct Deposited { cents: i64 }
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "account.withdrawn")]
    /// # struct Withdrawn { cents: i64 }
    /// # #[derive(Debug, PartialEq)]
    /// # struct Overdrawn;
    /// # impl std::fmt::Display for Overdrawn {
    /// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("overdrawn") }
    /// # }
    /// # impl std::error::Error for Overdrawn {}
    /// # #[derive(Debug, Default, PartialEq, Aggregate)]
    /// # #[aggregate(name = "account", id = String, event = AccountEvent, error = Overdrawn, corrections)]
    /// # #[event(Deposited)]
    /// # #[event(Withdrawn)]
    /// # struct Account { balance: i64 }
    /// # impl Apply<Deposited> for Account { fn apply(&mut self, event: Deposited) { self.balance += event.cents; } }
    /// # impl Apply<Withdrawn> for Account { fn apply(&mut self, event: Withdrawn) { self.balance -= event.cents; } }
    /// # impl Correctable for Account {}
    /// # impl Account {
    /// #     fn withdraw(&self, cents: i64) -> Result<Withdrawn, Overdrawn> {
    /// #         if cents > self.balance { Err(Overdrawn) } else { Ok(Withdrawn { cents }) }
    /// #     }
    /// # }
    /// use es_core::Revision;
    /// use es_testkit::Spec;
    ///
    /// Account::given((Deposited { cents: 100 }, Deposited { cents: 50 }))
    ///     .retracted(Revision::new(2))
    ///     .replaced(Revision::new(1), Deposited { cents: 70 })
    ///     .when(|account| account.withdraw(80))
    ///     .then_rejected(Overdrawn);
    /// ```
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn retracted(self, target: Revision) -> Self {
        self.corrected(&CorrectionStep::Retract(target))
    }

    /// This happened instead of the event at this revision, when that was true.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn replaced(self, target: Revision, event: impl Into<A::Event>) -> Self {
        self.corrected(&CorrectionStep::Replace(target, event.into(), None))
    }

    /// The same, and at another instant of the world.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn replaced_at(
        self,
        target: Revision,
        event: impl Into<A::Event>,
        effective_at: Timestamp,
    ) -> Self {
        let effective_at = Some(effective_at);
        self.corrected(&CorrectionStep::Replace(target, event.into(), effective_at))
    }

    /// This happened, too, at an instant of the world, and was forgotten.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn inserted(self, event: impl Into<A::Event>, effective_at: Timestamp) -> Self {
        self.corrected(&CorrectionStep::Insert(event.into(), effective_at))
    }

    #[track_caller]
    fn corrected(mut self, step: &CorrectionStep<A::Event>) -> Self {
        if let Err(why) = self.history.correct(step) {
            panic!("{why}");
        }
        self
    }
}
