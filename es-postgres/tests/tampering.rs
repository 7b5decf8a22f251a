//! Events that were edited behind the library's back, by somebody who may do anything to the database.

mod support;

use es_core::{
    Append, Digest, EventId, EventStore, Expected, Json, NewEvent, Revision, Seal, Sealer,
    StoredEvent, StreamId, Verification,
};
use es_postgres::PostgresStore;
use es_postgres::tokio_postgres::Client;
use es_servers::needs_postgres;
use support::{Database, event, log, stream};

/// Three streams, `task/0` to `task/2`, each with four events; sealed after six events and after twelve:
///
/// | positions | 1 2 3 | 4 5 6 | 7 | 8 9 10 | 11 12 13 | 14 |
/// |---|---|---|---|---|---|---|
/// | revisions of the streams | 1 | 2 | seal | 3 | 4 | seal |
struct Log {
    database: Database,
    store: PostgresStore,
    client: Client,
    /// The last seal, which nobody can edit.
    kept: Seal,
}

fn twelve() -> Vec<NewEvent> {
    let event = |number| {
        let mut event = event(number);
        // Before and after PostgreSQL's own epoch, and where its time zones aren't whole minutes.
        event.effective_at = [
            "1993-06-30T00:00:00.000001Z",
            "0001-01-01T00:00:00.5Z",
            "2026-05-01T00:00:00Z",
        ]
        .get(number)
        .map(|instant| instant.parse().unwrap());
        event.metadata = Json::parse(if number % 2 == 0 {
            "{}"
        } else {
            r#"{"actor":"ädä"}"#
        })
        .unwrap();
        event
    };
    (0..12).map(event).collect()
}

impl Log {
    async fn written() -> Self {
        Self::with(&twelve()).await
    }

    async fn with(events: &[NewEvent]) -> Self {
        let database = Database::shared();
        let opening = database.options().tamper_evident().open(database.url());
        let store = opening.await.unwrap();
        let mut sealer = Sealer::open(store.clone()).await.unwrap();
        for (number, event) in (0..).zip(events) {
            let append = Append::new(stream(number % 3), Expected::Any, vec![event.clone()]);
            store.append(append).await.unwrap();
            if number == 5 {
                sealer.seal().await.unwrap();
            }
        }
        let kept = sealer.seal().await.unwrap().unwrap();
        let client = database.client().await;
        let schema = database.schema();
        // As an administrator does it.
        let free = format!(
            "SET search_path = {schema}; ALTER TABLE events DISABLE TRIGGER ALL; \
             ALTER TABLE events DROP CONSTRAINT events_are_hashed"
        );
        client.batch_execute(&free).await.unwrap();
        Self {
            database,
            store,
            client,
            kept,
        }
    }

    async fn edit(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    /// Computes the hashes of a stream anew, so that each fits.
    async fn hash_anew(&self, of: &StreamId) {
        let mut previous = None;
        for event in log(&self.store).await {
            if event.envelope.stream == *of {
                let hash = Digest::of_event(previous, of, event.envelope.revision, &new(&event));
                let position = i64::try_from(event.position.number()).unwrap();
                let sql = "UPDATE events SET hash = $1 WHERE position = $2";
                self.client
                    .execute(sql, &[&hash.as_bytes().as_slice(), &position])
                    .await
                    .unwrap();
                previous = Some(hash);
            }
        }
    }

    /// What is found without a kept seal.
    async fn found(&self) -> Vec<String> {
        breaks(&Verification::of(&self.store, &[]).await.unwrap())
    }

    async fn found_by_the_kept_seal(&self) -> Vec<String> {
        let verification = Verification::of(&self.store, std::slice::from_ref(&self.kept))
            .await
            .unwrap();
        breaks(&verification)
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
    verification
        .breaks()
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Those of the first stream.
fn of_the_first(breaks: &[String]) -> Vec<&str> {
    let breaks = breaks.iter().map(String::as_str);
    breaks
        .filter(|found| found.starts_with("task/0 "))
        .collect()
}

/// Exchanges what is stored of two events, but their places.
fn exchange(one: u64, other: u64, columns: &str) -> String {
    format!(
        "CREATE TEMP TABLE copy AS SELECT * FROM events; \
         UPDATE events SET id = gen_random_uuid() WHERE position IN ({one}, {other}); \
         UPDATE events SET ({columns}) = (SELECT {columns} FROM copy WHERE position = {other}) WHERE position = {one}; \
         UPDATE events SET ({columns}) = (SELECT {columns} FROM copy WHERE position = {one}) WHERE position = {other}; \
         DROP TABLE copy"
    )
}

/// Moves the events of the first stream from a revision on by some places.
fn renumber(from: u64, by: i64) -> String {
    format!(
        "UPDATE events SET revision = 1000 + revision WHERE stream = 'task/0' AND revision >= {from}; \
         UPDATE events SET revision = revision - 1000 + {by} WHERE stream = 'task/0' AND revision > 1000"
    )
}

fn insert(position: u64, revision: u64, hash: &str) -> String {
    format!(
        "INSERT INTO events (position, stream, revision, id, name, version, recorded_at, payload, hash) VALUES \
         ({position}, 'task/0', {revision}, gen_random_uuid(), 'task.numbered', 1, clock_timestamp(), '{{}}', {hash})"
    )
}

needs_postgres! {
    #[tokio::test]
    async fn a_log_that_nobody_edited_is_clean() {
        let log = Log::written().await;
        let kept = std::slice::from_ref(&log.kept);
        let verification = Verification::of(&log.store, kept).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (14, 0));
        assert_eq!(verification.sealed_to(), log.kept.position);
    }

    /// Appends of several events, several to one stream, refused ones and repeats, alone and in one call of the function.
    #[tokio::test]
    async fn whatever_shares_a_call_the_hashes_are_right() {
        let database = Database::shared();
        let opening = database.options().tamper_evident().open(database.url());
        let store = opening.await.unwrap();
        for round in 0..20_usize {
            let appends = (0..32_usize).map(|number| {
                let (stream, expected) = match number % 4 {
                    0 => (stream(number as u64), Expected::Any),
                    1 => (stream(1), Expected::Any),
                    2 => (stream(2), Expected::NoStream),
                    _ => (stream(1_000 + (32 * round + number) as u64), Expected::NoStream),
                };
                let mut events = support::events(1 + number % 3);
                if number % 5 == 0 {
                    // Known from the round before.
                    events[0].id = EventId::derived(&stream, "again", 0);
                    events.truncate(1);
                }
                let store = store.clone();
                tokio::spawn(async move { drop(store.append(Append::new(stream, expected, events)).await) })
            });
            for append in appends.collect::<Vec<_>>() {
                append.await.unwrap();
            }
        }
        let verification = Verification::of(&store, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert!(verification.events() > 500, "{}", verification.events());
        assert_eq!(verification.unhashed(), 0);
    }

    /// What a handle remembers of streams is only where they still are so.
    #[tokio::test]
    async fn whoever_appended_meanwhile_the_hashes_are_right() {
        let database = Database::shared();
        let open = || database.options().tamper_evident().open(database.url());
        let handles = [open().await.unwrap(), open().await.unwrap()];
        let append = |to, revision, count| {
            let expected = Expected::Exact(Revision::new(revision));
            Append::new(stream(to), expected, support::events(count))
        };
        // Four streams at once, so that most share a call, of which each handle wrote a part last.
        for round in 0..12_u64 {
            let appends = (0..4_u64).map(|to| {
                let store = handles[usize::try_from((round / 2 + to) % 2).unwrap()].clone();
                let count = if round % 3 == 0 { 1 } else { 2 };
                let append = append(to, 5 * (round / 3) + [0, 1, 3][usize::try_from(round % 3).unwrap()], count);
                tokio::spawn(async move { store.append(append).await })
            });
            for append in appends.collect::<Vec<_>>() {
                append.await.unwrap().unwrap();
            }
        }
        // Events that a handle wrote are replaced by others, as where a database was restored.
        let [one, other] = &handles;
        for to in 10..26 {
            one.append(append(to, 0, 2)).await.unwrap();
        }
        let lose = format!(
            "SET search_path = {}; ALTER TABLE events DISABLE TRIGGER ALL; \
             DELETE FROM events WHERE stream > 'task/1' AND length(stream) = 7 AND revision = 2; \
             ALTER TABLE events ENABLE TRIGGER ALL",
            database.schema()
        );
        database.client().await.batch_execute(&lose).await.unwrap();
        for to in 10..26 {
            other.append(append(to, 1, 1)).await.unwrap();
        }
        let refused = one.append(append(10, 1, 2)).await.unwrap_err();
        assert!(matches!(refused, es_core::StoreError::Conflict(_)), "{refused:?}");
        // Alone and several, most of them in one call.
        one.append(append(25, 2, 3)).await.unwrap();
        let appends = (10..25).map(|to| {
            let (store, append) = (one.clone(), append(to, 2, 1));
            tokio::spawn(async move { store.append(append).await })
        });
        for append in appends.collect::<Vec<_>>() {
            append.await.unwrap().unwrap();
        }
        let verification = Verification::of(one, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (4 * 20 + 16 * 2 + 15 + 3, 0));
    }

    #[tokio::test]
    async fn a_change_is_found_whatever_is_changed() {
        let log = Log::written().await;
        for set in [
            "payload = '{\"number\":99}'",
            "metadata = '{\"actor\":\"me\"}'",
            "effective_at = '2026-05-01T00:00:00Z'",
            "id = gen_random_uuid()",
            "name = 'task.renamed'",
            "version = 2",
            "hash = decode(repeat('00', 32), 'hex')",
            "hash = NULL",
        ] {
            log.edit("BEGIN; CREATE TEMP TABLE copy AS SELECT * FROM events WHERE position = 4; COMMIT").await;
            log.edit(&format!("UPDATE events SET {set} WHERE position = 4")).await;
            assert_eq!(log.found().await, ["task/0 2: changed"], "{set}");
            assert_eq!(log.found_by_the_kept_seal().await, ["task/0 2: changed"], "{set}");
            log.edit("DELETE FROM events WHERE position = 4; INSERT INTO events SELECT * FROM copy; DROP TABLE copy").await;
            assert_eq!(log.found_by_the_kept_seal().await, [""; 0], "{set}");
        }
    }

    #[tokio::test]
    async fn a_deletion_is_found_also_if_the_others_move_up() {
        let log = Log::written().await;
        log.edit("DELETE FROM events WHERE position = 4").await;
        assert_eq!(log.found().await, ["task/0 2: missing"]);
        log.edit(&renumber(3, -1)).await;
        assert_eq!(log.found().await, ["task/0 2: missing"]);
    }

    #[tokio::test]
    async fn a_swap_is_found_whatever_of_the_events_is_swapped() {
        let columns = "id, name, version, effective_at, payload, metadata, hash";
        for (one, other) in [(4, 8), (4, 11)] {
            let log = Log::written().await;
            log.edit(&exchange(one, other, columns)).await;
            assert_eq!(log.found().await, ["task/0 2: swapped"], "{one}, {other}");
            log.edit(&exchange(one, other, columns)).await;
            assert_eq!(log.found().await, [""; 0]);
        }
        let log = Log::written().await;
        for place in ["revision", "position"] {
            // By the place that the others lead to.
            let swap = format!(
                "CREATE TEMP TABLE copy AS SELECT * FROM events WHERE position IN (4, 8); \
                 DELETE FROM events WHERE position IN (4, 8); \
                 UPDATE copy SET {place} = (SELECT sum({place}) FROM copy) - {place}; \
                 INSERT INTO events SELECT * FROM copy; DROP TABLE copy"
            );
            log.edit(&swap).await;
            assert_eq!(log.found().await, ["task/0 2: swapped"], "{place}");
            log.edit(&swap).await;
            assert_eq!(log.found().await, [""; 0]);
        }
    }

    #[tokio::test]
    async fn an_insertion_is_found_at_the_end_and_in_the_middle() {
        let log = Log::written().await;
        log.edit(&insert(15, 5, "NULL")).await;
        assert_eq!(log.found().await, ["task/0 5: inserted"]);
        for hash in ["NULL", "decode(repeat('11', 32), 'hex')"] {
            let log = Log::written().await;
            log.edit("UPDATE events SET position = position + 1000 WHERE position >= 4").await;
            log.edit("UPDATE events SET position = position - 999 WHERE position >= 1000").await;
            log.edit(&renumber(2, 1)).await;
            log.edit(&insert(4, 2, hash)).await;
            assert_eq!(of_the_first(&log.found().await), ["task/0 2: inserted"], "{hash}");
        }
    }

    #[tokio::test]
    async fn hashes_that_were_computed_anew_are_told_by_seals_alone() {
        let log = Log::written().await;
        log.edit("UPDATE events SET payload = '{\"number\":99}' WHERE position = 4").await;
        log.hash_anew(&stream(0)).await;
        assert_eq!(log.found().await, ["task/0 2: rewritten"]);
        assert_eq!(log.found_by_the_kept_seal().await, ["task/0 2: rewritten"]);
        // Who also takes the seals away leaves a sound log, but for who kept one: what was changed lies at its last event or
        // before.
        log.edit("DELETE FROM events WHERE stream = 'es.seals/log'").await;
        assert_eq!(log.found().await, [""; 0]);
        assert_eq!(log.found_by_the_kept_seal().await, ["task/2 4: rewritten"]);
    }

    #[tokio::test]
    async fn hashes_that_were_taken_from_all_events_are_found() {
        let log = Log::written().await;
        log.edit("UPDATE events SET hash = NULL, payload = '{\"number\":99}'").await;
        let found = log.found().await;
        assert_eq!(found[..3], ["task/0 1: changed", "task/1 1: changed", "task/2 1: changed"]);
        // Who also takes the mark away leaves nothing that tells, but the number of events without a hash and a kept seal.
        log.edit("DROP TABLE tamper_evidence; DELETE FROM events WHERE stream = 'es.seals/log'").await;
        let verification = Verification::of(&log.store, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (12, 12));
        assert!(!log.found_by_the_kept_seal().await.is_empty());
    }

    /// The events that were written before an event changed, in another database and at the same times, hashed and sealed
    /// as those were.
    #[tokio::test]
    async fn a_log_that_was_written_anew_is_told_by_a_kept_seal_alone() {
        let log = Log::written().await;
        let mut events = twelve();
        events[3].payload = Json::parse("{\"number\":99}").unwrap();
        let other = Log::with(&events).await;
        let times = "SELECT position, recorded_at FROM events";
        for row in log.client.query(times, &[]).await.unwrap() {
            let (position, recorded_at): (i64, std::time::SystemTime) = (row.get(0), row.get(1));
            let same = "UPDATE events SET recorded_at = $1 WHERE position = $2";
            other.client.execute(same, &[&recorded_at, &position]).await.unwrap();
        }
        // Its own seals are written anew, too.
        other.edit("DELETE FROM events WHERE stream = 'es.seals/log'").await;
        assert_eq!(other.found().await, [""; 0]);
        let mut sealer = Sealer::open(other.store.clone()).await.unwrap();
        let its_own = sealer.seal().await.unwrap().unwrap();
        let verification = Verification::of(&other.store, &[its_own]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        let line = log.kept.to_string();
        let verification = Verification::of(&other.store, &[line.parse().unwrap()]).await.unwrap();
        // The last event that it covers: what was changed lies there or before.
        assert_eq!(breaks(&verification), ["task/2 4: rewritten"]);
        assert!(verification.to_string().contains(&line), "{verification}");
    }

    #[tokio::test]
    async fn a_tail_that_was_cut_off_is_told_by_seals() {
        let log = Log::written().await;
        // Of the log, with its last seal.
        log.edit("DELETE FROM events WHERE position >= 12").await;
        assert_eq!(log.found().await, [""; 0]);
        assert_eq!(log.found_by_the_kept_seal().await, ["task/2 4: missing"]);
        // Of one stream: the log's own seals tell.
        let log = Log::written().await;
        log.edit("DELETE FROM events WHERE position IN (8, 11)").await;
        assert_eq!(log.found().await, ["task/0 3: missing"]);
    }

    #[tokio::test]
    async fn a_changed_record_time_is_told_by_seals() {
        let log = Log::written().await;
        log.edit("UPDATE events SET recorded_at = recorded_at + interval '1 microsecond' WHERE position = 9").await;
        assert_eq!(log.found().await, ["task/1 3: rewritten"]);
    }

    #[tokio::test]
    async fn a_log_is_hashed_by_whoever_appends_to_it() {
        let database = Database::shared();
        // Open before anybody asked for hashes.
        let plain = database.store().await;
        plain.append(support::append(1, 2)).await.unwrap();
        let asked = database.options().tamper_evident().open(database.url()).await.unwrap();
        plain.append(support::append(1, 2)).await.unwrap();
        plain.append(support::append(2, 1)).await.unwrap();
        asked.append(support::append(1, 2)).await.unwrap();
        let mut client = database.client().await;
        let transaction = client.transaction().await.unwrap();
        plain.append_in(&transaction, support::append(2, 2)).await.unwrap();
        transaction.commit().await.unwrap();
        let hashed: Vec<bool> = log(&plain).await.iter().map(|event| event.hash.is_some()).collect();
        assert_eq!(hashed[..2], [false; 2]);
        assert_eq!(hashed[2..], [true; 7]);
        let verification = Verification::of(&plain, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!(verification.unhashed(), 2);
        // Even by a program that knows nothing of hashes.
        let unhashed = format!("SET search_path = {}; {}", database.schema(), insert(99, 99, "NULL"));
        let refused = client.batch_execute(&unhashed).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some("events_are_hashed"));
        assert_eq!(log(&plain).await.len(), 9);
    }

    #[tokio::test]
    async fn an_append_that_waited_while_the_log_became_tamper_evident_is_hashed() {
        let database = Database::shared();
        let plain = database.store().await;
        plain.append(support::append(1, 1)).await.unwrap();
        let (mut first, mut second) = (database.client().await, database.client().await);
        let watch = database.client().await;
        let holding = first.transaction().await.unwrap();
        plain.append_in(&holding, support::append(2, 1)).await.unwrap();
        let holder = support::pid(&holding).await;
        let waiting = |count| support::wait_for(holder, count);
        let asking = tokio::spawn(database.options().tamper_evident().open(database.url().to_owned()));
        support::until(&watch, &waiting(1)).await;
        let appending = tokio::spawn({
            let plain = plain.clone();
            async move { plain.append(support::append(1, 2)).await }
        });
        support::until(&watch, &waiting(2)).await;
        let theirs = second.transaction().await.unwrap();
        let in_theirs = async {
            let refused = plain.append_in(&theirs, support::append(3, 1)).await;
            assert!(matches!(refused, Err(es_core::StoreError::Unavailable(_))), "{refused:?}");
        };
        let committing = async {
            support::until(&watch, &waiting(3)).await;
            holding.commit().await.unwrap();
        };
        Box::pin(support::soon("the answers", async { tokio::join!(in_theirs, committing) })).await;
        let store = support::soon("the opening", asking).await.unwrap().unwrap();
        support::soon("the append", appending).await.unwrap().unwrap();
        let verification = Verification::of(&store, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (4, 2));
    }

    /// The database computes what es-core does, whatever is in the event.
    #[tokio::test]
    async fn an_auditor_can_check_the_hashes_in_the_database() {
        let log = Log::written().await;
        let check = "SELECT count(*) FROM (SELECT *, hash(lag(hash) OVER (PARTITION BY stream ORDER BY revision), id, revision, \
                     version, stream, name, payload, metadata, effective_at) AS computed FROM events) e WHERE hash <> computed";
        let wrong = || async { log.client.query_one(check, &[]).await.unwrap().get::<_, i64>(0) };
        assert_eq!(wrong().await, 0);
        log.edit("UPDATE events SET payload = '{}' WHERE position = 4").await;
        assert_eq!(wrong().await, 1);
        drop(log.database);
    }

    #[tokio::test]
    async fn a_log_of_the_first_schema_is_brought_up_to_date_and_hashed_when_it_is_asked_for() {
        let database = Database::shared();
        let store = database.store().await;
        store.append(support::append(1, 3)).await.unwrap();
        let before = log(&store).await;
        store.close().await.unwrap();
        let client = database.client().await;
        let first = format!(
            "SET search_path = {}; ALTER TABLE events DROP COLUMN hash; DROP FUNCTION hash; DROP FUNCTION append; \
             DROP TABLE unfinished; DROP FUNCTION refuse_unfinished; \
             DELETE FROM es_migrations WHERE version > 1",
            database.schema()
        );
        client.batch_execute(&first).await.unwrap();
        let store = database.options().tamper_evident().open(database.url()).await.unwrap();
        assert_eq!(log(&store).await, before);
        assert_eq!(store.append(support::append(1, 3)).await.unwrap().revision().number(), 6);
        let verification = Verification::of(&store, &[]).await.unwrap();
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (6, 3));
    }
}
