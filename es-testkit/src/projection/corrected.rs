//! Given these events, when this is corrected, then this is the read model.

use std::fmt::Debug;

use es_core::__private::{CorrectionStep, correct_given};
use es_core::{Correctable, Fold, Revision, StoredEvent, StreamId, Timestamp};

use super::given::surviving;
use super::{GivenLog, ProjectionScenario, ProjectionSpec};
use crate::spec::chain;

impl GivenLog {
    /// The event of an aggregate at this revision didn't happen, as a correction says that comes next.
    ///
    /// A correction is judged as in a store, and its history checked: one that a store would refuse fails the test. It has
    /// the actor of [`by`](Self::by), and a revision of its own.
    ///
    /// ```
    /// # use es_core::{Aggregate, Apply, Correctable, Corrected, Event, NoError, Projection, Recorded};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "counter.counted")]
    /// # struct Counted { by: i64 }
    /// # #[derive(Default, Aggregate)]
    /// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError, corrections)]
    /// # #[event(Counted)]
    /// # struct Counter;
    /// # impl Apply<Counted> for Counter {
    /// #     fn apply(&mut self, _: Counted) {}
    /// # }
    /// # impl Correctable for Counter {}
    /// # #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
    /// # #[projection(name = "sums", version = 1, corrections)]
    /// # #[event(Counted)]
    /// # struct Sums { total: i64 }
    /// # impl Apply<Recorded<Counted>> for Sums {
    /// #     fn apply(&mut self, counted: Recorded<Counted>) { self.total += counted.by; }
    /// # }
    /// # impl Apply<Corrected<Counted>> for Sums {
    /// #     fn apply(&mut self, corrected: Corrected<Counted>) {
    /// #         self.total -= corrected.before.map_or(0, |before| before.by);
    /// #         self.total += corrected.after.map_or(0, |after| after.by);
    /// #     }
    /// # }
    /// use es_core::Revision;
    /// use es_testkit::ProjectionSpec;
    ///
    /// let id = "visits".to_owned();
    /// Sums::given::<Counter>(&id, (Counted { by: 1 }, Counted { by: 2 }))
    ///     .retracted::<Counter>(&id, Revision::new(2))
    ///     .replaced::<Counter>(&id, Revision::new(1), Counted { by: 5 })
    ///     .then_saved(Sums { total: 5 });
    /// ```
    #[track_caller]
    pub fn retracted<A>(self, id: &A::Id, target: Revision) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        self.corrected::<A>(id, &CorrectionStep::Retract(target))
    }

    /// This happened instead of the event of an aggregate at this revision, as a correction says that comes next.
    #[track_caller]
    pub fn replaced<A>(self, id: &A::Id, target: Revision, event: impl Into<A::Event>) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        let replace = CorrectionStep::Replace(target, event.into(), None);
        self.corrected::<A>(id, &replace)
    }

    /// The same, and at another instant of the world.
    #[track_caller]
    pub fn replaced_at<A>(
        self,
        id: &A::Id,
        target: Revision,
        event: impl Into<A::Event>,
        effective_at: Timestamp,
    ) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        let replace = CorrectionStep::Replace(target, event.into(), Some(effective_at));
        self.corrected::<A>(id, &replace)
    }

    /// This happened to an aggregate, too, as a correction says that comes next.
    #[track_caller]
    pub fn inserted<A>(
        self,
        id: &A::Id,
        event: impl Into<A::Event>,
        effective_at: Timestamp,
    ) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        let insert = CorrectionStep::Insert(event.into(), effective_at);
        self.corrected::<A>(id, &insert)
    }

    #[track_caller]
    fn corrected<A>(mut self, id: &A::Id, step: &CorrectionStep<A::Event>) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        if let Err(why) = self.correct::<A>(id, step) {
            panic!("{why}");
        }
        self
    }

    fn correct<A>(&mut self, id: &A::Id, step: &CorrectionStep<A::Event>) -> Result<(), String>
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        if let CorrectionStep::Replace(_, event, _) | CorrectionStep::Insert(event, _) = step {
            surviving(event)?;
        }
        let stream = StreamId::of::<A>(id).map_err(|error| chain(&error))?;
        let entries: Vec<StoredEvent> = (self.events().iter())
            .filter(|event| event.envelope.stream == stream)
            .cloned()
            .collect();
        if entries.is_empty() {
            return Err(format!("{stream} has no events that could be corrected"));
        }
        let correction = correct_given::<A>(&entries, step, self.next_id());
        let correction =
            correction.map_err(|error| format!("the correction is refused: {}", chain(&error)))?;
        self.append(&stream, correction)
    }
}

impl<P: Fold + Default> ProjectionScenario<P> {
    /// The event of an aggregate at this revision didn't happen, as a correction says that comes next: see
    /// [`GivenLog::retracted`].
    #[track_caller]
    pub fn retracted<A>(self, id: &A::Id, target: Revision) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        P::given_log(self.log.retracted::<A>(id, target))
    }

    /// This happened instead of the event of an aggregate at this revision, as a correction says that comes next.
    #[track_caller]
    pub fn replaced<A>(self, id: &A::Id, target: Revision, event: impl Into<A::Event>) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        P::given_log(self.log.replaced::<A>(id, target, event))
    }

    /// The same, and at another instant of the world.
    #[track_caller]
    pub fn replaced_at<A>(
        self,
        id: &A::Id,
        target: Revision,
        event: impl Into<A::Event>,
        effective_at: Timestamp,
    ) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        P::given_log(self.log.replaced_at::<A>(id, target, event, effective_at))
    }

    /// This happened to an aggregate, too, as a correction says that comes next.
    #[track_caller]
    pub fn inserted<A>(
        self,
        id: &A::Id,
        event: impl Into<A::Event>,
        effective_at: Timestamp,
    ) -> Self
    where
        A: Correctable<Event: Debug + PartialEq>,
    {
        P::given_log(self.log.inserted::<A>(id, event, effective_at))
    }
}
