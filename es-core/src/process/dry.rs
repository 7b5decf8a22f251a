//! A process without a store, for the test kit.

use std::collections::BTreeMap;

use super::arrival::Arrival;
use super::definition::{Process, SentBy};
use super::engine::follows_corrections;
use super::instance::{Instance, chain};
use super::judging::Verdict;
use super::reaction::Reaction;
use super::record::{Record, Refused, RejectionKind};
use super::writing::Writing;
use crate::temporal::{Struck, is_correction};
use crate::{
    AggregateId, Metadata, NewEvent, Placement, Position, StoreError, StoredEvent, StreamId,
    Timestamp,
};

/// The instances of a process in a test: what comes to them is judged as in a store, and what comes of it is folded by
/// way of its stored form.
#[derive(Debug)]
pub struct DryRun<P: Process> {
    instances: BTreeMap<String, Instance<P>>,
    position: u64,
}

/// What came of something, in lines that can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryOutcome {
    /// It concerned no instance that is running.
    Ignored,
    /// It waits behind what its instance is stuck on.
    Waits,
    /// Its instance is stuck on it, and why.
    Stuck(String),
    /// The process reacted.
    Reacted(Vec<String>),
}

impl<P: Process> DryRun<P> {
    /// No instances.
    pub fn new() -> Self {
        let instances = BTreeMap::new();
        Self {
            instances,
            position: 0,
        }
    }

    /// The last event of a log comes; what comes of it, for each instance that it concerns.
    pub fn take(&mut self, log: &[StoredEvent]) -> Result<Vec<DryOutcome>, String> {
        let Some(stored) = log.last() else {
            return Ok(Vec::new());
        };
        let struck = struck::<P>(log, stored).map_err(|error| chain(&error))?;
        let arrivals = Arrival::<P>::read(stored, struck.as_ref());
        let arrivals = arrivals.map_err(|reason| chain(&stored.undecodable(reason)))?;
        if arrivals.is_empty() {
            return Ok(vec![DryOutcome::Ignored]);
        }
        let outcomes = arrivals.into_iter().map(|arrival| {
            let id = P::Id::to_text(&arrival.key);
            if !self.instances.contains_key(&id) {
                let instance = Instance::new(&arrival.key).map_err(|error| chain(&error))?;
                self.instances.insert(id.clone(), instance);
            }
            self.settle(&id, |instance| instance.arrive(&arrival))
        });
        outcomes.collect()
    }

    /// It is this time now, and everything was taken in that came before.
    pub fn fire(&mut self, now: Timestamp) -> Result<Vec<DryOutcome>, String> {
        let mut due: Vec<_> = (self.instances.iter())
            .flat_map(|(id, instance)| {
                let settings = instance.duties.deadlines.iter();
                settings.map(move |(name, setting)| (setting.due, id.clone(), name.clone()))
            })
            .filter(|(due, ..)| *due <= now)
            .collect();
        due.sort();
        due.iter()
            .map(|(_, id, name)| self.settle(id, |instance| instance.expire(name, now)))
            .collect()
    }

    /// A command is answered: rejected for this reason, or accepted. `None` if it isn't under way.
    pub fn answer<C: SentBy<P>>(
        &mut self,
        command: &C,
        rejected: Option<(RejectionKind, &str)>,
    ) -> Result<Option<DryOutcome>, String> {
        let payload = C::encoded(command).map_err(|error| chain(&error))?;
        let found = self.instances.iter().find_map(|(id, instance)| {
            let mut unsent = instance.duties.unsent.iter();
            let command = unsent.find(|command| {
                let order = instance.orders.get(command);
                order.is_some_and(|order| order.name == C::NAME && order.payload == payload)
            });
            Some((id.clone(), *command?))
        });
        let Some((id, command)) = found else {
            return Ok(None);
        };
        let outcome = self.settle(&id, |instance| match rejected {
            None => instance.accepted(command),
            Some((why, reason)) => {
                let reason = reason.to_owned();
                instance.rejected(command, &Refused { why, reason })
            }
        });
        outcome.map(Some)
    }

    /// An instance's state.
    pub fn state(&self, key: &P::Id) -> Option<&P> {
        let instance = self.instances.get(&P::Id::to_text(key))?;
        instance.state.as_ref().ok()
    }

    /// Whether an instance is running.
    pub fn is_running(&self, key: &P::Id) -> bool {
        let instance = self.instances.get(&P::Id::to_text(key));
        instance.is_some_and(|instance| instance.duties.running)
    }

    /// The deadlines of an instance.
    pub fn deadlines(&self, key: &P::Id) -> Vec<(String, Timestamp)> {
        let instance = self.instances.get(&P::Id::to_text(key));
        let settings = instance
            .into_iter()
            .flat_map(|found| &found.duties.deadlines);
        settings
            .map(|(name, setting)| (name.clone(), setting.due))
            .collect()
    }

    /// The commands that are under way, in lines.
    pub fn unsent(&self) -> Vec<String> {
        let orders = self.instances.values().flat_map(|instance| {
            let unsent = instance.duties.unsent.iter();
            unsent.filter_map(|id| instance.orders.get(id))
        });
        orders
            .map(|order| format!("send `{}`: {}", order.name, order.payload.as_str()))
            .collect()
    }

    /// A reaction in lines.
    pub fn lines(reaction: Reaction<P>) -> Result<Vec<String>, String> {
        let stream = StreamId::new(P::CATEGORY, "expected").map_err(|error| chain(&error))?;
        let mut writing = Writing {
            stream: &stream,
            base: String::new(),
            metadata: Metadata::default(),
            events: Vec::new(),
        };
        writing.react(reaction).map_err(|error| chain(&error))?;
        Ok(writing.events.iter().filter_map(line).collect())
    }

    fn settle(
        &mut self,
        id: &str,
        judge: impl FnOnce(&Instance<P>) -> Result<Verdict, StoreError>,
    ) -> Result<DryOutcome, String> {
        let Some(instance) = self.instances.get_mut(id) else {
            return Ok(DryOutcome::Ignored);
        };
        let verdict = judge(instance).map_err(|error| chain(&error))?;
        let Verdict::Append(events) = verdict else {
            return Ok(DryOutcome::Ignored);
        };
        let outcome = outcome(&events);
        let stream = instance.stream.clone();
        for event in events {
            self.position += 1;
            let position = Position::new(self.position);
            let at = Placement::new(instance.revision.next(), position, Timestamp::EPOCH);
            let stored = StoredEvent::placed(&stream, event, at);
            instance.fold(&stored).map_err(|error| chain(&error))?;
            let state = instance.state.as_ref();
            state.map_err(|trouble| trouble.reason.clone())?;
        }
        Ok(outcome)
    }
}

impl<P: Process> Default for DryRun<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// What the last event of a log corrected, if the process is told of that.
fn struck<P: Process>(
    log: &[StoredEvent],
    last: &StoredEvent,
) -> Result<Option<Struck>, StoreError> {
    if !(follows_corrections::<P>() && is_correction(&last.name)) {
        return Ok(None);
    }
    let stream = &last.envelope.stream;
    let entries = log.iter().filter(|entry| entry.envelope.stream == *stream);
    let entries: Vec<StoredEvent> = entries.cloned().collect();
    Struck::among(&entries).map(Some)
}

fn outcome(events: &[NewEvent]) -> DryOutcome {
    let mut waits = false;
    for event in events {
        match record(event) {
            Some(Record::Quarantined(quarantined)) => {
                return DryOutcome::Stuck(quarantined.reason);
            }
            Some(Record::Deferred(_)) => waits = true,
            _ => {}
        }
    }
    if waits {
        return DryOutcome::Waits;
    }
    DryOutcome::Reacted(events.iter().filter_map(line).collect())
}

fn record(event: &NewEvent) -> Option<Record> {
    Record::decoded(&event.name, event.payload.as_str()).ok()?
}

/// What an event of a reaction says; nothing for the record of what it is to.
fn line(event: &NewEvent) -> Option<String> {
    Some(match record(event) {
        None => format!("emit `{}`: {}", event.name, event.payload.as_str()),
        Some(Record::Commanded(commanded)) => format!(
            "send `{}` to {}: {}",
            commanded.command,
            commanded.target,
            commanded.payload.get()
        ),
        Some(Record::DeadlineSet(set)) => format!("set `{}` to {}", set.deadline, set.due),
        Some(Record::DeadlineCancelled(cancelled)) => format!("cancel `{}`", cancelled.deadline),
        Some(Record::Ended(_)) => "end".to_owned(),
        Some(_) => return None,
    })
}

impl<P: Process> std::fmt::Debug for Instance<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance")
            .field("stream", &self.stream)
            .field("revision", &self.revision)
            .field("duties", &self.duties)
            .finish_non_exhaustive()
    }
}
