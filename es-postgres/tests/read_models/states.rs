use es_servers::needs_postgres;
use es_testkit::check_state_store;

use crate::domain::Bench;

needs_postgres! {
    #[tokio::test]
    async fn states_are_kept_as_every_store_keeps_them() {
        let bench = Bench::new().await;
        check_state_store(&bench.models().await).await.unwrap();
    }
}
