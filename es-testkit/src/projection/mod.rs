//! Given these events, then this is the read model.

#![expect(
    clippy::missing_panics_doc,
    reason = "a step of a test panics to fail it"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test reads better without borrows"
)]

mod checked;
mod corrected;
mod given;
mod store;

use std::fmt::Debug;
use std::marker::PhantomData;

use es_core::__private::fold_given;
use es_core::{Aggregate, Decision, Fold, Payload, StoredEvent, Timestamp};

pub use given::GivenLog;
pub(crate) use given::surviving;
pub use store::GivenStore;

use crate::spec::{chain, diff};

/// Tests a projection without a store: given events of any aggregates, then this is the read model.
///
/// Implemented for every projection that is folded; called by tests. Every event goes through its stored form. What
/// the events come to has to be the same when they are folded again from the first one, so that nothing but the events
/// goes into it. A failure is reported at the line of the test.
///
/// A projection that follows corrections is given them, too: see [`GivenLog::retracted`].
///
/// ```
/// # use es_core::{Aggregate, Apply, Event, NoError, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.deposited")]
/// # struct Deposited { cents: i64 }
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
/// # #[event(Deposited)]
/// # struct Account;
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, _: Deposited) {}
/// # }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "card.charged")]
/// # struct Charged { cents: i64 }
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "card", id = u32, event = CardEvent, error = NoError)]
/// # #[event(Charged)]
/// # struct Card;
/// # impl Apply<Charged> for Card {
/// #     fn apply(&mut self, _: Charged) {}
/// # }
/// # #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
/// # #[projection(name = "turnover", version = 1)]
/// # #[event(Deposited)]
/// # #[event(Charged)]
/// # struct Turnover { cents: i64 }
/// # impl Apply<Recorded<Deposited>> for Turnover {
/// #     fn apply(&mut self, event: Recorded<Deposited>) { self.cents += event.cents; }
/// # }
/// # impl Apply<Recorded<Charged>> for Turnover {
/// #     fn apply(&mut self, event: Recorded<Charged>) { self.cents += event.cents; }
/// # }
/// use es_testkit::ProjectionSpec;
///
/// Turnover::given::<Account>(&"ada".to_owned(), (Deposited { cents: 100 }, Deposited { cents: 50 }))
///     .given::<Card>(&7, Charged { cents: 20 })
///     .then_saved(Turnover { cents: 170 });
/// ```
pub trait ProjectionSpec: Fold + Default {
    /// Begins with these events of an aggregate.
    #[track_caller]
    fn given<A: Aggregate<Event: Debug + PartialEq>>(
        id: &A::Id,
        events: impl Decision<A>,
    ) -> ProjectionScenario<Self> {
        Self::given_log(GivenLog::new().given::<A>(id, events))
    }

    /// Begins with a stored event, as some version of the program wrote it; the stream is written `category/id`.
    #[track_caller]
    fn given_stored(
        stream: &str,
        name: &str,
        version: u32,
        payload: &str,
    ) -> ProjectionScenario<Self> {
        Self::given_log(GivenLog::new().given_stored(stream, name, version, payload))
    }

    /// Begins with a log, or with an empty one.
    fn given_log(log: GivenLog) -> ProjectionScenario<Self> {
        ProjectionScenario {
            log,
            projection: PhantomData,
        }
    }
}

impl<P: Fold + Default> ProjectionSpec for P {}

/// What is given to a projection so far.
#[derive(Debug)]
#[must_use = "nothing is tested before `then`"]
pub struct ProjectionScenario<P> {
    log: GivenLog,
    projection: PhantomData<P>,
}

impl<P: Fold + Default> ProjectionScenario<P> {
    /// These events of an aggregate happened next.
    #[track_caller]
    pub fn given<A: Aggregate<Event: Debug + PartialEq>>(
        self,
        id: &A::Id,
        events: impl Decision<A>,
    ) -> Self {
        P::given_log(self.log.given::<A>(id, events))
    }

    /// This was stored next, by some version of the program.
    #[track_caller]
    pub fn given_stored(self, stream: &str, name: &str, version: u32, payload: &str) -> Self {
        P::given_log(self.log.given_stored(stream, name, version, payload))
    }

    /// When the events are recorded that follow.
    pub fn recorded_at(self, time: Timestamp) -> Self {
        P::given_log(self.log.recorded_at(time))
    }

    /// When the events are true in the world that follow.
    pub fn effective_at(self, time: Timestamp) -> Self {
        P::given_log(self.log.effective_at(time))
    }

    /// Who does what follows.
    pub fn by(self, actor: &str) -> Self {
        P::given_log(self.log.by(actor))
    }

    /// Then this is the read model; and again, when it is built anew.
    #[track_caller]
    pub fn then(self, expected: P)
    where
        P: Debug + PartialEq,
    {
        let built = self.built();
        assert!(
            built == expected,
            "the read model is another: {}",
            diff(&expected, &built)
        );
        let again = self.built();
        assert!(
            built == again,
            "built anew from the same events it is another: {}",
            diff(&built, &again)
        );
    }

    /// Then this holds of the read model.
    #[track_caller]
    pub fn then_with(self, holds: impl FnOnce(&P) -> bool)
    where
        P: Debug,
    {
        let built = self.built();
        assert!(holds(&built), "the read model is another: {built:#?}");
    }

    /// As [`then`](Self::then); and the same as well when it is saved after any event and loaded again, as after a crash:
    /// then the events behind it are delivered a second time.
    #[track_caller]
    pub fn then_saved(self, expected: P)
    where
        P: Debug + PartialEq + Payload,
    {
        for (taken, event) in self.log.events().iter().enumerate() {
            let after_it = match saved::<P>(self.log.events(), taken) {
                Ok(built) => built,
                Err(why) => panic!("saved before event {}, `{}`: {why}", taken + 1, event.name),
            };
            assert!(
                after_it == expected,
                "saved before event {}, `{}`, and gone on with it is another: {}",
                taken + 1,
                event.name,
                diff(&expected, &after_it)
            );
        }
        self.then(expected);
    }

    #[track_caller]
    fn built(&self) -> P {
        let mut state = P::default();
        if let Err(why) = fold(&mut state, self.log.events(), 0) {
            panic!("{why}");
        }
        state
    }
}

/// Folds the events of a log from one of them on, with what is before them.
fn fold<P: Fold>(state: &mut P, log: &[StoredEvent], from: usize) -> Result<(), String> {
    for (at, event) in log.iter().enumerate().skip(from) {
        fold_given(state, &log[..at], event).map_err(|error| chain(&error))?;
    }
    Ok(())
}

/// What comes of a log when it is saved after so many events and loaded again.
fn saved<P: Fold + Default + Payload>(log: &[StoredEvent], taken: usize) -> Result<P, String> {
    let mut state = P::default();
    fold(&mut state, &log[..taken], 0)?;
    let saved = P::encoded(&state).map_err(|error| format!("it can't be saved: {error}"))?;
    let mut loaded = P::decoded(saved.as_str())
        .map_err(|error| format!("what was saved can't be loaded: {error}"))?;
    fold(&mut loaded, log, taken)?;
    Ok(loaded)
}
