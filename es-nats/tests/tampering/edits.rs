//! Edits that leave the hashes as they were: found without a kept seal.

use es_core::{Append, EventStore, Expected, StoreError, Verification};

use crate::log::{Log, breaks};
use crate::message::{HASHED, Message};
use crate::support::{events, stream};

/// The event at this place of the log.
fn at(messages: &[Option<Message>], number: usize) -> Message {
    messages[number - 1].clone().unwrap()
}

/// Exchanges what is stored of two events, but their places.
fn exchange(messages: &mut [Option<Message>], one: usize, other: usize) {
    let (first, second) = (at(messages, one), at(messages, other));
    messages[one - 1] = Some(second.placed_as(&first));
    messages[other - 1] = Some(first.placed_as(&second));
}

/// Moves the events of the first stream from a revision on by some places.
fn renumber(messages: &mut [Option<Message>], from: u64, by: i64) {
    let first = at(messages, 1).subject;
    for message in messages {
        let moves = |message: &Message| message.subject == first && message.revision() >= from;
        *message = match message.take() {
            Some(message) if moves(&message) => Some(message.moved(by)),
            message => message,
        };
    }
}

/// Those of the first stream.
fn of_the_first(breaks: &[String]) -> Vec<&str> {
    let breaks = breaks.iter().map(String::as_str);
    let of_it = breaks.filter(|found| found.starts_with("task/0 "));
    of_it.collect()
}

async fn finds_changes() {
    let log = Log::written().await;
    let written = log.messages().await;
    for change in HASHED {
        log.edit(|messages| messages[3] = Some(at(messages, 4).changed(change)))
            .await;
        assert_eq!(log.found().await, ["task/0 2: changed"], "{change:?}");
        let found = log.found_by_the_kept_seal().await;
        assert_eq!(found, ["task/0 2: changed"], "{change:?}");
        log.replace(&written).await;
        assert_eq!(log.found_by_the_kept_seal().await, [""; 0], "{change:?}");
    }
    // One without a hash, in a log that has them.
    log.edit(|messages| messages[3] = Some(at(messages, 4).without_hash()))
        .await;
    assert_eq!(log.found().await, ["task/0 2: changed"]);
}

async fn finds_a_change_within_an_append() {
    let log = Log::written().await;
    let store = log.open().await;
    let append = Append::new(stream(7), Expected::NoStream, events(4));
    store.append(append).await.unwrap();
    log.edit(|messages| {
        messages[14] = Some(at(messages, 15).with("\"number\":2", "\"number\":7"));
    })
    .await;
    assert_eq!(log.found().await, ["task/7 3: changed"]);
}

async fn finds_deletions() {
    let log = Log::written().await;
    log.edit(|messages| messages[3] = None).await;
    assert_eq!(log.found().await, ["task/0 2: missing"]);
    // Nor is the stream appended to as if nothing were.
    let append = Append::new(stream(0), Expected::Any, events(1));
    let refused = log.open().await.append(append).await.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    log.edit(|messages| renumber(messages, 3, -1)).await;
    assert_eq!(log.found().await, ["task/0 2: missing"]);
    // Copied without it, so that all behind it stand elsewhere in the log.
    let log = Log::written().await;
    log.edit(|messages| drop(messages.remove(3))).await;
    assert_eq!(of_the_first(&log.found().await), ["task/0 2: missing"]);
    assert!(!log.verify().await.is_clean());
}

async fn finds_swaps() {
    for (one, other) in [(4, 8), (4, 11)] {
        let log = Log::written().await;
        log.edit(|messages| exchange(messages, one, other)).await;
        assert_eq!(log.found().await, ["task/0 2: swapped"], "{one}, {other}");
        log.edit(|messages| exchange(messages, one, other)).await;
        assert_eq!(log.found_by_the_kept_seal().await, [""; 0]);
    }
    // By their places in the log.
    let log = Log::written().await;
    log.edit(|messages| messages.swap(3, 7)).await;
    assert_eq!(log.found().await, ["task/0 2: swapped"]);
}

async fn finds_insertions() {
    let log = Log::written().await;
    let inserted = |messages: &[Option<Message>], number: usize| {
        let message = at(messages, number).with_id(7);
        [message.clone(), message.without_hash()]
    };
    for hashed in 0..2 {
        let written = log.messages().await;
        log.edit(|messages| {
            let [_, without] = inserted(messages, 11);
            messages.push(Some(without.moved(1)));
        })
        .await;
        assert_eq!(log.found().await, ["task/0 5: inserted"]);
        log.replace(&written).await;
        log.edit(|messages| {
            let message = inserted(messages, 4)[hashed].clone();
            renumber(messages, 2, 1);
            messages.insert(3, Some(message));
        })
        .await;
        let found = log.found().await;
        assert_eq!(of_the_first(&found), ["task/0 2: inserted"], "{hashed}");
        log.replace(&written).await;
    }
}

es_servers::needs_nats! {
    #[tokio::test]
    async fn a_log_that_nobody_edited_is_clean() {
        let log = Log::written().await;
        let verification = log.verify().await;
        assert!(verification.is_clean(), "{verification}");
        assert_eq!((verification.events(), verification.unhashed()), (14, 0));
        assert_eq!(verification.sealed_to(), log.kept.position);
        // A copy of it is as good, and is appended to.
        log.edit(|_| {}).await;
        let append = Append::new(stream(0), Expected::Any, events(1));
        let store = log.open().await;
        assert_eq!(store.append(append).await.unwrap().revision().number(), 5);
        let verification = Verification::of(&store, &[]).await.unwrap();
        assert_eq!(breaks(&verification), [""; 0]);
    }

    #[tokio::test]
    async fn a_change_is_found_whatever_is_changed() {
        finds_changes().await;
    }

    #[tokio::test]
    async fn a_change_within_an_append_is_found_at_its_event() {
        finds_a_change_within_an_append().await;
    }

    #[tokio::test]
    async fn a_deletion_is_found_also_if_the_others_move_up() {
        finds_deletions().await;
    }

    #[tokio::test]
    async fn a_swap_is_found_whatever_of_the_events_is_swapped() {
        finds_swaps().await;
    }

    #[tokio::test]
    async fn an_insertion_is_found_at_the_end_and_in_the_middle() {
        finds_insertions().await;
    }
}
