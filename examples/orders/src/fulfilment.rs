//! What an order sets going: its payment is asked for, then its shipment, and what was done is undone where that fails.
//!
//! Each refund names the money that it sends back, so this takes in everything that it needs to know for that: an order
//! that is given up goes on until its payment is withdrawn, or has come and goes back.

use std::time::Duration;

use es_core::{
    Aggregate, Apply, Compensate, Event, EventId, Expire, NoError, Process, React, Reaction,
    Recorded, Rejected, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::order::{CancelOrder, MarkOrderPaid, MarkOrderShipped, OrderCancelled, OrderPlaced};
use crate::payment::{
    PaymentReceived, PaymentWithdrawn, RefundPayment, RequestPayment, WithdrawPayment,
};
use crate::shipment::{FailShipment, RequestShipment, ShipmentDispatched, ShipmentFailed};

/// How long a customer may take to pay.
pub const TIME_TO_PAY: Duration = Duration::from_mins(15);

/// The customer was asked to pay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "fulfilment.payment-awaited")]
pub struct PaymentAwaited {}

/// The money is there, and the warehouse was asked to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "fulfilment.shipment-awaited")]
pub struct ShipmentAwaited {
    /// The event of the money's coming.
    pub received: EventId,
}

/// Nobody waits for the payment any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "fulfilment.given-up")]
pub struct GivenUp {}

/// The moment at which the payment is no longer waited for.
#[derive(Debug)]
pub struct PaymentDue;

/// The fulfilment of an order, under the order's id.
#[derive(Debug, Clone, Default, PartialEq, Aggregate, Process)]
#[aggregate(name = "fulfilment", id = String, event = FulfilmentEvent, error = NoError)]
#[event(PaymentAwaited)]
#[event(ShipmentAwaited)]
#[event(GivenUp)]
#[input(OrderPlaced, starts)]
#[input(OrderCancelled)]
#[input(PaymentReceived)]
#[input(PaymentWithdrawn, ends)]
#[input(ShipmentDispatched, ends)]
#[input(ShipmentFailed, ends)]
#[command(RequestPayment, name = "payment.request")]
#[command(WithdrawPayment, name = "payment.withdraw")]
#[command(RefundPayment, name = "payment.refund")]
#[command(RequestShipment, name = "shipment.request")]
#[command(FailShipment, name = "shipment.fail")]
#[command(MarkOrderPaid, name = "order.mark-paid")]
#[command(MarkOrderShipped, name = "order.mark-shipped")]
#[command(CancelOrder, name = "order.cancel")]
#[deadline(PaymentDue, name = "payment-due")]
pub struct Fulfilment {
    received: Option<EventId>,
    is_given_up: bool,
}

impl Apply<PaymentAwaited> for Fulfilment {
    fn apply(&mut self, _: PaymentAwaited) {}
}

impl Apply<ShipmentAwaited> for Fulfilment {
    fn apply(&mut self, awaited: ShipmentAwaited) {
        self.received = Some(awaited.received);
    }
}

impl Apply<GivenUp> for Fulfilment {
    fn apply(&mut self, _: GivenUp) {
        self.is_given_up = true;
    }
}

impl Fulfilment {
    /// Sends back what was received, if something was.
    fn refund(&self, reaction: Reaction<Self>, order: &str) -> Reaction<Self> {
        match self.received {
            Some(received) => reaction.send(refund(order, received)),
            None => reaction,
        }
    }
}

fn refund(order: &str, received: EventId) -> RefundPayment {
    let order = order.to_owned();
    RefundPayment { order, received }
}

/// The order whose event it is: payments and shipments have its id.
fn order_of<E>(event: &Recorded<E>) -> String {
    event.stream.id().to_owned()
}

impl React<OrderPlaced> for Fulfilment {
    fn key(placed: &Recorded<OrderPlaced>) -> Option<String> {
        Some(order_of(placed))
    }

    fn react(&self, placed: &Recorded<OrderPlaced>) -> Result<Reaction<Self>, NoError> {
        let (order, cents) = (order_of(placed), placed.total());
        let due = placed.recorded_at.saturating_add(TIME_TO_PAY);
        Ok(Reaction::of(self)
            .emit(PaymentAwaited {})
            .send(RequestPayment { order, cents })
            .set(PaymentDue, due))
    }
}

impl React<PaymentReceived> for Fulfilment {
    fn key(received: &Recorded<PaymentReceived>) -> Option<String> {
        Some(order_of(received))
    }

    fn react(&self, received: &Recorded<PaymentReceived>) -> Result<Reaction<Self>, NoError> {
        let (order, received) = (order_of(received), received.id);
        if self.is_given_up {
            return Ok(Reaction::of(self).send(refund(&order, received)).end());
        }
        Ok(Reaction::of(self)
            .cancel(PaymentDue)
            .emit(ShipmentAwaited { received })
            .send(MarkOrderPaid {
                order: order.clone(),
            })
            .send(RequestShipment { order }))
    }
}

impl React<ShipmentDispatched> for Fulfilment {
    fn key(dispatched: &Recorded<ShipmentDispatched>) -> Option<String> {
        Some(order_of(dispatched))
    }

    fn react(&self, dispatched: &Recorded<ShipmentDispatched>) -> Result<Reaction<Self>, NoError> {
        let order = order_of(dispatched);
        Ok(Reaction::of(self).send(MarkOrderShipped { order }))
    }
}

impl React<ShipmentFailed> for Fulfilment {
    fn key(failed: &Recorded<ShipmentFailed>) -> Option<String> {
        Some(order_of(failed))
    }

    fn react(&self, failed: &Recorded<ShipmentFailed>) -> Result<Reaction<Self>, NoError> {
        let (order, reason) = (order_of(failed), failed.reason.clone());
        let refunded = self.refund(Reaction::of(self), &order);
        Ok(refunded.send(CancelOrder { order, reason }))
    }
}

impl React<OrderCancelled> for Fulfilment {
    fn key(cancelled: &Recorded<OrderCancelled>) -> Option<String> {
        Some(order_of(cancelled))
    }

    fn react(&self, cancelled: &Recorded<OrderCancelled>) -> Result<Reaction<Self>, NoError> {
        let (order, reason) = (order_of(cancelled), cancelled.reason.clone());
        let reaction = Reaction::of(self);
        if let Some(received) = self.received {
            let refund = refund(&order, received);
            let failed = reaction.send(FailShipment { order, reason });
            return Ok(failed.send(refund).end());
        }
        // This comes of giving it up.
        if self.is_given_up {
            return Ok(reaction);
        }
        Ok(reaction
            .cancel(PaymentDue)
            .emit(GivenUp {})
            .send(WithdrawPayment { order }))
    }
}

/// Nothing will come any more.
impl React<PaymentWithdrawn> for Fulfilment {
    fn key(withdrawn: &Recorded<PaymentWithdrawn>) -> Option<String> {
        Some(order_of(withdrawn))
    }

    fn react(&self, _: &Recorded<PaymentWithdrawn>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

impl Expire<PaymentDue> for Fulfilment {
    fn expire(&self, order: &String, _: Timestamp) -> Result<Reaction<Self>, NoError> {
        let reason = "not paid in time".to_owned();
        Ok(Reaction::of(self)
            .emit(GivenUp {})
            .send(WithdrawPayment {
                order: order.clone(),
            })
            .send(CancelOrder {
                order: order.clone(),
                reason,
            }))
    }
}

/// It was cancelled while the parcel left: the customer keeps the goods, and gets the money back.
impl Compensate<MarkOrderShipped> for Fulfilment {
    fn compensate(&self, rejected: &Rejected<MarkOrderShipped>) -> Result<Reaction<Self>, NoError> {
        Ok(self.refund(Reaction::of(self), &rejected.command.order))
    }
}

/// Commands whose rejection says that there is nothing left to do.
macro_rules! is_well {
    ($($command:ty: $why:literal),* $(,)?) => {$(
        #[doc = $why]
        impl Compensate<$command> for Fulfilment {
            fn compensate(&self, _: &Rejected<$command>) -> Result<Reaction<Self>, NoError> {
                Ok(Reaction::of(self))
            }
        }
    )*};
}

is_well! {
    RequestPayment: "It was asked for.",
    WithdrawPayment: "The money came first, and its event says so.",
    RefundPayment: "Nothing was paid.",
    RequestShipment: "It was asked for.",
    FailShipment: "The parcel was on its way: the customer keeps it, and gets the money back.",
    MarkOrderPaid: "The order was cancelled while the money came, and its event says so.",
    CancelOrder: "It was shipped.",
}
