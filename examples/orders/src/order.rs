//! An order, from placing to shipping or cancelling.

use es_core::{Aggregate, Apply, Command, Create, Event, Handle, HandleCreate};
use serde::{Deserialize, Serialize};

/// It was placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed")]
pub struct OrderPlaced {
    /// Who ordered.
    pub customer: String,
    /// What was ordered.
    pub lines: Vec<Line>,
}

/// So many of an article, at a price for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What.
    pub article: String,
    /// How many.
    pub quantity: u32,
    /// What one costs, in cents.
    pub cents: u32,
}

impl OrderPlaced {
    /// What it costs, in cents.
    pub fn total(&self) -> u64 {
        let cents = |line: &Line| u64::from(line.quantity) * u64::from(line.cents);
        self.lines.iter().map(cents).fold(0, u64::saturating_add)
    }
}

/// It was paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.paid")]
pub struct OrderPaid {}

/// It was shipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.shipped")]
pub struct OrderShipped {}

/// It was cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.cancelled")]
pub struct OrderCancelled {
    /// Why.
    pub reason: String,
}

/// An order. Its id is chosen by whoever places it.
#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "order", id = String, event = OrderEvent, error = OrderError)]
#[event(OrderPlaced, initial)]
#[event(OrderPaid)]
#[event(OrderShipped)]
#[event(OrderCancelled)]
pub struct Order {
    customer: String,
    cents: u64,
    status: Status,
}

/// What has become of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for its payment.
    Placed,
    /// It waits for its shipment.
    Paid,
    /// It is on its way.
    Shipped,
    /// It came to nothing.
    Cancelled,
}

/// What an order may cost, in cents.
pub const MOST: u64 = 100_000_000;

/// Why an order says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// An order names a customer.
    #[error("an order names a customer")]
    NoCustomer,
    /// An order has at least one line, and none with a quantity of 0.
    #[error("an order has at least one line, and none with a quantity of 0")]
    NothingOrdered,
    /// An order costs at most [`MOST`].
    #[error("an order costs at most {}.00", MOST / 100)]
    TooMuch,
    /// The order is cancelled.
    #[error("the order is cancelled")]
    Cancelled,
    /// The order isn't paid.
    #[error("the order isn't paid")]
    NotPaid,
    /// The order is shipped.
    #[error("the order is shipped")]
    Shipped,
}

impl Create<OrderPlaced> for Order {
    fn create(event: OrderPlaced) -> Self {
        Self {
            cents: event.total(),
            customer: event.customer,
            status: Status::Placed,
        }
    }
}

impl Apply<OrderPaid> for Order {
    fn apply(&mut self, _: OrderPaid) {
        self.status = Status::Paid;
    }
}

impl Apply<OrderShipped> for Order {
    fn apply(&mut self, _: OrderShipped) {
        self.status = Status::Shipped;
    }
}

impl Apply<OrderCancelled> for Order {
    fn apply(&mut self, _: OrderCancelled) {
        self.status = Status::Cancelled;
    }
}

impl Order {
    /// # Errors
    ///
    /// [`OrderError::NoCustomer`], [`OrderError::NothingOrdered`], [`OrderError::TooMuch`].
    pub fn place(customer: &str, lines: &[Line]) -> Result<OrderPlaced, OrderError> {
        if customer.trim().is_empty() {
            return Err(OrderError::NoCustomer);
        }
        if lines.is_empty() || lines.iter().any(|line| line.quantity == 0) {
            return Err(OrderError::NothingOrdered);
        }
        let placed = OrderPlaced {
            customer: customer.trim().to_owned(),
            lines: lines.to_vec(),
        };
        if placed.total() > MOST {
            return Err(OrderError::TooMuch);
        }
        Ok(placed)
    }

    /// Cancels an order that isn't shipped; one that is cancelled stays so.
    ///
    /// # Errors
    ///
    /// [`OrderError::Shipped`].
    pub fn cancel(&self, reason: &str) -> Result<Option<OrderCancelled>, OrderError> {
        match self.status {
            Status::Shipped => Err(OrderError::Shipped),
            Status::Cancelled => Ok(None),
            Status::Placed | Status::Paid => Ok(Some(OrderCancelled {
                reason: reason.to_owned(),
            })),
        }
    }

    /// Who ordered.
    pub fn customer(&self) -> &str {
        &self.customer
    }

    /// What it costs, in cents.
    pub fn cents(&self) -> u64 {
        self.cents
    }

    /// What has become of it.
    pub fn status(&self) -> Status {
        self.status
    }
}

/// A customer orders.
#[derive(Debug, Clone, Serialize, Deserialize, Command)]
#[command(aggregate = Order, creates)]
pub struct PlaceOrder {
    /// Which order.
    #[command(id)]
    pub order: String,
    /// Who ordered.
    pub customer: String,
    /// What was ordered.
    pub lines: Vec<Line>,
}

impl HandleCreate<PlaceOrder> for Order {
    type Events = OrderPlaced;

    fn handle_create(command: &PlaceOrder) -> Result<OrderPlaced, OrderError> {
        Self::place(&command.customer, &command.lines)
    }
}

/// The money is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
pub struct MarkOrderPaid {
    /// Which order.
    #[command(id)]
    pub order: String,
}

impl Handle<MarkOrderPaid> for Order {
    type Events = Option<OrderPaid>;

    fn handle(&self, _: &MarkOrderPaid) -> Result<Option<OrderPaid>, OrderError> {
        match self.status {
            Status::Placed => Ok(Some(OrderPaid {})),
            Status::Paid | Status::Shipped => Ok(None),
            Status::Cancelled => Err(OrderError::Cancelled),
        }
    }
}

/// The goods are on their way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
pub struct MarkOrderShipped {
    /// Which order.
    #[command(id)]
    pub order: String,
}

impl Handle<MarkOrderShipped> for Order {
    type Events = Option<OrderShipped>;

    fn handle(&self, _: &MarkOrderShipped) -> Result<Option<OrderShipped>, OrderError> {
        match self.status {
            Status::Placed => Err(OrderError::NotPaid),
            Status::Paid => Ok(Some(OrderShipped {})),
            Status::Shipped => Ok(None),
            Status::Cancelled => Err(OrderError::Cancelled),
        }
    }
}

/// The order comes to nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
pub struct CancelOrder {
    /// Which order.
    #[command(id)]
    pub order: String,
    /// Why.
    pub reason: String,
}

impl Handle<CancelOrder> for Order {
    type Events = Option<OrderCancelled>;

    fn handle(&self, command: &CancelOrder) -> Result<Option<OrderCancelled>, OrderError> {
        self.cancel(&command.reason)
    }
}
