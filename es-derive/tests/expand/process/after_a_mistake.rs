#[input(OrderPlaced, start)]
#[command(TakePayment, name = "payment.take")]
#[deadline(PaymentDue, name = "payment-due")]
struct Fulfilment;
