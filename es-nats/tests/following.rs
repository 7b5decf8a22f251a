//! Sixteen writers and a follower: what is committed is received, in order, and nothing twice.

mod support;

use std::process::Stdio;
use std::time::Duration;

use es_core::{
    Append, Checkpoint, EventStore, Expected, Filter, StoredEvent, StreamId, Subscription,
};
use es_nats::NatsStore;
use support::{child, cluster, events, fresh_name, log, run_again, stream};

const WRITERS: usize = 16;
const APPENDS: usize = 40;
/// Of each append.
const EVENTS: usize = 2;

/// So many tasks, each appending to its own stream and to one that all share.
async fn write(store: &NatsStore, writers: std::ops::Range<usize>) {
    let tasks: Vec<_> = writers
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..APPENDS {
                    let to = if number % 4 == 0 { WRITERS } else { writer };
                    let append = Append::new(stream(to), Expected::Any, events(EVENTS));
                    store.append(append).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Follows until everything is there.
async fn follow(store: NatsStore) -> Vec<StoredEvent> {
    let mut subscription = Subscription::new(store, Filter::all(), Checkpoint::START).page_size(17);
    let mut followed = Vec::new();
    while followed.len() < WRITERS * APPENDS * EVENTS {
        let next = tokio::time::timeout(Duration::from_mins(1), subscription.next());
        followed.extend(next.await.expect("the follower is stuck").unwrap().event());
    }
    followed
}

fn is_complete(followed: &[StoredEvent], stored: &[StoredEvent]) {
    assert_eq!(stored.len(), WRITERS * APPENDS * EVENTS);
    assert!(stored.is_sorted_by(|one, next| one.position < next.position));
    assert_eq!(followed, stored);
    let of_one = |stream: &StreamId| {
        let events = stored
            .iter()
            .filter(|event| event.envelope.stream == *stream);
        events
            .map(|event| event.envelope.revision.number())
            .collect::<Vec<_>>()
    };
    for writer in 0..=WRITERS {
        let revisions = of_one(&stream(writer));
        assert_eq!(revisions, (1..=revisions.len() as u64).collect::<Vec<_>>());
    }
}

async fn open(addresses: &str, name: &str, replicas: usize) -> NatsStore {
    let options = NatsStore::options().name(name).replicas(replicas);
    options.open(addresses).await.unwrap()
}

async fn in_one_process(addresses: &str, replicas: usize) {
    let name = fresh_name();
    let store = open(addresses, &name, replicas).await;
    let follower = open(addresses, &name, replicas).await;
    let follower = tokio::spawn(follow(follower));
    write(&store, 0..WRITERS).await;
    is_complete(&follower.await.unwrap(), &log(&store).await);
}

/// Each of four processes runs four of the writers.
fn in_four_processes(test: &str, addresses: &str, replicas: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some((addresses, name)) = child() {
        let first: usize = std::env::var(FIRST).unwrap().parse().unwrap();
        return runtime.block_on(async {
            let store = open(&addresses, &name, replicas).await;
            write(&store, first..first + WRITERS / 4).await;
        });
    }
    let name = fresh_name();
    let store = runtime.block_on(open(addresses, &name, replicas));
    let mut children: Vec<_> = (0..4)
        .map(|number| {
            run_again(test, addresses, &name)
                .env(FIRST, (number * WRITERS / 4).to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let followed = runtime.block_on(follow(store.clone()));
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    is_complete(&followed, &runtime.block_on(log(&store)));
}

/// Tells a child which writers are its own.
const FIRST: &str = "ES_NATS_TEST_FIRST";

/// A child doesn't start servers.
fn addresses(servers: impl FnOnce() -> String) -> String {
    child().map_or_else(servers, |(addresses, _)| addresses)
}

es_servers::needs_nats! {
    #[tokio::test(flavor = "multi_thread")]
    async fn a_follower_receives_all_of_sixteen_writers() {
        in_one_process(es_servers::Nats::shared().url(), 1).await;
    }

    #[test]
    fn a_follower_receives_all_of_four_processes() {
        let addresses = addresses(|| es_servers::Nats::shared().url().to_owned());
        in_four_processes("a_follower_receives_all_of_four_processes", &addresses, 1);
    }
}

es_servers::needs_own_nats! {
    #[tokio::test(flavor = "multi_thread")]
    async fn a_follower_receives_all_of_sixteen_writers_on_a_cluster() {
        in_one_process(&cluster().url(), 3).await;
    }

    #[test]
    fn a_follower_receives_all_of_four_processes_on_a_cluster() {
        let addresses = addresses(|| cluster().url());
        in_four_processes("a_follower_receives_all_of_four_processes_on_a_cluster", &addresses, 3);
    }
}
