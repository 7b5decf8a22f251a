//! What a process does by itself, between one batch and the next: for several instances at the same time, and for each
//! one thing after another.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};

use super::definition::Process;
use super::engine::Engine;
use super::instance::is_newer;
use super::processes::Processes;
use super::trouble::Undone;
use crate::{StoreError, Timestamp};

impl<P: Process> Processes<P> {
    /// Sends commands and fires deadlines, as far as it can. What can't be done now is done later.
    pub(super) async fn do_what_is_left(&mut self) -> Result<(), StoreError> {
        let (rest, todo): (BTreeSet<_>, BTreeSet<_>) = std::mem::take(&mut self.todo)
            .into_iter()
            .partition(|id| self.delays.rests(id));
        self.todo = rest;
        let work = |engine: Engine<P>, id: String| async move { engine.work(&id).await };
        let undone = self.each(todo, work).await?;
        self.todo.extend(undone);
        let now = self.clock.now();
        if self.proof.is_none() && !self.due(now).is_empty() {
            match self.engine.store.head().await {
                Ok(head) => self.proof = Some((now, head)),
                Err(error) => {
                    tracing::warn!(process = P::CATEGORY, %error, "deadlines have to wait");
                }
            }
        }
        let Some((then, _)) = self.proof.take_if(|(_, head)| *head <= self.looked_to) else {
            return Ok(());
        };
        let fire = |engine: Engine<P>, id: String| async move { engine.fire(&id, then).await };
        self.each(self.due(then), fire).await.map(drop)
    }

    /// The instances with a deadline that is due, but for those that have to wait.
    fn due(&self, now: Timestamp) -> Vec<String> {
        let mut due = self.agenda.due(now);
        due.retain(|id| !self.delays.rests(id));
        due
    }

    /// Has these instances do something, some at the same time; those that are to try again.
    async fn each<F>(
        &mut self,
        ids: impl IntoIterator<Item = String>,
        work: impl Fn(Engine<P>, String) -> F,
    ) -> Result<Vec<String>, StoreError>
    where
        F: Future<Output = Result<(), Undone>> + Send,
    {
        let all: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let working = work(self.engine.clone(), id.clone());
                async { (id, working.await) }
            })
            .collect();
        let worked = stream::iter(all).buffer_unordered(self.at_once.get());
        let worked: Vec<_> = worked.collect().await;
        let mut again = Vec::new();
        for (id, worked) in worked {
            match worked {
                Ok(()) => self.delays.done(&id),
                Err(undone) => {
                    if self.postpone(&id, undone).await? {
                        again.push(id);
                    }
                }
            }
        }
        Ok(again)
    }

    /// What an instance couldn't do has to wait, or puts it into quarantine if it was tried often enough and isn't the
    /// store's being away. A store that refuses everything refuses that, too, and so all have to wait. Whether it is to try
    /// again.
    async fn postpone(&mut self, id: &str, undone: Undone) -> Result<bool, StoreError> {
        // Only what a newer program wrote stops the process.
        if is_newer(&undone.error) {
            return Err(undone.error);
        }
        let error = &undone.error;
        tracing::warn!(process = P::CATEGORY, key = id, %error, "what an instance has to do has to wait");
        let Some(trouble) = self.delays.failed(id, &undone, self.clock.now()) else {
            return Ok(true);
        };
        match self.engine.quarantine(id, undone.on, trouble).await {
            Ok(()) => {
                self.delays.done(id);
                Ok(false)
            }
            Err(error) if is_newer(&error) => Err(error),
            Err(_) => Ok(true),
        }
    }
}
