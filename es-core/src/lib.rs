//! Event sourcing: events, aggregates, stores and the repository.
//!
//! Start with [`Aggregate`] and [`Event`] for the domain, [`Repository`] to run it, [`EventStore`] to keep it.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod aggregate;
mod any_store;
mod append;
mod command;
mod decision;
mod envelope;
mod error;
mod event;
mod event_id;
mod event_set;
mod json;
mod metadata;
mod position;
mod read;
mod repository;
mod revision;
mod snapshot;
mod store;
mod stream_id;
mod strict;
mod subscription;
mod time;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use aggregate::{
    Aggregate, AggregateId, Apply, Create, Handle, HandleCreate, Misplaced, NoError,
};
pub use any_store::AnyStore;
pub use append::{Append, Appended, Expected, Limits, NewEvent, Placement, Verdict};
pub use command::{Command, Decided, Handler};
pub use decision::{Creation, Decision, Draft};
pub use envelope::{Envelope, Recorded, StoredEvent};
pub use error::{Cause, Conflict, Invalid, StoreError, Undecodable};
pub use event::{DecodeError, Event, Payload, PayloadError};
pub use event_id::{EventId, IdSource, InvalidEventId, RandomIds};
pub use event_set::{EventDescriptor, EventSet};
pub use futures_core::future::BoxFuture;
pub use futures_core::stream::BoxStream;
pub use json::{InvalidJson, Json};
pub use metadata::Metadata;
pub use position::Position;
pub use read::{Direction, Filter, LogPage, LogQuery, StreamPage, StreamQuery};
pub use repository::{ExecuteError, Executed, Execution, LoadError, Loaded, Moment, Repository};
pub use revision::Revision;
pub use snapshot::{Snapshot, SnapshotPolicy, SnapshotStore, Snapshotting};
pub use store::EventStore;
pub use stream_id::{InvalidStreamId, StreamId};
pub use strict::EncodeError;
pub use subscription::{Checkpoint, Subscription};
pub use time::{Clock, InvalidTimestamp, SystemClock, Timestamp};

/// The derives, which stand beside the traits of the same names.
#[cfg(feature = "derive")]
pub use es_derive::{Aggregate, Command, Event};
