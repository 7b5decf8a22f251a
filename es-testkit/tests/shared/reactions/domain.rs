//! An order is paid from a wallet, or cancelled when that fails or takes too long.

use std::time::Duration;

use es_core::{
    Aggregate, Apply, Command, Compensate, Correctable, Corrected, Create, Event, Expire, Handle,
    NoError, Process, React, Reaction, Reconsider, Recorded, Rejected, Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed")]
pub(crate) struct Placed {
    /// Nobody pays for an order without one.
    pub wallet: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.closed")]
pub(crate) struct Closed {
    pub how: String,
}

#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "order", id = String, event = OrderEvent, error = NoError, corrections)]
#[event(Placed, initial)]
#[event(Closed)]
pub(crate) struct Order {
    /// How it was closed, each time.
    pub closed: Vec<String>,
}

impl Correctable for Order {}

impl Create<Placed> for Order {
    fn create(_: Placed) -> Self {
        Self { closed: Vec::new() }
    }
}

impl Apply<Closed> for Order {
    fn apply(&mut self, closed: Closed) {
        self.closed.push(closed.how);
    }
}

/// Never refused and never without effect, so that a second one would be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
pub(crate) struct Close {
    #[command(id)]
    pub order: String,
    pub how: String,
}

impl Handle<Close> for Order {
    type Events = Closed;
    fn handle(&self, command: &Close) -> Result<Closed, NoError> {
        let how = command.how.clone();
        Ok(Closed { how })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "wallet.filled")]
pub(crate) struct Filled {
    pub coins: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "wallet.paid")]
pub(crate) struct Paid {
    pub order: String,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the wallet is empty")]
pub(crate) struct Empty;

#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "wallet", id = String, event = WalletEvent, error = Empty)]
#[event(Filled, initial)]
#[event(Paid)]
pub(crate) struct Wallet {
    pub coins: i64,
}

impl Create<Filled> for Wallet {
    fn create(filled: Filled) -> Self {
        let coins = filled.coins;
        Self { coins }
    }
}

impl Apply<Paid> for Wallet {
    fn apply(&mut self, _: Paid) {
        self.coins -= 1;
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Wallet)]
pub(crate) struct Pay {
    #[command(id)]
    pub wallet: String,
    pub order: String,
}

impl Handle<Pay> for Wallet {
    type Events = Paid;
    fn handle(&self, pay: &Pay) -> Result<Paid, Empty> {
        let order = pay.order.clone();
        if self.coins > 0 {
            Ok(Paid { order })
        } else {
            Err(Empty)
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.asked-for")]
pub(crate) struct AskedFor {}

pub(crate) struct Due;

/// How long after its order a payment is due.
pub(crate) const DUE: Duration = Duration::from_hours(1);

#[derive(Debug, Clone, Default, PartialEq, Aggregate, Process)]
#[aggregate(name = "payment", id = String, event = PaymentEvent, error = NoError)]
#[process(corrections)]
#[event(AskedFor)]
#[input(Placed, starts)]
#[input(Paid, ends)]
#[command(Pay, name = "wallet.pay")]
#[command(Close, name = "order.close")]
#[deadline(Due, name = "due")]
pub(crate) struct Payment {
    pub asked_for: u64,
}

impl Apply<AskedFor> for Payment {
    fn apply(&mut self, _: AskedFor) {
        self.asked_for += 1;
    }
}

fn close(order: &str, how: &str) -> Close {
    let (order, how) = (order.to_owned(), how.to_owned());
    Close { order, how }
}

impl React<Placed> for Payment {
    fn key(placed: &Recorded<Placed>) -> Option<String> {
        Some(placed.stream.id().to_owned())
    }
    fn react(&self, placed: &Recorded<Placed>) -> Result<Reaction<Self>, NoError> {
        let order = placed.stream.id().to_owned();
        let due = placed.recorded_at.saturating_add(DUE);
        let asked = Reaction::of(self).emit(AskedFor {}).set(Due, due);
        Ok(match placed.wallet.clone() {
            Some(wallet) => asked.send(Pay { wallet, order }),
            None => asked,
        })
    }
}

impl React<Paid> for Payment {
    fn key(paid: &Recorded<Paid>) -> Option<String> {
        Some(paid.order.clone())
    }
    fn react(&self, paid: &Recorded<Paid>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self).send(close(&paid.order, "paid")))
    }
}

/// What was sent stays sent; the order is told.
impl Reconsider<Placed> for Payment {
    fn reconsider(
        &self,
        corrected: &Recorded<Corrected<Placed>>,
    ) -> Result<Reaction<Self>, NoError> {
        let wallet = corrected.after.as_ref();
        let wallet = wallet.and_then(|placed| placed.wallet.as_deref());
        let how = format!("corrected to {}", wallet.unwrap_or("nothing"));
        Ok(Reaction::of(self).send(close(corrected.stream.id(), &how)))
    }
}

/// Wallets take no corrections.
impl Reconsider<Paid> for Payment {
    fn reconsider(&self, _: &Recorded<Corrected<Paid>>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}

impl Expire<Due> for Payment {
    fn expire(&self, key: &String, _: Timestamp) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self).send(close(key, "too late")).end())
    }
}

impl Compensate<Pay> for Payment {
    fn compensate(&self, rejected: &Rejected<Pay>) -> Result<Reaction<Self>, NoError> {
        let close = close(&rejected.command.order, &rejected.reason);
        Ok(Reaction::of(self).send(close).end())
    }
}

impl Compensate<Close> for Payment {
    fn compensate(&self, _: &Rejected<Close>) -> Result<Reaction<Self>, NoError> {
        Ok(Reaction::of(self))
    }
}
