use es_core::{EventStore, Position, StoreError};
use es_servers::needs_postgres;

use crate::domain::{
    Lower, append, is_exact, is_missing, is_taken, noted, open, register, registered, with,
};
use crate::support::{self, Database, log, soon, sound};

needs_postgres! {
    #[tokio::test]
    async fn a_process_that_has_not_registered_it_is_refused_and_nothing_changes() {
        let database = Database::shared();
        // It was there before.
        let without = open(&database, database.options()).await;
        without.append(register("1", "a@b.c")).await.unwrap();
        let with = open(&database, with(&database)).await;
        let late = open(&database, database.options()).await;
        for store in [&without, &late] {
            is_missing(store.append(register("2", "d@e.f")).await);
            is_missing(store.append(append("2", vec![noted()])).await);
        }
        let mut client = database.client().await;
        let transaction = client.transaction().await.unwrap();
        is_missing(late.append_in(&transaction, register("2", "d@e.f")).await);
        drop(transaction);
        assert_eq!(with.head().await.unwrap(), Position::new(1));
        is_exact(&database, &with).await;
        // Reading is free to all, and who has registered it appends.
        assert_eq!(log(&late).await.len(), 1);
        with.append(register("2", "d@e.f")).await.unwrap();
        // Until it isn't wanted any more.
        let released = open(&database, database.options().not_inline("addresses")).await;
        released.append(register("3", "a@b.c")).await.unwrap();
        without.append(register("4", "a@b.c")).await.unwrap();
        sound(&with).await;
    }

    #[tokio::test]
    async fn a_new_one_is_made_of_the_log_or_not_at_all() {
        let database = Database::shared();
        let store = open(&database, database.options()).await;
        store.append(register("1", "A@b.c")).await.unwrap();
        store.append(append("2", vec![noted(), registered("a@b.c")])).await.unwrap();
        let first = open(&database, with(&database)).await;
        is_exact(&database, &first).await;
        // The second version says no to what is there.
        let lower = database.options().inline(Lower(database.schema()));
        let refused = lower.open(database.url()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Rejected(_)), "{refused:?}");
        assert!(!support::told(&refused).contains("a@b.c"), "{}", support::told(&refused));
        let table = format!("SELECT to_regclass('{}.lower') IS NULL", database.schema().replace('\'', "''"));
        let gone: bool = database.client().await.query_one(&table, &[]).await.unwrap().get(0);
        assert!(gone);
        first.append(register("3", "d@e.f")).await.unwrap();
        is_taken(first.append(register("4", "d@e.f")).await);
    }

    #[tokio::test]
    async fn a_higher_version_takes_the_place_and_a_lower_one_is_refused() {
        let database = Database::shared();
        let first = open(&database, with(&database)).await;
        first.append(register("1", "A@b.c")).await.unwrap();
        let lower = database.options().inline(Lower(database.schema()));
        let second = open(&database, lower).await;
        is_missing(first.append(register("2", "d@e.f")).await);
        let refused = second.append(register("2", "a@B.c")).await;
        assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
        second.append(register("2", "d@e.f")).await.unwrap();
        let refused = with(&database).open(database.url()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
        let replayed = format!(
            "SELECT string_agg(replay::text, ' ' ORDER BY email) FROM {}.lower",
            database.schema()
        );
        let replayed: String = database.client().await.query_one(&replayed, &[]).await.unwrap().get(0);
        assert_eq!(replayed, "true false");
        sound(&second).await;
    }

    /// Those that are under way while it is registered come before it, and are in it, or after it, and are refused.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn none_slips_by_while_it_is_registered() {
        let database = Database::shared();
        // The table of what is required is there already, so that making it keeps nobody from appending.
        open(&database, database.options().inline(Lower(database.schema()))).await;
        let without = open(&database, database.options().not_inline("addresses")).await;
        let writers = (0..8).map(|writer| {
            let store = without.clone();
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let user = format!("{writer}-{number}");
                    match store.append(register(&user, &format!("{user}@b.c"))).await {
                        Ok(_) => {}
                        refused => return is_missing(refused),
                    }
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        soon("some appends", async {
            while without.head().await.unwrap() < Position::new(50) {}
        })
        .await;
        let with = open(&database, with(&database)).await;
        for writer in writers {
            soon("a refusal", writer).await.unwrap();
        }
        is_exact(&database, &with).await;
    }
}
