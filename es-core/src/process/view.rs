use std::fmt;

use tokio::sync::watch;

use super::definition::Process;
use super::engine::Engine;
use super::settling::Settled;
use crate::{AggregateId, EventId, FailureClass, Position, StoreError, Timestamp};

/// What there is to see of a process, and what an operator can do about it. Cheap to clone.
///
/// It shows how things are as far as its [`Processes`](crate::Processes) has read. Any of the programs that run the
/// process may have an instance go on.
///
/// ```
/// # use es_core::{Process, ProcessView, StoreError};
/// # async fn look<P: Process<Id = String>>(view: ProcessView<P>) -> Result<(), StoreError> {
/// let overview = view.overview();
/// for stuck in &overview.stuck {
///     println!("{} is stuck since {}, {:?}: {}", stuck.key, stuck.since, stuck.class, stuck.reason);
/// }
/// for delayed in &overview.delayed {
///     println!("{} was tried {} times: {}", delayed.key, delayed.attempts, delayed.reason);
/// }
/// for input in view.set_aside().await? {
///     println!("{} at {} has no key: {}", input.name, input.position, input.reason);
///     view.skip_input(input.event, "ada", "a test order").await?;
/// }
/// view.resume(&"42".to_owned(), "ada", "the wallet's code was mended").await?;
/// # Ok(())
/// # }
/// ```
pub struct ProcessView<P: Process> {
    pub(super) shown: watch::Receiver<Overview>,
    pub(super) engine: Engine<P>,
}

/// How a process does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overview {
    /// How many events concerned no instance that was running, since the process began, or since what it had saved was
    /// lost.
    pub ignored: u64,
    /// How many instances are running.
    pub open: u64,
    /// How many commands have no outcome yet.
    pub unsent: u64,
    /// How many deadlines are set.
    pub deadlines: u64,
    /// How many events wait behind what an instance is stuck on, those included.
    pub waiting: u64,
    /// How many inputs are set aside, as no instance can have their keys: [`ProcessView::set_aside`] lists them.
    pub set_aside: u64,
    /// The instances that couldn't do what they have to, and will try again, by key.
    pub delayed: Vec<DelayedInstance>,
    /// The instances that can't go on by themselves, by key.
    pub stuck: Vec<StuckInstance>,
}

/// An instance that can't go on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StuckInstance {
    /// Its key.
    pub key: String,
    /// The event, the command or the record of a deadline that it can't get past; none if its history can't be read.
    pub on: Option<EventId>,
    /// Why, as the error said.
    pub reason: String,
    /// Which part failed.
    pub class: FailureClass,
    /// How often it was tried before it was given up.
    pub attempts: u32,
    /// Since when.
    pub since: Timestamp,
}

/// An instance that couldn't do something, as a store is away or refuses, and will try again. It is shown by the program
/// that has met that.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DelayedInstance {
    /// Its key.
    pub key: String,
    /// The command, the event that has waited or the record of a deadline; none if it couldn't be read what it has to do.
    pub on: Option<EventId>,
    /// Why, as the last error said.
    pub reason: String,
    /// Which part failed.
    pub class: FailureClass,
    /// How often it was tried in a row.
    pub attempts: u32,
    /// Since when, by the clock of the process.
    pub since: Timestamp,
}

/// An input that no instance can take in, as its key is none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAsideInput {
    /// The event.
    pub event: EventId,
    /// Where it stands in the log.
    pub position: Position,
    /// Its stored name.
    pub name: String,
    /// What is wrong with its key.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl<P: Process> ProcessView<P> {
    /// How the process does, as far as it has read.
    pub fn overview(&self) -> Overview {
        self.shown.borrow().clone()
    }

    /// Waits until this holds of how the process does; `None` if its [`Processes`](crate::Processes) is gone.
    pub async fn wait_until(&self, holds: impl FnMut(&Overview) -> bool) -> Option<Overview> {
        let mut shown = self.shown.clone();
        let found = shown.wait_for(holds).await.ok()?;
        Some(found.clone())
    }

    /// Has a stuck instance go on, beginning with what it is stuck on: after the code or the data was mended. `false` if
    /// it isn't stuck.
    ///
    /// Who says so and why is kept in its stream.
    pub async fn resume(&self, key: &P::Id, by: &str, because: &str) -> Result<bool, StoreError> {
        self.go_on(key, false, by, because).await
    }

    /// Has a stuck instance go on without what it is stuck on. `false` if it isn't stuck.
    ///
    /// Who says so and why is kept in its stream. A command that is passed over may have been executed.
    pub async fn skip(&self, key: &P::Id, by: &str, because: &str) -> Result<bool, StoreError> {
        self.go_on(key, true, by, because).await
    }

    /// The inputs that are set aside, in the order of the log: read from the process's stream now.
    pub async fn set_aside(&self) -> Result<Vec<SetAsideInput>, StoreError> {
        self.engine.all_set_aside().await
    }

    /// Has an input taken in that was set aside, after [`React::key`](crate::React::key) was mended. `false` if it isn't set
    /// aside.
    ///
    /// It comes to its instance now, behind what that has taken in meanwhile. Who says so and why is kept in the process's
    /// stream.
    ///
    /// # Errors
    ///
    /// Its key is none still, and nothing has changed; or the store's.
    pub async fn resume_input(
        &self,
        event: EventId,
        by: &str,
        because: &str,
    ) -> Result<bool, StoreError> {
        self.engine.readmit(event, by, because).await
    }

    /// Has an input passed over that was set aside. `false` if it isn't set aside.
    ///
    /// Who says so and why is kept in the process's stream.
    pub async fn skip_input(
        &self,
        event: EventId,
        by: &str,
        because: &str,
    ) -> Result<bool, StoreError> {
        self.engine.discard(event, by, because).await
    }

    async fn go_on(
        &self,
        key: &P::Id,
        skip: bool,
        by: &str,
        because: &str,
    ) -> Result<bool, StoreError> {
        let id = P::Id::to_text(key);
        let settled = self
            .engine
            .settle(&id, None, |instance| instance.resume(skip, by, because));
        Ok(settled.await? == Settled::Appended)
    }
}

impl<P: Process> Clone for ProcessView<P> {
    fn clone(&self) -> Self {
        Self {
            shown: self.shown.clone(),
            engine: self.engine.clone(),
        }
    }
}

impl<P: Process> fmt::Debug for ProcessView<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessView")
            .field("overview", &*self.shown.borrow())
            .finish_non_exhaustive()
    }
}
