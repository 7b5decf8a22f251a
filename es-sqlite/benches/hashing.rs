//! What hashing costs: appending to a tamper-evident log, beside appending to one that isn't.
//!
//! `cargo bench -p es-sqlite --bench hashing`, each round in a fresh database on the disk of the target folder.

#[path = "../../es-testkit/tests/shared/hashing.rs"]
mod hashing;

use es_sqlite::SqliteStore;
use hashing::Load;
use tokio::runtime::Runtime;

const ROUNDS: usize = 15;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    hashing::compare(ROUNDS, |load, hashed| runtime.block_on(run(load, hashed)));
}

async fn run(load: &Load, hashed: bool) -> f64 {
    let folder = tempfile::Builder::new()
        .prefix("hashing")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder in the target folder");
    let options = SqliteStore::options();
    let options = if hashed {
        options.tamper_evident()
    } else {
        options
    };
    let store = options.open(folder.path().join("log.db")).await;
    load.append_to(store.expect("the store opens")).await
}
