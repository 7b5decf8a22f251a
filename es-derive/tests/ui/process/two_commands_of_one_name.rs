//! Rule: Each command has a stored name of its own.
//! Cure: Choose another for the newer one.

use es_core::{
    Aggregate, Apply, Command, Compensate, Event, Handle, NoError, Process, React, Reaction,
    Recorded, Rejected,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed")]
struct Placed {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.noted")]
struct Noted {}

#[derive(Default, Aggregate)]
#[aggregate(name = "order", id = String, event = OrderEvent, error = NoError)]
#[event(Placed)]
struct Order;

impl Apply<Placed> for Order {
    fn apply(&mut self, _: Placed) {}
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
struct Place {
    #[command(id)]
    order: String,
}

impl Handle<Place> for Order {
    type Events = Placed;
    fn handle(&self, _: &Place) -> Result<Placed, NoError> {
        Ok(Placed {})
    }
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
struct Replace {
    #[command(id)]
    order: String,
}

impl Handle<Replace> for Order {
    type Events = Placed;
    fn handle(&self, _: &Replace) -> Result<Placed, NoError> {
        Ok(Placed {})
    }
}

#[derive(Default, Aggregate, Process)]
#[aggregate(name = "payment", id = String, event = PaymentEvent, error = NoError)]
#[event(Noted)]
#[input(Placed, starts)]
#[command(Place, name = "order.place")]
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

impl Compensate<Place> for Payment {
    fn compensate(&self, _: &Rejected<Place>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

#[derive(Default, Aggregate, Process)]
#[aggregate(name = "refund", id = String, event = RefundEvent, error = NoError)]
#[event(Noted)]
#[input(Placed, starts)]
#[command(Place, name = "order.place")]
#[command(Replace, name = "order.place")]
struct Refund;

impl Apply<Noted> for Refund {
    fn apply(&mut self, _: Noted) {}
}

fn main() {}
