//! What hashing costs: appending to a tamper-evident log, beside appending to one that isn't.
//!
//! `cargo bench -p es-postgres --bench hashing`, each round in fresh schemas of one server on the disk of the target folder.

mod bare;
#[path = "../../es-testkit/tests/shared/hashing.rs"]
mod hashing;

use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, StreamId};
use es_postgres::{PostgresOptions, PostgresStore};
use hashing::Load;
use tokio::runtime::Runtime;

const ROUNDS: usize = 15;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let server = bare::server();
    hashing::compare(ROUNDS, |load| runtime.block_on(run(load, server.url())));
}

async fn run(load: &Load, url: &str) -> [f64; 2] {
    let client = bare::connect(url).await;
    let anew = "DROP SCHEMA IF EXISTS plain CASCADE; DROP SCHEMA IF EXISTS hashed CASCADE";
    client.batch_execute(anew).await.expect("nothing is left");
    let plain = connected(PostgresStore::options().schema("plain"), url).await;
    let hashed = PostgresStore::options().schema("hashed").tamper_evident();
    let hashed = connected(hashed, url).await;
    load.append_to([plain, hashed]).await
}

/// A store that is connected when the clock starts.
async fn connected(options: PostgresOptions, url: &str) -> PostgresStore {
    let store = options.open(url).await.expect("the store opens");
    let event = NewEvent::new(EventId::random(), "first", 1, Json::EMPTY_OBJECT);
    let first = StreamId::new("first", "1").expect("a name");
    let first = store.append(Append::new(first, Expected::Any, vec![event]));
    first.await.expect("it is appended");
    store
}
