//! What a process does with an event, with a command that is to be sent, and with a deadline that is due.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::arrival::Arrival;
use super::aside::unusable;
use super::definition::Process;
use super::hot::Hot;
use super::instance::Instance;
use super::judging::{Verdict, unlisted};
use super::sender::{Answer, Unsent};
use super::settling::Settled;
use super::trouble::{Class, Trouble, Undone};
use crate::temporal::Struck;
use crate::{
    AggregateId, Checkpoint, EventId, EventStore, Failure, Position, StoreError, StoredEvent,
    Timestamp,
};

pub(super) struct Engine<P: Process> {
    pub(super) store: Arc<dyn EventStore>,
    pub(super) hot: Arc<Hot<P>>,
}

impl<P: Process> Clone for Engine<P> {
    fn clone(&self) -> Self {
        let (store, hot) = (Arc::clone(&self.store), Arc::clone(&self.hot));
        Self { store, hot }
    }
}

impl<P: Process> Engine<P> {
    pub(super) fn new(store: Arc<dyn EventStore>) -> Self {
        let hot = Arc::new(Hot::new());
        Self { store, hot }
    }
}

/// Whether the process is told of corrections of what it takes in.
pub(super) fn follows_corrections<P: Process>() -> bool {
    P::INPUTS.iter().any(|input| input.reconsider.is_some())
}

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
            let instance = self.load(id).await?;
            if !instance.duties.is_pressing() {
                self.hot.put(instance);
                return Ok(());
            }
            let waiting = instance.duties.waiting.first().copied();
            match waiting {
                Some(waiting) if instance.duties.unsent.is_empty() => {
                    self.hot.put(instance);
                    let caught_up = self.catch_up(id, waiting.event, waiting.position).await;
                    caught_up.map_err(Undone::on(waiting.event))?;
                }
                _ => self.send(instance, id).await?,
            }
        }
    }

    /// Sends the command whose turn it is, and appends its outcome.
    async fn send(&self, instance: Instance<P>, id: &str) -> Result<(), Undone> {
        let next = instance.next_order();
        let next = next.map(|(command, order)| (command, order.clone()));
        let unreadable = instance.state.as_ref().err().cloned();
        self.hot.put(instance);
        let Some((command, order)) = next else {
            let lost = || Trouble::new(Class::Decoding, "what is to be sent can't be read");
            let trouble = unreadable.unwrap_or_else(lost);
            return Ok(self.quarantine(id, None, trouble).await?);
        };
        let sent = match P::COMMANDS.iter().find(|listed| listed.name == order.name) {
            Some(listed) => {
                // The aggregate's code may panic, in its fold or in its decision.
                let sending = AssertUnwindSafe((listed.send)(&order, &self.store));
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
        let instance = self.load(id).await?;
        let mut due: Vec<_> = (instance.duties.deadlines.iter())
            .filter(|(_, setting)| setting.due <= now)
            .map(|(name, setting)| (setting.due, setting.id, name.clone()))
            .collect();
        self.hot.put(instance);
        due.sort();
        for (_, setting, name) in due {
            let fired = self.settle(id, Some(setting), |instance| instance.expire(&name, now));
            fired.await.map_err(Undone::on(setting))?;
        }
        Ok(())
    }
}
