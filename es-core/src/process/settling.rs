//! Reads an instance, asks what comes of something, and appends that: again with what is there then, if somebody else
//! came first.

use super::definition::Process;
use super::engine::Engine;
use super::instance::Instance;
use super::judging::Verdict;
use super::trouble::Trouble;
use crate::{Append, Appended, EventId, Expected, NewEvent, StoreError, StreamId};

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Appended,
    Known,
    Ignored,
}

/// How often an instance is read before the store is taken to be busy: each time, somebody else has appended to it.
const ATTEMPTS: u32 = 32;

impl<P: Process> Engine<P> {
    /// An instance as its stream says now.
    pub(super) async fn load(&self, id: &str) -> Result<Instance<P>, StoreError> {
        let mut instance = match self.hot.take(id) {
            Some(instance) => instance,
            None => Instance::unread(id)?,
        };
        instance.read(&*self.store).await?;
        Ok(instance)
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
            let instance = self.load(id).await?;
            let (settled, events) = match judge(&instance)? {
                Verdict::Known => (Settled::Known, Vec::new()),
                Verdict::Ignored => (Settled::Ignored, Vec::new()),
                Verdict::Append(events) => (Settled::Appended, events),
            };
            let appended = match settled {
                Settled::Appended => self.append(&instance, events).await,
                Settled::Known | Settled::Ignored => Ok(()),
            };
            match appended {
                Ok(()) => {
                    self.hot.put(instance);
                    return Ok(settled);
                }
                // By the next reading it is known who came first, and with what.
                Err(StoreError::Conflict(_) | StoreError::IdReused { .. }) => {
                    self.hot.put(instance);
                }
                Err(error @ (StoreError::Invalid(_) | StoreError::Rejected(_))) if on.is_some() => {
                    let stuck = instance.quarantine(on, Trouble::from(&error))?;
                    if let Verdict::Append(events) = stuck {
                        self.append(&instance, events).await?;
                    }
                }
                Err(error) => {
                    self.hot.put(instance);
                    return Err(error);
                }
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
