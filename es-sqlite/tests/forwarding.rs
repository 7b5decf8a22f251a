//! Events that leave the program: a forwarder that is killed loses none, and keeps their order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{
    Append, Cause, CloudEvent, Event, EventId, EventStore, Expected, Feed, Forwarder, Json,
    NewEvent, Outgoing, Projection, Recorded, Runner, StoredEvent, StreamId, ToWriter,
};
use es_sqlite::{SqliteReadModels, SqliteStore};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

mod support;

const KILLS: u64 = 20;
const TEST: &str = "a_forwarder_that_is_killed_20_times_among_writers_loses_no_event_and_no_order";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited")]
struct Deposited {
    cents: i64,
    pin: String,
}

/// Deposits leave, without the pin; nothing else does.
#[derive(Projection)]
#[projection(name = "bank-feed", version = 1, event = BankFeedEvent)]
#[event(Deposited)]
struct BankFeed;

/// Text that JSON has to escape, and more of it than a page of memory holds now and then.
fn note(cents: i64) -> String {
    let long = if cents % 7 == 0 { 3_000 } else { 3 };
    format!("\"{cents}\"\n\u{1F4B0}").repeat(long)
}

fn public(deposited: &Deposited) -> serde_json::Value {
    let cents = deposited.cents;
    serde_json::json!({ "cents": cents, "note": note(cents) })
}

impl Feed for BankFeed {
    fn outgoing(&self, event: &Recorded<BankFeedEvent>) -> Result<Option<Outgoing>, Cause> {
        let BankFeedEvent::Deposited(deposited) = &event.event;
        let outgoing = Outgoing::new("com.bank.deposited.v1", &public(deposited))?;
        Ok(Some(outgoing))
    }
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("log.db")
}

fn published_file(folder: &Path) -> PathBuf {
    folder.join("published.jsonl")
}

/// The file, behind the end of a line: who was killed may have left a part of one.
fn published(folder: &Path) -> File {
    let mut options = OpenOptions::new();
    let options = options.create(true).read(true).append(true);
    let mut file = options.open(published_file(folder)).unwrap();
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last).unwrap();
    }
    if last != [b'\n'] {
        file.write_all(b"\n").unwrap();
    }
    file
}

async fn forwarder(folder: &Path) -> Runner<SqliteStore, Forwarder<BankFeed, ToWriter<File>>> {
    let store = SqliteStore::open(log_file(folder)).await.unwrap();
    let places = SqliteReadModels::open(folder.join("places.db")).await;
    let publisher = ToWriter(published(folder));
    let forwarder = Forwarder::new(BankFeed, "/bank", publisher, places.unwrap());
    Runner::new(store, forwarder).batch(20)
}

/// Forwards until it is killed.
#[tokio::main]
async fn forward_as_child(folder: &Path) {
    let runner = forwarder(folder).await;
    println!("begun");
    runner.run().await.unwrap();
}

fn deposit(cents: i64) -> NewEvent {
    let pin = "1234".to_owned();
    let payload = Json::encode(&Deposited { cents, pin }).unwrap();
    NewEvent::new(EventId::random(), "account.deposited", 1, payload)
}

/// Eight tasks that append until they are ended: deposits, and what doesn't leave, to three streams.
struct Writers {
    ended: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    fn start(runtime: &Runtime, store: &SqliteStore) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let tasks = (0..8_i64).map(|writer| {
            let (store, ended) = (store.clone(), Arc::clone(&ended));
            runtime.spawn(async move {
                let stream = StreamId::new("account", &(writer % 3).to_string()).unwrap();
                let mut number = 0;
                while !ended.load(Ordering::SeqCst) {
                    number += 1;
                    let events = vec![deposit(number), support::event(1), deposit(-number)];
                    let append = Append::new(stream.clone(), Expected::Any, events);
                    store.append(append).await.unwrap();
                    // Enough for the forwarder to be busy at any time, and not more than it can take.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        });
        let tasks = tasks.collect();
        Self { ended, tasks }
    }

    async fn end(self) {
        self.ended.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// A process that forwards, and has said that it begins.
fn victim(folder: &Path) -> Child {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([TEST, "--exact", "--nocapture", "--test-threads=1"])
        .env(support::CHILD, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    while !lines
        .next()
        .expect("the victim has ended")
        .unwrap()
        .ends_with("begun")
    {}
    victim
}

fn size(folder: &Path) -> u64 {
    std::fs::metadata(published_file(folder)).map_or(0, |file| file.len())
}

/// Kills it, somewhere else in each round: every other one as it begins, the rest when it has published something.
fn kill(mut victim: Child, round: u64, folder: &Path, before: u64) {
    while round.is_multiple_of(2) && size(folder) <= before {
        let ended = victim.try_wait().unwrap();
        assert!(ended.is_none(), "the victim has ended");
        std::thread::yield_now();
    }
    let micros = (round * 7_919) % 50 * 1_000;
    std::thread::sleep(Duration::from_micros(micros));
    victim.kill().unwrap();
    victim.wait().unwrap();
}

/// What can be read of what was published, in its order; and how many lines can't.
fn lines(folder: &Path) -> (Vec<CloudEvent>, usize) {
    let text = std::fs::read(published_file(folder)).unwrap();
    assert_eq!(text.last(), Some(&b'\n'));
    let (mut events, mut torn) = (Vec::new(), 0);
    for line in text[..text.len() - 1].split(|byte| *byte == b'\n') {
        match serde_json::from_slice::<CloudEvent>(line) {
            Ok(event) => {
                assert_eq!(serde_json::to_vec(&event).unwrap(), line);
                events.push(event);
            }
            Err(_) => torn += 1,
        }
    }
    (events, torn)
}

/// Each event says what the log does.
fn is_lossless(event: &CloudEvent, stored: &StoredEvent) {
    let envelope = &stored.envelope;
    let deposited: Deposited = serde_json::from_str(stored.payload.as_str()).unwrap();
    assert_eq!(event.data, Some(Json::encode(&public(&deposited)).unwrap()));
    assert_eq!(
        (&*event.source, &*event.r#type),
        ("/bank", "com.bank.deposited.v1")
    );
    assert_eq!(event.subject.as_deref(), Some(envelope.stream.as_str()));
    let time = event.time.as_ref().unwrap().timestamp();
    assert_eq!(time, envelope.recorded_at);
    let revision = format!("{:020}", envelope.revision.number());
    let extensions = [
        ("partitionkey", envelope.stream.as_str()),
        ("sequence", &revision),
    ];
    let extensions = extensions.map(|(name, value)| (name.to_owned(), value.into()));
    assert_eq!(event.extensions, BTreeMap::from(extensions));
}

/// All events of the log that are public were published, and no others; of each stream none before the one that comes
/// before it. How many were published again.
fn check(published: &[CloudEvent], log: &[StoredEvent]) -> usize {
    let public = log
        .iter()
        .filter(|stored| &*stored.name == "account.deposited");
    let (mut by_id, mut count) = (HashMap::new(), HashMap::<&StreamId, usize>::new());
    for stored in public {
        let place = count.entry(&stored.envelope.stream).or_default();
        by_id.insert(stored.envelope.id.to_string(), (stored, *place));
        *place += 1;
    }
    let (mut seen, mut next) = (HashSet::new(), HashMap::<&StreamId, usize>::new());
    for event in published {
        let (stored, place) = by_id.get(&event.id).expect("it isn't public");
        is_lossless(event, stored);
        let next = next.entry(&stored.envelope.stream).or_default();
        assert!(place <= next, "{} came too early", event.id);
        *next = (*next).max(place + 1);
        seen.insert(&event.id);
    }
    assert_eq!(seen.len(), by_id.len(), "not all were published");
    published.len() - seen.len()
}

#[test]
fn a_forwarder_that_is_killed_20_times_among_writers_loses_no_event_and_no_order() {
    if let Some(folder) = support::child() {
        return forward_as_child(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let runtime = Runtime::new().unwrap();
    let store = runtime
        .block_on(SqliteStore::open(log_file(folder)))
        .unwrap();
    let writers = Writers::start(&runtime, &store);
    let mut moved = 0;
    for round in 0..KILLS {
        let before = size(folder);
        kill(victim(folder), round, folder, before);
        moved += usize::from(size(folder) > before);
    }
    runtime.block_on(async {
        writers.end().await;
        let runner = forwarder(folder).await;
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        let head = tokio::time::timeout(Duration::from_mins(1), handle.wait_for_head());
        head.await.expect("it should have caught up long ago").unwrap();
        handle.shutdown().await;
        running.await.unwrap().unwrap();
        let (published, torn) = lines(folder);
        let again = check(&published, &support::log(&store).await);
        let events = published.len() - again;
        println!("{events} events, {again} published again, {torn} lines torn, {moved} of {KILLS} victims had published");
        assert!(events > 100, "only {events} events");
    });
    assert!(moved >= 10, "only {moved} of {KILLS} victims had published");
}
