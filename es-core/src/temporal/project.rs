use std::collections::{BTreeMap, VecDeque};

use super::correction::is_correction;
use super::fact::Key;
use super::standing::Standing;
use super::step::Step;
use super::struck::up_to;
use super::timeline::Clock;
use crate::{
    At, EventStore, Fold, Invalid, Known, LogQuery, Position, Sample, Samples, StoreError,
    StoredEvent, StreamId, Timestamp,
};

/// A projection as it was, or would have been: folded from the log as known at a position or an instant, of what is
/// effective by another instant. The log is read up to there.
///
/// An event counts if its effective time isn't later, and is folded in the order of the log. One that follows corrections
/// follows those that are known then. [`timeline`] asks for a value at many instants at once.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Apply, Event, EventStore, Projection, Recorded, StoreError, Timestamp, project};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.opened")]
/// # struct AccountOpened {}
/// # #[derive(Debug, Clone, Default, Projection)]
/// # #[projection(name = "accounts", version = 1)]
/// # #[event(AccountOpened)]
/// # struct Accounts { count: u64 }
/// # impl Apply<Recorded<AccountOpened>> for Accounts {
/// #     fn apply(&mut self, _: Recorded<AccountOpened>) { self.count += 1; }
/// # }
/// async fn accounts_at(store: impl EventStore, instant: Timestamp) -> Result<u64, StoreError> {
///     Ok(project::<Accounts, _>(&store, instant).await?.count)
/// }
/// # }
/// ```
///
/// # Errors
///
/// [`Invalid::RevisionOfLog`] if what is known is said by a revision; those of reading and of decoding.
pub async fn project<P: Fold + Default, S: EventStore + ?Sized>(
    store: &S,
    at: impl Into<At>,
) -> Result<P, StoreError> {
    let at = at.into();
    let mut state = P::default();
    let mut events = Events::known::<P>(store, at.known_point())?;
    while let Some(event) = events.next().await? {
        let step = Step::of(store, &state, event).await?;
        step.fold_effective(&mut state, at.effective_instant())?;
    }
    Ok(state)
}

/// What `value` makes of a projection at each of the instants: what all accounts held together, over time. At each it is
/// what [`project`] gives, and the log is read once.
///
/// By the store's clock it is folded once. By the world's clock, what came earlier than it is true waits in memory and is
/// folded when it is, and on a copy of the state what stands in the log after it and is true already.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Apply, Event, EventStore, Projection, Recorded, Sample, Samples, StoreError, timeline};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.opened")]
/// # struct AccountOpened {}
/// # #[derive(Debug, Clone, Default, Projection)]
/// # #[projection(name = "accounts", version = 1)]
/// # #[event(AccountOpened)]
/// # struct Accounts { count: u64 }
/// # impl Apply<Recorded<AccountOpened>> for Accounts {
/// #     fn apply(&mut self, _: Recorded<AccountOpened>) { self.count += 1; }
/// # }
/// async fn growth(store: impl EventStore, samples: Samples) -> Result<Vec<Sample<u64>>, StoreError> {
///     timeline(&store, samples, |accounts: &Accounts| accounts.count).await
/// }
/// # }
/// ```
///
/// # Errors
///
/// [`Invalid::RevisionOfLog`] if what is known is said by a revision; those of reading and of decoding.
pub async fn timeline<P: Fold + Clone + Default, T, S: EventStore + ?Sized>(
    store: &S,
    samples: Samples,
    value: impl FnMut(&P) -> T,
) -> Result<Vec<Sample<T>>, StoreError> {
    match samples.clock {
        Clock::Effective(known) => by_effect(store, &samples, known, value).await,
        Clock::Recorded(effective) => by_record(store, &samples, effective, value).await,
    }
}

async fn by_record<P: Fold + Default, T, S: EventStore + ?Sized>(
    store: &S,
    samples: &Samples,
    effective: Option<Timestamp>,
    mut value: impl FnMut(&P) -> T,
) -> Result<Vec<Sample<T>>, StoreError> {
    let mut state = P::default();
    let mut seen = Vec::new();
    let mut instants = samples.instants().peekable();
    let mut sample = |at: Timestamp, state: &P| {
        let value = Some(value(state));
        seen.push(Sample { at, value });
    };
    let mut events = Events::known::<P>(store, (*samples.span.end()).into())?;
    while let Some(event) = events.next().await? {
        while let Some(at) = instants.next_if(|at| *at < event.envelope.recorded_at) {
            sample(at, &state);
        }
        let step = Step::of(store, &state, event).await?;
        step.fold_effective(&mut state, effective)?;
    }
    for at in instants {
        sample(at, &state);
    }
    Ok(seen)
}

async fn by_effect<P: Fold + Clone + Default, T, S: EventStore + ?Sized>(
    store: &S,
    samples: &Samples,
    known: Known,
    mut value: impl FnMut(&P) -> T,
) -> Result<Vec<Sample<T>>, StoreError> {
    let mut settling = Settling::<P>::default();
    let mut events = Events::known::<P>(store, known)?;
    if P::REFOLDS {
        settling.waiting = facts_of_streams(store, &mut events).await?;
    } else {
        while let Some(event) = events.next().await? {
            let step = Step::of(store, &settling.settled, event).await?;
            settling.waiting.push_back(step);
            settling.settle(*samples.span.start())?;
        }
    }
    let mut seen = Vec::new();
    for at in samples.instants() {
        let value = Some(settling.at(at, &mut value)?);
        seen.push(Sample { at, value });
    }
    Ok(seen)
}

/// All that counts of each stream, in the order in which it was true: so no stream has to be folded anew.
async fn facts_of_streams<S: EventStore + ?Sized>(
    store: &S,
    events: &mut Events<'_, S>,
) -> Result<VecDeque<Step>, StoreError> {
    let mut streams: BTreeMap<StreamId, Vec<StoredEvent>> = BTreeMap::new();
    while let Some(event) = events.next().await? {
        let stream = event.envelope.stream.clone();
        streams.entry(stream).or_default().push(event);
    }
    let mut facts = Vec::new();
    for entries in streams.into_values() {
        let corrected = entries.iter().rfind(|entry| is_correction(&entry.name));
        let Some(corrected) = corrected else {
            facts.extend(entries);
            continue;
        };
        // What is corrected may be an event that isn't listed, and what came after the last correction is here.
        let last = corrected.envelope.revision;
        let mut whole = up_to(store, corrected).await?;
        whole.extend(
            entries
                .into_iter()
                .filter(|entry| entry.envelope.revision > last),
        );
        facts.extend(
            Standing::of(&whole)?
                .facts(&whole)?
                .into_iter()
                .map(|fact| fact.event),
        );
    }
    facts.sort_by_key(|fact| Key::of(fact).effective_at);
    Ok(facts.into_iter().map(Step::Event).collect())
}

/// A state that goes forward on the world's clock.
#[derive(Default)]
struct Settling<P> {
    /// Made of the first steps of the log, all of which are effective.
    settled: P,
    /// The steps after them, the first of which isn't yet, or not all of it.
    waiting: VecDeque<Step>,
}

impl<P: Fold + Clone> Settling<P> {
    fn settle(&mut self, instant: Timestamp) -> Result<(), StoreError> {
        let effective = |step: &mut Step| step.is_effective(instant);
        while let Some(step) = self.waiting.pop_front_if(effective) {
            step.fold_effective(&mut self.settled, None)?;
        }
        Ok(())
    }

    fn at<T>(&mut self, instant: Timestamp, value: impl FnOnce(&P) -> T) -> Result<T, StoreError> {
        self.settle(instant)?;
        let partly = |step: &&Step| step.is_partly_effective(instant);
        let mut beyond = self.waiting.iter().filter(partly).peekable();
        if beyond.peek().is_none() {
            return Ok(value(&self.settled));
        }
        let mut state = self.settled.clone();
        beyond.try_for_each(|step| step.fold_effective(&mut state, Some(instant)))?;
        Ok(value(&state))
    }
}

/// The events of a projection that are known, in the order of the log.
struct Events<'s, S: ?Sized> {
    store: &'s S,
    known: Known,
    page: std::vec::IntoIter<StoredEvent>,
    next: Option<LogQuery>,
}

impl<'s, S: EventStore + ?Sized> Events<'s, S> {
    fn known<P: Fold>(store: &'s S, known: Known) -> Result<Self, StoreError> {
        let until = match known {
            Known::Position(position) => position,
            Known::Revision(_) => return Err(Invalid::RevisionOfLog.into()),
            Known::Head | Known::Instant(_) => Position::END,
        };
        Ok(Self {
            store,
            known,
            page: Vec::new().into_iter(),
            next: Some(LogQuery::all().filter(P::filter()).until(until)),
        })
    }

    async fn next(&mut self) -> Result<Option<StoredEvent>, StoreError> {
        loop {
            if let Some(event) = self.page.next() {
                // Record time never goes back.
                if self.known.includes(&event.envelope, event.position) {
                    return Ok(Some(event));
                }
                self.next = None;
                self.page = Vec::new().into_iter();
            }
            let Some(query) = self.next.take() else {
                return Ok(None);
            };
            let page = self.store.read_log(query.clone()).await?;
            self.next = query.beyond(&page);
            self.page = page.events.into_iter();
        }
    }
}
