//! What hashing costs: appending to a tamper-evident log, beside appending to one that isn't.
//!
//! `cargo bench -p es-postgres --bench hashing`, each round in a fresh schema of one server on the disk of the target folder.

mod bare;
#[path = "../../es-testkit/tests/shared/hashing.rs"]
mod hashing;

use es_core::{Append, EventId, EventStore, Expected, Json, NewEvent, StreamId};
use es_postgres::PostgresStore;
use hashing::Load;
use tokio::runtime::Runtime;

const ROUNDS: usize = 15;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let server = bare::server();
    hashing::compare(ROUNDS, |load, hashed| {
        runtime.block_on(run(load, server.url(), hashed))
    });
}

async fn run(load: &Load, url: &str, hashed: bool) -> f64 {
    let client = bare::connect(url).await;
    let anew = "DROP SCHEMA IF EXISTS es CASCADE";
    client.batch_execute(anew).await.expect("nothing is left");
    let options = PostgresStore::options();
    let options = if hashed {
        options.tamper_evident()
    } else {
        options
    };
    let store = options.open(url).await.expect("the store opens");
    // It is connected when the clock starts.
    let event = NewEvent::new(EventId::random(), "first", 1, Json::EMPTY_OBJECT);
    let first = StreamId::new("first", "1").expect("a name");
    let first = store.append(Append::new(first, Expected::Any, vec![event]));
    first.await.expect("it is appended");
    load.append_to(store).await
}
