//! The payment of an order, which has the order's id.

use es_core::{Aggregate, Apply, Command, Create, Event, EventId, Handle, HandleCreate};
use serde::{Deserialize, Serialize};

/// It was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.requested")]
pub struct PaymentRequested {
    /// How much, in cents.
    pub cents: u64,
}

/// It came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.received")]
pub struct PaymentReceived {}

/// Nobody waits for it any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.withdrawn")]
pub struct PaymentWithdrawn {}

/// It went back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "payment.refunded")]
pub struct PaymentRefunded {
    /// How much, in cents.
    pub cents: u64,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "payment", id = String, event = PaymentEvent, error = PaymentError)]
#[event(PaymentRequested, initial)]
#[event(PaymentReceived)]
#[event(PaymentWithdrawn)]
#[event(PaymentRefunded)]
pub struct Payment {
    cents: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Requested,
    Received,
    Withdrawn,
    Refunded,
}

/// Why a payment says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// Nobody waits for this payment any more.
    #[error("nobody waits for this payment any more")]
    Withdrawn,
    /// Nothing was paid.
    #[error("nothing was paid")]
    NotReceived,
    /// It is paid.
    #[error("it is paid")]
    Received,
}

impl Create<PaymentRequested> for Payment {
    fn create(event: PaymentRequested) -> Self {
        Self {
            cents: event.cents,
            state: State::Requested,
        }
    }
}

impl Apply<PaymentReceived> for Payment {
    fn apply(&mut self, _: PaymentReceived) {
        self.state = State::Received;
    }
}

impl Apply<PaymentWithdrawn> for Payment {
    fn apply(&mut self, _: PaymentWithdrawn) {
        self.state = State::Withdrawn;
    }
}

impl Apply<PaymentRefunded> for Payment {
    fn apply(&mut self, _: PaymentRefunded) {
        self.state = State::Refunded;
    }
}

impl Payment {
    /// What is asked for, in cents.
    pub fn cents(&self) -> u64 {
        self.cents
    }
}

/// The customer is asked for money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Payment, creates)]
pub struct RequestPayment {
    /// Which order.
    #[command(id)]
    pub order: String,
    /// How much, in cents.
    pub cents: u64,
}

impl HandleCreate<RequestPayment> for Payment {
    type Events = PaymentRequested;

    fn handle_create(command: &RequestPayment) -> Result<PaymentRequested, PaymentError> {
        let cents = command.cents;
        Ok(PaymentRequested { cents })
    }
}

/// The money came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Payment)]
pub struct ReceivePayment {
    /// Which order.
    #[command(id)]
    pub order: String,
}

impl Handle<ReceivePayment> for Payment {
    type Events = Option<PaymentReceived>;

    fn handle(&self, _: &ReceivePayment) -> Result<Option<PaymentReceived>, PaymentError> {
        match self.state {
            State::Requested => Ok(Some(PaymentReceived {})),
            State::Received => Ok(None),
            State::Withdrawn | State::Refunded => Err(PaymentError::Withdrawn),
        }
    }
}

/// Nobody waits for the money any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Payment)]
pub struct WithdrawPayment {
    /// Which order.
    #[command(id)]
    pub order: String,
}

impl Handle<WithdrawPayment> for Payment {
    type Events = Option<PaymentWithdrawn>;

    fn handle(&self, _: &WithdrawPayment) -> Result<Option<PaymentWithdrawn>, PaymentError> {
        match self.state {
            State::Requested => Ok(Some(PaymentWithdrawn {})),
            State::Received => Err(PaymentError::Received),
            State::Withdrawn | State::Refunded => Ok(None),
        }
    }
}

/// The money goes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Payment)]
pub struct RefundPayment {
    /// Which order.
    #[command(id)]
    pub order: String,
    /// The event of its coming, which this undoes in the open.
    #[command(compensates)]
    pub received: EventId,
}

impl Handle<RefundPayment> for Payment {
    type Events = Option<PaymentRefunded>;

    fn handle(&self, _: &RefundPayment) -> Result<Option<PaymentRefunded>, PaymentError> {
        match self.state {
            State::Requested | State::Withdrawn => Err(PaymentError::NotReceived),
            State::Received => Ok(Some(PaymentRefunded { cents: self.cents })),
            State::Refunded => Ok(None),
        }
    }
}
