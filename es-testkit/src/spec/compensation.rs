use std::error::Error;
use std::fmt::{self, Debug};

use es_core::{Aggregate, Command, Decided, Decision, EventId, Handler};

use super::diff::diff;
use super::history::chain;
use super::{Outcome, Scenario};

/// An event that was given and is about to be undone in the open.
#[must_use = "nothing is tested before `when` and `then`"]
pub struct Compensating<A> {
    scenario: Scenario<A>,
    undone: EventId,
}

/// What undoing an event came to, to be compared with what should have come of it: first the events, then what became of
/// the state, then what comes of doing it a second time.
#[must_use = "nothing is tested before `then`"]
pub struct Compensation<A: Aggregate, F> {
    scenario: Scenario<A>,
    undone: EventId,
    /// Which event it says that it undoes.
    link: Option<EventId>,
    decide: F,
    decided: Decided<A>,
}

impl<A: Aggregate<Event: Debug + PartialEq>> Scenario<A> {
    /// Something undoes this event, which was given or happened; if it did several times, the last of them.
    ///
    /// What comes of it is linked to the event, as by [`Execution::compensating`](es_core::Execution::compensating).
    ///
    /// ```
    /// # use es_core::{Aggregate, Apply, Command, Event, EventId, Handle};
    /// # use es_testkit::Spec;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "account.paid")]
    /// # struct Paid { cents: i64 }
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "account.paid-back")]
    /// # struct PaidBack { cents: i64 }
    /// # #[derive(Debug, PartialEq)]
    /// # enum AccountError { NothingToPayBack }
    /// # impl std::fmt::Display for AccountError {
    /// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("nothing to pay back") }
    /// # }
    /// # impl std::error::Error for AccountError {}
    /// # #[derive(Debug, Default, PartialEq, Aggregate)]
    /// # #[aggregate(name = "account", id = String, event = AccountEvent, error = AccountError)]
    /// # #[event(Paid)]
    /// # #[event(PaidBack)]
    /// # struct Account { paid: i64 }
    /// # impl Apply<Paid> for Account { fn apply(&mut self, event: Paid) { self.paid += event.cents; } }
    /// # impl Apply<PaidBack> for Account { fn apply(&mut self, event: PaidBack) { self.paid -= event.cents; } }
    /// # impl Account {
    /// #     fn pay_back(&self, cents: i64) -> Result<PaidBack, AccountError> {
    /// #         if cents > self.paid { return Err(AccountError::NothingToPayBack) }
    /// #         Ok(PaidBack { cents })
    /// #     }
    /// # }
    /// # #[derive(Command)]
    /// # #[command(aggregate = Account)]
    /// # struct PayBack { #[command(id)] account: String, cents: i64, #[command(compensates)] payment: EventId }
    /// # impl Handle<PayBack> for Account {
    /// #     type Events = PaidBack;
    /// #     fn handle(&self, command: &PayBack) -> Result<PaidBack, AccountError> { self.pay_back(command.cents) }
    /// # }
    /// Account::given(Paid { cents: 40 })
    ///     .compensating(Paid { cents: 40 })
    ///     .when(|account| account.pay_back(40))
    ///     .then(PaidBack { cents: 40 })
    ///     .then_undone()
    ///     .then_rejected_again(AccountError::NothingToPayBack);
    ///
    /// // By a command, which says itself what it undoes.
    /// Account::given(Paid { cents: 40 })
    ///     .compensating(Paid { cents: 40 })
    ///     .when_sent(|payment| PayBack { account: "ada".to_owned(), cents: 40, payment })
    ///     .then(PaidBack { cents: 40 });
    /// ```
    #[track_caller]
    pub fn compensating(self, event: impl Into<A::Event>) -> Compensating<A> {
        let event = event.into();
        match self.history.last(&event) {
            Some(undone) => Compensating {
                scenario: self,
                undone,
            },
            None => panic!("this didn't happen, so nothing undoes it: {event:#?}"),
        }
    }
}

impl<A: Aggregate<Event: Debug + PartialEq>> Compensating<A> {
    /// When the aggregate decides.
    #[track_caller]
    pub fn when<D: Decision<A>>(
        self,
        decide: impl Fn(&A) -> D,
    ) -> Compensation<A, impl Fn(&A) -> Decided<A>> {
        let link = Some(self.undone);
        self.decided(link, move |state| decide(state).decided())
    }

    /// When a command is sent that is made with the event's id.
    #[track_caller]
    pub fn when_sent<C: Command<Aggregate = A>>(
        self,
        command: impl FnOnce(EventId) -> C,
    ) -> Compensation<A, impl Fn(&A) -> Decided<A>> {
        let command = command(self.undone);
        let Handler::Existing(handle) = C::HANDLER else {
            panic!("a command that creates an aggregate undoes nothing that happened to it")
        };
        self.decided(command.compensates(), move |state| handle(state, &command))
    }

    #[track_caller]
    fn decided<F: Fn(&A) -> Decided<A>>(
        self,
        link: Option<EventId>,
        decide: F,
    ) -> Compensation<A, F> {
        let Self { scenario, undone } = self;
        let taken = {
            let decided = decide(scenario.state());
            scenario.taken(decided, link)
        };
        if let Some(violated) = taken.violated {
            panic!("it would be refused: {}", violated.told());
        }
        let Outcome {
            scenario, decided, ..
        } = taken;
        Compensation {
            scenario,
            undone,
            link,
            decide,
            decided,
        }
    }
}

impl<A: Aggregate<Event: Debug + PartialEq>, F: Fn(&A) -> Decided<A>> Compensation<A, F> {
    /// Then these events happened, and no others, and each says what it undoes.
    #[track_caller]
    pub fn then(self, expected: impl Decision<A>) -> Self {
        let expected = match expected.decided() {
            Ok(events) => events,
            Err(rejection) => panic!("what is expected was rejected itself: {rejection}"),
        };
        let actual = match &self.decided {
            Ok(events) => events,
            Err(rejection) => panic!("it was rejected: {}", chain(rejection)),
        };
        assert!(
            *actual == expected,
            "other events happened: {}",
            diff(&expected, actual)
        );
        match self.link {
            Some(link) if link == self.undone => self,
            Some(_) => panic!("the command says that it undoes another event"),
            None => panic!(
                "the command doesn't say what it undoes: mark the field with the event's id, `#[command(compensates)]`"
            ),
        }
    }

    /// Then the state is as if neither had happened, the event nor what undoes it.
    ///
    /// Not every compensation is asked for that: an order that was cancelled isn't one that was never placed.
    #[track_caller]
    pub fn then_undone(self) -> Self
    where
        A: Debug + PartialEq,
    {
        let without = self.scenario.history.without(self.undone);
        let without = match &without {
            Ok(state) => state.as_ref(),
            Err(why) => panic!("without the event that is undone there is no history: {why}"),
        };
        let state = Some(self.scenario.state());
        assert!(
            state == without,
            "the state is another than if neither had happened: {}",
            diff(&without, &state)
        );
        self
    }

    /// Then this is the state.
    #[track_caller]
    pub fn then_state(mut self, expected: A) -> Self
    where
        A: Debug + PartialEq,
    {
        self.scenario = self.scenario.then_state(expected);
        self
    }

    /// Then this holds of the state.
    #[track_caller]
    pub fn then_state_with(mut self, holds: impl FnOnce(&A) -> bool) -> Self
    where
        A: Debug,
    {
        self.scenario = self.scenario.then_state_with(holds);
        self
    }

    /// Then it can't be undone, for this reason.
    #[track_caller]
    pub fn then_rejected(self, expected: A::Error) -> Scenario<A>
    where
        A::Error: PartialEq,
    {
        rejected(&self.decided, &expected);
        self.scenario
    }

    /// Then nothing is left to undo.
    #[track_caller]
    pub fn then_nothing(self) -> Scenario<A> {
        nothing(&self.decided);
        self.scenario
    }

    /// Then undoing it once more is rejected for this reason.
    #[track_caller]
    pub fn then_rejected_again(self, expected: A::Error) -> Scenario<A>
    where
        A::Error: PartialEq,
    {
        self.check_done();
        rejected(&(self.decide)(self.scenario.state()), &expected);
        self.scenario
    }

    /// Then nothing comes of undoing it once more.
    #[track_caller]
    pub fn then_nothing_again(self) -> Scenario<A> {
        self.check_done();
        nothing(&(self.decide)(self.scenario.state()));
        self.scenario
    }

    /// That it was undone once, before it is undone again.
    #[track_caller]
    fn check_done(&self) {
        match &self.decided {
            Ok(events) => assert!(!events.is_empty(), "it wasn't undone a first time"),
            Err(rejection) => panic!("it wasn't undone a first time: {}", chain(rejection)),
        }
    }
}

#[track_caller]
fn rejected<E: Debug, R: Error + PartialEq>(decided: &Result<Vec<E>, R>, expected: &R) {
    match decided {
        Ok(events) => panic!("it wasn't rejected; what happened: {events:#?}"),
        Err(rejection) => assert!(
            rejection == expected,
            "it was rejected for another reason: {}",
            diff(expected, rejection)
        ),
    }
}

#[track_caller]
fn nothing<E: Debug, R: Error>(decided: &Result<Vec<E>, R>) {
    match decided {
        Ok(events) => assert!(
            events.is_empty(),
            "nothing should have happened: {events:#?}"
        ),
        Err(rejection) => panic!("it was rejected: {}", chain(rejection)),
    }
}

impl<A> Debug for Compensating<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compensating")
            .field("undone", &self.undone)
            .finish_non_exhaustive()
    }
}

impl<A: Aggregate<Event: Debug>, F> Debug for Compensation<A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compensation")
            .field("undone", &self.undone)
            .field("decided", &self.decided)
            .finish_non_exhaustive()
    }
}
