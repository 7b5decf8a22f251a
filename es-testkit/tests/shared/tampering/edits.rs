//! Edits that leave the hashes as they were: found without a kept seal.

use es_core::Sealer;

use super::log::{Database, Log};
use crate::support;

/// Those of the first stream.
fn of_the_first(breaks: &[String]) -> Vec<&str> {
    let breaks = breaks.iter().map(String::as_str);
    let of_it = breaks.filter(|found| found.starts_with("task/0 "));
    of_it.collect()
}

/// Exchanges what is stored of two events, but their places.
fn exchange<D: Database>(one: u64, other: u64, columns: &str) -> String {
    let id = D::NEW_ID;
    let take = |to: u64, from: u64| {
        format!(
            "UPDATE events SET ({columns}) = (SELECT {columns} FROM copy WHERE position = {from}) WHERE position = {to}"
        )
    };
    format!(
        "CREATE TABLE copy AS SELECT * FROM events; UPDATE events SET id = {id} WHERE position IN ({one}, {other}); \
         {}; {}; DROP TABLE copy",
        take(one, other),
        take(other, one)
    )
}

/// Moves the events of the first stream from a revision on by some places.
fn renumber<D: Database>(from: u64, by: i64) -> String {
    let first = D::FIRST;
    format!(
        "UPDATE events SET revision = 1000 + revision WHERE {first} AND revision >= {from}; \
         UPDATE events SET revision = revision - 1000 + {by} WHERE {first} AND revision > 1000"
    )
}

pub(crate) async fn nothing<D: Database>() {
    let log = Log::<D>::written().await;
    let verification = log.verify_with_the_kept_seal().await;
    assert!(verification.is_clean(), "{verification}");
    assert_eq!((verification.events(), verification.unhashed()), (14, 0));
    assert_eq!(verification.sealed_to(), log.kept.position);
    assert_eq!(log.kept.position.number(), 13);
    assert_eq!(verification.to_string(), "14 events, nothing found\n");
    // Nothing new but a seal: nothing to seal.
    let store = log.database.open().await;
    let mut sealer = Sealer::open(store.clone()).await.unwrap();
    assert_eq!(sealer.seal().await.unwrap().unwrap(), log.kept);
    assert_eq!(support::log(&store).await.len(), 14);
}

pub(crate) async fn changes<D: Database>() {
    let log = Log::<D>::written().await;
    log.edit("CREATE TABLE copy AS SELECT * FROM events WHERE position = 4")
        .await;
    for set in D::CHANGES {
        log.edit(&format!("UPDATE events SET {set} WHERE position = 4"))
            .await;
        assert_eq!(log.found().await, ["task/0 2: changed"], "{set}");
        let found = log.found_by_the_kept_seal().await;
        assert_eq!(found, ["task/0 2: changed"], "{set}");
        log.edit("DELETE FROM events WHERE position = 4; INSERT INTO events SELECT * FROM copy")
            .await;
        assert_eq!(log.found_by_the_kept_seal().await, [""; 0], "{set}");
    }
}

pub(crate) async fn several<D: Database>() {
    let log = Log::<D>::written().await;
    log.edit(
        "UPDATE events SET payload = '{}' WHERE position IN (4, 11, 9); DELETE FROM events WHERE position = 5",
    )
    .await;
    // What lies behind a gap can't be checked by its hash.
    assert_eq!(
        log.found().await,
        ["task/0 2: changed", "task/1 2: missing"]
    );
}

pub(crate) async fn deletions<D: Database>() {
    let log = Log::<D>::written().await;
    log.edit("DELETE FROM events WHERE position = 4").await;
    assert_eq!(log.found().await, ["task/0 2: missing"]);
    log.edit(&renumber::<D>(3, -1)).await;
    assert_eq!(log.found().await, ["task/0 2: missing"]);
    let log = Log::<D>::written().await;
    log.edit("DELETE FROM events WHERE position = 1").await;
    log.edit(&renumber::<D>(2, -1)).await;
    assert_eq!(log.found().await, ["task/0 1: missing"]);
}

pub(crate) async fn swaps<D: Database>() {
    let log = Log::<D>::written().await;
    let columns = format!("{}, hash", D::COLUMNS);
    // Neighbours, and events with others in between.
    for (one, other) in [(4, 8), (4, 11)] {
        log.edit(&exchange::<D>(one, other, &columns)).await;
        assert_eq!(log.found().await, ["task/0 2: swapped"], "{one}, {other}");
        log.edit(&exchange::<D>(one, other, &columns)).await;
        assert_eq!(log.found().await, [""; 0]);
    }
    // By the place that the others lead to.
    for place in ["revision", "position"] {
        let swap = format!(
            "CREATE TABLE copy AS SELECT * FROM events WHERE position IN (4, 8); \
             DELETE FROM events WHERE position IN (4, 8); \
             UPDATE copy SET {place} = (SELECT sum({place}) FROM copy) - {place}; \
             INSERT INTO events SELECT * FROM copy; DROP TABLE copy"
        );
        log.edit(&swap).await;
        assert_eq!(log.found().await, ["task/0 2: swapped"], "{place}");
        log.edit(&swap).await;
        assert_eq!(log.found().await, [""; 0]);
    }
    // Without the hashes each is a change.
    log.edit(&exchange::<D>(4, 8, D::COLUMNS)).await;
    assert_eq!(log.found().await, ["task/0 2: changed"]);
}

pub(crate) async fn insertions<D: Database>() {
    let log = Log::<D>::written().await;
    log.edit(&D::insert(15, 5, "NULL")).await;
    assert_eq!(log.found().await, ["task/0 5: inserted"]);
    for hash in ["NULL", D::NO_HASH] {
        let log = Log::<D>::written().await;
        log.edit("UPDATE events SET position = position + 1000 WHERE position >= 4")
            .await;
        log.edit("UPDATE events SET position = position - 999 WHERE position >= 1000")
            .await;
        log.edit(&renumber::<D>(2, 1)).await;
        log.edit(&D::insert(4, 2, hash)).await;
        let found = log.found().await;
        assert_eq!(of_the_first(&found), ["task/0 2: inserted"], "{hash}");
    }
}
