//! Where a process goes on, and what it had to do there.

use super::agenda::Agenda;
use super::definition::Process;
use super::processes::{Processes, Since};
use super::record::{NAMES, Record};
use super::whole;
use crate::{Checkpoint, Failure, Filter, Json, LogQuery, SavedState, StoreError, StoredEvent};

/// So many instances are written each time.
const FEW_INSTANCES: usize = 100;
/// Beyond these, how many may be written for each event that is taken in.
const INSTANCES_PER_EVENT: usize = 8;
/// The form of the saved agenda; another one is ignored.
const SCHEMA: u64 = 2;
/// A process is never built anew, so there is one version of it.
pub(super) const VERSION: u32 = 1;

impl<P: Process> Processes<P> {
    /// Begins where it was, or where it is to begin.
    pub(super) async fn start(&mut self) -> Result<(), Failure> {
        let kept = self.states.load_state(&name::<P>(), VERSION).await?;
        let kept = kept.filter(|kept| kept.schema == SCHEMA);
        let agenda = kept
            .as_ref()
            .map(|kept| serde_json::from_str(kept.state.as_str()));
        if let (Some(kept), Some(agenda)) = (kept, agenda) {
            let agenda: Agenda = agenda.map_err(|error| StoreError::Backend(error.into()))?;
            self.agenda = agenda.summed();
            self.taken = kept.checkpoint;
            // Where nobody has written that down: it is known to have been there.
            let here = Since::Position(self.taken.position);
            self.engine.began(here).await?;
        } else {
            self.taken.position = self.engine.began(self.since).await?;
            self.recollect().await?;
        }
        self.looked_to = self.taken.position;
        self.todo = self.agenda.pressing().cloned().collect();
        self.save().await?;
        self.show();
        Ok(())
    }

    /// Folds what its instances have recorded: where its own memory was lost, nothing that they had to do is. It goes on
    /// behind the last event that one of them has taken in, as everything before was taken in then, or passed over.
    async fn recollect(&mut self) -> Result<(), StoreError> {
        let filter = NAMES
            .iter()
            .fold(Filter::all(), |filter, name| filter.name(*name));
        let head = self.engine.store.head().await?;
        let filter = filter.category(P::CATEGORY).category(whole::CATEGORY);
        let query = LogQuery::all().filter(filter);
        let mut next = Some(query.until(head));
        while let Some(query) = next.take() {
            let page = self.engine.store.read_log(query.clone()).await?;
            for stored in &page.events {
                let stream = &stored.envelope.stream;
                if whole::is_of::<P>(stream) {
                    self.agenda.fold_whole(stored)?;
                } else if stream.category() == P::CATEGORY {
                    self.agenda.fold(stored)?;
                } else {
                    continue;
                }
                if let Some(taken) = taken_in(stored)? {
                    self.taken = further(self.taken, taken);
                }
            }
            next = query.beyond(&page);
        }
        Ok(())
    }

    /// Keeps its place in the log once enough was taken in: what is kept holds all that is left to do, so with many
    /// instances it is written more seldom, and what each event costs doesn't grow with them. A place that is too old
    /// is never wrong; what was taken in behind it is found in the streams.
    pub(super) async fn save_at_times(&mut self, taken: usize) -> Result<(), StoreError> {
        self.unsaved = self.unsaved.saturating_add(taken.max(1));
        let many = self.agenda.len().saturating_sub(FEW_INSTANCES);
        if self.unsaved <= many / INSTANCES_PER_EVENT {
            return Ok(());
        }
        self.save().await
    }

    /// Keeps its place in the log, and what is left to do there.
    pub(super) async fn save(&mut self) -> Result<(), StoreError> {
        // Also before the first event: where it begins is decided once.
        if self
            .saved
            .is_some_and(|saved| saved.position >= self.taken.position)
        {
            return Ok(());
        }
        let agenda = Json::encode(&self.agenda);
        let agenda = agenda.map_err(|error| StoreError::Backend(error.into()))?;
        let state = SavedState::new(name::<P>(), VERSION, SCHEMA, self.taken, agenda);
        self.states.save_state(state).await?;
        self.saved = Some(self.taken);
        self.unsaved = 0;
        Ok(())
    }
}

fn name<P: Process>() -> String {
    format!("es.process/{}", P::CATEGORY)
}

/// The event that a record says was taken in.
fn taken_in(stored: &StoredEvent) -> Result<Option<Checkpoint>, StoreError> {
    let (position, event) = match Record::of(stored)? {
        Some(Record::Consumed(input)) => (input.position, input.event),
        Some(Record::Deferred(input)) => (input.position, input.event),
        Some(Record::SetAside(input)) => (input.position, input.event),
        _ => return Ok(None),
    };
    Ok(Some(Checkpoint {
        position,
        event_id: Some(event),
    }))
}

fn further(one: Checkpoint, other: Checkpoint) -> Checkpoint {
    if other.position > one.position {
        other
    } else {
        one
    }
}
