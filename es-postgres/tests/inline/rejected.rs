use es_core::{EventStore, Position, StoreError};
use es_servers::needs_postgres;
use futures_util::future::join_all;

use crate::domain::{
    Bold, Faulty, append, in_log, in_table, is_exact, is_missing, is_taken, noted, open, register,
    registered, with,
};
use crate::support::{Database, log, polled};

needs_postgres! {
    #[tokio::test]
    async fn what_it_says_no_to_is_rejected_and_nothing_of_that_append_is_there() {
        let database = Database::shared();
        let store = open(&database, with(&database)).await;
        store.append(register("1", "a@b.c")).await.unwrap();
        // Its second event is refused, and the first goes with it.
        let refused = append("2", vec![noted(), registered("a@b.c")]);
        is_taken(store.append(refused).await);
        assert_eq!(store.head().await.unwrap(), Position::new(1));
        is_exact(&database, &store).await;
        // The stream is free, and positions have no gap.
        let accepted = append("2", vec![noted(), registered("d@e.f")]);
        let appended = store.append(accepted.clone()).await.unwrap();
        assert_eq!((appended.position().number(), appended.revision().number()), (3, 2));
        is_exact(&database, &store).await;
        // A repeat has happened: it isn't asked again. Others are judged as ever.
        assert!(store.append(accepted).await.unwrap().is_repeated());
        let conflict = store.append(register("2", "g@h.i")).await;
        assert!(matches!(conflict, Err(StoreError::Conflict(_))), "{conflict:?}");
        is_exact(&database, &store).await;
        assert_eq!(in_table(&database).await.len(), 2);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_those_that_share_a_commit_only_the_refused_are_undone() {
        let database = Database::shared();
        let store = open(&database, with(&database)).await;
        let appends = (0..200).map(|number| {
            let email = format!("{}@b.c", number / 2);
            // Some concern it, others don't.
            let append = match number % 10 {
                8 | 9 => append(&number.to_string(), vec![noted()]),
                _ => register(&number.to_string(), &email),
            };
            let store = store.clone();
            tokio::spawn(async move { store.append(append).await })
        });
        let appends: Vec<_> = appends.collect();
        let (mut accepted, mut refused) = (0, 0);
        for append in appends {
            match append.await.unwrap() {
                Ok(_) => accepted += 1,
                refusal => {
                    is_taken(refusal);
                    refused += 1;
                }
            }
        }
        assert_eq!((accepted, refused), (120, 80));
        is_exact(&database, &store).await;
        assert_eq!((log(&store).await.len(), in_log(&store).await.len()), (120, 80));
    }

    #[tokio::test]
    async fn in_a_transaction_of_the_users_a_rejection_undoes_the_append_alone() {
        let database = Database::shared();
        let store = open(&database, with(&database)).await;
        store.append(register("1", "a@b.c")).await.unwrap();
        let mut client = database.client().await;
        let transaction = client.transaction().await.unwrap();
        let table = format!("CREATE TABLE {}.theirs (x integer)", database.schema());
        transaction.batch_execute(&table).await.unwrap();
        is_taken(store.append_in(&transaction, register("2", "a@b.c")).await);
        store.append_in(&transaction, register("3", "d@e.f")).await.unwrap();
        is_taken(store.append_in(&transaction, register("4", "d@e.f")).await);
        transaction.commit().await.unwrap();
        is_exact(&database, &store).await;
        assert_eq!(in_log(&store).await.len(), 2);
        let theirs = format!("SELECT FROM {}.theirs", database.schema());
        client.batch_execute(&theirs).await.unwrap();
        // What was said of the transaction isn't said of the session.
        let plain = open(&database, database.options()).await;
        let transaction = client.transaction().await.unwrap();
        is_missing(plain.append_in(&transaction, register("5", "g@h.i")).await);
    }

    /// Else an event would be there that a required projection never saw.
    #[tokio::test]
    async fn in_a_transaction_of_the_users_an_append_dropped_half_way_can_not_be_committed() {
        let database = Database::shared();
        let store = open(&database, with(&database)).await;
        let mut client = database.client().await;
        let mut polls = 0;
        loop {
            polls += 1;
            let transaction = client.transaction().await.unwrap();
            let appending = store.append_in(&transaction, register("1", "a@b.c"));
            let appended = polled(polls, appending).await;
            let committed = transaction.commit().await;
            is_exact(&database, &store).await;
            if let Some(appended) = appended {
                appended.unwrap();
                committed.unwrap();
                break;
            }
            let refused = committed.unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "ES004", "after {polls} polls");
            assert!(log(&store).await.is_empty(), "after {polls} polls");
        }
        // Between the insert and the handler's among others.
        assert!(polls > 4, "{polls} polls");
        assert_eq!(in_log(&store).await.len(), 1);
    }

    #[tokio::test]
    async fn a_handler_that_panics_fails_that_append_alone_and_the_store_goes_on() {
        let database = Database::shared();
        let store = open(&database, with(&database).inline(Faulty)).await;
        let appends = ["a@b.c", "nothing", "d@e.f"].map(|email| store.append(register(email, email)));
        let [first, faulty, last] = join_all(appends).await.try_into().unwrap();
        first.unwrap();
        last.unwrap();
        let Err(StoreError::Backend(cause)) = faulty else {
            panic!("not refused: {faulty:?}");
        };
        assert!(cause.to_string().contains("`faulty`"), "{cause}");
        is_exact(&database, &store).await;
        // So does a transaction of the user's.
        let mut client = database.client().await;
        let transaction = client.transaction().await.unwrap();
        let refused = store.append_in(&transaction, register("2", "nothing")).await;
        assert!(matches!(refused, Err(StoreError::Backend(_))), "{refused:?}");
        store.append_in(&transaction, register("2", "g@h.i")).await.unwrap();
        transaction.commit().await.unwrap();
        is_exact(&database, &store).await;
        assert_eq!(in_log(&store).await.len(), 3);
    }

    #[tokio::test]
    async fn a_commit_is_shared_by_a_bounded_number_that_concern_it() {
        let database = Database::shared();
        let store = open(&database, with(&database)).await;
        let noting = format!(
            "ALTER TABLE {}.addresses ADD COLUMN transaction bigint DEFAULT txid_current()",
            database.schema()
        );
        let client = database.client().await;
        client.batch_execute(&noting).await.unwrap();
        let appends = (0..300).map(|number| {
            store.append(register(&number.to_string(), &format!("{number}@b.c")))
        });
        for appended in join_all(appends).await {
            appended.unwrap();
        }
        let most = format!(
            "SELECT max(count) FROM (SELECT count(*) FROM {}.addresses GROUP BY transaction) shared",
            database.schema()
        );
        let most: i64 = client.query_one(&most, &[]).await.unwrap().get(0);
        assert!((2..=64).contains(&most), "{most} share a commit");
        is_exact(&database, &store).await;
    }

    #[tokio::test]
    async fn a_handler_that_ends_the_transaction_leaves_the_outcome_unknown() {
        let database = Database::shared();
        let store = open(&database, database.options().inline(Bold)).await;
        let refused = store.append(register("1", "a@b.c")).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unknown(_)), "{refused:?}");
        // And the next one is judged by what is there.
        let refused = store.append(register("1", "a@b.c")).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
    }
}
