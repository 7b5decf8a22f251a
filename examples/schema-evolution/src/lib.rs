//! Orders, in the third version of their events. Each event shows another way of telling how its older versions become
//! the current one; `history/` holds what each version wrote, byte for byte.

pub mod history;

use es_core::{Aggregate, Apply, Create, Event, NoError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// By fields: version 2 renamed one and converted its value, version 3 added one and lost another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed", version = 3, removed("fax", since = 3))]
pub struct OrderPlaced {
    /// Who ordered. Version 1 called it `client`.
    #[event(since = 2, renamed_from = "client")]
    pub customer: String,
    /// The sum in cents. Version 1 wrote euros as a text, like `"12.50"`.
    #[event(since = 2, renamed_from = "total", try_converted = cents)]
    pub cents: i64,
    /// What the sum is in: what the shop took before it said so.
    #[event(since = 3, default = "EUR")]
    pub currency: String,
}

/// Euros with two decimals, as version 1 wrote them.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a conversion is given the old value itself"
)]
fn cents(euros: String) -> Result<i64, NotEuros> {
    let (sign, digits) = match euros.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, &*euros),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "00"));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if decimals.len() != 2 || !number(whole) || !number(decimals) {
        return Err(NotEuros);
    }
    let cents = whole.parse::<i64>().ok().and_then(|whole| {
        let decimals: i64 = decimals.parse().ok()?;
        whole.checked_mul(100)?.checked_add(decimals)
    });
    cents.map(|cents| sign * cents).ok_or(NotEuros)
}

/// What no version ever wrote.
#[derive(Debug, thiserror::Error)]
#[error("it isn't a sum in euros, with two decimals or none")]
struct NotEuros;

/// By a function on the whole payload, where fields move between levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.address-given", version = 2, upcast(to = 2, with = nested))]
pub struct AddressGiven {
    /// Where it goes.
    pub address: Address,
}

/// Where an order goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Street and number.
    pub street: String,
    /// City.
    pub city: String,
}

/// Version 1 had the address's parts at the top.
fn nested(payload: Value) -> Result<Value, &'static str> {
    if !payload.is_object() {
        return Err("an address has parts");
    }
    Ok([("address", payload)].into_iter().collect())
}

/// By an old type: version 1 counted parcels, version 2 names them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.shipped", formerly = "order.sent", version = 2, upcast(from = OrderShippedV1))]
pub struct OrderShipped {
    /// The carrier's number of each parcel; empty where none was noted.
    pub parcels: Vec<String>,
}

/// What version 1 was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.shipped")]
pub struct OrderShippedV1 {
    /// How many parcels.
    pub parcels: usize,
}

impl From<OrderShippedV1> for OrderShipped {
    fn from(old: OrderShippedV1) -> Self {
        let parcels = vec![String::new(); old.parcels];
        Self { parcels }
    }
}

/// An order, as version 3 sees it.
#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "order", id = String, event = OrderEvent, error = NoError)]
#[event(OrderPlaced, initial)]
#[event(AddressGiven)]
#[event(OrderShipped)]
#[event(retired = "order.fax-confirmed")]
pub struct Order {
    /// Who ordered.
    pub customer: String,
    /// The sum in cents.
    pub cents: i64,
    /// What the sum is in.
    pub currency: String,
    /// The city that it goes to.
    pub city: Option<String>,
    /// How many parcels are on their way.
    pub parcels: usize,
}

impl Create<OrderPlaced> for Order {
    fn create(event: OrderPlaced) -> Self {
        Self {
            customer: event.customer,
            cents: event.cents,
            currency: event.currency,
            city: None,
            parcels: 0,
        }
    }
}

impl Apply<AddressGiven> for Order {
    fn apply(&mut self, event: AddressGiven) {
        self.city = Some(event.address.city);
    }
}

impl Apply<OrderShipped> for Order {
    fn apply(&mut self, event: OrderShipped) {
        self.parcels += event.parcels.len();
    }
}
