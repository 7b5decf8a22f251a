//! Saved states, as the memory store keeps them.

use es_memory::MemoryStore;
use es_testkit::check_state_store;
use futures_util::FutureExt;

#[test]
fn states_are_kept_as_every_store_keeps_them() {
    let store = MemoryStore::new();
    let checked = check_state_store(&store).now_or_never();
    checked.expect("the memory store never waits").unwrap();
}
