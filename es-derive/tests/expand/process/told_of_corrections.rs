#[process(corrections)]
#[input(OrderPlaced, starts)]
#[input(OrderCancelled, ends)]
struct Fulfilment;
