//! Given-when-then of processes: what passes, and what each step fails with.

use std::panic::{AssertUnwindSafe, catch_unwind};

use es_core::{
    Aggregate, Apply, Command, Compensate, Event, Expire, Handle, NoError, Process, React,
    Reaction, Recorded, Rejected, RejectionKind, Timestamp,
};
use es_testkit::{ProcessScenario, Spec};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed", version = 2)]
struct Placed {
    #[event(since = 2, renamed_from = "n")]
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.paid")]
struct Paid {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.cancelled")]
struct Cancelled {}

#[derive(Debug, Default, Aggregate)]
#[aggregate(name = "order", id = String, event = OrderEvent, error = NoError)]
#[event(Placed)]
#[event(Paid)]
#[event(Cancelled)]
struct Order;

impl Apply<Placed> for Order {
    fn apply(&mut self, _: Placed) {}
}
impl Apply<Paid> for Order {
    fn apply(&mut self, _: Paid) {}
}
impl Apply<Cancelled> for Order {
    fn apply(&mut self, _: Cancelled) {}
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
struct Cancel {
    #[command(id)]
    order: String,
}

impl Handle<Cancel> for Order {
    type Events = Cancelled;
    fn handle(&self, _: &Cancel) -> Result<Cancelled, NoError> {
        Ok(Cancelled {})
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.awaited")]
struct Awaited {
    cents: i64,
}

struct Due;

#[derive(Debug, PartialEq)]
struct NotUnderstood;

impl std::fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it isn't understood")
    }
}

impl std::error::Error for NotUnderstood {}

#[derive(Debug, Clone, Default, PartialEq, Aggregate, Process)]
#[aggregate(name = "payment", id = String, event = PaymentEvent, error = NotUnderstood)]
#[event(Awaited)]
#[input(Placed, starts)]
#[input(Paid, ends)]
#[command(Cancel, name = "order.cancel")]
#[deadline(Due, name = "due")]
struct Payment {
    cents: i64,
}

impl Apply<Awaited> for Payment {
    fn apply(&mut self, awaited: Awaited) {
        self.cents += awaited.cents;
    }
}

impl React<Placed> for Payment {
    fn key(placed: &Recorded<Placed>) -> Option<String> {
        (placed.cents != 0).then(|| placed.stream.id().to_owned())
    }
    fn react(&self, placed: &Recorded<Placed>) -> Result<Reaction<Self>, NotUnderstood> {
        let cents = placed.cents;
        if cents == 13 {
            return Err(NotUnderstood);
        }
        let reaction = Reaction::of(self).emit(Awaited { cents });
        Ok(reaction.set(Due, placed.recorded_at.max(at(100))))
    }
}

impl React<Paid> for Payment {
    fn key(paid: &Recorded<Paid>) -> Option<String> {
        Some(paid.stream.id().to_owned())
    }
    fn react(&self, _: &Recorded<Paid>) -> Result<Reaction<Self>, NotUnderstood> {
        Ok(Reaction::of(self))
    }
}

impl Expire<Due> for Payment {
    fn expire(&self, key: &String, _: Timestamp) -> Result<Reaction<Self>, NotUnderstood> {
        Ok(Reaction::of(self).send(cancel(key)))
    }
}

impl Compensate<Cancel> for Payment {
    fn compensate(&self, rejected: &Rejected<Cancel>) -> Result<Reaction<Self>, NotUnderstood> {
        match rejected.kind {
            RejectionKind::NotFound => Ok(Reaction::of(self).end()),
            _ => Ok(Reaction::of(self).send(rejected.command.clone())),
        }
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn order(id: &str) -> String {
    id.to_owned()
}

fn cancel(id: &str) -> Cancel {
    Cancel { order: order(id) }
}

fn placed() -> ProcessScenario<Payment> {
    ProcessScenario::new().given::<Order>(&order("a"), Placed { cents: 5 })
}

/// The message with which this fails.
fn failure(test: impl FnOnce()) -> String {
    let caught = catch_unwind(AssertUnwindSafe(test)).expect_err("it should have failed");
    match caught.downcast::<String>() {
        Ok(message) => *message,
        Err(caught) => (*caught.downcast::<&str>().expect("a message")).to_owned(),
    }
}

#[test]
fn a_process_reacts_to_events_each_of_its_own_instance() {
    placed()
        .then_running(&order("a"))
        .then_state(&order("a"), Payment { cents: 5 })
        .when::<Order>(&order("b"), Placed { cents: 7 })
        .then(Reaction::new().emit(Awaited { cents: 7 }).set(Due, at(100)))
        .when::<Order>(&order("a"), Paid {})
        .then(Reaction::new().end())
        .then_over(&order("a"))
        .then_running(&order("b"))
        .when::<Order>(&order("a"), (Paid {}, Placed { cents: 1 }))
        .then_ignored()
        .when::<Order>(&order("c"), Placed { cents: 0 })
        .then_ignored();
}

#[test]
fn what_older_versions_wrote_comes_as_the_newest() {
    ProcessScenario::<Payment>::new()
        .recorded_at(at(200))
        .when_stored("order/a", "order.placed", 1, r#"{"n":3}"#)
        .then(Reaction::new().emit(Awaited { cents: 3 }).set(Due, at(200)))
        .given_stored("order/b", "order.placed", 1, r#"{"n":4}"#)
        .then_state(&order("b"), Payment { cents: 4 });
}

#[test]
fn deadlines_fire_when_their_time_has_come() {
    placed()
        .then_deadlines(&order("a"), &[("due", at(100))])
        .when_time(at(99))
        .then_nothing()
        .when_time(at(100))
        .then(Reaction::new().send(cancel("a")))
        .then_deadlines(&order("a"), &[])
        .when_time(at(1_000))
        .then_nothing();
    placed()
        .given::<Order>(&order("a"), Paid {})
        .when_time(at(100))
        .then_nothing();
}

#[test]
fn a_rejected_command_comes_back() {
    let due = || {
        let due = placed().when_time(at(100));
        due.then(Reaction::new().send(cancel("a")))
    };
    due()
        .when_rejected(cancel("a"), RejectionKind::Rejected, "no")
        .then(Reaction::new().send(cancel("a")))
        .when_rejected(cancel("a"), RejectionKind::NotFound, "it isn't there")
        .then(Reaction::new().end())
        .then_over(&order("a"));
    let text = failure(|| {
        let accepted = due().given_accepted(cancel("a"));
        let _ = accepted.when_rejected(cancel("a"), RejectionKind::Rejected, "no");
    });
    assert!(
        text.contains("`order.cancel` isn't under way, but these are: []"),
        "{text}"
    );
}

#[test]
fn an_instance_that_cannot_go_on_is_stuck_and_what_follows_waits() {
    ProcessScenario::<Payment>::new()
        .when::<Order>(&order("a"), Placed { cents: 13 })
        .then_stuck("it isn't understood")
        .when::<Order>(&order("a"), Paid {})
        .then_waits()
        .when::<Order>(&order("b"), Placed { cents: 1 })
        .then(Reaction::new().emit(Awaited { cents: 1 }).set(Due, at(100)));
    let text = failure(|| {
        let _ = ProcessScenario::<Payment>::new().given::<Order>(&order("a"), Placed { cents: 13 });
    });
    assert!(text.contains("puts its instance into quarantine"), "{text}");
}

#[test]
fn another_reaction_fails_and_shows_both() {
    let text = failure(|| {
        let other = Reaction::new().emit(Awaited { cents: 6 }).set(Due, at(100));
        let _ = ProcessScenario::<Payment>::new()
            .when::<Order>(&order("a"), Placed { cents: 5 })
            .then(other);
    });
    assert!(text.contains("the reaction is another"), "{text}");
    assert!(
        text.contains(r#"{\"cents\":6}"#) && text.contains(r#"{\"cents\":5}"#),
        "{text}"
    );
    for text in [
        failure(|| drop(placed().when::<Order>(&order("a"), Paid {}).then_nothing())),
        failure(|| drop(placed().when_time(at(100)).then_nothing())),
    ] {
        assert!(
            text.contains("nothing should come of it: the process reacted"),
            "{text}"
        );
    }
    let text = failure(|| drop(placed().when::<Order>(&order("a"), Paid {}).then_ignored()));
    assert!(text.contains("it should be ignored"), "{text}");
    let text = failure(|| {
        let unknown = placed().when::<Order>(&order("b"), Paid {});
        let _ = unknown.then(Reaction::new());
    });
    assert!(
        text.contains("it concerned no instance that is running"),
        "{text}"
    );
    let text = failure(|| {
        let stuck = placed().when::<Order>(&order("a"), Paid {});
        drop(stuck.then_stuck("no"));
    });
    assert!(text.contains("should be stuck on it"), "{text}");
    let text = failure(|| drop(placed().when::<Order>(&order("a"), Paid {}).then_waits()));
    assert!(text.contains("it should wait"), "{text}");
}

#[test]
fn another_state_or_deadline_fails() {
    let text = failure(|| drop(placed().then_state(&order("a"), Payment { cents: 6 })));
    assert!(text.contains("the state is another"), "{text}");
    let text = failure(|| drop(placed().then_state(&order("b"), Payment { cents: 6 })));
    assert!(text.contains("there is no such instance"), "{text}");
    for expected in [&[][..], &[("due", at(101))], &[("dew", at(100))]] {
        let text = failure(|| drop(placed().then_deadlines(&order("a"), expected)));
        assert!(text.contains("other deadlines are set"), "{text}");
    }
    let text = failure(|| drop(placed().then_over(&order("a"))));
    assert!(text.contains("the instance is running"), "{text}");
    let text = failure(|| drop(placed().then_running(&order("b"))));
    assert!(text.contains("the instance isn't running"), "{text}");
}

#[test]
fn its_own_events_have_the_given_when_then_of_aggregates() {
    Payment::given(Awaited { cents: 2 })
        .given(Awaited { cents: 3 })
        .then_state(Payment { cents: 5 });
}
