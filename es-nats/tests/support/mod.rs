//! What the tests share.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_nats::Client;
use es_core::{
    Append, EventId, EventStore, Expected, Json, LogQuery, NewEvent, Position, Revision,
    StoreError, StoredEvent, StreamId,
};
use es_nats::NatsStore;
use es_servers::{Nats, NatsCluster};
use serde_json::Value;
use tokio::task::JoinHandle;

/// Tells a process that it is the child of a test, and which log on which servers it works on.
pub(crate) const CHILD: &str = "ES_NATS_TEST_CHILD";

/// The addresses and the name of the log, if this process is a child.
pub(crate) fn child() -> Option<(String, String)> {
    let child = std::env::var(CHILD).ok()?;
    let (addresses, name) = child.split_once(' ')?;
    Some((addresses.to_owned(), name.to_owned()))
}

/// A name that no other log has.
pub(crate) fn fresh_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Not only in this process: the server may be one that stays.
    format!("test-{}-{count}", EventId::random())
}

/// Three servers that the tests of this process share.
pub(crate) fn cluster() -> &'static NatsCluster {
    static CLUSTER: OnceLock<NatsCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| NatsCluster::start().unwrap_or_else(|error| panic!("no NATS: {error}")))
}

/// What an error says with all of its sources.
pub(crate) fn told(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// A log of this name on the server that the tests share.
pub(crate) async fn open(name: &str) -> Result<NatsStore, StoreError> {
    let options = NatsStore::options().name(name);
    options.open(Nats::shared().url()).await
}

/// A connection to that server, past the store.
pub(crate) async fn bare() -> Client {
    async_nats::connect(Nats::shared().url()).await.unwrap()
}

/// What the server's own API answers.
pub(crate) async fn api(client: &Client, what: &str, body: &Value) -> Value {
    let body = serde_json::to_vec(body).unwrap();
    let answer = client.request(format!("$JS.API.{what}"), body.into()).await;
    serde_json::from_slice(&answer.unwrap().payload).unwrap()
}

pub(crate) fn stream(number: usize) -> StreamId {
    StreamId::new("task", &number.to_string()).unwrap()
}

pub(crate) fn event(number: usize) -> NewEvent {
    let payload = Json::parse(format!("{{\"number\":{number}}}")).unwrap();
    NewEvent::new(EventId::random(), "task.numbered", 1, payload)
}

pub(crate) fn events(count: usize) -> Vec<NewEvent> {
    (0..count).map(event).collect()
}

/// The whole log.
pub(crate) async fn log(store: &impl EventStore) -> Vec<StoredEvent> {
    let (mut events, mut after) = (Vec::new(), Position::START);
    loop {
        let page = store.read_log(LogQuery::after(after)).await.unwrap();
        events.extend(page.events);
        after = page.looked_to;
        if page.end {
            return events;
        }
    }
}

/// A test binary's test, run again as a child that works on this log.
pub(crate) fn run_again(test: &str, addresses: &str, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{addresses} {name}"));
    command
}

/// Tasks that append three events each time, each to a stream of its own, and go on through every outage: the same events
/// again until they are acknowledged.
pub(crate) struct Writers {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    tasks: Vec<(Turns, JoinHandle<Vec<EventId>>)>,
}

/// Counts each beginning and each end of a task's appends: odd while one is under way.
type Turns = Arc<AtomicU64>;

impl Writers {
    pub(crate) fn start(store: &NatsStore, tasks: usize) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let task = |task| {
            let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
            let turns = Turns::default();
            let told = (Arc::clone(&turns), acknowledged);
            let writing = write(store.clone(), stream(task), stop, told);
            (turns, tokio::spawn(writing))
        };
        let tasks = (0..tasks).map(task).collect();
        Self {
            stop,
            acknowledged,
            tasks,
        }
    }

    /// Waits until so many more appends are acknowledged.
    pub(crate) async fn go_on(&self, appends: usize) {
        let enough = self.acknowledged.load(Ordering::SeqCst) + appends;
        let going = async {
            while self.acknowledged.load(Ordering::SeqCst) < enough {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let patience = Duration::from_mins(1);
        let going = tokio::time::timeout(patience, going).await;
        going.expect("the writers are stuck");
    }

    /// Kills a server in the midst of what it does; how many appends were under way by then, and stay so.
    pub(crate) async fn kill(&self, server: &mut Nats) -> usize {
        let turns = || {
            let turns = self.tasks.iter().map(|(turns, _)| turns);
            turns.map(|turns| turns.load(Ordering::SeqCst)).collect()
        };
        // Stopped wherever it is, it answers nothing more: what is under way then is when it dies.
        let id = server.id().expect("a server of ours");
        let stop = format!("kill -STOP {id}");
        assert!(
            Command::new("sh")
                .args(["-c", &stop])
                .status()
                .unwrap()
                .success()
        );
        let sent = async {
            loop {
                let before: Vec<u64> = turns();
                let stopped = is_stopped(id);
                tokio::time::sleep(Duration::from_millis(1)).await;
                // What was answered before has come.
                if stopped && before.iter().all(|turns| turns % 2 == 1) && before == turns() {
                    return before;
                }
            }
        };
        let sent = tokio::time::timeout(Duration::from_mins(1), sent).await;
        let before = sent.expect("the server doesn't stop");
        server.kill().unwrap();
        let after: Vec<u64> = turns();
        let same = before.iter().zip(&after);
        same.filter(|(before, after)| before == after).count()
    }

    /// Ends them; every event that was acknowledged.
    pub(crate) async fn end(self) -> Vec<EventId> {
        self.stop.store(true, Ordering::SeqCst);
        let mut ids = Vec::new();
        for (_, task) in self.tasks {
            ids.extend(task.await.unwrap());
        }
        ids
    }
}

/// Whether all threads of a process are stopped, where the system tells it.
fn is_stopped(process: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return true;
    };
    let states = threads
        .flatten()
        .map(|thread| std::fs::read_to_string(thread.path().join("stat")));
    // Behind the program's name, which is in brackets.
    let mut states = states.map(Result::unwrap_or_default);
    states.all(|stat| {
        stat.rsplit_once(") ")
            .is_some_and(|(_, state)| state.starts_with('T'))
    })
}

async fn write(
    store: NatsStore,
    stream: StreamId,
    stop: Arc<AtomicBool>,
    (turns, acknowledged): (Turns, Arc<AtomicUsize>),
) -> Vec<EventId> {
    let (mut ids, mut revision) = (Vec::new(), Revision::EMPTY);
    while !stop.load(Ordering::SeqCst) {
        let events = events(3);
        ids.extend(events.iter().map(|event| event.id));
        let append = Append::new(stream.clone(), Expected::Exact(revision), events);
        turns.fetch_add(1, Ordering::SeqCst);
        revision = loop {
            match store.append(append.clone()).await {
                Ok(appended) => break appended.revision(),
                Err(StoreError::Unavailable(_) | StoreError::Unknown(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        };
        turns.fetch_add(1, Ordering::SeqCst);
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
    ids
}

/// The log holds these events and no others, each once, in order and without a gap, in whole appends of three.
pub(crate) fn is_whole(log: &[StoredEvent], ids: &[EventId]) {
    let there: HashSet<_> = log.iter().map(|event| event.envelope.id).collect();
    let lost = ids.iter().filter(|id| !there.contains(id)).count();
    assert_eq!(lost, 0, "of {} acknowledged events", ids.len());
    assert_eq!(there.len(), log.len(), "an event is there twice");
    assert_eq!(log.len(), ids.len());
    assert!(log.is_sorted_by(|one, next| one.position < next.position));
    let mut revisions: HashMap<&StreamId, u64> = HashMap::new();
    for event in log {
        let revision = revisions.entry(&event.envelope.stream).or_default();
        *revision += 1;
        assert_eq!(event.envelope.revision.number(), *revision);
    }
    for append in log.chunks(3) {
        let numbers: Vec<&str> = append.iter().map(|event| event.payload.as_str()).collect();
        assert_eq!(
            numbers,
            ["{\"number\":0}", "{\"number\":1}", "{\"number\":2}"]
        );
    }
}
