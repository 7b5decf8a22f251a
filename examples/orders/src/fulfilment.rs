//! What an order sets going: its payment is asked for, then its shipment, and what was done is undone where that fails.

use std::time::Duration;

use es_core::{
    Aggregate, Apply, Compensate, Event, Expire, NoError, Process, React, Reaction, Recorded,
    Rejected, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::order::{CancelOrder, MarkOrderPaid, MarkOrderShipped, OrderCancelled, OrderPlaced};
use crate::payment::{PaymentReceived, RefundPayment, RequestPayment, WithdrawPayment};
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
pub struct ShipmentAwaited {}

/// The moment at which the payment is no longer waited for.
#[derive(Debug)]
pub struct PaymentDue;

/// The fulfilment of an order, under the order's id.
#[derive(Debug, Clone, Default, PartialEq, Aggregate, Process)]
#[aggregate(name = "fulfilment", id = String, event = FulfilmentEvent, error = NoError)]
#[event(PaymentAwaited)]
#[event(ShipmentAwaited)]
#[input(OrderPlaced, starts)]
#[input(PaymentReceived)]
#[input(ShipmentDispatched, ends)]
#[input(ShipmentFailed, ends)]
#[input(OrderCancelled, ends)]
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
    paid: bool,
}

impl Apply<PaymentAwaited> for Fulfilment {
    fn apply(&mut self, _: PaymentAwaited) {
        self.paid = false;
    }
}

impl Apply<ShipmentAwaited> for Fulfilment {
    fn apply(&mut self, _: ShipmentAwaited) {
        self.paid = true;
    }
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
        let order = order_of(received);
        Ok(Reaction::of(self)
            .cancel(PaymentDue)
            .emit(ShipmentAwaited {})
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
        Ok(Reaction::of(self)
            .send(RefundPayment {
                order: order.clone(),
            })
            .send(CancelOrder { order, reason }))
    }
}

impl React<OrderCancelled> for Fulfilment {
    fn key(cancelled: &Recorded<OrderCancelled>) -> Option<String> {
        Some(order_of(cancelled))
    }

    fn react(&self, cancelled: &Recorded<OrderCancelled>) -> Result<Reaction<Self>, NoError> {
        let (order, reason) = (order_of(cancelled), cancelled.reason.clone());
        let reaction = Reaction::of(self);
        Ok(if self.paid {
            reaction
                .send(FailShipment {
                    order: order.clone(),
                    reason,
                })
                .send(RefundPayment { order })
        } else {
            reaction.send(WithdrawPayment { order })
        })
    }
}

impl Expire<PaymentDue> for Fulfilment {
    fn expire(&self, order: &String, _: Timestamp) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self)
            .send(WithdrawPayment {
                order: order.clone(),
            })
            .send(CancelOrder {
                order: order.clone(),
                reason: "not paid in time".to_owned(),
            })
            .end())
    }
}

/// The money came while nobody waited for it any more.
impl Compensate<WithdrawPayment> for Fulfilment {
    fn compensate(&self, rejected: &Rejected<WithdrawPayment>) -> Result<Reaction<Self>, NoError> {
        let order = rejected.command.order.clone();
        Ok(Reaction::of(self).send(RefundPayment { order }))
    }
}

/// The order was cancelled while the money came.
impl Compensate<MarkOrderPaid> for Fulfilment {
    fn compensate(&self, rejected: &Rejected<MarkOrderPaid>) -> Result<Reaction<Self>, NoError> {
        let order = rejected.command.order.clone();
        Ok(Reaction::of(self).send(RefundPayment { order }))
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
    RefundPayment: "Nothing was paid.",
    RequestShipment: "It was asked for.",
    FailShipment: "The parcel was on its way: the customer keeps it, and gets the money back.",
    MarkOrderShipped: "It was cancelled while the parcel left.",
    CancelOrder: "It was shipped.",
}
