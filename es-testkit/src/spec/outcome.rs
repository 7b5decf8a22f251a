use std::fmt::{self, Debug};

use es_core::{Aggregate, Decided, Decision};

use super::Scenario;
use super::diff::diff;
use super::history::chain;
use super::invariant::Violated;

/// What a decision came to, to be compared with what should have come of it.
#[must_use = "nothing is tested before `then`"]
pub struct Outcome<A: Aggregate> {
    pub(super) scenario: Scenario<A>,
    pub(super) decided: Decided<A>,
    pub(super) violated: Option<Violated<A>>,
}

/// What happened, or why it was rejected.
impl<A: Aggregate<Event: Debug>> Debug for Outcome<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("decided", &self.decided)
            .finish_non_exhaustive()
    }
}

impl<A: Aggregate<Event: Debug + PartialEq>> Outcome<A> {
    /// Then these events happened, and no others.
    #[track_caller]
    pub fn then(self, expected: impl Decision<A>) -> Scenario<A> {
        let expected = match expected.decided() {
            Ok(events) => events,
            Err(rejection) => panic!("what is expected was rejected itself: {rejection}"),
        };
        let actual = self.events();
        assert!(
            *actual == expected,
            "other events happened: {}",
            diff(&expected, actual)
        );
        self.scenario
    }

    /// Then nothing happened, and nothing was rejected.
    #[track_caller]
    pub fn then_nothing(self) -> Scenario<A> {
        let actual = self.events();
        assert!(
            actual.is_empty(),
            "nothing should have happened: {}",
            diff(&Vec::<A::Event>::new(), actual)
        );
        self.scenario
    }

    /// Then it was rejected for this reason.
    #[track_caller]
    pub fn then_rejected(self, expected: A::Error) -> Scenario<A>
    where
        A::Error: PartialEq,
    {
        let rejection = self.rejection();
        assert!(
            *rejection == expected,
            "it was rejected for another reason: {}",
            diff(&expected, rejection)
        );
        self.scenario
    }

    /// Then it was rejected for a reason of which this holds.
    #[track_caller]
    pub fn then_rejected_with(self, holds: impl FnOnce(&A::Error) -> bool) -> Scenario<A> {
        let rejection = self.rejection();
        assert!(
            holds(rejection),
            "it was rejected for another reason: {rejection:#?}"
        );
        self.scenario
    }

    /// Then a repository refuses it, as it was true before others and something would break behind it, for this reason; and
    /// nothing happened.
    #[track_caller]
    pub fn then_violated(self, expected: A::Error) -> Scenario<A>
    where
        A::Error: PartialEq,
    {
        match &self.violated {
            Some(Violated { error, .. }) if *error == expected => self.scenario,
            Some(Violated { error, .. }) => {
                panic!("something else would break: {}", diff(&expected, error))
            }
            None => panic!("nothing would break; what happened: {:#?}", self.events()),
        }
    }

    /// Then it was accepted, and this is the state.
    #[track_caller]
    pub fn then_state(self, expected: A) -> Scenario<A>
    where
        A: Debug + PartialEq,
    {
        self.events();
        self.scenario.then_state(expected)
    }

    /// Then it was accepted, and this holds of the state.
    #[track_caller]
    pub fn then_state_with(self, holds: impl FnOnce(&A) -> bool) -> Scenario<A>
    where
        A: Debug,
    {
        self.events();
        self.scenario.then_state_with(holds)
    }

    #[track_caller]
    fn events(&self) -> &Vec<A::Event> {
        if let Some(violated) = &self.violated {
            panic!("it would be refused: {}", violated.told());
        }
        match &self.decided {
            Ok(events) => events,
            Err(rejection) => panic!("it was rejected: {}", chain(rejection)),
        }
    }

    #[track_caller]
    fn rejection(&self) -> &A::Error {
        match &self.decided {
            Ok(events) => panic!("it wasn't rejected; what happened: {events:#?}"),
            Err(rejection) => rejection,
        }
    }
}
