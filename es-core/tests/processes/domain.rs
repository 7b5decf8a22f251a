//! What these tests have processes do: an order is paid from a wallet, or cancelled when that fails or takes too long.

use std::time::Duration;

use es_core::{
    Aggregate, Apply, Command, Compensate, Create, Event, Expire, Handle, NoError, Process, React,
    Reaction, Recorded, Rejected, Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.placed", version = 2)]
pub(crate) struct Placed {
    pub wallet: String,
    #[event(since = 2, renamed_from = "amount")]
    pub cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.confirmed")]
pub(crate) struct Confirmed {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "order.cancelled")]
pub(crate) struct Cancelled {
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "order", id = String, event = OrderEvent, error = NoError)]
#[event(Placed, initial)]
#[event(Confirmed)]
#[event(Cancelled)]
pub(crate) struct Order {
    pub is_open: bool,
    pub said: Vec<String>,
}

impl Create<Placed> for Order {
    fn create(_: Placed) -> Self {
        Self {
            is_open: true,
            said: Vec::new(),
        }
    }
}

impl Apply<Confirmed> for Order {
    fn apply(&mut self, _: Confirmed) {
        self.is_open = false;
        self.said.push("confirmed".to_owned());
    }
}

impl Apply<Cancelled> for Order {
    fn apply(&mut self, cancelled: Cancelled) {
        self.is_open = false;
        self.said.push(cancelled.why);
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
pub(crate) struct Confirm {
    #[command(id)]
    pub order: String,
}

/// What is confirmed already stays as it is.
impl Handle<Confirm> for Order {
    type Events = Option<Confirmed>;
    fn handle(&self, _: &Confirm) -> Result<Option<Confirmed>, NoError> {
        Ok(self.is_open.then_some(Confirmed {}))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Order)]
pub(crate) struct Cancel {
    #[command(id)]
    pub order: String,
    pub why: String,
}

impl Handle<Cancel> for Order {
    type Events = Cancelled;
    fn handle(&self, command: &Cancel) -> Result<Cancelled, NoError> {
        let why = command.why.clone();
        Ok(Cancelled { why })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "wallet.filled")]
pub(crate) struct Filled {
    pub cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "wallet.paid")]
pub(crate) struct Paid {
    pub order: String,
    pub cents: i64,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the wallet holds {holds}")]
pub(crate) struct TooLittle {
    holds: i64,
}

#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "wallet", id = String, event = WalletEvent, error = TooLittle)]
#[event(Filled, initial)]
#[event(Paid)]
pub(crate) struct Wallet {
    pub cents: i64,
}

impl Create<Filled> for Wallet {
    fn create(filled: Filled) -> Self {
        let cents = filled.cents;
        Self { cents }
    }
}

impl Apply<Paid> for Wallet {
    fn apply(&mut self, paid: Paid) {
        self.cents -= paid.cents;
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Wallet)]
pub(crate) struct Pay {
    #[command(id)]
    pub wallet: String,
    pub order: String,
    pub cents: i64,
}

/// It panics at 66 cents, while [`bug`](crate::bug) is there.
impl Handle<Pay> for Wallet {
    type Events = Paid;
    fn handle(&self, pay: &Pay) -> Result<Paid, TooLittle> {
        assert!(pay.cents != 66 || !crate::bug::is_there(), "66 is too much");
        let holds = self.cents;
        if pay.cents > holds {
            return Err(TooLittle { holds });
        }
        let (order, cents) = (pay.order.clone(), pay.cents);
        Ok(Paid { order, cents })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.asked-for")]
pub(crate) struct AskedFor {
    pub cents: i64,
}

/// The order has to be paid by then.
pub(crate) struct PaymentDue;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("an order of {0} cents isn't understood")]
pub(crate) struct NotUnderstood(i64);

#[derive(Debug, Clone, Default, PartialEq, Aggregate, Process)]
#[aggregate(name = "payment", id = String, event = PaymentEvent, error = NotUnderstood)]
#[event(AskedFor)]
#[input(Placed, starts)]
#[input(Paid)]
#[input(Confirmed, ends)]
#[command(Pay, name = "wallet.pay")]
#[command(Confirm, name = "order.confirm")]
#[command(Cancel, name = "order.cancel")]
#[deadline(PaymentDue, name = "payment-due")]
pub(crate) struct Payment {
    pub asked_for: Vec<i64>,
}

impl Apply<AskedFor> for Payment {
    fn apply(&mut self, asked: AskedFor) {
        let cents = asked.cents;
        assert!(cents != 68 || !crate::bug::is_there(), "68 is too much");
        self.asked_for.push(cents);
    }
}

/// How long after its order a payment is due.
pub(crate) const DUE: Duration = Duration::from_mins(1);

/// It doesn't understand 13 cents, and panics at 67 (at 68 once it has reacted), while [`bug`](crate::bug) is there.
impl React<Placed> for Payment {
    fn key(placed: &Recorded<Placed>) -> Option<String> {
        (placed.wallet != "nobody").then(|| placed.stream.id().to_owned())
    }
    fn react(&self, placed: &Recorded<Placed>) -> Result<Reaction<Self>, NotUnderstood> {
        let (wallet, cents) = (placed.wallet.clone(), placed.cents);
        if cents == 13 && crate::bug::is_there() {
            return Err(NotUnderstood(cents));
        }
        assert!(cents != 67 || !crate::bug::is_there(), "67 is too much");
        let order = placed.stream.id().to_owned();
        let pay = Pay {
            wallet,
            order,
            cents,
        };
        let due = placed.recorded_at.saturating_add(DUE);
        let asked = Reaction::of(self).emit(AskedFor { cents });
        // Who has nothing is waited for.
        if cents == 0 {
            return Ok(asked.set(PaymentDue, due));
        }
        Ok(asked.send(pay).set(PaymentDue, due))
    }
}

impl React<Paid> for Payment {
    fn key(paid: &Recorded<Paid>) -> Option<String> {
        Some(paid.order.clone())
    }
    fn react(&self, paid: &Recorded<Paid>) -> Result<Reaction<Self>, NotUnderstood> {
        let order = paid.order.clone();
        Ok(Reaction::of(self)
            .cancel(PaymentDue)
            .send(Confirm { order }))
    }
}

impl React<Confirmed> for Payment {
    fn key(confirmed: &Recorded<Confirmed>) -> Option<String> {
        Some(confirmed.stream.id().to_owned())
    }
    fn react(&self, _: &Recorded<Confirmed>) -> Result<Reaction<Self>, NotUnderstood> {
        Ok(Reaction::of(self))
    }
}

impl Expire<PaymentDue> for Payment {
    fn expire(&self, key: &String, _: Timestamp) -> Result<Reaction<Self>, NotUnderstood> {
        let (order, why) = (key.clone(), "too late".to_owned());
        Ok(Reaction::of(self).send(Cancel { order, why }).end())
    }
}

impl Compensate<Pay> for Payment {
    fn compensate(&self, rejected: &Rejected<Pay>) -> Result<Reaction<Self>, NotUnderstood> {
        let order = rejected.command.order.clone();
        let why = format!("{:?}: {}", rejected.kind, rejected.reason);
        Ok(Reaction::of(self).send(Cancel { order, why }).end())
    }
}

impl Compensate<Confirm> for Payment {
    fn compensate(&self, _: &Rejected<Confirm>) -> Result<Reaction<Self>, NotUnderstood> {
        Ok(Reaction::of(self))
    }
}

impl Compensate<Cancel> for Payment {
    fn compensate(&self, _: &Rejected<Cancel>) -> Result<Reaction<Self>, NotUnderstood> {
        Ok(Reaction::of(self))
    }
}
