//! Many writers at once, in one process and in several: what is committed is received, in order, none twice.

mod support;

use std::collections::HashSet;
use std::process::Stdio;

use es_core::{
    Append, Appended, Checkpoint, EventStore, Expected, Filter, Json, Revision, StoreError,
    StoredEvent, Subscription,
};
use es_postgres::PostgresStore;
use es_servers::needs_postgres;
use futures_util::future::join_all;
use support::{Database, append, event, events, log, soon, sound, stream};

const WRITERS: u64 = 16;
const APPENDS: u64 = 40;
/// How many events all of them append.
const EVENTS: usize = 16 * 40 * 2;

/// So many tasks append two events each time, to streams that they share.
async fn write(store: &PostgresStore, tasks: u64) {
    let tasks: Vec<_> = (0..tasks)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..APPENDS {
                    let append = append((task + number) % 5, 2);
                    store.append(append).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Everything that a follower receives until it has so many events.
async fn follow(store: &PostgresStore, count: usize) -> Vec<StoredEvent> {
    let mut subscription =
        Subscription::new(store.clone(), Filter::all(), Checkpoint::START).page_size(17);
    let mut received = Vec::new();
    while received.len() < count {
        received.extend(
            soon("the follower", subscription.next())
                .await
                .unwrap()
                .event(),
        );
    }
    received
}

/// What was received is the log, in order, and none twice.
async fn is_the_log(store: &PostgresStore, received: &[StoredEvent], count: usize) {
    assert!(
        received == log(store).await,
        "what was received isn't the log"
    );
    let ids: HashSet<_> = received.iter().map(|event| event.envelope.id).collect();
    assert_eq!(ids.len(), count);
    assert_eq!(sound(store).await.len(), count);
}

needs_postgres! {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_follower_of_16_writers_in_one_process_receives_all_once_and_in_order() {
        let database = Database::shared();
        // Two handles, so that not all goes through one queue.
        let (one, other) = (database.store().await, database.store().await);
        let writing = async {
            tokio::join!(write(&one, WRITERS / 2), write(&other, WRITERS / 2));
        };
        let ((), received) = tokio::join!(writing, follow(&one, EVENTS));
        is_the_log(&other, &received, EVENTS).await;
    }

    #[test]
    fn a_follower_of_16_writers_in_four_processes_receives_all_once_and_in_order() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        if let Some(database) = Database::from_parent() {
            return runtime.block_on(async {
                let store = database.store().await;
                write(&store, WRITERS / 4).await;
                store.close().await.unwrap();
            });
        }
        let database = Database::shared();
        let test = "a_follower_of_16_writers_in_four_processes_receives_all_once_and_in_order";
        let mut children: Vec<_> = (0..4)
            .map(|_| database.child(test).stdout(Stdio::null()).spawn().unwrap())
            .collect();
        runtime.block_on(async {
            let store = database.store().await;
            let received = follow(&store, EVENTS).await;
            is_the_log(&store, &received, EVENTS).await;
        });
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
    }

    #[tokio::test]
    async fn of_20_parallel_appends_to_one_stream_as_many_succeed_as_rows_are_there() {
        let database = Database::shared();
        let (one, other) = (database.store().await, database.store().await);
        let append = |index: u64| {
            let (store, expected) = if index.is_multiple_of(2) {
                (&one, Expected::Any)
            } else {
                (&other, Expected::Exact(Revision::new(index / 4)))
            };
            store.append(Append::new(stream(1), expected, events(1)))
        };
        let answers = join_all((0..20).map(append)).await;
        let succeeded = answers.iter().filter(|answer| answer.is_ok()).count();
        for answer in answers {
            assert!(matches!(answer, Ok(_) | Err(StoreError::Conflict(_))), "{answer:?}");
        }
        assert!(succeeded >= 10);
        assert_eq!(sound(&one).await.len(), succeeded);
    }

    /// Queued together they have the results that they have one by one, in another schema.
    #[tokio::test]
    async fn appends_that_are_queued_together_have_the_results_of_one_by_one() {
        let (together, alone) = (Database::shared(), Database::shared());
        let (together, alone) = (together.store().await, alone.store().await);
        let appends = mixed();
        let answers = join_all(appends.iter().map(|append| together.append(append.clone()))).await;
        let mut kinds = HashSet::new();
        for (index, (append, answer)) in appends.iter().zip(answers).enumerate() {
            let (answer, single) = (shown(answer), shown(alone.append(append.clone()).await));
            kinds.insert(answer.split(' ').next().unwrap().to_owned());
            assert_eq!(answer, single, "append {index}");
        }
        for kind in ["appended", "repeated", "conflict", "reused", "invalid"] {
            assert!(kinds.contains(kind), "none was {kind}: {kinds:?}");
        }
        assert_eq!(sound(&together).await, sound(&alone).await);
    }

    /// Its expectation is met, so only its ids tell that it was there before.
    #[tokio::test]
    async fn a_repeat_at_the_present_revision_is_known_among_others() {
        let database = Database::shared();
        let store = database.store().await;
        let first = append(0, 2);
        let placed = store.append(first.clone()).await.unwrap();
        let mut appends: Vec<_> = (1..16)
            .map(|number| Append::new(stream(number), Expected::NoStream, events(2)))
            .collect();
        let exact = Expected::Exact(Revision::new(2));
        appends.insert(7, Append::new(stream(0), exact, first.events));
        let answers = join_all(appends.into_iter().map(|append| store.append(append))).await;
        for (index, answer) in answers.into_iter().enumerate() {
            let answer = answer.unwrap();
            assert_eq!(answer.is_repeated(), index == 7);
            if index == 7 {
                assert_eq!(answer.placements(), placed.placements());
            }
        }
        assert_eq!(sound(&store).await.len(), 32);
    }

    #[tokio::test]
    async fn an_append_that_the_database_refuses_does_not_fail_those_beside_it() {
        let database = Database::shared();
        let store = database.store().await;
        let schema = database.schema();
        let refuse = format!("ALTER TABLE {schema}.events ADD CHECK (name <> 'task.refused')");
        database.client().await.batch_execute(&refuse).await.unwrap();
        let appends = (0..32_u64).map(|index| {
            let mut append = append(index % 4, 2);
            if index % 8 == 3 {
                append.events[1].name = "task.refused".into();
            }
            store.append(append)
        });
        for (index, answer) in join_all(appends).await.into_iter().enumerate() {
            match answer {
                Ok(_) => assert_ne!(index % 8, 3),
                Err(StoreError::Backend(cause)) => {
                    assert_eq!(index % 8, 3, "{cause}");
                    assert!(!cause.to_string().contains("number"), "it quotes the row: {cause}");
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(sound(&store).await.len(), 28 * 2);
    }
}

/// 64 appends to 4 streams: each expectation, met and unmet, repeats, reused ids, and some that are invalid.
fn mixed() -> Vec<Append> {
    let mut appends: Vec<Append> = Vec::new();
    for index in 0..64 {
        let expected = match index % 7 {
            0 | 4 => Expected::Any,
            1 => Expected::NoStream,
            2 => Expected::StreamExists,
            3 => Expected::Exact(Revision::new(index / 4)),
            5 => Expected::Exact(Revision::new(2)),
            _ => Expected::Exact(Revision::new(index)),
        };
        let mut append = Append::new(stream(index % 4), expected, events(2));
        match index {
            // The same again, whatever is expected by now.
            20 => append.events.clone_from(&appends[0].events),
            41 => append.events.clone_from(&appends[21].events),
            // One known id, and one that isn't.
            28 => append.events = vec![appends[0].events[0].clone(), event(0)],
            33 => append.events[1].payload = Json::from_stored("x".repeat((16 << 20) + 1)),
            50 => append.events[1].version = 0,
            55 => append.events.clear(),
            _ => {}
        }
        appends.push(append);
    }
    appends
}

/// An answer without its time.
fn shown(answer: Result<Appended, StoreError>) -> String {
    match answer {
        Ok(appended) => {
            let word = if appended.is_repeated() {
                "repeated"
            } else {
                "appended"
            };
            let placed = appended
                .placements()
                .iter()
                .map(|at| (at.revision, at.position));
            format!("{word} {:?}", placed.collect::<Vec<_>>())
        }
        Err(StoreError::Conflict(conflict)) => format!("conflict {conflict}"),
        Err(StoreError::IdReused { stream, id }) => format!("reused {stream} {id}"),
        Err(StoreError::Invalid(invalid)) => format!("invalid {invalid}"),
        Err(error) => panic!("{error}"),
    }
}
