//! What hashing costs: appending to a tamper-evident log, beside appending to one that isn't.
//!
//! `cargo bench -p es-sqlite --bench hashing`, each round in fresh databases on the disk of the target folder.

#[path = "../../es-testkit/tests/shared/hashing.rs"]
mod hashing;

use es_sqlite::SqliteStore;
use hashing::Load;
use tokio::runtime::Runtime;

const ROUNDS: usize = 15;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    hashing::compare(ROUNDS, |load| runtime.block_on(run(load)));
}

async fn run(load: &Load) -> [f64; 2] {
    let folder = tempfile::Builder::new()
        .prefix("hashing")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder in the target folder");
    let (plain, hashed) = (
        SqliteStore::options(),
        SqliteStore::options().tamper_evident(),
    );
    let plain = plain.open(folder.path().join("plain.db")).await;
    let hashed = hashed.open(folder.path().join("hashed.db")).await;
    let logs = [plain, hashed].map(|store| store.expect("the store opens"));
    load.append_to(logs).await
}
