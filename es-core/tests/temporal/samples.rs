use std::time::Duration;

use es_core::{At, Revision, Sample, Samples, Timestamp};

use crate::bank::{Account, DAY, ada, day, four_events};

fn days(samples: Vec<Sample<i64>>) -> Vec<(u32, Option<i64>)> {
    let number = |at: Timestamp| u32::try_from(at.micros() / 86_400_000_000).unwrap();
    samples
        .into_iter()
        .map(|sample| (number(sample.at), sample.value))
        .collect()
}

#[tokio::test]
async fn a_timeline_shows_a_value_by_either_clock() {
    let accounts = four_events().await;
    let balance = |account: &Account| account.balance;
    let effective = Samples::effective(day(0)..=day(9), DAY * 3);
    let sampled = accounts.timeline(&ada(), effective.clone(), balance).await;
    assert_eq!(
        days(sampled.unwrap()),
        [(0, None), (3, Some(30)), (6, Some(30)), (9, Some(25))]
    );
    let known = effective.standing_at(Revision::new(2).into());
    let sampled = accounts.timeline(&ada(), known, balance).await;
    assert_eq!(
        days(sampled.unwrap()),
        [(0, None), (3, Some(10)), (6, Some(10)), (9, Some(10))]
    );

    let recorded = Samples::recorded(day(0)..=day(4), DAY);
    let sampled = accounts.timeline(&ada(), recorded.clone(), balance).await;
    assert_eq!(
        days(sampled.unwrap()),
        [
            (0, None),
            (1, Some(0)),
            (2, Some(10)),
            (3, Some(30)),
            (4, Some(25))
        ]
    );
    let effective = recorded.standing_at(At::effective(day(1)));
    let sampled = accounts.timeline(&ada(), effective, balance).await;
    assert_eq!(
        days(sampled.unwrap()),
        [
            (0, None),
            (1, Some(0)),
            (2, Some(0)),
            (3, Some(20)),
            (4, Some(20))
        ]
    );
}

#[test]
fn the_last_instant_is_sampled_where_a_step_meets_it() {
    let count = |samples: Samples| samples.instants().count();
    assert_eq!(count(Samples::effective(day(1)..=day(3), DAY)), 3);
    assert_eq!(count(Samples::effective(day(1)..=day(3), DAY * 5)), 1);
    assert_eq!(count(Samples::effective(day(3)..=day(1), DAY)), 0);
    let end = Samples::effective(Timestamp::MAX..=Timestamp::MAX, DAY);
    assert_eq!(count(end), 1);
    let fine = Samples::recorded(
        day(1)..=day(1).saturating_add(Duration::from_micros(3)),
        Duration::ZERO,
    );
    assert_eq!(count(fine), 4);
}
