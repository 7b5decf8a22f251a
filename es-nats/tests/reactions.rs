//! Processes that turn events into commands, on one NATS server: once in effect, whatever dies and whoever else runs.

use std::path::PathBuf;
use std::time::Duration;

use es_core::{BoxFuture, Checkpoint, EventId, Json, Position, SavedState, StateStore, StoreError};
use es_nats::NatsStore;
use es_servers::{Nats, needs_nats};

#[path = "../../es-testkit/tests/shared/reactions/mod.rs"]
mod reactions;

/// A log of its own on the server that the tests share, and a folder for the place in it.
struct Server {
    url: String,
    name: String,
    places: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl reactions::Stage for Server {
    type Store = NatsStore;

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            url: Nats::shared().url().to_owned(),
            name: format!("reactions-{}", EventId::random()),
            places: folder.path().to_owned(),
            _folder: Some(folder),
        }
    }

    fn at(place: &str) -> Self {
        let mut words = place.splitn(3, ' ').map(str::to_owned);
        let (url, name) = (words.next().unwrap(), words.next().unwrap());
        Self {
            url,
            name,
            places: words.next().unwrap().into(),
            _folder: None,
        }
    }

    fn place(&self) -> String {
        format!("{} {} {}", self.url, self.name, self.places.display())
    }

    async fn store(&self) -> NatsStore {
        let options = NatsStore::options().name(&self.name);
        // A machine that is busy with other things is no fault of the store.
        let patient = options.timeout(Duration::from_mins(1));
        patient.open(&self.url).await.unwrap()
    }

    async fn states(&self) -> impl StateStore {
        FileStates(self.places.join("place"))
    }
}

/// Keeps the one state of a process in a file that is replaced as a whole.
struct FileStates(PathBuf);

impl FileStates {
    fn read(&self) -> Option<(Checkpoint, u64, String)> {
        let text = std::fs::read_to_string(&self.0).ok()?;
        let mut lines = text.splitn(4, '\n');
        let position = Position::new(lines.next()?.parse().ok()?);
        let event_id = lines.next()?.parse().ok();
        let schema = lines.next()?.parse().ok()?;
        let checkpoint = Checkpoint { position, event_id };
        Some((checkpoint, schema, lines.next()?.to_owned()))
    }

    fn write(&self, saved: &SavedState) -> std::io::Result<()> {
        let Checkpoint { position, event_id } = saved.checkpoint;
        let event_id = event_id.map(|id| id.to_string()).unwrap_or_default();
        let (schema, state) = (saved.schema, saved.state.as_str());
        let text = format!("{}\n{event_id}\n{schema}\n{state}", position.number());
        // Several programs write at once.
        let new = self.0.with_extension(EventId::random().to_string());
        std::fs::write(&new, text)?;
        std::fs::rename(new, &self.0)
    }
}

impl StateStore for FileStates {
    fn load_state<'a>(
        &'a self,
        projection: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
        Box::pin(async move {
            Ok(self.read().map(|(checkpoint, schema, state)| {
                let state = Json::from_stored(state);
                SavedState::new(projection, version, schema, checkpoint, state)
            }))
        })
    }

    fn save_state(&self, saved: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let kept = self.read();
            let position = kept.map(|(checkpoint, ..)| checkpoint.position);
            if position.is_none_or(|position| position < saved.checkpoint.position) {
                let written = self.write(&saved);
                written.map_err(|error| StoreError::Backend(error.into()))?;
            }
            Ok(())
        })
    }

    fn delete_states<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            let deleted = std::fs::remove_file(&self.0);
            deleted.map_err(|error| StoreError::Backend(error.into()))
        })
    }
}

reactions::kills!(needs_nats, Server);
