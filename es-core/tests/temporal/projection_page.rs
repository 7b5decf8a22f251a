//! What `docs/time.md` says of projections is so, too.

use es_core::{
    At, ByStream, Corrected, EventStore, LogQuery, Position, Recorded, Sample, Samples, Timestamp,
    project, timeline,
};

use crate::bank::{DAY, Deposited, ada};
use crate::by_stream::Moves;
use crate::ledger::{Ledger, LedgerEvent};
use crate::page::{asked, compare, listed, may, story, table};
use crate::projection::{Days, Slips};

#[tokio::test]
async fn each_projection_is_so() {
    let accounts = story().await;
    let store = accounts.store();
    let days = |days: Days| {
        let shown = days
            .0
            .iter()
            .map(|(on, cents)| format!("{cents} on {}", named(*on)));
        vec![shown.collect::<Vec<_>>().join(", ")]
    };
    let slips = |slips: Slips| vec![listed(&slips.0)];
    let answers = asked! {
        project::<Days, _>(store, At::NOW) => |asked| days(asked.await.unwrap());
        project::<Days, _>(store, Position::new(4)) => |asked| days(asked.await.unwrap());
        project::<Days, _>(store, may(3)) => |asked| days(asked.await.unwrap());
        project::<Days, _>(store, At::effective(may(2))) => |asked| days(asked.await.unwrap());
        project::<Days, _>(store, At::effective(may(3)).known_at(may(6))) =>
            |asked| days(asked.await.unwrap());
        project::<Slips, _>(store, At::NOW) => |asked| slips(asked.await.unwrap());
        project::<Slips, _>(store, At::effective(may(3))) => |asked| slips(asked.await.unwrap());
    };
    compare("the projections", &answers);
    let moves = |moves: ByStream<Moves>| {
        let ada = moves.of::<Ledger>(&ada()).unwrap().unwrap();
        let cents: Vec<i64> = ada.0.iter().map(|(_, cents)| *cents).collect();
        vec![listed(&cents)]
    };
    let answers = asked! {
        project::<ByStream<Moves>, _>(store, At::NOW) => |asked| moves(asked.await.unwrap());
        project::<ByStream<Moves>, _>(store, Position::new(5)) => |asked| moves(asked.await.unwrap());
        project::<ByStream<Moves>, _>(store, At::effective(may(2)).known_at(may(4))) =>
            |asked| moves(asked.await.unwrap());
    };
    compare("by stream", &answers);
    let sum = |days: &Days| days.0.values().sum::<i64>();
    let shown = |samples: Vec<Sample<i64>>| -> Vec<String> {
        let shown = |sample: &Sample<i64>| sample.value.unwrap().to_string();
        samples.iter().map(shown).collect()
    };
    let answers = asked! {
        timeline(store, Samples::effective(may(0)..=may(7), DAY), sum) =>
            |asked| shown(asked.await.unwrap());
        timeline(store, Samples::recorded(may(0)..=may(7), DAY), sum) =>
            |asked| shown(asked.await.unwrap());
        timeline(store, Samples::effective(may(0)..=may(7), DAY).standing_at(At::known(may(4))), sum) =>
            |asked| shown(asked.await.unwrap());
        timeline(store, Samples::recorded(may(0)..=may(7), DAY).standing_at(At::effective(may(3))), sum) =>
            |asked| shown(asked.await.unwrap());
    };
    compare("the timelines of a projection", &answers);
}

#[tokio::test]
async fn what_each_correction_changed_is_so() {
    let accounts = story().await;
    let store = accounts.store();
    let log = store.read_log(LogQuery::all()).await.unwrap().events;
    let shown = |fact: Option<Recorded<LedgerEvent>>| match fact {
        None => "–".to_owned(),
        Some(fact) => match fact.event {
            LedgerEvent::Deposited(Deposited { cents }) => {
                format!("{cents} on {}", named(fact.effective_at))
            }
            other => panic!("{other:?}"),
        },
    };
    let mut changed = Vec::new();
    for event in &log {
        if let Some(corrected) = Corrected::by(store, event).await.unwrap() {
            let revision = event.envelope.revision.to_string();
            changed.push(vec![
                revision,
                shown(corrected.before),
                shown(corrected.after),
            ]);
        }
    }
    assert_eq!(table("what corrections changed"), changed);
}

/// As the page writes a day.
fn named(instant: Timestamp) -> String {
    let days = (0..=31).find(|day| may(*day) == instant).unwrap();
    format!("{days} May")
}
