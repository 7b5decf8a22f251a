//! Events that were edited behind the library's back, by somebody who may do anything to the database.

mod support;

use std::path::{Path, PathBuf};

use es_core::{
    Append, Digest, EventStore, Expected, NewEvent, Revision, Seal, Sealer, StoredEvent, StreamId,
    Timestamp, Verification,
};
use es_sqlite::{SqliteOptions, SqliteStore};
use es_testkit::FixedClock;
use rusqlite::{Connection, params};
use support::{event, log, stream};
use tempfile::TempDir;

/// Three streams, `task/0` to `task/2`, each with four events; sealed after six events and after twelve:
///
/// | positions | 1 2 3 | 4 5 6 | 7 | 8 9 10 | 11 12 13 | 14 |
/// |---|---|---|---|---|---|---|
/// | revisions of the streams | 1 | 2 | seal | 3 | 4 | seal |
struct Log {
    folder: TempDir,
    /// The last seal, which nobody can edit.
    kept: Seal,
}

fn options() -> SqliteOptions {
    let clock = FixedClock::at(Timestamp::EPOCH);
    SqliteStore::options().clock(clock).tamper_evident()
}

fn twelve() -> Vec<NewEvent> {
    let event = |number| {
        let mut event = event(number);
        event.effective_at = (number == 1).then_some(Timestamp::EPOCH);
        event
    };
    (0..12).map(event).collect()
}

/// Appends and seals these, and answers with the last seal.
async fn write(path: &Path, events: &[NewEvent]) -> Seal {
    let store = options().open(path).await.unwrap();
    let mut sealer = Sealer::open(store.clone()).await.unwrap();
    for (number, event) in (0..).zip(events) {
        let append = Append::new(stream(number % 3), Expected::Any, vec![event.clone()]);
        store.append(append).await.unwrap();
        if number == 5 {
            sealer.seal().await.unwrap();
        }
    }
    let kept = sealer.seal().await.unwrap().unwrap();
    store.close().await.unwrap();
    kept
}

impl Log {
    async fn written() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kept = write(&folder.path().join("log.db"), &twelve()).await;
        Self { folder, kept }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("log.db")
    }

    /// As an administrator does it: without the triggers.
    fn edit(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        let triggers = "DROP TRIGGER IF EXISTS events_are_never_changed; \
                        DROP TRIGGER IF EXISTS events_are_never_deleted; \
                        DROP TRIGGER IF EXISTS events_are_hashed;";
        connection
            .execute_batch(&format!("{triggers} {sql}"))
            .unwrap();
    }

    /// Computes the hashes of a stream anew, so that each fits.
    async fn hash_anew(&self, of: &StreamId) {
        let store = SqliteStore::open(self.path()).await.unwrap();
        let mut previous = None;
        for event in log(&store).await {
            if event.envelope.stream == *of {
                let hash = Digest::of_event(previous, of, event.envelope.revision, &new(&event));
                let connection = Connection::open(self.path()).unwrap();
                let sql = "UPDATE events SET hash = ?1 WHERE position = ?2";
                let position = i64::try_from(event.position.number()).unwrap();
                connection
                    .execute(sql, params![hash.as_bytes(), position])
                    .unwrap();
                previous = Some(hash);
            }
        }
    }

    async fn verify(&self, kept: &[Seal]) -> Verification {
        let store = SqliteStore::open(self.path()).await.unwrap();
        let verification = Verification::of(&store, kept).await.unwrap();
        store.close().await.unwrap();
        verification
    }

    /// What is found without a kept seal.
    async fn found(&self) -> Vec<String> {
        breaks(&self.verify(&[]).await)
    }
}

fn new(event: &StoredEvent) -> NewEvent {
    let id = event.envelope.id;
    let mut new = NewEvent::new(id, event.name.clone(), event.version, event.payload.clone());
    new.metadata = event.envelope.metadata.clone();
    new.effective_at = event.envelope.effective_at;
    new
}

fn breaks(verification: &Verification) -> Vec<String> {
    let breaks = verification.breaks().iter();
    breaks.map(ToString::to_string).collect()
}

/// Those of this stream.
fn of(number: u64, breaks: &[String]) -> Vec<&str> {
    let of = stream(number).to_string();
    let breaks = breaks.iter().map(String::as_str);
    breaks.filter(|found| found.starts_with(&of)).collect()
}

/// Exchanges what is stored of two events, but their places.
fn exchange(one: u64, other: u64, columns: &[&str]) -> String {
    let set = columns.iter().map(|column| {
        let of = |position| format!("(SELECT {column} FROM copy WHERE position = {position})");
        let (one_has, other_has) = (of(one), of(other));
        format!("{column} = CASE position WHEN {one} THEN {other_has} ELSE {one_has} END")
    });
    let set: Vec<String> = set.collect();
    format!(
        "CREATE TEMP TABLE copy AS SELECT * FROM events; UPDATE events SET id = randomblob(16) WHERE position IN ({one}, {other}); \
         UPDATE events SET {} WHERE position IN ({one}, {other});",
        set.join(", ")
    )
}

/// Moves the events of a stream from a revision on by some places.
fn renumber(stream: u64, from: u64, by: i64) -> String {
    format!(
        "UPDATE events SET revision = 1000 + revision WHERE stream = {stream} AND revision >= {from}; \
         UPDATE events SET revision = revision - 1000 + {by} WHERE stream = {stream} AND revision > 1000;"
    )
}

#[tokio::test]
async fn a_log_that_nobody_edited_is_clean() {
    let log = Log::written().await;
    let verification = log.verify(std::slice::from_ref(&log.kept)).await;
    assert!(verification.is_clean(), "{verification}");
    assert_eq!((verification.events(), verification.unhashed()), (14, 0));
    assert_eq!(verification.sealed_to(), log.kept.position);
    assert_eq!(log.kept.position.number(), 13);
    assert_eq!(verification.to_string(), "14 events, nothing found\n");
    // Nothing new but a seal: nothing to seal.
    let store = SqliteStore::open(log.path()).await.unwrap();
    let mut sealer = Sealer::open(store.clone()).await.unwrap();
    assert_eq!(sealer.seal().await.unwrap().unwrap(), log.kept);
    assert_eq!(support::log(&store).await.len(), 14);
}

#[tokio::test]
async fn a_change_is_found_whatever_is_changed() {
    for set in [
        "payload = '{\"number\":99}'",
        "metadata = '{\"actor\":\"me\"}'",
        "effective_at = 5",
        "id = x'00112233445566778899aabbccddeeff'",
        "name = (SELECT max(key) FROM names)",
        "hash = zeroblob(32)",
    ] {
        let log = Log::written().await;
        log.edit(&format!("UPDATE events SET {set} WHERE position = 4"));
        assert_eq!(log.found().await, ["task/0 2: changed"], "{set}");
        let verification = log.verify(std::slice::from_ref(&log.kept)).await;
        assert_eq!(breaks(&verification), ["task/0 2: changed"], "{set}");
    }
}

#[tokio::test]
async fn each_stream_has_its_own_break_and_each_kind_its_first() {
    let log = Log::written().await;
    log.edit(
        "UPDATE events SET payload = '{}' WHERE position IN (4, 11, 9); DELETE FROM events WHERE position = 5;",
    );
    // What lies behind a gap can't be checked by its hash.
    assert_eq!(
        log.found().await,
        ["task/0 2: changed", "task/1 2: missing"]
    );
}

#[tokio::test]
async fn a_deletion_is_found_also_if_the_others_move_up() {
    let log = Log::written().await;
    log.edit("DELETE FROM events WHERE position = 4");
    assert_eq!(log.found().await, ["task/0 2: missing"]);
    log.edit(&renumber(1, 3, -1));
    assert_eq!(log.found().await, ["task/0 2: missing"]);
    let log = Log::written().await;
    log.edit("DELETE FROM events WHERE position = 1");
    log.edit(&renumber(1, 2, -1));
    assert_eq!(log.found().await, ["task/0 1: missing"]);
}

#[tokio::test]
async fn a_swap_is_found_whatever_of_the_events_is_swapped() {
    let columns = ["id", "name", "effective_at", "payload", "metadata", "hash"];
    // Neighbours, and events with others in between.
    for (one, other) in [(4, 8), (4, 11)] {
        let log = Log::written().await;
        log.edit(&exchange(one, other, &columns));
        assert_eq!(log.found().await, ["task/0 2: swapped"], "{one}, {other}");
    }
    let log = Log::written().await;
    // By their revisions, and by their positions.
    let by_revision = "UPDATE events SET revision = 99 WHERE position = 4; UPDATE events SET revision = 2 WHERE \
                       position = 8; UPDATE events SET revision = 3 WHERE position = 4;";
    log.edit(by_revision);
    assert_eq!(log.found().await, ["task/0 2: swapped"]);
    let log = Log::written().await;
    let by_position = "UPDATE events SET position = 99 WHERE position = 4; UPDATE events SET position = 4 WHERE \
                       position = 8; UPDATE events SET position = 8 WHERE position = 99;";
    log.edit(by_position);
    assert_eq!(log.found().await, ["task/0 2: swapped"]);
    // Without the hashes each is a change.
    let log = Log::written().await;
    log.edit(&exchange(4, 8, &columns[..5]));
    assert_eq!(log.found().await, ["task/0 2: changed"]);
}

fn insert(position: u64, revision: u64, hash: &str) -> String {
    format!(
        "INSERT INTO events (position, stream, revision, id, name, recorded_at, payload, hash) VALUES ({position}, 1, \
         {revision}, randomblob(16), 1, 0, '{{}}', {hash});"
    )
}

#[tokio::test]
async fn an_insertion_is_found_at_the_end_and_in_the_middle() {
    let log = Log::written().await;
    log.edit(&insert(15, 5, "NULL"));
    assert_eq!(log.found().await, ["task/0 5: inserted"]);
    for hash in ["NULL", "randomblob(32)"] {
        let log = Log::written().await;
        log.edit("UPDATE events SET position = position + 1000 WHERE position >= 4");
        log.edit("UPDATE events SET position = position - 999 WHERE position >= 1000");
        log.edit(&renumber(1, 2, 1));
        log.edit(&insert(4, 2, hash));
        assert_eq!(of(0, &log.found().await), ["task/0 2: inserted"], "{hash}");
    }
}

#[tokio::test]
async fn hashes_that_were_computed_anew_are_told_by_seals_alone() {
    let log = Log::written().await;
    log.edit("UPDATE events SET payload = '{\"number\":99}' WHERE position = 4");
    log.hash_anew(&stream(0)).await;
    assert_eq!(log.found().await, ["task/0 2: rewritten"]);
    let verification = log.verify(std::slice::from_ref(&log.kept)).await;
    assert_eq!(breaks(&verification), ["task/0 2: rewritten"]);
    assert_eq!(verification.unlike(), std::slice::from_ref(&log.kept));
    // Who also takes the seals away leaves a sound log, but for who kept one.
    log.edit(
        "DELETE FROM events WHERE stream = (SELECT key FROM streams WHERE category = 'es.seals')",
    );
    assert_eq!(log.found().await, [""; 0]);
    let verification = log.verify(std::slice::from_ref(&log.kept)).await;
    assert_eq!(breaks(&verification), ["task/2 4: rewritten"]);
    assert_eq!(verification.unlike(), std::slice::from_ref(&log.kept));
}

#[tokio::test]
async fn hashes_that_were_taken_from_all_events_are_found() {
    let log = Log::written().await;
    log.edit("UPDATE events SET hash = NULL, payload = '{\"number\":99}'");
    let found = log.found().await;
    for number in 0..3 {
        let first = format!("task/{number} 1: changed");
        assert_eq!(of(number, &found), [&first]);
    }
    // Who also takes the mark away leaves nothing that tells, but the number of events without a hash and a kept seal.
    log.edit("DELETE FROM tamper_evidence; DELETE FROM events WHERE stream > 3");
    let verification = log.verify(&[]).await;
    assert!(verification.is_clean(), "{verification}");
    assert_eq!((verification.events(), verification.unhashed()), (12, 12));
    assert!(!log.verify(std::slice::from_ref(&log.kept)).await.is_clean());
}

/// A log that was written again from its beginning with one event changed, hashed and sealed as the first was.
#[tokio::test]
async fn a_log_that_was_written_anew_is_told_by_a_kept_seal_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = twelve();
    let kept = write(&folder.path().join("first.db"), &events).await;
    let same = write(&folder.path().join("same.db"), &events).await;
    assert_eq!(same, kept);
    events[3].payload = es_core::Json::from_stored("{\"number\":99}");
    let other = write(&folder.path().join("log.db"), &events).await;
    let log = Log { folder, kept };
    assert!(log.verify(&[other]).await.is_clean());
    let line = log.kept.to_string();
    let verification = log.verify(&[line.parse().unwrap()]).await;
    // The last event that it covers: what was changed lies there or before.
    assert_eq!(breaks(&verification), ["task/2 4: rewritten"]);
    assert!(verification.to_string().contains(&line), "{verification}");
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_told_by_seals() {
    let log = Log::written().await;
    // Of the log, with its last seal.
    log.edit("DELETE FROM events WHERE position >= 12");
    assert_eq!(log.found().await, [""; 0]);
    let verification = log.verify(std::slice::from_ref(&log.kept)).await;
    assert_eq!(breaks(&verification), ["task/2 4: missing"]);
    // Of one stream: the log's own seals tell.
    let log = Log::written().await;
    log.edit("DELETE FROM events WHERE position IN (8, 11)");
    assert_eq!(log.found().await, ["task/0 3: missing"]);
    // A whole stream.
    let log = Log::written().await;
    log.edit("DELETE FROM events WHERE stream = 1");
    assert_eq!(log.found().await, ["task/0 1: missing"]);
}

#[tokio::test]
async fn a_changed_record_time_is_told_by_seals() {
    let log = Log::written().await;
    log.edit("UPDATE events SET recorded_at = 1 WHERE position = 9");
    assert_eq!(log.found().await, ["task/1 3: rewritten"]);
}

#[tokio::test]
async fn a_seal_that_was_edited_accuses_itself_alone() {
    let log = Log::written().await;
    let edit = "UPDATE events SET payload = replace(payload, '\"hash\":\"', '\"hash\":\"0') WHERE position = 7";
    log.edit(edit);
    assert_eq!(log.found().await, ["es.seals/log 1: changed"]);
}

#[tokio::test]
async fn a_log_is_hashed_by_whoever_appends_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    // Open before anybody asked for hashes.
    let plain = SqliteStore::open(&path).await.unwrap();
    let append = |number| Append::new(stream(number), Expected::Any, support::events(2));
    plain.append(append(1)).await.unwrap();
    let asked = options().open(&path).await.unwrap();
    plain.append(append(1)).await.unwrap();
    plain.append(append(2)).await.unwrap();
    asked.append(append(1)).await.unwrap();
    asked.append(append(2)).await.unwrap();
    let hashed: Vec<bool> = log(&plain)
        .await
        .iter()
        .map(|event| event.hash.is_some())
        .collect();
    assert_eq!(hashed[..2], [false; 2]);
    assert_eq!(hashed[2..], [true; 8]);
    let verification = Verification::of(&plain, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!(verification.unhashed(), 2);
    // Even by a program that knows nothing of hashes.
    let unhashed = insert(99, 99, "NULL");
    let refused = Connection::open(&path).unwrap().execute_batch(&unhashed);
    assert!(refused.unwrap_err().to_string().contains("are hashed"));
    assert_eq!(log(&plain).await.len(), 10);
}

#[tokio::test]
async fn a_log_of_the_first_schema_is_brought_up_to_date_and_hashed_when_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let append = || Append::new(stream(1), Expected::Any, support::events(3));
    store.append(append()).await.unwrap();
    let before = log(&store).await;
    store.close().await.unwrap();
    let first = "ALTER TABLE events DROP COLUMN hash; DROP TABLE tamper_evidence; DROP TABLE inline_projections; PRAGMA user_version = 1";
    Connection::open(&path)
        .unwrap()
        .execute_batch(first)
        .unwrap();
    let store = options().open(&path).await.unwrap();
    assert_eq!(log(&store).await, before);
    let appended = store.append(append()).await.unwrap();
    assert_eq!(appended.revision(), Revision::new(6));
    let verification = Verification::of(&store, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!((verification.events(), verification.unhashed()), (6, 3));
    // It tells what was changed of what it hashed, and nothing of what it didn't.
    store.close().await.unwrap();
    let edit = "DROP TRIGGER events_are_never_changed; UPDATE events SET payload = '[]' WHERE position IN (2, 5)";
    Connection::open(&path)
        .unwrap()
        .execute_batch(edit)
        .unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let verification = Verification::of(&store, &[]).await.unwrap();
    assert_eq!(breaks(&verification), ["task/1 5: changed"]);
}
