//! The spans around what is asked of a store, so that an operator sees what a command or a reader cost.

use std::error::Error;

use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::{
    Aggregate, Append, Appended, Batch, CorrectError, EventStore, ExecuteError, Executed,
    LoadError, Loaded, LogPage, LogQuery, Revision, StoreError, StreamId, StreamPage, StreamQuery,
};

/// Runs what a span is around, and notes in it what came of that.
pub(crate) async fn within<T, E: Error + 'static>(
    span: Span,
    work: impl Future<Output = Result<T, E>>,
    note: impl FnOnce(&Span, &T),
) -> Result<T, E> {
    let outcome = work.instrument(span.clone()).await;
    match &outcome {
        Ok(done) => note(&span, done),
        Err(error) => {
            span.record("error", error as &(dyn Error + 'static));
        }
    }
    outcome
}

/// A span around a command, from the decision to the append.
pub(crate) fn execute(stream: &StreamId, actor: Option<&str>) -> Span {
    debug_span!(
        "es.execute",
        %stream,
        actor,
        outcome = Empty,
        conflicts = Empty,
        revision = Empty,
        error = Empty,
    )
}

/// Notes what a command came to, and how often others appended first.
pub(crate) fn executed<A: Aggregate>(
    span: &Span,
    conflicts: u32,
    outcome: &Result<Executed<A>, ExecuteError<A::Error>>,
) {
    span.record("conflicts", conflicts);
    let name = match outcome {
        Ok(executed) => {
            span.record("revision", executed.revision().number());
            match executed.position() {
                _ if executed.is_repeated() => "repeated",
                Some(_) => "appended",
                None => "nothing",
            }
        }
        Err(error) => {
            span.record("error", error as &(dyn Error + 'static));
            match error {
                ExecuteError::Rejected(_) | ExecuteError::RejectedBy(_) => "rejected",
                ExecuteError::NotFound { .. } => "not found",
                ExecuteError::AlreadyExists { .. } => "already exists",
                ExecuteError::Conflict(_) => "conflict",
                ExecuteError::Violated(_) => "violated",
                ExecuteError::Load(_) | ExecuteError::Store(_) => "failed",
            }
        }
    };
    span.record("outcome", name);
}

pub(crate) async fn correct<E: Error + 'static>(
    stream: &StreamId,
    correcting: impl Future<Output = Result<Appended, CorrectError<E>>>,
) -> Result<Appended, CorrectError<E>> {
    let span = debug_span!("es.correct", %stream, revision = Empty, error = Empty);
    within(span, correcting, |span, appended| {
        span.record("revision", appended.revision().number());
    })
    .await
}

pub(crate) async fn load<A: Aggregate>(
    stream: &StreamId,
    loading: impl Future<Output = Result<Loaded<A>, LoadError>>,
) -> Result<Loaded<A>, LoadError> {
    let span = debug_span!("es.load", %stream, revision = Empty, error = Empty);
    within(span, loading, |span, loaded| {
        span.record("revision", loaded.revision().number());
    })
    .await
}

/// A span around keeping a snapshot of a revision, or loading the newest up to one.
pub(crate) fn snapshot(stream: &StreamId, what: &'static str, revision: Revision) -> Span {
    let revision = revision.number();
    debug_span!("es.snapshot", %stream, what, revision, error = Empty)
}

/// A span around a batch that a consumer takes in, with all that has to be tried again.
pub(crate) fn consume(consumer: &'static str, version: u32, batch: &Batch) -> Span {
    let (events, looked_to) = (batch.events.len(), batch.looked_to.number());
    debug_span!("es.consume", consumer, version, events, looked_to)
}

pub(crate) async fn append<S: EventStore + ?Sized>(
    store: &S,
    append: Append,
) -> Result<Appended, StoreError> {
    let span = debug_span!(
        "es.append",
        stream = %append.stream,
        events = append.events.len(),
        revision = Empty,
        repeated = Empty,
        error = Empty,
    );
    within(span, store.append(append), |span, appended| {
        span.record("revision", appended.revision().number());
        span.record("repeated", appended.is_repeated());
    })
    .await
}

pub(crate) async fn read_stream<S: EventStore + ?Sized>(
    store: &S,
    query: StreamQuery,
) -> Result<StreamPage, StoreError> {
    let span = debug_span!(
        "es.read_stream",
        stream = %query.stream,
        from = query.from.map(Revision::number),
        events = Empty,
        error = Empty,
    );
    within(span, store.read_stream(query), |span, page| {
        span.record("events", page.events.len());
    })
    .await
}

pub(crate) async fn read_log<S: EventStore + ?Sized>(
    store: &S,
    query: LogQuery,
) -> Result<LogPage, StoreError> {
    let span = debug_span!(
        "es.read_log",
        after = query.after.number(),
        events = Empty,
        looked_to = Empty,
        error = Empty,
    );
    within(span, store.read_log(query), |span, page| {
        span.record("events", page.events.len());
        span.record("looked_to", page.looked_to.number());
    })
    .await
}
