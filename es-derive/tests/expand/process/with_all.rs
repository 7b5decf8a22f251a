#[process(restarts)]
#[input(OrderPlaced, starts)]
#[input(payment::Received)]
#[input(OrderCancelled, ends)]
#[command(TakePayment, name = "payment.take")]
#[deadline(PaymentDue, name = "payment-due")]
struct Fulfilment {
    paid: bool,
}
