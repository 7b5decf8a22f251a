//! What comes of an input, from an instance and nothing else: the events to be appended to its stream.

use super::arrival::Arrival;
use super::definition::Process;
use super::instance::Instance;
use super::listed::{Reacted, Role};
use super::reaction::Reaction;
use super::record::{Accepted, Consumed, DeadlineFired, Quarantined, Refused, Rejected, Resumed};
use super::trouble::{Class, Trouble, caught};
use super::writing::{Writing, consumed, deferred};
use crate::{EventId, Metadata, NewEvent, StoreError, Timestamp};

/// What comes of something.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is in the instance's stream, or needs to be there no more.
    Known,
    /// It concerns no instance that is running.
    Ignored,
    /// These come next in the instance's stream.
    Append(Vec<NewEvent>),
}

impl<P: Process> Instance<P> {
    /// What comes of an event.
    pub(super) fn arrive(&self, arrival: &Arrival<'_, P>) -> Result<Verdict, StoreError> {
        let (event, position) = (arrival.stored.envelope.id, arrival.stored.position);
        if self.inputs.contains(&event) {
            return Ok(Verdict::Known);
        }
        // One that has come further has passed over it.
        if position <= self.last_input {
            return Ok(Verdict::Ignored);
        }
        self.admit(arrival)
    }

    /// What comes of an event that was set aside. Later ones may have been taken in meanwhile.
    pub(super) fn readmit(&self, arrival: &Arrival<'_, P>) -> Result<Verdict, StoreError> {
        if self.inputs.contains(&arrival.stored.envelope.id) {
            return Ok(Verdict::Known);
        }
        self.admit(arrival)
    }

    fn admit(&self, arrival: &Arrival<'_, P>) -> Result<Verdict, StoreError> {
        let event = arrival.stored.envelope.id;
        let mut writing = self.writing(event.to_string(), event, arrival.correlation.clone());
        if self.duties.stuck.is_some() || !self.duties.waiting.is_empty() {
            writing.put(deferred(arrival.stored))?;
            return Ok(writing.finish());
        }
        if !self.takes(arrival) {
            return Ok(Verdict::Ignored);
        }
        let reacted = self.react(arrival).and_then(|reaction| {
            let base = event.to_string();
            let writing = self.writing(base, event, arrival.correlation.clone());
            writing.reacted(self.consuming(arrival), reaction)
        });
        let stuck = match reacted {
            Ok(verdict) => return Ok(verdict),
            Err(stuck) => stuck,
        };
        writing.put(deferred(arrival.stored))?;
        let on = self.state.is_ok().then_some(event);
        writing.put(quarantined(on, stuck))?;
        Ok(writing.finish())
    }

    /// What comes of the input that has waited longest, which this is.
    pub(super) fn catch_up(&self, arrival: &Arrival<'_, P>) -> Result<Verdict, StoreError> {
        let event = arrival.stored.envelope.id;
        let first = self.duties.waiting.first();
        if self.duties.stuck.is_some() || first.is_none_or(|first| first.event != event) {
            return Ok(Verdict::Known);
        }
        let base = format!("{event} resumed");
        let mut writing = self.writing(base, event, arrival.correlation.clone());
        if !self.takes(arrival) {
            let passed_over = true;
            writing.put(Consumed {
                passed_over,
                ..consumed(arrival.stored)
            })?;
            return Ok(writing.finish());
        }
        let reacted = self
            .react(arrival)
            .and_then(|reaction| writing.reacted(self.consuming(arrival), reaction));
        reacted.or_else(|stuck| self.quarantine(Some(event), stuck))
    }

    /// What comes of a deadline whose time is up.
    pub(super) fn expire(&self, name: &str, now: Timestamp) -> Result<Verdict, StoreError> {
        let setting = self.duties.deadlines.get(name);
        let rests = self.duties.stuck.is_some() || !self.duties.waiting.is_empty();
        let Some(setting) = setting.filter(|set| set.due <= now && !rests) else {
            return Ok(Verdict::Known);
        };
        let listed = P::DEADLINES.iter().find(|deadline| deadline.name == name);
        let reacted = match (listed, &self.state) {
            (Some(listed), Ok(state)) => {
                caught(|| explained((listed.expire)(state, &self.key, setting.due)))
            }
            (None, _) => Err(unlisted("deadline", name)),
            (_, Err(unreadable)) => Err(unreadable.clone()),
        };
        let reacted = reacted.and_then(|reaction| {
            let fired = DeadlineFired {
                setting: setting.id,
                deadline: name.to_owned(),
                due: setting.due,
            };
            let writing = self.writing(format!("{} fired", setting.id), setting.id, None);
            writing.reacted(fired, reaction)
        });
        reacted.or_else(|stuck| self.quarantine(Some(setting.id), stuck))
    }

    /// What comes of a command that was accepted.
    pub(super) fn accepted(&self, command: EventId) -> Result<Verdict, StoreError> {
        if !self.duties.unsent.contains(&command) {
            return Ok(Verdict::Known);
        }
        let mut writing = self.writing(format!("{command} outcome"), command, None);
        writing.put(Accepted { command })?;
        Ok(writing.finish())
    }

    /// What comes of a command that was refused.
    pub(super) fn rejected(
        &self,
        command: EventId,
        refusal: &Refused,
    ) -> Result<Verdict, StoreError> {
        let Some(order) = self.orders.get(&command) else {
            return Ok(Verdict::Known);
        };
        if !self.duties.unsent.contains(&command) || self.duties.stuck.is_some() {
            return Ok(Verdict::Known);
        }
        let listed = P::COMMANDS.iter().find(|listed| listed.name == order.name);
        let reacted = match (listed, &self.state) {
            (Some(listed), Ok(state)) => {
                let payload = order.payload.as_str();
                caught(
                    || match (listed.compensate)(state, payload, refusal.clone()) {
                        Ok(reacted) => explained(reacted),
                        Err(reason) => Err(Trouble::new(Class::Decoding, reason.to_string())),
                    },
                )
            }
            (None, _) => Err(unlisted("command", &order.name)),
            (_, Err(unreadable)) => Err(unreadable.clone()),
        };
        let reacted = reacted.and_then(|reaction| {
            let refusal = refusal.clone();
            let writing = self.writing(format!("{command} outcome"), command, None);
            writing.reacted(Rejected { command, refusal }, reaction)
        });
        reacted.or_else(|stuck| self.quarantine(Some(command), stuck))
    }

    /// The instance can't go on, because of this.
    pub(super) fn quarantine(
        &self,
        on: Option<EventId>,
        trouble: Trouble,
    ) -> Result<Verdict, StoreError> {
        if self.duties.stuck.is_some() {
            return Ok(Verdict::Known);
        }
        let cause = on.unwrap_or(EventId::from_bytes([0; 16]));
        let mut writing = self.writing(format!("{cause} stuck {}", self.revision), cause, None);
        let on = on.filter(|_| self.state.is_ok());
        writing.put(quarantined(on, trouble))?;
        Ok(writing.finish())
    }

    /// Somebody has it go on, perhaps without what it is stuck on.
    pub(super) fn resume(
        &self,
        skip: bool,
        actor: &str,
        reason: &str,
    ) -> Result<Verdict, StoreError> {
        let Some(stuck) = &self.duties.stuck else {
            return Ok(Verdict::Known);
        };
        let cause = stuck.on.unwrap_or(EventId::from_bytes([0; 16]));
        let mut writing = self.writing(format!("{cause} resumed {}", self.revision), cause, None);
        writing.metadata.actor = Some(actor.to_owned());
        writing.metadata.reason = Some(reason.to_owned());
        let skipped = stuck.on.filter(|_| skip);
        writing.put(Resumed { skipped })?;
        Ok(writing.finish())
    }

    /// Whether it reacts. What was sent for a fact may have to be undone after the end, too.
    fn takes(&self, arrival: &Arrival<'_, P>) -> bool {
        self.goes_on(arrival) || (arrival.corrects && self.has_begun)
    }

    /// Whether it is running when the event has come.
    fn goes_on(&self, arrival: &Arrival<'_, P>) -> bool {
        let starts = arrival.role == Some(Role::Starts);
        self.duties.running || (starts && (P::RESTARTS || !self.has_begun))
    }

    fn consuming(&self, arrival: &Arrival<'_, P>) -> Consumed {
        Consumed {
            after_end: !self.goes_on(arrival),
            ..consumed(arrival.stored)
        }
    }

    fn react(&self, arrival: &Arrival<'_, P>) -> Result<Reaction<P>, Trouble> {
        let state = self.state.as_ref().map_err(Clone::clone)?;
        let mut reaction = Reaction::new();
        for react in &arrival.react {
            reaction = reaction.and(caught(|| explained(react(state)))?);
        }
        reaction.ends |= arrival.role == Some(Role::Ends) && self.duties.running;
        Ok(reaction)
    }

    fn writing(&self, base: String, cause: EventId, correlation: Option<String>) -> Writing<'_> {
        let correlation = correlation.unwrap_or_else(|| self.correlation.clone());
        Writing {
            stream: &self.stream,
            base,
            metadata: Metadata {
                caused_by: Some(cause),
                correlation: Some(correlation),
                ..Metadata::default()
            },
            events: Vec::new(),
        }
    }
}

/// A reaction, or why there is none.
fn explained<P: Process>(reacted: Reacted<P>) -> Result<Reaction<P>, Trouble> {
    reacted.map_err(|error| Trouble::applying(&error))
}

/// What a former program has left, and this one doesn't know.
pub(super) fn unlisted(what: &str, name: &str) -> Trouble {
    let reason = format!("the process has no {what} `{name}`");
    Trouble::new(Class::Decoding, reason)
}

fn quarantined(on: Option<EventId>, trouble: Trouble) -> Quarantined {
    let Trouble {
        class,
        reason,
        attempts,
    } = trouble;
    Quarantined {
        on,
        reason,
        class,
        attempts,
    }
}
