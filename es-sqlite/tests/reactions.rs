//! Processes that turn events into commands, on SQLite: once in effect, whatever dies and whoever else runs.

use std::path::{Path, PathBuf};

use es_core::StateStore;
use es_sqlite::{SqliteReadModels, SqliteStore};

#[path = "../../es-testkit/tests/shared/reactions/mod.rs"]
mod reactions;

/// A folder with two files.
struct Sqlite {
    path: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl reactions::Stage for Sqlite {
    type Store = SqliteStore;

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            path: folder.path().to_owned(),
            _folder: Some(folder),
        }
    }

    fn at(place: &str) -> Self {
        Self {
            path: Path::new(place).to_owned(),
            _folder: None,
        }
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    async fn store(&self) -> SqliteStore {
        SqliteStore::open(self.path.join("log.db")).await.unwrap()
    }

    async fn states(&self) -> impl StateStore {
        let models = SqliteReadModels::open(self.path.join("places.db"));
        models.await.unwrap()
    }
}

/// SQLite is always there.
macro_rules! needs_nothing {
    ($($test:item)*) => { $($test)* };
}

reactions::kills!(needs_nothing, Sqlite);
