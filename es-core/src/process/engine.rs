//! Reads an instance, asks what comes of something, and appends that: again with what is there then, if somebody else
//! came first.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::arrival::Arrival;
use super::aside::unusable;
use super::definition::Process;
use super::instance::Instance;
use super::judging::{Verdict, unlisted};
use super::sender::{Answer, Unsent};
use super::trouble::{Class, Trouble, Undone};
use crate::temporal::Struck;
use crate::{
    AggregateId, Append, Appended, Checkpoint, EventId, EventStore, Expected, Failure, NewEvent,
    Position, StoreError, StoredEvent, StreamId, Timestamp,
};

pub(super) struct Engine<P> {
    pub(super) store: Arc<dyn EventStore>,
    process: PhantomData<fn() -> P>,
}

impl<P> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.store))
    }
}

impl<P> Engine<P> {
    pub(super) fn new(store: Arc<dyn EventStore>) -> Self {
        let process = PhantomData;
        Self { store, process }
    }
}

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Appended,
    Known,
    Ignored,
}

/// Whether the process is told of corrections of what it takes in.
pub(super) fn follows_corrections<P: Process>() -> bool {
    P::INPUTS.iter().any(|input| input.reconsider.is_some())
}

/// How often an instance is read before the store is taken to be busy: each time, somebody else has appended to it.
const ATTEMPTS: u32 = 32;

impl<P: Process> Engine<P> {
    /// Takes in an event that the process wants.
    pub(super) async fn take(&self, stored: &StoredEvent) -> Result<Settled, Failure> {
        let struck = self.struck(stored).await?;
        let arrivals = Arrival::<P>::read(stored, struck.as_ref());
        let arrivals = arrivals.map_err(|reason| Failure::decode(stored, reason))?;
        let mut taken = match struck {
            // Most corrections concern no input at all.
            Some(_) if arrivals.is_empty() => Settled::Known,
            _ => Settled::Ignored,
        };
        for arrival in arrivals {
            let settled = match unusable::<P>(&arrival.key) {
                Some(why) => self.set_aside(stored, &why).await?,
                None => self.settle_input(&arrival, Instance::arrive).await?,
            };
            match settled {
                Settled::Ignored => {}
                settled => taken = settled,
            }
        }
        Ok(taken)
    }

    /// Appends what comes of an input to its instance.
    pub(super) async fn settle_input<'a>(
        &self,
        arrival: &Arrival<'a, P>,
        judge: impl Fn(&Instance<P>, &Arrival<'a, P>) -> Result<Verdict, StoreError>,
    ) -> Result<Settled, StoreError> {
        let id = P::Id::to_text(&arrival.key);
        let on = Some(arrival.stored.envelope.id);
        self.settle(&id, on, |instance| judge(instance, arrival))
            .await
    }

    /// What an event corrected, if the process is told of that.
    pub(super) async fn struck(&self, stored: &StoredEvent) -> Result<Option<Struck>, StoreError> {
        if follows_corrections::<P>() {
            Struck::by(&*self.store, stored).await
        } else {
            Ok(None)
        }
    }

    /// Does what an instance can do by itself: sends its commands, and takes in what has waited.
    pub(super) async fn work(&self, id: &str) -> Result<(), Undone> {
        loop {
            let instance = Instance::<P>::load(&*self.store, id).await?;
            if !instance.duties.is_pressing() {
                return Ok(());
            }
            match instance.duties.waiting.first() {
                Some(waiting) if instance.duties.unsent.is_empty() => {
                    let caught_up = self.catch_up(id, waiting.event, waiting.position).await;
                    caught_up.map_err(Undone::on(waiting.event))?;
                }
                _ => self.send(&instance, id).await?,
            }
        }
    }

    /// Sends the command whose turn it is, and appends its outcome.
    async fn send(&self, instance: &Instance<P>, id: &str) -> Result<(), Undone> {
        let Some((command, order)) = instance.next_order() else {
            let unreadable = instance.state.as_ref().err().cloned().unwrap_or_default();
            let trouble = Trouble::new(Class::Decoding, unreadable);
            return Ok(self.quarantine(id, None, trouble).await?);
        };
        let sent = match P::COMMANDS.iter().find(|listed| listed.name == order.name) {
            Some(listed) => {
                // The aggregate's code may panic, in its fold or in its decision.
                let sending = AssertUnwindSafe((listed.send)(order, &self.store));
                let sent = sending.catch_unwind().await;
                sent.unwrap_or_else(|panic| Err(Unsent::Stuck(Trouble::panicked(&*panic))))
            }
            None => Err(Unsent::Stuck(unlisted("command", &order.name))),
        };
        let settled = match sent {
            Ok(Answer::Accepted) => {
                self.settle(id, None, |instance| instance.accepted(command))
                    .await
            }
            Ok(Answer::Refused(refused)) => {
                self.settle(id, Some(command), |instance| {
                    instance.rejected(command, &refused)
                })
                .await
            }
            Err(Unsent::Stuck(trouble)) => {
                let stuck = self.quarantine(id, Some(command), trouble).await;
                stuck.map(|()| Settled::Appended)
            }
            Err(Unsent::Later(error) | Unsent::Newer(error)) => Err(error),
        };
        settled.map(drop).map_err(Undone::on(command))
    }

    /// Takes in an input that has waited.
    async fn catch_up(
        &self,
        id: &str,
        event: EventId,
        position: Position,
    ) -> Result<(), StoreError> {
        let stored = &self.input(event, position).await?;
        let struck = self.struck(stored).await?;
        let arrivals = Arrival::<P>::read(stored, struck.as_ref());
        let arrivals = arrivals.map_err(|reason| stored.undecodable(reason))?;
        let is_its = |arrival: &Arrival<'_, P>| P::Id::to_text(&arrival.key) == id;
        let Some(arrival) = arrivals.into_iter().find(is_its) else {
            let reason = format!("the process doesn't take in `{}` any more", stored.name);
            let trouble = Trouble::new(Class::Decoding, reason);
            return self.quarantine(id, Some(event), trouble).await;
        };
        self.settle_input(&arrival, Instance::catch_up).await?;
        Ok(())
    }

    /// An input that was read before.
    pub(super) async fn input(
        &self,
        event: EventId,
        position: Position,
    ) -> Result<StoredEvent, StoreError> {
        let event_id = Some(event);
        Checkpoint { position, event_id }.event(&*self.store).await
    }

    /// Fires what is due of an instance.
    pub(super) async fn fire(&self, id: &str, now: Timestamp) -> Result<(), Undone> {
        let instance = Instance::<P>::load(&*self.store, id).await?;
        let mut due: Vec<_> = (instance.duties.deadlines.iter())
            .filter(|(_, setting)| setting.due <= now)
            .map(|(name, setting)| (setting.due, setting.id, name.clone()))
            .collect();
        due.sort();
        for (_, setting, name) in due {
            let fired = self.settle(id, Some(setting), |instance| instance.expire(&name, now));
            fired.await.map_err(Undone::on(setting))?;
        }
        Ok(())
    }

    pub(super) async fn quarantine(
        &self,
        id: &str,
        on: Option<EventId>,
        trouble: Trouble,
    ) -> Result<(), StoreError> {
        let settled = self.settle(id, on, |instance| instance.quarantine(on, trouble.clone()));
        settled.await.map(drop)
    }

    /// Appends what comes of something, which is `on` if the instance gets stuck on it.
    pub(super) async fn settle(
        &self,
        id: &str,
        on: Option<EventId>,
        judge: impl Fn(&Instance<P>) -> Result<Verdict, StoreError>,
    ) -> Result<Settled, StoreError> {
        for _ in 0..ATTEMPTS {
            let instance = Instance::<P>::load(&*self.store, id).await?;
            let events = match judge(&instance)? {
                Verdict::Known => return Ok(Settled::Known),
                Verdict::Ignored => return Ok(Settled::Ignored),
                Verdict::Append(events) => events,
            };
            match self.append(&instance, events).await {
                Ok(()) => return Ok(Settled::Appended),
                // By the next reading it is known who came first, and with what.
                Err(StoreError::Conflict(_) | StoreError::IdReused { .. }) => {}
                Err(error @ (StoreError::Invalid(_) | StoreError::Rejected(_))) if on.is_some() => {
                    let stuck = instance.quarantine(on, Trouble::from(&error))?;
                    if let Verdict::Append(events) = stuck {
                        self.append(&instance, events).await?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let why = "others append to the instance all the time";
        Err(StoreError::Unavailable(why.into()))
    }

    async fn append(
        &self,
        instance: &Instance<P>,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError> {
        let expected = Expected::Exact(instance.revision);
        let written = self.write(&instance.stream, expected, events).await;
        written.map(drop)
    }

    /// Appends; where the outcome is unknown, the same events again, which the store knows by their ids.
    pub(super) async fn write(
        &self,
        stream: &StreamId,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, StoreError> {
        let append = Append::new(stream.clone(), expected, events);
        for _ in 1..ATTEMPTS {
            match self.store.append(append.clone()).await {
                Err(StoreError::Unknown(_)) => {}
                outcome => return outcome,
            }
        }
        self.store.append(append).await
    }
}
