use std::fmt;
use std::future::IntoFuture;

use super::fact::Fact;
use super::judging::Step;
use super::{CorrectError, Correctable};
use crate::{
    Aggregate, Append, Appended, BoxFuture, EventId, EventStore, Expected, Impact, InvalidStreamId,
    Metadata, Repository, Revision, StoreError, StoredEvent, StreamId, Timestamp, spans,
};

/// Corrections of an aggregate's past on their way, all of which are appended or none: they run when this is awaited.
///
/// The log stays as it was; the corrections stand behind what they correct. `dry_run` shows what would come of them.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Aggregate, Apply, Correctable, CorrectError, Event, EventStore, NoError, Repository, Revision};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted { by: u64 }
/// # #[derive(Default, Clone, Aggregate)]
/// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError, corrections)]
/// # #[event(Counted)]
/// # struct Counter { count: u64 }
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, event: Counted) { self.count += event.by; }
/// # }
/// # impl Correctable for Counter {}
/// async fn correct(counters: &Repository<Counter, impl EventStore>) -> Result<(), CorrectError<NoError>> {
///     let id = "visits".to_owned();
///     let correction = counters
///         .correct(&id)
///         .by("auditor-2")
///         .because("the second slip says 3, and the fourth is a copy of it")
///         .replace(Revision::new(2), Counted { by: 3 })
///         .retract(Revision::new(4));
///     correction.await?;
///     Ok(())
/// }
/// # }
/// ```
///
/// Also found as *retroactive event*, *backdated correction* or *proactive/reactive correction* in other libraries.
#[must_use = "nothing happens until it is awaited"]
pub struct Correction<'r, A: Aggregate, S> {
    pub(super) repository: &'r Repository<A, S>,
    pub(super) stream: Result<StreamId, InvalidStreamId>,
    pub(super) metadata: Metadata,
    pub(super) expecting: Option<Revision>,
    pub(super) steps: Vec<Step<A::Event>>,
}

/// A correction that doesn't say yet who makes it.
#[must_use = "a correction says who makes it: `.by(…)`"]
pub struct Correct<'r, A: Aggregate, S> {
    repository: &'r Repository<A, S>,
    stream: Result<StreamId, InvalidStreamId>,
}

/// A correction that doesn't say yet why.
#[must_use = "a correction says why: `.because(…)`"]
pub struct CorrectAs<'r, A: Aggregate, S> {
    correct: Correct<'r, A, S>,
    actor: String,
}

impl<A: Aggregate, S: EventStore> Repository<A, S> {
    /// Corrects an aggregate's past: says who and why, then what.
    pub fn correct(&self, id: &A::Id) -> Correct<'_, A, S>
    where
        A: Correctable,
    {
        Correct {
            repository: self,
            stream: StreamId::of::<A>(id),
        }
    }
}

impl<'r, A: Aggregate, S> Correct<'r, A, S> {
    /// Who corrects.
    pub fn by(self, actor: impl Into<String>) -> CorrectAs<'r, A, S> {
        CorrectAs {
            correct: self,
            actor: actor.into(),
        }
    }
}

impl<'r, A: Aggregate, S> CorrectAs<'r, A, S> {
    /// Why.
    pub fn because(self, reason: impl Into<String>) -> Correction<'r, A, S> {
        let Correct { repository, stream } = self.correct;
        let metadata = Metadata {
            actor: Some(self.actor),
            reason: Some(reason.into()),
            ..Metadata::default()
        };
        Correction {
            repository,
            stream,
            metadata,
            expecting: None,
            steps: Vec::new(),
        }
    }
}

impl<A: Aggregate, S> Correction<'_, A, S> {
    /// The event at this revision didn't happen. A retraction can be retracted, too: what it retracted counts again.
    pub fn retract(mut self, target: Revision) -> Self {
        self.steps.push(Step::Retract(target));
        self
    }

    /// This happened instead of the event at this revision, when that was true.
    pub fn replace(mut self, target: Revision, event: impl Into<A::Event>) -> Self {
        self.steps.push(Step::Replace(target, event.into(), None));
        self
    }

    /// This happened instead of the event at this revision, and at another instant of the world.
    pub fn replace_at(
        mut self,
        target: Revision,
        event: impl Into<A::Event>,
        effective_at: Timestamp,
    ) -> Self {
        let step = Step::Replace(target, event.into(), Some(effective_at));
        self.steps.push(step);
        self
    }

    /// This happened, too, at an instant of the world, and was forgotten.
    pub fn insert(mut self, event: impl Into<A::Event>, effective_at: Timestamp) -> Self {
        self.steps.push(Step::Insert(event.into(), effective_at));
        self
    }

    /// The event that led to this correction.
    pub fn caused_by(mut self, event: EventId) -> Self {
        self.metadata.caused_by = Some(event);
        self
    }

    /// What the correction belongs to across streams: a request, a business case.
    pub fn correlated(mut self, correlation: impl Into<String>) -> Self {
        self.metadata.correlation = Some(correlation.into());
        self
    }

    /// Corrects only at this revision, and gives a conflict back instead of trying again: what was shown by a dry run at
    /// that revision is then what happens.
    pub fn expecting(mut self, revision: Revision) -> Self {
        self.expecting = Some(revision);
        self
    }
}

impl<A: Aggregate, S> fmt::Debug for Correction<'_, A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Correction")
            .field("stream", &self.stream)
            .field("steps", &self.steps.len())
            .finish_non_exhaustive()
    }
}

impl<'r, A: Aggregate, S: EventStore> IntoFuture for Correction<'r, A, S> {
    type Output = Result<Appended, CorrectError<A::Error>>;
    type IntoFuture = BoxFuture<'r, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let stream = self.stream.clone().map_err(StoreError::from)?;
            spans::correct(&stream, self.append()).await
        })
    }
}

impl<'r, A: Aggregate, S: EventStore> Correction<'r, A, S> {
    async fn append(self) -> Result<Appended, CorrectError<A::Error>> {
        let mut attempts = 0;
        loop {
            let plan = self.plan().await?;
            let checked = plan.check::<A>()?;
            let (stream, events) = (plan.stream, plan.corrections);
            let append = Append::new(stream.clone(), Expected::Exact(plan.head), events.clone());
            match self.repository.commit_new(append).await {
                Ok(appended) => {
                    let last = events.into_iter().zip(appended.placements()).next_back();
                    let last = last.map(|(event, at)| StoredEvent::placed(&stream, event, *at));
                    if let Some((folded, since)) = last.and_then(|last| checked.stored(&last)) {
                        self.repository.keep(&stream, since, folded).await;
                    }
                    return Ok(appended);
                }
                Err(StoreError::Conflict(_))
                    if self.expecting.is_none() && attempts + 1 < self.repository.attempts =>
                {
                    attempts += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What would come of it, by the same rules: the state before and after at every event from the first one on that it
    /// touches. Nothing is written.
    ///
    /// # Errors
    ///
    /// Those that the correction would have.
    pub fn dry_run(self) -> BoxFuture<'r, Result<Impact<A>, CorrectError<A::Error>>>
    where
        A: Clone,
    {
        Box::pin(async move {
            let plan = self.plan().await?;
            plan.check::<A>()?;
            Ok(Impact::between(
                plan.start.state(),
                &plan.old,
                &plan.new,
                Fact::order::<A>,
            )?)
        })
    }
}
