#[input(OrderPlaced, starts)]
struct Fulfilment;
