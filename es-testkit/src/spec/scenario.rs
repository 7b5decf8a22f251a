use std::fmt::Debug;

use es_core::{Aggregate, Command, Creation, Decided, Decision, EventId, Handler, Timestamp};

use super::Outcome;
use super::diff::diff;
use super::history::History;

/// What is given so far.
#[derive(Debug)]
pub struct Scenario<A> {
    pub(super) history: History<A>,
}

impl<A: Aggregate<Event: Debug + PartialEq>> Scenario<A> {
    pub(super) fn new() -> Self {
        Self {
            history: History::new(),
        }
    }

    /// These events happened, too.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn given(mut self, events: impl Decision<A>) -> Self {
        let events = match events.decided() {
            Ok(events) => events,
            Err(rejection) => panic!("what is given was rejected: {rejection}"),
        };
        for event in events {
            if let Err(why) = self.history.take(&event) {
                panic!("{why}");
            }
        }
        self
    }

    /// This was stored, too, by some version of the program.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn given_stored(mut self, name: &str, version: u32, payload: &str) -> Self {
        if let Err(why) = self.history.take_stored(name, version, payload) {
            panic!("{why}");
        }
        self
    }

    /// When the events are recorded that follow, given or produced.
    #[must_use = "nothing is tested before `when` and `then`"]
    pub fn recorded_at(mut self, time: Timestamp) -> Self {
        self.history.recorded_at = time;
        self
    }

    /// When the events are true in the world that follow, given or produced.
    ///
    /// An aggregate that takes corrections is folded in that order.
    #[must_use = "nothing is tested before `when` and `then`"]
    pub fn effective_at(mut self, time: Timestamp) -> Self {
        self.history.effective_at = Some(time);
        self
    }

    /// Who does what follows.
    #[must_use = "nothing is tested before `when` and `then`"]
    pub fn by(mut self, actor: &str) -> Self {
        self.history.metadata.actor = Some(actor.to_owned());
        self
    }

    /// When an aggregate that exists decides.
    #[track_caller]
    pub fn when<D: Decision<A>>(self, decide: impl FnOnce(&A) -> D) -> Outcome<A> {
        let decided = decide(self.state()).decided();
        self.decided(decided)
    }

    /// The state of an aggregate that exists.
    #[track_caller]
    pub(super) fn state(&self) -> &A {
        match &self.history.state {
            Some(state) => state,
            None => panic!(
                "there is no `{}` yet: give an initial event, or use `when_created`",
                A::CATEGORY
            ),
        }
    }

    /// When an aggregate is created.
    #[track_caller]
    pub fn when_created(self, creation: impl Creation<A>) -> Outcome<A> {
        self.check_new();
        let decided = creation.decided();
        self.decided(decided)
    }

    /// When a command is sent, to an aggregate that exists or to be created, as the command says.
    #[track_caller]
    pub fn when_sent<C: Command<Aggregate = A>>(self, command: C) -> Outcome<A> {
        match C::HANDLER {
            Handler::Existing(handle) => self.when(|state| Handled(handle(state, &command))),
            Handler::New(handle) => {
                self.check_new();
                self.decided(handle(&command))
            }
            _ => panic!("this version of the test kit doesn't know how the command is handled"),
        }
    }

    /// Then this is the state.
    #[track_caller]
    pub fn then_state(self, expected: A) -> Self
    where
        A: Debug + PartialEq,
    {
        match &self.history.state {
            Some(state) if *state == expected => self,
            Some(state) => panic!("the state is another: {}", diff(&expected, state)),
            None => panic!("there is no `{}` yet", A::CATEGORY),
        }
    }

    /// Then this holds of the state.
    #[track_caller]
    pub fn then_state_with(self, holds: impl FnOnce(&A) -> bool) -> Self
    where
        A: Debug,
    {
        match &self.history.state {
            Some(state) if holds(state) => self,
            Some(state) => panic!("the state is another: {state:#?}"),
            None => panic!("there is no `{}` yet", A::CATEGORY),
        }
    }

    #[track_caller]
    fn check_new(&self) {
        assert!(
            self.history.revision.is_empty(),
            "the `{}` exists already, at revision {}: use `when`",
            A::CATEGORY,
            self.history.revision
        );
    }

    #[track_caller]
    fn decided(self, decided: Decided<A>) -> Outcome<A> {
        self.taken(decided, None)
    }

    /// What was decided has happened, and undoes this event, if it undoes one; or a repository would refuse it.
    #[track_caller]
    pub(super) fn taken(mut self, decided: Decided<A>, compensates: Option<EventId>) -> Outcome<A> {
        let (before, revision) = (self.history.facts.clone(), self.history.revision);
        self.history.metadata.compensates = compensates;
        for event in decided.iter().flatten() {
            if let Err(why) = self.history.take(event) {
                panic!("{why}");
            }
        }
        self.history.metadata.compensates = None;
        let violated = self.history.violated(&before);
        if violated.is_some() {
            self.history.back_to(before, revision);
        }
        Outcome {
            scenario: self,
            decided,
            violated,
        }
    }
}

/// What a handler decided, to be passed on.
struct Handled<A: Aggregate>(Decided<A>);

impl<A: Aggregate> Decision<A> for Handled<A> {
    fn decide_into(self, events: &mut Vec<A::Event>) -> Result<(), A::Error> {
        events.extend(self.0?);
        Ok(())
    }
}
