//! Record time is the server's clock, but never before what is recorded.

mod support;

use es_core::EventStore;
use es_core::Timestamp;
use es_servers::needs_postgres;
use support::{Database, append, insert, log, sound};

needs_postgres! {
    /// A lone event and several have statements of their own.
    #[tokio::test]
    async fn record_time_does_not_step_back_with_the_servers_clock() {
        let database = Database::shared();
        let store = database.store().await;
        let ahead = insert(&database, 1, "clock_timestamp() + interval '1 day'");
        database.client().await.batch_execute(&ahead).await.unwrap();
        let tomorrow: Timestamp = log(&store).await[0].envelope.recorded_at;
        for count in [1, 3] {
            let appended = store.append(append(2, count)).await.unwrap();
            for placement in appended.placements() {
                assert!(placement.recorded_at >= tomorrow, "{count} at {}", placement.recorded_at);
            }
        }
        assert_eq!(sound(&store).await.len(), 5);
    }
}
