//! What an order sets going.

use es_core::{Reaction, RejectionKind, Timestamp};
use es_testkit::{CountingIds, ProcessScenario};
use orders::fulfilment::{
    Fulfilment, GivenUp, PaymentAwaited, PaymentDue, ShipmentAwaited, TIME_TO_PAY,
};
use orders::order::{
    CancelOrder, Line, MarkOrderPaid, MarkOrderShipped, Order, OrderCancelled, OrderPlaced,
};
use orders::payment::{
    Payment, PaymentReceived, PaymentRequested, PaymentWithdrawn, RefundPayment, RequestPayment,
    WithdrawPayment,
};
use orders::shipment::{
    FailShipment, RequestShipment, Shipment, ShipmentDispatched, ShipmentFailed, ShipmentRequested,
};

fn order() -> String {
    "o-1".to_owned()
}

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn due() -> Timestamp {
    noon().saturating_add(TIME_TO_PAY)
}

fn placed() -> OrderPlaced {
    let line = Line {
        article: "tea".to_owned(),
        quantity: 2,
        cents: 350,
    };
    OrderPlaced {
        customer: "ada".to_owned(),
        lines: vec![line],
    }
}

fn waiting_for_payment() -> ProcessScenario<Fulfilment> {
    ProcessScenario::new()
        .recorded_at(noon())
        .given::<Order>(&order(), placed())
        .given::<Payment>(&order(), PaymentRequested { cents: 700 })
}

fn paid() -> ProcessScenario<Fulfilment> {
    waiting_for_payment()
        .given::<Payment>(&order(), PaymentReceived {})
        .given::<Shipment>(&order(), ShipmentRequested {})
}

/// Undoes the event of the money's coming: the third of all.
fn refund() -> RefundPayment {
    RefundPayment {
        order: order(),
        received: CountingIds::nth(3),
    }
}

fn cancel(reason: &str) -> CancelOrder {
    CancelOrder {
        order: order(),
        reason: reason.to_owned(),
    }
}

#[test]
fn an_order_is_paid_then_shipped() {
    ProcessScenario::<Fulfilment>::new()
        .recorded_at(noon())
        .when::<Order>(&order(), placed())
        .then(
            Reaction::new()
                .emit(PaymentAwaited {})
                .send(RequestPayment {
                    order: order(),
                    cents: 700,
                })
                .set(PaymentDue, due()),
        );
    waiting_for_payment()
        .when::<Payment>(&order(), PaymentReceived {})
        .then(
            Reaction::new()
                .cancel(PaymentDue)
                .emit(ShipmentAwaited {
                    received: CountingIds::nth(3),
                })
                .send(MarkOrderPaid { order: order() })
                .send(RequestShipment { order: order() }),
        );
    paid()
        .when::<Shipment>(&order(), ShipmentDispatched {})
        .then(
            Reaction::new()
                .send(MarkOrderShipped { order: order() })
                .end(),
        );
}

fn given_up() -> ProcessScenario<Fulfilment> {
    waiting_for_payment().when_time(due()).then(
        Reaction::new()
            .emit(GivenUp {})
            .send(WithdrawPayment { order: order() })
            .send(cancel("not paid in time")),
    )
}

#[test]
fn an_order_that_is_not_paid_in_time_is_cancelled() {
    let reason = "not paid in time".to_owned();
    given_up()
        .when::<Payment>(&order(), PaymentWithdrawn {})
        .then(Reaction::new().end())
        .when::<Order>(&order(), OrderCancelled { reason })
        .then_ignored();
    paid().when_time(due()).then_nothing();
}

#[test]
fn money_that_comes_at_the_last_moment_goes_back() {
    let withdraw = WithdrawPayment { order: order() };
    given_up()
        .when_rejected(withdraw, RejectionKind::Rejected, "it is paid")
        .then(Reaction::new())
        .when::<Payment>(&order(), PaymentReceived {})
        .then(Reaction::new().send(refund()).end());
}

#[test]
fn a_parcel_that_leaves_while_its_order_is_cancelled_is_paid_back() {
    let shipped = MarkOrderShipped { order: order() };
    paid()
        .when::<Shipment>(&order(), ShipmentDispatched {})
        .then(Reaction::new().send(shipped.clone()).end())
        .when_rejected(shipped, RejectionKind::Rejected, "the order is cancelled")
        .then(Reaction::new().send(refund()));
}

#[test]
fn goods_that_cannot_be_sent_are_paid_back() {
    let reason = "out of stock".to_owned();
    paid()
        .when::<Shipment>(&order(), ShipmentFailed { reason })
        .then(
            Reaction::new()
                .send(refund())
                .send(cancel("out of stock"))
                .end(),
        );
}

#[test]
fn who_cancels_pays_nothing() {
    let reason = || "changed my mind".to_owned();
    let cancelled = || OrderCancelled { reason: reason() };
    waiting_for_payment()
        .when::<Order>(&order(), cancelled())
        .then(
            Reaction::new()
                .cancel(PaymentDue)
                .emit(GivenUp {})
                .send(WithdrawPayment { order: order() }),
        )
        .when::<Payment>(&order(), PaymentWithdrawn {})
        .then(Reaction::new().end());
    paid().when::<Order>(&order(), cancelled()).then(
        Reaction::new()
            .send(FailShipment {
                order: order(),
                reason: reason(),
            })
            .send(refund())
            .end(),
    );
}
