//! What a process does by itself, between one batch and the next: for several instances at the same time, and for each
//! one thing after another.

use futures_util::stream::{self, StreamExt};

use super::definition::Process;
use super::engine::Engine;
use super::instance::is_newer;
use super::processes::Processes;
use crate::StoreError;

impl<P: Process> Processes<P> {
    /// Sends commands and fires deadlines, as far as it can. What can't be done now is done at the next tick.
    pub(super) async fn do_what_is_left(&mut self) -> Result<(), StoreError> {
        let todo = std::mem::take(&mut self.todo);
        let work = |engine: Engine<P>, id: String| async move { engine.work(&id).await };
        let undone = self.each(todo, work).await;
        self.todo.extend(undone.iter().map(|(id, _)| id.clone()));
        for (_, error) in undone {
            postponed::<P>(error)?;
        }
        let now = self.clock.now();
        if self.proof.is_none() && !self.agenda.due(now).is_empty() {
            match self.engine.store.head().await {
                Ok(head) => self.proof = Some((now, head)),
                Err(error) => postponed::<P>(error)?,
            }
        }
        let Some((then, _)) = self.proof.take_if(|(_, head)| *head <= self.looked_to) else {
            return Ok(());
        };
        let due = self.agenda.due(then);
        let fire = |engine: Engine<P>, id: String| async move { engine.fire(&id, then).await };
        let undone = self.each(due, fire).await;
        undone
            .into_iter()
            .try_for_each(|(_, error)| postponed::<P>(error))
    }

    /// Has these instances do something, some at the same time; those that can't now, and why.
    async fn each<F>(
        &self,
        ids: impl IntoIterator<Item = String>,
        work: impl Fn(Engine<P>, String) -> F,
    ) -> Vec<(String, StoreError)>
    where
        F: Future<Output = Result<(), StoreError>> + Send,
    {
        let all: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let working = work(self.engine.clone(), id.clone());
                async { working.await.map_err(|error| (id, error)) }
            })
            .collect();
        let worked = stream::iter(all).buffer_unordered(self.at_once.get());
        worked
            .filter_map(|worked| std::future::ready(worked.err()))
            .collect()
            .await
    }
}

/// Only what a newer program wrote stops the process.
fn postponed<P: Process>(error: StoreError) -> Result<(), StoreError> {
    if is_newer(&error) {
        return Err(error);
    }
    tracing::warn!(process = P::CATEGORY, %error, "what a process has to do has to wait");
    Ok(())
}
