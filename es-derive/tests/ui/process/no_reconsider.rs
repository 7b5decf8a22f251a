//! Rule: A process that is told of corrections says for each input what it does about one.
//! Cure: Write the impl that the message shows.

use es_core::{
    Aggregate, Apply, Corrected, Event, NoError, Process, React, Reaction, Reconsider, Recorded,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed")]
struct Placed {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.noted")]
struct Noted {}

#[derive(Default, Aggregate, Process)]
#[aggregate(name = "payment", id = String, event = PaymentEvent, error = NoError)]
#[event(Noted)]
#[process(corrections)]
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

impl Reconsider<Placed> for Payment {
    fn reconsider(&self, _: &Recorded<Corrected<Placed>>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

#[derive(Default, Aggregate, Process)]
#[aggregate(name = "refund", id = String, event = RefundEvent, error = NoError)]
#[event(Noted)]
#[process(corrections)]
#[input(Placed, starts)]
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
