//! Rule: A process says what it does when the time of a deadline is up.
//! Cure: Write the impl that the message shows.

use es_core::{
    Aggregate, Apply, Event, Expire, NoError, Process, React, Reaction, Recorded, Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed")]
struct Placed {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.noted")]
struct Noted {}

struct Due;

#[derive(Default, Aggregate, Process)]
#[aggregate(name = "payment", id = String, event = PaymentEvent, error = NoError)]
#[event(Noted)]
#[input(Placed, starts)]
#[deadline(Due, name = "due")]
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

impl Expire<Due> for Payment {
    fn expire(&self, _: &String, _: Timestamp) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

#[derive(Default, Aggregate, Process)]
#[aggregate(name = "refund", id = String, event = RefundEvent, error = NoError)]
#[event(Noted)]
#[input(Placed, starts)]
#[deadline(Due, name = "due")]
struct Refund;

impl Apply<Noted> for Refund {
    fn apply(&mut self, _: Noted) {}
}

impl React<Placed> for Refund {
    fn key(event: &Recorded<Placed>) -> Option<String> {
        Some(event.stream.id().to_owned())
    }
    fn react(&self, _: &Recorded<Placed>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

fn main() {}
