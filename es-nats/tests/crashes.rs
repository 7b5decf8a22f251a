//! Servers and clients are killed under load: what was acknowledged is there, and nothing is there twice.

#[path = "support/replication.rs"]
mod replication;
mod support;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use es_core::{
    Append, Checkpoint, EventId, EventStore, Expected, Filter, Next, StoredEvent, Subscription,
};
use es_nats::NatsStore;
use es_servers::{Nats, NatsCluster};
use replication::{moved, opened, recovered};
use support::{Writers, child, events, fresh_name, is_whole, log, run_again, stream};

/// What a subscription of its own receives until it has so many events.
fn follow(store: &NatsStore) -> tokio::task::JoinHandle<Vec<EventId>> {
    let mut subscription = Subscription::new(store.clone(), Filter::all(), Checkpoint::START);
    tokio::spawn(async move {
        let mut followed = Vec::new();
        loop {
            match subscription.next().await {
                Ok(Next::Event(event)) if &*event.name == LAST => return followed,
                Ok(Next::Event(event)) => followed.push(event.envelope.id),
                // It goes on through every outage.
                Ok(Next::CaughtUp(_)) | Err(_) => {}
            }
        }
    })
}

/// The event that ends following.
const LAST: &str = "task.last";

/// Everything is there, read by a handle that knows nothing yet, and was received by the follower.
async fn is_all_there(
    store: NatsStore,
    following: tokio::task::JoinHandle<Vec<EventId>>,
    acknowledged: &[EventId],
) {
    let stored = log(&store).await;
    is_whole(&stored, acknowledged);
    let mut last = events(1);
    last[0].name = LAST.into();
    let append = Append::new(stream(99_999), Expected::NoStream, last);
    store.append(append).await.unwrap();
    let received = tokio::time::timeout(Duration::from_mins(1), following).await;
    let received = received.expect("the follower is stuck").unwrap();
    let ids: Vec<_> = stored.iter().map(|event| event.envelope.id).collect();
    assert_eq!(received, ids);
}

async fn kill_the_server_again_and_again() {
    const ROUNDS: usize = 4;
    let mut server = Nats::start().unwrap();
    let name = fresh_name();
    let store = NatsStore::options().name(&name).open(server.url()).await;
    let store = store.unwrap();
    let follower = follow(&store);
    let writers = Writers::start(&store, 8);
    let mut inside = 0;
    for _ in 0..ROUNDS {
        writers.go_on(150).await;
        inside += usize::from(writers.kill(&mut server).await > 0);
        server.restart().unwrap();
    }
    writers.go_on(150).await;
    let acknowledged = writers.end().await;
    let fresh = NatsStore::options().name(&name).open(server.url()).await;
    is_all_there(fresh.unwrap(), follower, &acknowledged).await;
    met_appends(inside, ROUNDS);
    println!("{} events", acknowledged.len());
}

/// Kills that land between appends prove nothing.
fn met_appends(inside: usize, kills: usize) {
    let told = format!("{inside} of {kills} kills met an append");
    assert!(inside >= kills.div_ceil(2), "only {told}");
    println!("{told}");
}

async fn kill_the_leader_three_times() {
    const ROUNDS: usize = 3;
    let mut cluster = NatsCluster::start().unwrap();
    let name = fresh_name();
    let options = || NatsStore::options().name(&name).replicas(3);
    let store = options().open(cluster.url()).await.unwrap();
    let follower = follow(&store);
    let writers = Writers::start(&store, 8);
    let mut inside = 0;
    for _ in 0..ROUNDS {
        writers.go_on(150).await;
        let leader = recovered(&cluster, &name).await;
        let server = cluster.named(&leader).expect("a leader of ours");
        inside += usize::from(writers.kill(server).await > 0);
        // The other two elect a leader, and the writers go on without being told.
        moved(&cluster, &name, &leader).await;
        writers.go_on(150).await;
        let server = cluster.named(&leader).expect("a leader of ours");
        server.restart().unwrap();
    }
    writers.go_on(150).await;
    let acknowledged = writers.end().await;
    recovered(&cluster, &name).await;
    // The handle that appended isn't shown less than it had acknowledged.
    let head = store.head().await.unwrap();
    // Every server has the same, asked through each of them.
    for server in cluster.nodes() {
        let fresh = opened(options(), server.url(), head).await;
        is_whole(&log(&fresh).await, &acknowledged);
    }
    let fresh = opened(options(), &cluster.url(), head).await;
    is_all_there(fresh, follower, &acknowledged).await;
    met_appends(inside, ROUNDS);
    println!("{} events", acknowledged.len());
}

/// Eight tasks append without end, three events each time, and say so.
#[tokio::main]
async fn append_without_end(addresses: &str, name: &str) {
    let store = NatsStore::options().name(name).open(addresses).await;
    let store = store.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let events = events(3);
                    let id = events[0].id;
                    println!("begin {task} {number}");
                    let append = Append::new(stream(task), Expected::Any, events);
                    let appended = store.append(append).await.unwrap();
                    println!("done {task} {number} {id} {}", appended.revision());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// What victims said: the id and the last revision of each append that was acknowledged, and in how many kills another one
/// was under way.
#[derive(Default)]
struct Said {
    acknowledged: Vec<(String, String)>,
    inside: usize,
}

impl Said {
    /// Runs a victim, and kills it after so many acknowledgements.
    fn kill_after(&mut self, appends: usize, mut victim: std::process::Child) {
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let (mut begun, before) = (HashSet::new(), self.acknowledged.len());
        while self.acknowledged.len() < before + appends {
            let line = lines.next().expect("the victim ended by itself").unwrap();
            self.hear(&line, &mut begun);
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        // What it said before it died is in the pipe; its last line may be cut off.
        for line in lines.map_while(Result::ok) {
            if line.split(' ').count() == if line.starts_with("done") { 5 } else { 3 } {
                self.hear(&line, &mut begun);
            }
        }
        self.inside += usize::from(!begun.is_empty());
    }

    fn hear(&mut self, line: &str, begun: &mut HashSet<String>) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["begin", task, _] => drop(begun.insert(task.to_owned())),
            ["done", task, _, id, revision] => {
                begun.remove(task);
                self.acknowledged.push((id.to_owned(), revision.to_owned()));
            }
            _ => {}
        }
    }
}

fn kill_clients(test: &str) {
    const ROUNDS: usize = 10;
    if let Some((addresses, name)) = child() {
        return append_without_end(&addresses, &name);
    }
    let (server, name) = (Nats::shared().url(), fresh_name());
    let mut said = Said::default();
    for round in 0..ROUNDS {
        let victim = run_again(test, server, &name)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Another moment in each round.
        said.kill_after(100 + 7 * round, victim);
    }
    let Said {
        acknowledged,
        inside,
    } = said;
    met_appends(inside, ROUNDS);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stored = runtime.block_on(async {
        let store = NatsStore::options().name(&name).open(server).await;
        log(&store.unwrap()).await
    });
    let every: Vec<EventId> = stored.iter().map(|event| event.envelope.id).collect();
    is_whole(&stored, &every);
    let by_id: HashMap<String, &StoredEvent> = stored
        .iter()
        .map(|event| (event.envelope.id.to_string(), event))
        .collect();
    for (id, revision) in &acknowledged {
        let event = by_id.get(id).expect("it was acknowledged and is gone");
        let last = event.envelope.revision.number() + 2;
        assert_eq!(last.to_string(), *revision);
    }
    println!("{} appends acknowledged", acknowledged.len());
}

es_servers::needs_nats! {
    #[test]
    fn an_acknowledged_append_survives_its_client_and_none_is_torn() {
        kill_clients("an_acknowledged_append_survives_its_client_and_none_is_torn");
    }
}

es_servers::needs_own_nats! {
    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_is_killed_and_restarted_loses_and_doubles_nothing() {
        kill_the_server_again_and_again().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_cluster_whose_leader_is_killed_three_times_loses_and_doubles_nothing() {
        kill_the_leader_three_times().await;
    }
}
