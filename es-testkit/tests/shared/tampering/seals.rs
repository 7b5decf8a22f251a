//! Edits with hashes that fit, or without any: told by seals, and where those are gone as well, by one that was kept.

use es_core::{Json, Sealer};

use super::log::{Database, Log, breaks, twelve};
use crate::support;

pub(crate) async fn computed_anew<D: Database>() {
    let log = Log::<D>::written().await;
    log.edit("UPDATE events SET payload = '{\"number\":99}' WHERE position = 4")
        .await;
    log.hash_anew().await;
    assert_eq!(log.found().await, ["task/0 2: rewritten"]);
    let verification = log.verify_with_the_kept_seal().await;
    assert_eq!(breaks(&verification), ["task/0 2: rewritten"]);
    assert_eq!(verification.unlike(), std::slice::from_ref(&log.kept));
    // Who also takes the seals away leaves a sound log, but for who kept one: what was changed lies at its last event or
    // before.
    log.edit(&format!("DELETE FROM events WHERE {}", D::SEALS))
        .await;
    assert_eq!(log.found().await, [""; 0]);
    let verification = log.verify_with_the_kept_seal().await;
    assert_eq!(breaks(&verification), ["task/2 4: rewritten"]);
    assert_eq!(verification.unlike(), std::slice::from_ref(&log.kept));
}

pub(crate) async fn taken_away<D: Database>() {
    let log = Log::<D>::written().await;
    log.edit("UPDATE events SET hash = NULL, payload = '{\"number\":99}'")
        .await;
    let found = log.found().await;
    let first = [0, 1, 2].map(|number| format!("task/{number} 1: changed"));
    assert_eq!(found[..3], first);
    // Who also takes the mark away leaves nothing that tells, but the number of events without a hash and a kept seal.
    log.edit(&format!(
        "{}; DELETE FROM events WHERE {}",
        D::UNMARK,
        D::SEALS
    ))
    .await;
    let verification = log.verify(&[]).await;
    assert!(verification.is_clean(), "{verification}");
    assert_eq!((verification.events(), verification.unhashed()), (12, 12));
    assert!(!log.found_by_the_kept_seal().await.is_empty());
}

/// The events that were written before an event changed, in another database and at the same times, hashed and sealed
/// as those were.
pub(crate) async fn written_anew<D: Database>() {
    let mut events = twelve();
    let log = Log::<D>::with(&events).await;
    events[3].payload = Json::parse("{\"number\":99}").unwrap();
    let other = Log::<D>::with(&events).await;
    for event in support::log(&log.database.open().await).await {
        let (position, time) = (
            event.position.number(),
            D::instant(event.envelope.recorded_at),
        );
        other
            .edit(&format!(
                "UPDATE events SET recorded_at = {time} WHERE position = {position}"
            ))
            .await;
    }
    // Its own seals are written anew, too.
    other
        .edit(&format!("DELETE FROM events WHERE {}", D::SEALS))
        .await;
    assert_eq!(other.found().await, [""; 0]);
    let store = other.database.open().await;
    let mut sealer = Sealer::open(store.clone()).await.unwrap();
    let its_own = sealer.seal().await.unwrap().unwrap();
    let verification = other.verify(&[its_own]).await;
    assert!(verification.is_clean(), "{verification}");
    let line = log.kept.to_string();
    let verification = other.verify(&[line.parse().unwrap()]).await;
    // The last event that it covers: what was changed lies there or before.
    assert_eq!(breaks(&verification), ["task/2 4: rewritten"]);
    assert!(verification.to_string().contains(&line), "{verification}");
}

pub(crate) async fn cut_off<D: Database>() {
    let log = Log::<D>::written().await;
    // Of the log, with its last seal.
    log.edit("DELETE FROM events WHERE position >= 12").await;
    assert_eq!(log.found().await, [""; 0]);
    assert_eq!(log.found_by_the_kept_seal().await, ["task/2 4: missing"]);
    // Of one stream: the log's own seals tell.
    let log = Log::<D>::written().await;
    log.edit("DELETE FROM events WHERE position IN (8, 11)")
        .await;
    assert_eq!(log.found().await, ["task/0 3: missing"]);
    // A whole stream.
    log.edit(&format!("DELETE FROM events WHERE {}", D::FIRST))
        .await;
    assert_eq!(log.found().await, ["task/0 1: missing"]);
}

pub(crate) async fn recorded_at_another_time<D: Database>() {
    let log = Log::<D>::written().await;
    let time = D::instant("2026-05-01T00:00:00Z".parse().unwrap());
    log.edit(&format!(
        "UPDATE events SET recorded_at = {time} WHERE position = 9"
    ))
    .await;
    assert_eq!(log.found().await, ["task/1 3: rewritten"]);
}

pub(crate) async fn edited<D: Database>() {
    let log = Log::<D>::written().await;
    log.edit("UPDATE events SET payload = replace(payload, '\"hash\":\"', '\"hash\":\"0') WHERE position = 7")
        .await;
    assert_eq!(log.found().await, ["es.seals/log 1: changed"]);
}
