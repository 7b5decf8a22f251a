//! Rule: Only a process is run as one.
//! Cure: Derive `Process` beside `Aggregate`.

use es_core::{Aggregate, Apply, Event, NoError, Process, React, Reaction, Recorded};
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

#[derive(Default, Aggregate)]
#[aggregate(name = "refund", id = String, event = RefundEvent, error = NoError)]
#[event(Noted)]
struct Refund;

impl Apply<Noted> for Refund {
    fn apply(&mut self, _: Noted) {}
}

fn is_process<P: Process>() {}

fn checked() {
    is_process::<Payment>();
    is_process::<Refund>();
}

fn main() {}
