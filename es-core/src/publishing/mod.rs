//! Events for others: chosen, put into another form, and published at least once.

mod cloud_event;
mod forwarder;
mod publisher;

pub use cloud_event::{CloudEvent, CloudTime, InvalidExtension};
pub use forwarder::{Feed, Forwarder, Outgoing};
pub use publisher::{Publisher, ToSink, ToWriter, Unpublishable};
