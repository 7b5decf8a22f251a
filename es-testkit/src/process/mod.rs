//! Given these events, when an event comes, a command is rejected or time passes, then the process reacts like this.

#![expect(
    clippy::missing_panics_doc,
    reason = "a step of a test panics to fail it"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test reads better without borrows"
)]

mod correcting;
mod outcome;

use std::fmt::Debug;

use es_core::__private::{DryOutcome, DryRun};
use es_core::{Aggregate, Decision, Process, RejectionKind, SentBy, Timestamp};

pub use outcome::ProcessOutcome;

use crate::projection::GivenLog;
use crate::spec::diff;

/// Tests a process without a store: given events of any aggregates, when one comes, a command is rejected or time passes,
/// then this is its reaction.
///
/// The instances are those of a log: an event finds its own by its key, starts it, continues it or is ignored. What
/// is given and what comes of it goes through its stored form. The process's own events have the given-when-then of
/// aggregates, [`Spec`](crate::Spec). A failure is reported at the line of the test.
///
/// ```
/// # use es_core::{
/// #     Aggregate, Apply, Command, Compensate, Event, Expire, Handle, NoError, Process, React, Recorded, Rejected, Timestamp,
/// # };
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.placed")]
/// # struct OrderPlaced { pay_until: Timestamp }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.paid")]
/// # struct OrderPaid {}
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "order.cancelled")]
/// # struct OrderCancelled {}
/// # #[derive(Debug, Default, Aggregate)]
/// # #[aggregate(name = "order", id = String, event = OrderEvent, error = NoError)]
/// # #[event(OrderPlaced)]
/// # #[event(OrderPaid)]
/// # #[event(OrderCancelled)]
/// # struct Order;
/// # impl Apply<OrderPlaced> for Order { fn apply(&mut self, _: OrderPlaced) {} }
/// # impl Apply<OrderPaid> for Order { fn apply(&mut self, _: OrderPaid) {} }
/// # impl Apply<OrderCancelled> for Order { fn apply(&mut self, _: OrderCancelled) {} }
/// # impl Handle<CancelOrder> for Order {
/// #     type Events = OrderCancelled;
/// #     fn handle(&self, _: &CancelOrder) -> Result<OrderCancelled, NoError> { Ok(OrderCancelled {}) }
/// # }
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "payment.awaited")]
/// # struct PaymentAwaited {}
/// # #[derive(Debug, Serialize, Deserialize, Command)]
/// # #[command(aggregate = Order)]
/// # struct CancelOrder { #[command(id)] order: String }
/// # struct PaymentDue;
/// # #[derive(Debug, Default, Aggregate, Process)]
/// # #[aggregate(name = "payment", id = String, event = PaymentEvent, error = NoError)]
/// # #[event(PaymentAwaited)]
/// # #[input(OrderPlaced, starts)]
/// # #[input(OrderPaid, ends)]
/// # #[command(CancelOrder, name = "order.cancel")]
/// # #[deadline(PaymentDue, name = "payment-due")]
/// # struct Payment;
/// # impl Apply<PaymentAwaited> for Payment { fn apply(&mut self, _: PaymentAwaited) {} }
/// # impl React<OrderPlaced> for Payment {
/// #     fn key(placed: &Recorded<OrderPlaced>) -> Option<String> { Some(placed.stream.id().to_owned()) }
/// #     fn react(&self, placed: &Recorded<OrderPlaced>) -> Result<Reaction<Self>, NoError> {
/// #         Ok(Reaction::of(self).emit(PaymentAwaited {}).set(PaymentDue, placed.pay_until))
/// #     }
/// # }
/// # impl React<OrderPaid> for Payment {
/// #     fn key(paid: &Recorded<OrderPaid>) -> Option<String> { Some(paid.stream.id().to_owned()) }
/// #     fn react(&self, _: &Recorded<OrderPaid>) -> Result<Reaction<Self>, NoError> { Ok(Reaction::of(self)) }
/// # }
/// # impl Expire<PaymentDue> for Payment {
/// #     fn expire(&self, key: &String, _: Timestamp) -> Result<Reaction<Self>, NoError> {
/// #         Ok(Reaction::of(self).send(CancelOrder { order: key.clone() }).end())
/// #     }
/// # }
/// # impl Compensate<CancelOrder> for Payment {
/// #     fn compensate(&self, _: &Rejected<CancelOrder>) -> Result<Reaction<Self>, NoError> { Ok(Reaction::of(self)) }
/// # }
/// use es_core::Reaction;
/// use es_testkit::ProcessScenario;
///
/// let order = || "17".to_owned();
/// let pay_until: Timestamp = "2026-01-08T00:00:00Z".parse()?;
///
/// ProcessScenario::<Payment>::new()
///     .when::<Order>(&order(), OrderPlaced { pay_until })
///     .then(Reaction::new().emit(PaymentAwaited {}).set(PaymentDue, pay_until))
///     .when_time(pay_until)
///     .then(Reaction::new().send(CancelOrder { order: order() }).end());
///
/// ProcessScenario::<Payment>::new()
///     .given::<Order>(&order(), (OrderPlaced { pay_until }, OrderPaid {}))
///     .when_time(pay_until)
///     .then_nothing();
/// # Ok::<(), es_core::InvalidTimestamp>(())
/// ```
#[derive(Debug)]
pub struct ProcessScenario<P: Process> {
    log: GivenLog,
    taken: usize,
    run: DryRun<P>,
}

impl<P: Process> ProcessScenario<P> {
    /// A process before any event.
    #[must_use = "nothing is tested before `when` and `then`"]
    pub fn new() -> Self {
        Self {
            log: GivenLog::new(),
            taken: 0,
            run: DryRun::new(),
        }
    }

    /// These events of an aggregate happened, and the process has reacted.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn given<A: Aggregate<Event: Debug + PartialEq>>(
        self,
        id: &A::Id,
        events: impl Decision<A>,
    ) -> Self {
        self.when::<A>(id, events).without_quarantine()
    }

    /// This was stored, by some version of the program, and the process has reacted; the stream is written
    /// `category/id`.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn given_stored(self, stream: &str, name: &str, version: u32, payload: &str) -> Self {
        self.when_stored(stream, name, version, payload)
            .without_quarantine()
    }

    /// This command was accepted.
    #[must_use = "nothing is tested before `when` and `then`"]
    #[track_caller]
    pub fn given_accepted<C: SentBy<P>>(self, command: C) -> Self {
        self.answered(&command, None).without_quarantine()
    }

    /// When the events are recorded that follow.
    #[must_use = "nothing is tested before `when` and `then`"]
    pub fn recorded_at(mut self, time: Timestamp) -> Self {
        self.log = self.log.recorded_at(time);
        self
    }

    /// Who does what follows.
    #[must_use = "nothing is tested before `when` and `then`"]
    pub fn by(mut self, actor: &str) -> Self {
        self.log = self.log.by(actor);
        self
    }

    /// When these events of an aggregate happen.
    #[track_caller]
    pub fn when<A: Aggregate<Event: Debug + PartialEq>>(
        mut self,
        id: &A::Id,
        events: impl Decision<A>,
    ) -> ProcessOutcome<P> {
        self.log = self.log.given::<A>(id, events);
        self.take()
    }

    /// When this is stored, by some version of the program; the stream is written `category/id`.
    #[track_caller]
    pub fn when_stored(
        mut self,
        stream: &str,
        name: &str,
        version: u32,
        payload: &str,
    ) -> ProcessOutcome<P> {
        self.log = self.log.given_stored(stream, name, version, payload);
        self.take()
    }

    /// When it is this time: what is due then fires, the earliest first.
    #[track_caller]
    pub fn when_time(mut self, now: Timestamp) -> ProcessOutcome<P> {
        match self.run.fire(now) {
            Ok(came) => ProcessOutcome::new(self, came),
            Err(why) => panic!("{why}"),
        }
    }

    /// When a command that is under way is rejected, in this way and for this reason.
    #[track_caller]
    pub fn when_rejected<C: SentBy<P>>(
        self,
        command: C,
        kind: RejectionKind,
        reason: &str,
    ) -> ProcessOutcome<P> {
        self.answered(&command, Some((kind, reason)))
    }

    /// Then this is the state of an instance.
    #[track_caller]
    pub fn then_state(self, key: &P::Id, expected: P) -> Self
    where
        P: Debug + PartialEq,
    {
        match self.run.state(key) {
            Some(state) if *state == expected => self,
            Some(state) => panic!("the state is another: {}", diff(&expected, state)),
            None => panic!("there is no such instance yet"),
        }
    }

    /// Then these deadlines of an instance are set, by name, and no others.
    #[track_caller]
    pub fn then_deadlines(self, key: &P::Id, expected: &[(&str, Timestamp)]) -> Self {
        let deadlines = self.run.deadlines(key);
        let same = deadlines.iter().map(|(name, due)| (&**name, *due));
        assert!(
            same.eq(expected.iter().copied()),
            "other deadlines are set: {}",
            diff(&expected, &deadlines)
        );
        self
    }

    /// Then an instance is running.
    #[track_caller]
    pub fn then_running(self, key: &P::Id) -> Self {
        assert!(self.run.is_running(key), "the instance isn't running");
        self
    }

    /// Then an instance is over, or was never started.
    #[track_caller]
    pub fn then_over(self, key: &P::Id) -> Self {
        assert!(!self.run.is_running(key), "the instance is running");
        self
    }

    #[track_caller]
    fn take(mut self) -> ProcessOutcome<P> {
        let log = self.log.events();
        let last = self.taken + 1..=log.len();
        let came: Result<Vec<Vec<DryOutcome>>, String> =
            last.map(|last| self.run.take(&log[..last])).collect();
        self.taken = log.len();
        match came {
            Ok(came) => ProcessOutcome::new(self, came.concat()),
            Err(why) => panic!("{why}"),
        }
    }

    #[track_caller]
    fn answered<C: SentBy<P>>(
        mut self,
        command: &C,
        rejected: Option<(RejectionKind, &str)>,
    ) -> ProcessOutcome<P> {
        match self.run.answer(command, rejected) {
            Ok(Some(came)) => ProcessOutcome::new(self, vec![came]),
            Ok(None) => panic!(
                "this command `{}` isn't under way, but these are: {:#?}",
                C::NAME,
                self.run.unsent()
            ),
            Err(why) => panic!("{why}"),
        }
    }
}

impl<P: Process> Default for ProcessScenario<P> {
    fn default() -> Self {
        Self::new()
    }
}
