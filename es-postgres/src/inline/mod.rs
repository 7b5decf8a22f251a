//! Projections that are kept inside of appends.

mod append;
mod corrected;
mod register;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use es_core::{
    Append, Appended, BoxFuture, Cause, CorrectedFacts, Filter, StoreError, StoredEvent,
};
use futures_util::FutureExt;
use tokio::sync::Mutex;
use tokio_postgres::Transaction;

pub(crate) use append::append_all;
use corrected::Streams;
pub(crate) use register::register;

use crate::error::{Fault, is_constraint, may_pass_later, without_details};
use crate::schema::{Schema, literal};
use crate::statements::Statements;
use crate::{Context, PostgresHandler};

/// Those that a process has registered.
#[derive(Clone, Default)]
pub(crate) struct Inlines {
    all: Vec<Inline>,
    streams: Streams,
}

#[derive(Clone)]
struct Inline {
    name: &'static str,
    version: u32,
    filter: Filter,
    handler: Arc<Mutex<dyn Handle>>,
}

/// A handler, whatever its events are.
trait Handle: Send {
    fn create<'a>(&'a mut self, on: &'a Transaction<'a>) -> BoxFuture<'a, Result<(), Cause>>;
    fn activate<'a>(&'a mut self, on: &'a Transaction<'a>) -> BoxFuture<'a, Result<(), Cause>>;
    fn handle<'a>(
        &'a mut self,
        on: &'a Transaction<'a>,
        statements: &'a Statements,
        streams: &'a Streams,
        event: &'a StoredEvent,
        replay: bool,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

impl<H: PostgresHandler> Handle for H {
    fn create<'a>(&'a mut self, on: &'a Transaction<'a>) -> BoxFuture<'a, Result<(), Cause>> {
        Box::pin(async { caught::<H, _>(PostgresHandler::create(self, on)).await? })
    }

    fn activate<'a>(&'a mut self, on: &'a Transaction<'a>) -> BoxFuture<'a, Result<(), Cause>> {
        Box::pin(async { caught::<H, _>(PostgresHandler::activate(self, on)).await? })
    }

    fn handle<'a>(
        &'a mut self,
        on: &'a Transaction<'a>,
        statements: &'a Statements,
        streams: &'a Streams,
        event: &'a StoredEvent,
        replay: bool,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let handling = async move {
            let facts = if H::CORRECTIONS {
                streams.corrected(on, event).await?
            } else {
                CorrectedFacts::default()
            };
            let Some(input) = H::input(event, &facts)? else {
                return Ok(());
            };
            let context = Context::new(on, statements, event.position, replay);
            let handled = PostgresHandler::handle(self, input, &context).await;
            handled.map_err(|cause| match cause.downcast_ref() {
                Some(error) if !is_constraint(error) => refused(cause),
                _ => StoreError::rejected(H::NAME, without_details(cause)),
            })
        };
        Box::pin(async { caught::<H, _>(handling).await? })
    }
}

/// What a handler gives. If it panics, that is its own mistake, and not the end of whoever appends.
async fn caught<H: PostgresHandler, T>(handling: impl Future<Output = T>) -> Result<T, Fault> {
    let caught = AssertUnwindSafe(handling).catch_unwind().await;
    caught.map_err(|_| Fault::InlinePanicked(H::NAME))
}

/// What a database says that wasn't asked for a domain's rule.
fn refused(cause: Cause) -> StoreError {
    match cause.downcast_ref() {
        Some(error) if may_pass_later(error) => StoreError::Unavailable(without_details(cause)),
        _ => StoreError::Backend(without_details(cause)),
    }
}

impl Inlines {
    pub(crate) fn add<H: PostgresHandler>(&mut self, handler: H) {
        self.all.push(Inline {
            name: H::NAME,
            version: H::VERSION,
            filter: H::filter(),
            handler: Arc::new(Mutex::new(handler)),
        });
    }

    /// Where the streams are.
    pub(crate) fn stand_in(&mut self, schema: &Schema) {
        self.streams = Streams::new(schema);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What a transaction that appends says in `es.inline`.
    pub(crate) fn told(&self) -> String {
        let lines = self.all.iter();
        let lines = lines.map(|inline| format!("{}:{}", inline.name, inline.version));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What a session needs that appends and runs handlers: its role's settings, and to say which are registered.
    pub(crate) fn settings(&self) -> String {
        format!(
            "RESET search_path; RESET jit; RESET enable_seqscan; RESET enable_bitmapscan; RESET plan_cache_mode; \
             SET es.inline = {};",
            literal(&self.told())
        )
    }

    /// Whether one of them wants an event of this append.
    pub(crate) fn concern(&self, append: &Append) -> bool {
        let category = append.stream.category();
        let wants = |inline: &Inline| {
            let mut events = append.events.iter();
            events.any(|event| inline.filter.passes(category, &event.name))
        };
        self.all.iter().any(wants)
    }

    /// Has them take in what was appended.
    pub(crate) async fn take(
        &self,
        on: &Transaction<'_>,
        statements: &Statements,
        append: &Append,
        appended: &Appended,
    ) -> Result<(), StoreError> {
        let stream = &append.stream;
        for (event, at) in append.events.iter().zip(appended.placements()) {
            let stored = StoredEvent::placed(stream, event.clone(), *at);
            for inline in &self.all {
                if inline.filter.passes(stream.category(), &event.name) {
                    let mut handler = inline.handler.lock().await;
                    let streams = &self.streams;
                    let taking = handler.handle(on, statements, streams, &stored, false);
                    taking.await?;
                }
            }
        }
        Ok(())
    }
}
