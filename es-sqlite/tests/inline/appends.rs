use es_core::{EventId, EventStore, Json, NewEvent, Position, StoreError};
use futures_util::future::join_all;
use rusqlite::Connection;

use crate::domain::{
    Addresses, Bold, Faulty, Lower, append, in_log, in_table, is_taken, log, options, register,
    registered,
};

#[tokio::test]
async fn what_it_says_no_to_is_rejected_and_nothing_of_that_append_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = options().inline(Addresses).open(&path).await.unwrap();
    store.append(register("1", "a@b.c")).await.unwrap();
    // Its second event is refused, and the first goes with it; the stream and the event's name were new.
    let noted = NewEvent::new(EventId::random(), "user.noted", 1, Json::EMPTY_OBJECT);
    let refused = append("2", vec![noted, registered("a@b.c")]);
    is_taken(store.append(refused).await);
    assert_eq!(store.head().await.unwrap(), Position::new(1));
    assert_eq!(in_table(&path), in_log(&store).await);
    // The stream is free, the name can be used, and positions have no gap.
    let noted = NewEvent::new(EventId::random(), "user.noted", 1, Json::EMPTY_OBJECT);
    let accepted = append("2", vec![noted, registered("d@e.f")]);
    let appended = store.append(accepted.clone()).await.unwrap();
    assert_eq!(
        (appended.position().number(), appended.revision().number()),
        (3, 2)
    );
    assert_eq!(in_table(&path), in_log(&store).await);
    // A repeat has happened: it isn't asked again.
    assert!(store.append(accepted).await.unwrap().is_repeated());
    assert_eq!(in_table(&path).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_that_share_a_commit_only_the_refused_are_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = options().inline(Addresses).open(&path).await.unwrap();
    // A commit under way, behind which the others gather.
    let appends = (0..200).map(|number| {
        let email = format!("{}@b.c", number / 2);
        let append = register(&number.to_string(), &email);
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
    assert_eq!((accepted, refused), (100, 100));
    assert_eq!(in_table(&path), in_log(&store).await);
    assert_eq!(in_log(&store).await.len(), 100);
    let positions: Vec<u64> = log(&store)
        .await
        .iter()
        .map(|event| event.position.number())
        .collect();
    assert!(positions.into_iter().eq(1..=100));
}

#[tokio::test]
async fn a_process_that_has_not_registered_it_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    // It was there before.
    let without = options().open(&path).await.unwrap();
    without.append(register("1", "a@b.c")).await.unwrap();
    let with = options().inline(Addresses).open(&path).await.unwrap();
    let late = options().open(&path).await.unwrap();
    for store in [&without, &late] {
        for events in [
            vec![registered("d@e.f")],
            vec![NewEvent::new(
                EventId::random(),
                "user.noted",
                1,
                Json::EMPTY_OBJECT,
            )],
        ] {
            let refused = store.append(append("2", events)).await.unwrap_err();
            let StoreError::Backend(cause) = &refused else {
                panic!("{refused:?}");
            };
            assert!(
                cause.to_string().contains("`addresses`, version 1"),
                "{cause}"
            );
        }
    }
    assert_eq!(with.head().await.unwrap(), Position::new(1));
    assert_eq!(in_table(&path), in_log(&with).await);
    // Reading is free to all, and who has registered it appends.
    assert_eq!(log(&late).await.len(), 1);
    with.append(register("2", "d@e.f")).await.unwrap();
    // Until it isn't wanted any more.
    let released = options().not_inline("addresses").open(&path).await.unwrap();
    released.append(register("3", "a@b.c")).await.unwrap();
    without.append(register("4", "a@b.c")).await.unwrap();
}

#[tokio::test]
async fn a_new_one_is_made_of_the_log_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = options().open(&path).await.unwrap();
    store.append(register("1", "A@b.c")).await.unwrap();
    store.append(register("2", "a@b.c")).await.unwrap();
    let first = options().inline(Addresses).open(&path).await.unwrap();
    assert_eq!(in_table(&path), in_log(&first).await);
    // The second version says no to what is there.
    let refused = options().inline(Lower).open(&path).await.unwrap_err();
    assert!(matches!(refused, StoreError::Rejected(_)), "{refused:?}");
    let connection = Connection::open(&path).unwrap();
    let table = "SELECT count(*) FROM sqlite_schema WHERE name = 'lower'";
    let tables: i64 = connection.query_row(table, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 0);
    first.append(register("3", "d@e.f")).await.unwrap();
    is_taken(first.append(register("4", "d@e.f")).await);
}

#[tokio::test]
async fn a_higher_version_takes_the_place_and_a_lower_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let first = options().inline(Addresses).open(&path).await.unwrap();
    first.append(register("1", "A@b.c")).await.unwrap();
    let second = options().inline(Lower).open(&path).await.unwrap();
    let refused = first.append(register("2", "d@e.f")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    let refused = second.append(register("2", "a@B.c")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Rejected(_)), "{refused:?}");
    second.append(register("2", "d@e.f")).await.unwrap();
    let refused = options().inline(Addresses).open(&path).await.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    let connection = Connection::open(&path).unwrap();
    let replayed = "SELECT group_concat(replay) FROM (SELECT replay FROM lower ORDER BY email)";
    let replayed: String = connection
        .query_row(replayed, [], |row| row.get(0))
        .unwrap();
    assert_eq!(replayed, "1,0");
}

#[tokio::test]
async fn a_handler_that_ends_the_transaction_leaves_the_outcome_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = options().inline(Bold).open(&path).await.unwrap();
    let refused = store.append(register("1", "a@b.c")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unknown(_)), "{refused:?}");
    // And the next one is judged by what is there.
    let refused = store.append(register("1", "a@b.c")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
}

#[tokio::test]
async fn a_handler_that_panics_fails_that_append_alone_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let options = options().inline(Addresses).inline(Faulty);
    let store = options.open(&path).await.unwrap();
    let emails = ["a@b.c", "nothing", "d@e.f"];
    let appends = emails.map(|email| store.append(register(email, email)));
    let [first, faulty, last] = join_all(appends).await.try_into().unwrap();
    first.unwrap();
    last.unwrap();
    let Err(StoreError::Backend(cause)) = faulty else {
        panic!("not refused: {faulty:?}");
    };
    assert!(cause.to_string().contains("`faulty`"), "{cause}");
    store.append(register("2", "g@h.i")).await.unwrap();
    assert_eq!(in_log(&store).await.len(), 3);
    assert_eq!(in_table(&path), in_log(&store).await);
}
