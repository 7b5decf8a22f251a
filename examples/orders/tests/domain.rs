//! What orders, payments and shipments decide.

use es_testkit::{CountingIds, Spec};
use orders::order::{
    CancelOrder, Line, MarkOrderPaid, MarkOrderShipped, Order, OrderCancelled, OrderError,
    OrderPaid, OrderPlaced, OrderShipped, PlaceOrder,
};
use orders::payment::{
    Payment, PaymentError, PaymentReceived, PaymentRefunded, PaymentRequested, PaymentWithdrawn,
    ReceivePayment, RefundPayment, WithdrawPayment,
};
use orders::shipment::{
    DispatchShipment, FailShipment, Shipment, ShipmentDispatched, ShipmentError, ShipmentFailed,
    ShipmentRequested,
};

fn order() -> String {
    "o-1".to_owned()
}

fn lines() -> Vec<Line> {
    let line = |article: &str, quantity, cents| Line {
        article: article.to_owned(),
        quantity,
        cents,
    };
    vec![line("tea", 2, 350), line("cup", 1, 1_200)]
}

fn placed() -> OrderPlaced {
    OrderPlaced {
        customer: "ada".to_owned(),
        lines: lines(),
    }
}

fn place(customer: &str, lines: Vec<Line>) -> PlaceOrder {
    PlaceOrder {
        order: order(),
        customer: customer.to_owned(),
        lines,
    }
}

fn cancel() -> CancelOrder {
    CancelOrder {
        order: order(),
        reason: "too late".to_owned(),
    }
}

#[test]
fn an_order_names_a_customer_and_something_to_send() {
    Order::given(())
        .when_sent(place(" ada ", lines()))
        .then(placed());
    Order::given(())
        .when_sent(place(" ", lines()))
        .then_rejected(OrderError::NoCustomer);
    for nothing in [
        vec![],
        vec![Line {
            quantity: 0,
            ..lines().remove(0)
        }],
    ] {
        Order::given(())
            .when_sent(place("ada", nothing))
            .then_rejected(OrderError::NothingOrdered);
    }
    assert_eq!(placed().total(), 1_900);
    let too_much = Line {
        quantity: u32::MAX,
        cents: u32::MAX,
        ..lines().remove(0)
    };
    Order::given(())
        .when_sent(place("ada", vec![too_much]))
        .then_rejected(OrderError::TooMuch);
}

#[test]
fn an_order_is_paid_before_it_is_shipped() {
    let (paid, shipped) = (
        MarkOrderPaid { order: order() },
        MarkOrderShipped { order: order() },
    );
    Order::given(placed())
        .when_sent(shipped.clone())
        .then_rejected(OrderError::NotPaid);
    Order::given(placed())
        .when_sent(paid.clone())
        .then(OrderPaid {});
    Order::given((placed(), OrderPaid {}))
        .when_sent(paid)
        .then_nothing();
    Order::given((placed(), OrderPaid {}))
        .when_sent(shipped)
        .then(OrderShipped {});
}

#[test]
fn an_order_is_cancelled_once_and_not_after_it_was_shipped() {
    let reason = "too late".to_owned();
    let cancelled = OrderCancelled { reason };
    Order::given((placed(), OrderPaid {}))
        .when_sent(cancel())
        .then(cancelled.clone());
    Order::given((placed(), cancelled.clone()))
        .when_sent(cancel())
        .then_nothing();
    Order::given((placed(), OrderPaid {}, OrderShipped {}))
        .when_sent(cancel())
        .then_rejected(OrderError::Shipped);
    Order::given((placed(), cancelled))
        .when_sent(MarkOrderPaid { order: order() })
        .then_rejected(OrderError::Cancelled);
}

#[test]
fn what_was_paid_goes_back_and_nothing_else() {
    let requested = PaymentRequested { cents: 1_900 };
    let refund = |received| RefundPayment {
        order: order(),
        received,
    };
    Payment::given(requested.clone())
        .when_sent(refund(CountingIds::nth(2)))
        .then_rejected(PaymentError::NotReceived);
    Payment::given((requested.clone(), PaymentReceived {}))
        .compensating(PaymentReceived {})
        .when_sent(refund)
        .then(PaymentRefunded { cents: 1_900 })
        .then_nothing_again();
    Payment::given((requested.clone(), PaymentReceived {}))
        .when_sent(WithdrawPayment { order: order() })
        .then_rejected(PaymentError::Received);
    Payment::given((requested, PaymentWithdrawn {}))
        .when_sent(ReceivePayment { order: order() })
        .then_rejected(PaymentError::Withdrawn);
}

#[test]
fn a_shipment_ends_one_way() {
    let reason = || "out of stock".to_owned();
    let fail = || FailShipment {
        order: order(),
        reason: reason(),
    };
    Shipment::given(ShipmentRequested {})
        .when_sent(fail())
        .then(ShipmentFailed { reason: reason() });
    Shipment::given((ShipmentRequested {}, ShipmentDispatched {}))
        .when_sent(fail())
        .then_rejected(ShipmentError::Dispatched);
    Shipment::given((ShipmentRequested {}, ShipmentFailed { reason: reason() }))
        .when_sent(DispatchShipment { order: order() })
        .then_rejected(ShipmentError::Failed);
}
