//! Edits with hashes that fit: told by seals, and where those are gone as well, by one that was kept.

use es_core::Verification;

use crate::appends::describe;
use crate::log::{Log, twelve};
use crate::message::{Change, Message};

/// The places of the seals.
const SEALS: [usize; 2] = [7, 14];

async fn finds_hashes_that_were_computed_anew() {
    let log = Log::written().await;
    let mut messages = log.messages().await;
    messages[3] = messages[3]
        .take()
        .map(|message| message.changed(Change::Payload));
    log.hash_anew(&mut messages).await;
    assert_eq!(log.found().await, ["task/0 2: rewritten"]);
    let verification = log.verify().await;
    assert_eq!(crate::log::breaks(&verification), ["task/0 2: rewritten"]);
    assert_eq!(verification.unlike(), std::slice::from_ref(&log.kept));
    // Who also takes the seals away leaves a sound log, but for who kept one: what was changed lies at its last event or
    // before.
    for seal in SEALS {
        messages[seal - 1] = None;
    }
    log.replace(&messages).await;
    assert_eq!(log.found().await, [""; 0]);
    assert_eq!(log.found_by_the_kept_seal().await, ["task/2 4: rewritten"]);
}

async fn finds_hashes_that_were_taken_away() {
    let log = Log::written().await;
    log.edit(|messages| {
        for message in messages {
            *message = message.take().map(Message::without_hash);
        }
    })
    .await;
    let found = log.found().await;
    assert_eq!(
        found[..3],
        [
            "task/0 1: changed",
            "task/1 1: changed",
            "task/2 1: changed"
        ]
    );
    // Who also takes the mark away leaves nothing that tells, but the number of events without a hash and a kept seal.
    describe(&log.name, "").await;
    log.edit(|messages| (messages[6], messages[13]) = (None, None))
        .await;
    let verification = Verification::of(&log.open().await, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!((verification.events(), verification.unhashed()), (12, 12));
    assert!(!log.found_by_the_kept_seal().await.is_empty());
}

/// A log that was written again from its beginning with one event changed, hashed and sealed as the first was.
async fn finds_a_log_that_was_written_anew() {
    let mut events = twelve();
    let first = Log::with(&events).await;
    events[3].payload = es_core::Json::from_stored("{\"number\":9}");
    let mut other = Log::with(&events).await;
    assert!(other.verify().await.is_clean());
    other.kept = first.kept;
    assert_eq!(
        other.found_by_the_kept_seal().await,
        ["task/2 4: rewritten"]
    );
}

async fn finds_a_tail_that_was_cut_off() {
    let log = Log::written().await;
    // Of the log, with its last seal.
    log.edit(|messages| messages.truncate(11)).await;
    assert_eq!(log.found().await, [""; 0]);
    assert_eq!(log.found_by_the_kept_seal().await, ["task/2 4: missing"]);
    // Of one stream: the log's own seals tell.
    let log = Log::written().await;
    log.edit(|messages| (messages[7], messages[10]) = (None, None))
        .await;
    assert_eq!(log.found().await, ["task/0 3: missing"]);
}

async fn finds_another_record_time() {
    let log = Log::written().await;
    log.edit(|messages| {
        messages[8] = messages[8]
            .take()
            .map(|message| message.changed(Change::RecordedAt));
    })
    .await;
    assert_eq!(log.found().await, ["task/1 3: rewritten"]);
}

es_servers::needs_nats! {
    #[tokio::test]
    async fn hashes_that_were_computed_anew_are_told_by_seals_alone() {
        finds_hashes_that_were_computed_anew().await;
    }

    #[tokio::test]
    async fn hashes_that_were_taken_from_all_events_are_found() {
        finds_hashes_that_were_taken_away().await;
    }

    #[tokio::test]
    async fn a_log_that_was_written_anew_is_told_by_a_kept_seal_alone() {
        finds_a_log_that_was_written_anew().await;
    }

    #[tokio::test]
    async fn a_tail_that_was_cut_off_is_told_by_seals() {
        finds_a_tail_that_was_cut_off().await;
    }

    #[tokio::test]
    async fn a_changed_record_time_is_told_by_seals() {
        finds_another_record_time().await;
    }
}
