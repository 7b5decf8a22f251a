//! Reads with today's code what every version wrote. `cargo run -p schema-evolution`.

use std::error::Error;

use es_core::{Repository, StreamId};
use es_memory::MemoryStore;
use schema_evolution::{Order, history};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = MemoryStore::new();
    let orders = Repository::<Order, _>::new(store.clone());
    for (version, bytes) in [
        ("1", history::VERSION_1),
        ("2", history::VERSION_2),
        ("3", history::VERSION_3),
    ] {
        let id = format!("written-by-version-{version}");
        history::import(&store, StreamId::of::<Order>(&id)?, bytes).await?;
        let order = orders.load(&id).await?;
        println!(
            "version {version} wrote:\n{bytes}and it is read as:\n{:?}\n",
            *order
        );
    }
    Ok(())
}
