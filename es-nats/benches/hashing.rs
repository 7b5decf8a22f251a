//! What hashing costs: appending to a tamper-evident log, beside appending to one that isn't.
//!
//! `cargo bench -p es-nats --bench hashing`, each round in fresh logs on the disk of the target folder; with `-- one` or
//! `-- three` on one server or three alone. A server acknowledges before it writes through, so what one says is the most
//! that hashing costs.

#[path = "../../es-testkit/tests/shared/hashing.rs"]
mod hashing;

use std::path::Path;

use es_core::EventId;
use es_nats::NatsStore;
use es_servers::{Nats, NatsCluster};
use hashing::Load;
use tokio::runtime::Runtime;

const ROUNDS: usize = 15;

fn main() {
    let asked: Vec<String> = std::env::args().collect();
    let asks = |servers: &str| {
        let any = ["one", "three"];
        let said = |it: &str| asked.iter().any(|said| said == it);
        said(servers) || !any.into_iter().any(said)
    };
    let runtime = Runtime::new().expect("a runtime");
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    if asks("one") {
        let server = Nats::start_with("", "", Some(parent)).expect("a server");
        println!("\none server:\n");
        compare(&runtime, server.url(), 1);
    }
    if asks("three") {
        let cluster = NatsCluster::start_with("", "", Some(parent)).expect("a cluster");
        println!("\nthree servers, three replicas:\n");
        compare(&runtime, &cluster.url(), 3);
    }
}

fn compare(runtime: &Runtime, addresses: &str, replicas: usize) {
    hashing::compare(ROUNDS, |load| {
        runtime.block_on(run(load, addresses, replicas))
    });
}

async fn run(load: &Load, addresses: &str, replicas: usize) -> [f64; 2] {
    let names = ["plain", "hashed"].map(|kind| format!("{kind}-{}", EventId::random()));
    let options = |name: &str| NatsStore::options().name(name).replicas(replicas);
    let plain = options(&names[0]).open(addresses).await;
    let hashed = options(&names[1]).tamper_evident().open(addresses).await;
    let logs = [plain, hashed].map(|store| store.expect("the store opens"));
    let taken = load.append_to(logs).await;
    // Keeps the disk from filling up.
    let address = addresses.split(',').next().unwrap_or_default();
    let client = async_nats::connect(address).await.expect("a connection");
    for name in names {
        let api = format!("$JS.API.STREAM.DELETE.{name}");
        client.request(api, "".into()).await.expect("an answer");
    }
    taken
}
