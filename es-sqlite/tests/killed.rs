//! `kill -9` in the middle of a commit: what was acknowledged is there, and no append is torn.

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use es_core::{Append, EventStore, Expected, StoredEvent, StreamId};
use es_sqlite::SqliteStore;
use support::{child, events, log, stream};
use tracing::span::Id;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

const ROUNDS: usize = 20;
const TASKS: u64 = 8;

/// Says when a commit begins and when it has ended.
struct Commits;

impl<S: tracing::Subscriber> Layer<S> for Commits {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.name() == "es_sqlite.commit"
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        println!("commit");
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        println!("committed");
    }
}

/// Eight tasks append without end, three events each time, and say so.
#[tokio::main]
async fn append_without_end(path: &str) {
    tracing_subscriber::registry().with(Commits).init();
    let store = SqliteStore::open(path).await.unwrap();
    let tasks = (0..TASKS).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                let events = events(3);
                let id = events[0].id;
                let append = Append::new(stream(task), Expected::Any, events);
                let appended = store.append(append).await.unwrap();
                println!("done {task} {id} {}", appended.revision());
            }
        })
    });
    futures_util::future::join_all(tasks).await;
}

/// An append that was acknowledged: its stream, its first event's id and its last event's revision, as text.
struct Acknowledged {
    task: String,
    id: String,
    revision: String,
}

/// What victims said.
#[derive(Default)]
struct Said {
    acknowledged: Vec<Acknowledged>,
    committing: bool,
    /// How many kills met a commit that had begun and not ended.
    inside: usize,
}

impl Said {
    /// Kills a victim when a commit has begun, after so many acknowledgements.
    fn kill_after(&mut self, appends: usize, mut victim: Child) {
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let enough = self.acknowledged.len() + appends;
        while self.acknowledged.len() < enough || !self.committing {
            let line = lines.next().expect("the victim ended by itself").unwrap();
            self.hear(&line);
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        // What it said before it died is in the pipe.
        for line in lines.map_while(Result::ok) {
            self.hear(&line);
        }
        self.inside += usize::from(std::mem::take(&mut self.committing));
    }

    /// Hears a line. A short one goes through a pipe whole or not at all.
    fn hear(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["commit"] => self.committing = true,
            ["committed"] => self.committing = false,
            ["done", task, id, revision] => self.acknowledged.push(Acknowledged {
                task: task.to_owned(),
                id: id.to_owned(),
                revision: revision.to_owned(),
            }),
            _ => {}
        }
    }
}

fn victim(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(support::CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn holds(log: &[StoredEvent], acknowledged: &[Acknowledged]) {
    let id = |event: &StoredEvent| event.envelope.id.to_string();
    let by_id: HashMap<_, _> = log.iter().map(|event| (id(event), event)).collect();
    for Acknowledged { task, id, revision } in acknowledged {
        let event = by_id.get(id).expect("it was acknowledged and is gone");
        assert_eq!(event.envelope.stream.id(), task);
        let last = event.envelope.revision.number() + 2;
        assert_eq!(last.to_string(), *revision);
    }
}

/// Without a gap, and three events to an append.
fn is_whole(log: &[StoredEvent]) {
    let mut revisions: HashMap<&StreamId, u64> = HashMap::new();
    for (position, event) in (1..).zip(log) {
        assert_eq!(event.position.number(), position);
        let revision = revisions.entry(&event.envelope.stream).or_default();
        *revision += 1;
        assert_eq!(event.envelope.revision.number(), *revision);
    }
    for append in log.chunks(3) {
        let numbers: Vec<&str> = append.iter().map(|event| event.payload.as_str()).collect();
        let whole = ["{\"number\":0}", "{\"number\":1}", "{\"number\":2}"];
        assert_eq!(numbers, whole);
    }
}

#[test]
fn an_acknowledged_append_survives_kill_9_and_none_is_torn() {
    if let Some(path) = child() {
        append_without_end(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let mut said = Said::default();
    for round in 0..ROUNDS {
        let name = "an_acknowledged_append_survives_kill_9_and_none_is_torn";
        // Another moment in each round.
        said.kill_after(100 + 7 * round, victim(name, &path));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let log = runtime.block_on(async {
        let store = SqliteStore::open(&path).await.unwrap();
        log(&store).await
    });
    holds(&log, &said.acknowledged);
    is_whole(&log);
    let (acknowledged, inside) = (said.acknowledged.len(), said.inside);
    println!("{acknowledged} appends acknowledged, {inside} of {ROUNDS} kills inside a commit");
    assert!(
        inside >= ROUNDS / 2,
        "{inside} of {ROUNDS} kills met a commit"
    );
}
