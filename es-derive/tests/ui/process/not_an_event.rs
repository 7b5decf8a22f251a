//! Rule: An input is an event.
//! Cure: Derive `Event` for it.

use es_core::{Aggregate, Apply, Event, NoError, Process, React, Reaction, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed")]
struct Placed {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.noted")]
struct Noted {}

#[derive(Debug, Serialize, Deserialize)]
struct Shipped {}

#[derive(Default, Aggregate, Process)]
#[aggregate(name = "payment", id = String, event = PaymentEvent, error = NoError)]
#[event(Noted)]
#[input(Placed, starts)]
struct Payment;

impl Apply<Noted> for Payment {
    fn apply(&mut self, _: Noted) {}
}

impl React<Placed> for Payment {
    fn key(event: &Recorded<Placed>) -> Option<String> {
        Some(event.stream.id().to_owned())
    }
    fn react(&self, _: &Recorded<Placed>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

#[derive(Default, Aggregate, Process)]
#[aggregate(name = "refund", id = String, event = RefundEvent, error = NoError)]
#[event(Noted)]
#[input(Shipped, starts)]
struct Refund;

impl Apply<Noted> for Refund {
    fn apply(&mut self, _: Noted) {}
}

impl React<Shipped> for Refund {
    fn key(_: &Recorded<Shipped>) -> Option<String> {
        None
    }
    fn react(&self, _: &Recorded<Shipped>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

fn main() {}
