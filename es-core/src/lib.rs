//! Event sourcing: every change is an event, appended and never overwritten, and state is the fold of its events.
//!
//! | to | see |
//! |---|---|
//! | describe what happens | [`Event`], derived; its schema's history stands on its fields |
//! | fold it into state and decide what comes next | [`Aggregate`], derived; [`Create`] and [`Apply`], [`Decision`], [`Draft`] |
//! | have commands as data | [`Command`], derived; [`Handle`] and [`HandleCreate`] |
//! | run it on a store | [`Repository`]: create, execute, send, load |
//! | ask for any past state | [`At`], [`Repository::load_at`], [`between`](Repository::between), [`diff`](Repository::diff), [`timeline`](Repository::timeline), [`what_if`](Repository::what_if) |
//! | set the past right | [`Repository::correct`], [`Correctable`] |
//! | see who did what, when and why | [`Repository::audit`], [`AuditTrail`], [`CausationTree`] |
//! | find out whether stored events were tampered with | [`Verification`]; [`Sealer`], whose [`Seal`] is kept elsewhere |
//! | make read models of the events of several aggregates | [`Projection`], derived; [`Runner`] keeps one up to date, [`InMemory`] or in a database |
//! | publish events for others | [`Forwarder`], [`Feed`], [`CloudEvent`] |
//! | turn events into commands, with deadlines | [`Process`]; [`Processes`] runs its instances |
//! | follow everything that is appended | [`Subscription`], [`Filter`], [`Checkpoint`] |
//! | choose a store when the program runs | [`AnyStore`] |
//! | write what keeps projections in a database | [`Consumer`], [`Parking`], [`Fence`] |
//! | write a store | [`EventStore`], [`SnapshotStore`], [`Append::judge`], [`batch`], [`wake`]; `es-memory` is the one to read first |
//!
//! Given-when-then tests and the conformance table of stores are in `es-testkit`; stores are `es-memory`,
//! `es-sqlite`, `es-postgres` and `es-nats`.
//!
//! # What an operator sees
//!
//! Every command, load and read is a [`tracing`] span at the level `debug`, with an `error` where it failed:
//!
//! | span | around | tells |
//! |---|---|---|
//! | `es.execute` | a command | stream, actor, outcome (`appended`, `nothing`, `repeated`, `rejected`, `not found`, `already exists`, `conflict`, `violated`, `failed`), conflicts (how often others appended first), revision |
//! | `es.correct` | a correction | stream, revision |
//! | `es.load` | a load, of now or of the past | stream, revision |
//! | `es.append` | an append | stream, events, revision, repeated (the store had it already) |
//! | `es.read_stream` | a page of a stream | stream, from, events |
//! | `es.read_log` | a page of the log, of a subscription or a runner | after, events, `looked_to` |
//! | `es.snapshot` | a snapshot that is loaded or kept | stream, what (`load`, `keep`), revision |
//! | `es.consume` | a batch of a [`Runner`] | consumer, version, events, `looked_to` |
//! | `es_sqlite.commit`, `es_postgres.commit` | what a store commits at once, for many commands | requests, events |
//!
//! Conflicts and what is tried again are events within these spans. Payloads are never told.
//!
//! # Words
//!
//! Each thing has one name here. Where you know it by another: a [`Revision`] is elsewhere called version, sequence
//! number or stream position; a [`Position`] offset, global sequence or commit position; a stream's category its
//! type or kind; an event's name its event type; a [`Decision`] the events a command handler raises. *Version* is
//! here only the schema version of a payload. *Rejected* means that the domain said no, *conflict* that somebody else
//! appended first.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod aggregate;
mod any_store;
mod append;
mod audit;
pub mod batch;
mod by_stream;
mod checkpoint;
mod command;
mod decision;
mod draft;
mod envelope;
mod error;
mod event;
mod event_id;
mod event_set;
mod fence;
mod in_memory;
mod json;
mod metadata;
mod names;
mod partition;
mod position;
mod process;
mod projection;
mod publishing;
mod read;
mod repository;
mod revision;
mod runner;
mod snapshot;
mod spans;
mod store;
mod stream_id;
mod strict;
mod subscription;
mod temporal;
mod time;
mod upcast;
pub mod wake;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use aggregate::{
    Aggregate, AggregateId, Apply, Create, Handle, HandleCreate, Misplaced, NoError,
};
pub use any_store::AnyStore;
pub use append::{Append, Appended, Expected, Limits, NewEvent, Placement, Verdict};
pub use audit::{
    AuditEntry, AuditTrail, Break, BreakKind, CausationTree, Consequence, Digest, InvalidDigest,
    InvalidSeal, Seal, Sealer, Verification,
};
pub use by_stream::{ByStream, FoldStream};
pub use checkpoint::Checkpoint;
pub use command::{Command, Decided, Handler};
pub use decision::{Creation, Decision, Rejects};
pub use draft::Draft;
pub use envelope::{Envelope, Recorded, Stored, StoredEvent};
pub use error::{Cause, Conflict, Invalid, Rejection, StoreError, Undecodable};
pub use event::{DecodeError, Event, Payload, PayloadError};
pub use event_id::{EventId, IdSource, InvalidEventId, RandomIds};
pub use event_set::{EventDescriptor, EventSet};
pub use fence::{Charge, Fence, FencePlan, FenceState, FenceStep, ParkedEvent, Retried};
pub use futures_core::future::BoxFuture;
pub use futures_core::stream::BoxStream;
pub use in_memory::{InMemory, SavedState, StateStore, View};
pub use json::{InvalidJson, Json};
pub use metadata::Metadata;
pub use partition::Partition;
pub use position::Position;
pub use process::{
    Compensate, DelayedInstance, Expire, Overview, Process, ProcessCommand, ProcessDeadline,
    ProcessInput, ProcessView, Processes, React, Reaction, Reconsider, Rejected, RejectionKind,
    Role, SentBy, SetAsideInput, SetBy, Since, StuckInstance,
};
pub use projection::{Fold, Projection, ProjectionEvents};
pub use publishing::{
    CloudEvent, CloudTime, Feed, Forwarder, InvalidExtension, Outgoing, Publisher, ToSink,
    ToWriter, Unpublishable,
};
pub use read::{Direction, Filter, LogPage, LogQuery, StreamPage, StreamQuery};
pub use repository::{ExecuteError, Executed, Execution, LoadError, Loaded, Moment, Repository};
pub use revision::Revision;
pub use runner::{
    Batch, Begun, Consumer, ConsumerProfile, Failure, FailureClass, Parking, Phase, Reached,
    Refusal, Runner, RunnerHandle, Standing, Status, WaitError,
};
pub use snapshot::{Snapshot, SnapshotPolicy, SnapshotStore, Snapshotting};
pub use store::EventStore;
pub use stream_id::{InvalidStreamId, StreamId};
pub use strict::EncodeError;
pub use subscription::{Next, Subscription};
pub use temporal::{
    At, Change, Correct, CorrectAs, CorrectError, Correctable, Corrected, CorrectedFacts,
    Correction, Corrections, Diff, Effect, Entry, Fate, HandlerInput, Impact, Known, Sample,
    Samples, Violation, WhatIf, project, timeline,
};
pub use time::{Clock, InvalidTimestamp, SystemClock, Timestamp};

/// The derives, which stand beside the traits of the same names.
#[cfg(feature = "derive")]
pub use es_derive::{Aggregate, Command, Event, Process, Projection};
