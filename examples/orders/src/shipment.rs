//! The shipment of an order, which has the order's id.

use es_core::{Aggregate, Apply, Command, Create, Event, Handle, HandleCreate};
use serde::{Deserialize, Serialize};

/// It was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "shipment.requested")]
pub struct ShipmentRequested {}

/// The parcel left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "shipment.dispatched")]
pub struct ShipmentDispatched {}

/// The goods can't be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "shipment.failed")]
pub struct ShipmentFailed {
    /// Why.
    pub reason: String,
}

/// A shipment.
#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "shipment", id = String, event = ShipmentEvent, error = ShipmentError)]
#[event(ShipmentRequested, initial)]
#[event(ShipmentDispatched)]
#[event(ShipmentFailed)]
pub struct Shipment {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Requested,
    Dispatched,
    Failed,
}

/// Why a shipment says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShipmentError {
    /// The parcel is on its way.
    #[error("the parcel is on its way")]
    Dispatched,
    /// The shipment has failed.
    #[error("the shipment has failed")]
    Failed,
}

impl Create<ShipmentRequested> for Shipment {
    fn create(_: ShipmentRequested) -> Self {
        Self {
            state: State::Requested,
        }
    }
}

impl Apply<ShipmentDispatched> for Shipment {
    fn apply(&mut self, _: ShipmentDispatched) {
        self.state = State::Dispatched;
    }
}

impl Apply<ShipmentFailed> for Shipment {
    fn apply(&mut self, _: ShipmentFailed) {
        self.state = State::Failed;
    }
}

/// The warehouse is asked to send the goods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Shipment, creates)]
pub struct RequestShipment {
    /// Which order.
    #[command(id)]
    pub order: String,
}

impl HandleCreate<RequestShipment> for Shipment {
    type Events = ShipmentRequested;

    fn handle_create(_: &RequestShipment) -> Result<ShipmentRequested, ShipmentError> {
        Ok(ShipmentRequested {})
    }
}

/// The parcel has left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Shipment)]
pub struct DispatchShipment {
    /// Which order.
    #[command(id)]
    pub order: String,
}

impl Handle<DispatchShipment> for Shipment {
    type Events = Option<ShipmentDispatched>;

    fn handle(&self, _: &DispatchShipment) -> Result<Option<ShipmentDispatched>, ShipmentError> {
        match self.state {
            State::Requested => Ok(Some(ShipmentDispatched {})),
            State::Dispatched => Ok(None),
            State::Failed => Err(ShipmentError::Failed),
        }
    }
}

/// The goods can't be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(aggregate = Shipment)]
pub struct FailShipment {
    /// Which order.
    #[command(id)]
    pub order: String,
    /// Why.
    pub reason: String,
}

impl Handle<FailShipment> for Shipment {
    type Events = Option<ShipmentFailed>;

    fn handle(&self, command: &FailShipment) -> Result<Option<ShipmentFailed>, ShipmentError> {
        match self.state {
            State::Requested => Ok(Some(ShipmentFailed {
                reason: command.reason.clone(),
            })),
            State::Dispatched => Err(ShipmentError::Dispatched),
            State::Failed => Ok(None),
        }
    }
}
