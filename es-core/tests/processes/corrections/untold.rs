use es_memory::MemoryStore;

use super::bench::{Bench, placed};
use super::domain::Deaf;

#[tokio::test]
async fn a_process_without_the_word_passes_over_corrections() {
    let bench = Bench::<Deaf>::run(MemoryStore::new());
    let order = bench.happens(placed("ada", 100)).await;
    let before = bench.records("ada", "es.consumed").await;
    bench.replace(order, placed("ada", 70)).await;
    bench.insert(placed("bob", 5)).await;
    bench.retract(es_core::Revision::new(2)).await;
    // What comes later shows that they were read.
    bench.happens(placed("eve", 1)).await;
    assert_eq!(bench.charged("ada").await, [100]);
    assert!(bench.charged("bob").await.is_empty());
    assert_eq!(bench.charged("eve").await, [1]);
    assert_eq!(bench.records("ada", "es.consumed").await, before);
    let overview = bench.view.overview();
    assert_eq!((overview.ignored, overview.open), (0, 2));
}
