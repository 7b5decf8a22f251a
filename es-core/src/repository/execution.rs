use std::fmt;
use std::future::IntoFuture;

use tracing::Instrument;

use super::appending::Appending;
use super::held::Held;
use super::{ExecuteError, Executed, Folded, Repository};
use crate::process::is_record;
use crate::{
    Aggregate, BoxFuture, Decided, EventId, EventStore, Expected, InvalidStreamId, Known, Metadata,
    Revision, StoreError, StreamId, StreamQuery, Timestamp, spans,
};

/// A command on its way: says who acts, why and when, and runs when it is awaited.
#[must_use = "nothing happens until it is awaited"]
pub struct Execution<'r, A: Aggregate, S> {
    repository: &'r Repository<A, S>,
    stream: Result<StreamId, InvalidStreamId>,
    plan: Plan<'r, A>,
    said: Said,
}

/// What the caller said of the command.
#[derive(Default)]
pub(super) struct Said {
    pub(super) metadata: Metadata,
    pub(super) effective_at: Option<Timestamp>,
    pub(super) expecting: Option<Revision>,
    pub(super) once: Option<String>,
}

/// A decision from nothing.
type Birth<'r, A> = Box<dyn FnMut() -> Decided<A> + Send + 'r>;
/// A decision from a state.
type Choice<'r, A> = Box<dyn FnMut(&A) -> Decided<A> + Send + 'r>;

/// What is to be decided, depending on whether the aggregate exists.
pub(super) enum Plan<'r, A: Aggregate> {
    Create(Decided<A>),
    Execute(Choice<'r, A>),
    Either(Birth<'r, A>, Choice<'r, A>),
}

impl<'r, A: Aggregate, S> Execution<'r, A, S> {
    pub(super) fn new(repository: &'r Repository<A, S>, id: &A::Id, plan: Plan<'r, A>) -> Self {
        Self {
            repository,
            stream: StreamId::of::<A>(id),
            plan,
            said: Said::default(),
        }
    }

    /// Who acts: kept in each event's metadata.
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.said.metadata.actor = Some(actor.into());
        self
    }

    /// Why: kept in each event's metadata.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.said.metadata.reason = Some(reason.into());
        self
    }

    /// The event that led to this command: kept in each event's metadata.
    pub fn caused_by(mut self, event: EventId) -> Self {
        self.said.metadata.caused_by = Some(event);
        self
    }

    /// The event that is undone in the open: kept in each event's metadata, and shown by the audit trail.
    ///
    /// A command that is data says it by itself, with `#[command(compensates)]`: then every sender links the two.
    ///
    /// Both events stay facts: what was undone had happened. Where it never had, correct the past instead:
    /// [`Repository::correct`].
    pub fn compensating(mut self, event: EventId) -> Self {
        self.said.metadata.compensates = Some(event);
        self
    }

    /// What the command belongs to across streams, a request or a business case: kept in each event's metadata.
    pub fn correlated(mut self, correlation: impl Into<String>) -> Self {
        self.said.metadata.correlation = Some(correlation.into());
        self
    }

    /// An entry of the user's own in each event's metadata. The keys of [`Metadata`]'s fields, and those that begin with
    /// `es.`, are the library's: with them the command is [`Invalid`](StoreError::Invalid).
    pub fn with(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.said.metadata.extra.insert(key.into(), value.into());
        self
    }

    /// When the events are true in the world; when they are recorded, if nothing is said.
    pub fn effective_at(mut self, instant: Timestamp) -> Self {
        self.said.effective_at = Some(instant);
        self
    }

    /// Decides only at this revision, and gives a conflict back instead of trying again: what a web form that was
    /// filled in from a state wants.
    pub fn expecting(mut self, revision: Revision) -> Self {
        self.said.expecting = Some(revision);
        self
    }

    /// Executes the command once for all time: if one with this key has appended to the aggregate before, its outcome
    /// is returned and nothing is decided.
    ///
    /// The events' ids are derived from stream, key and place, so the store itself refuses a second time.
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.said.once = Some(key.into());
        self
    }
}

impl<A: Aggregate, S> fmt::Debug for Execution<'_, A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

impl<'r, A: Aggregate, S: EventStore> IntoFuture for Execution<'r, A, S> {
    type Output = Result<Executed<A>, ExecuteError<A::Error>>;
    type IntoFuture = BoxFuture<'r, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self {
            repository,
            stream,
            plan,
            said,
        } = self;
        Box::pin(async move {
            let stream = stream.map_err(StoreError::from)?;
            let span = spans::execute(&stream, said.metadata.actor.as_deref());
            let mut conflicts = 0;
            let appending = Appending {
                repository,
                stream,
                said,
            };
            let run = async {
                match plan {
                    Plan::Create(decided) => appending.create(decided).await,
                    Plan::Execute(choice) => appending.execute(None, choice, &mut conflicts).await,
                    Plan::Either(birth, choice) => {
                        let birth = Some(birth);
                        appending.execute(birth, choice, &mut conflicts).await
                    }
                }
            };
            let outcome = run.instrument(span.clone()).await;
            spans::executed(&span, conflicts, &outcome);
            outcome
        })
    }
}

impl<A: Aggregate, S: EventStore> Appending<'_, A, S> {
    /// Appends the first events, without reading a stream that should be empty.
    async fn create(&self, decided: Decided<A>) -> Result<Executed<A>, ExecuteError<A::Error>> {
        if let Some(earlier) = self.earlier().await? {
            return Ok(earlier);
        }
        let mut events = decided.map_err(ExecuteError::Rejected)?;
        let expected = self.said.expecting.unwrap_or(Revision::EMPTY);
        if !expected.is_empty() {
            let actual = self
                .repository
                .fold(&self.stream, Known::Head)
                .await?
                .revision;
            return Err(
                StoreError::conflict(&self.stream, Expected::Exact(expected), actual).into(),
            );
        }
        if events.is_empty() {
            return Ok(Executed::nothing(Revision::EMPTY));
        }
        let (mut held, mut attempts) = (Held::Own(Folded::empty()), 0);
        loop {
            let conflict = match self.append(held, &mut events).await {
                Err((_, ExecuteError::Conflict(conflict))) => conflict,
                outcome => return outcome.map_err(|(_, error)| error),
            };
            if let Some(earlier) = self.earlier().await? {
                return Ok(earlier);
            }
            attempts += 1;
            held = match self.unborn().await? {
                Some(unborn) if attempts < self.repository.attempts => Held::Own(unborn),
                _ => {
                    return Err(ExecuteError::AlreadyExists {
                        stream: self.stream.clone(),
                        revision: conflict.actual,
                    });
                }
            };
        }
    }

    /// Nothing, on a stream that holds only what processes wrote: a command that they sent, and that was refused as the
    /// aggregate doesn't exist, doesn't make it exist.
    async fn unborn(&self) -> Result<Option<Folded<A>>, StoreError> {
        let mut folded = Folded::empty();
        let mut next = Some(StreamQuery::forwards(self.stream.clone()).limit(16));
        while let Some(query) = next.take() {
            let page = spans::read_stream(&self.repository.store, query.clone()).await?;
            if page.events.iter().any(|stored| !is_record(&stored.name)) {
                return Ok(None);
            }
            if let Some(last) = page.events.last() {
                folded.stand_on(last);
            }
            next = query.after(&page);
        }
        Ok(Some(folded))
    }

    /// Decides on the state and appends, again with fresh state after a conflict.
    async fn execute(
        &self,
        mut birth: Option<Birth<'_, A>>,
        mut choice: Choice<'_, A>,
        conflicts: &mut u32,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        let (mut held, mut hot) = self.start().await?;
        let mut attempts = 0;
        loop {
            if let Some(earlier) = self.earlier().await? {
                held.stay();
                return Ok(earlier);
            }
            let unexpected = self
                .said
                .expecting
                .filter(|expected| *expected != held.revision);
            let decided = match (unexpected, &mut birth, &held.state) {
                // A kept state may be too old: nothing is refused before the tail was read.
                (Some(_), _, _) if hot => None,
                (Some(expected), _, _) => {
                    return Err(StoreError::conflict(
                        &self.stream,
                        Expected::Exact(expected),
                        held.revision,
                    )
                    .into());
                }
                (None, Some(birth), _) if !held.begun => Some(birth()),
                (None, _, Some(state)) => Some(choice(state)),
                (None, _, None) => {
                    return Err(ExecuteError::NotFound {
                        stream: self.stream.clone(),
                    });
                }
            };
            match decided {
                Some(Ok(mut events)) if !events.is_empty() => {
                    match self.append(held, &mut events).await {
                        Ok(executed) => return Ok(executed),
                        Err((stale, ExecuteError::Conflict(conflict))) => {
                            *conflicts += 1;
                            // A kept state may be too old though nobody contends for the stream.
                            if !hot {
                                attempts += 1;
                            }
                            if attempts >= self.repository.attempts {
                                return Err(ExecuteError::Conflict(conflict));
                            }
                            tracing::debug!(conflicts, actual = %conflict.actual, "conflict; deciding again");
                            held = stale;
                        }
                        Err((_, error)) => return Err(error),
                    }
                }
                // A rejection or nothing, from a state without what others may have appended since: asked again below.
                _ if hot => {}
                Some(Err(rejection)) => {
                    held.stay();
                    return Err(ExecuteError::Rejected(rejection));
                }
                _ => {
                    held.stay();
                    return Ok(Executed::nothing(held.revision));
                }
            }
            held = self.refreshed(held).await?;
            hot = false;
        }
    }

    /// The state to decide on first, and whether it is a kept one that may be too old.
    async fn start(&self) -> Result<(Held<A>, bool), StoreError> {
        if let Some(hot) = Held::hot(self.repository.cache.as_ref(), &self.stream) {
            return Ok((hot, true));
        }
        let folded = self.repository.fold(&self.stream, Known::Head).await?;
        Ok((self.hold(folded), false))
    }

    /// The state with the news. Until they are read, the old one is what others find.
    async fn refreshed(&self, held: Held<A>) -> Result<Held<A>, StoreError> {
        let (base, kept) = held.base();
        let folded = self
            .repository
            .fold_on(&self.stream, base, Known::Head)
            .await?;
        let held = self.hold(folded);
        drop(kept);
        Ok(held)
    }
}
