use std::time::Duration;

use es_core::{Begun, Checkpoint, Consumer, FailureClass};
use es_servers::needs_postgres;

use crate::domain::{At99, Bench, Totals, WAITS, soon};
use crate::support::until;

needs_postgres! {
    #[tokio::test]
    async fn only_one_of_two_is_in_charge_and_the_other_tells_how_far_that_one_is() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 2]).await;
        let models = bench.models().await;
        let mut one = models.projection(Totals::default());
        let mut other = models.projection(Totals::default());
        one.begin().await.unwrap();
        one.consume(&bench.batch(0).await).await.unwrap();
        let begun = other.begin().await.unwrap();
        let Begun::Held { standing, .. } = begun else {
            panic!("{begun:?}");
        };
        assert_eq!(standing, one.standing());
        // Who isn't in charge can't do anything.
        bench.count("a", &[3]).await;
        let refusal = other.consume(&bench.batch(2).await).await.unwrap_err();
        assert_eq!(refusal.failure.class(), FailureClass::Fenced);
        assert_eq!(bench.position(1).await, Some(2));
        // A process that ends lets go at once, though its lease is long.
        one.end().await.unwrap();
        let Begun::At(checkpoint) = other.begin().await.unwrap() else {
            panic!("the first one has let go");
        };
        assert_eq!(checkpoint.position.number(), 2);
    }

    #[tokio::test]
    async fn of_several_that_begin_at_once_one_is_in_charge() {
        let bench = Bench::new().await;
        let models = bench.models().await;
        let start = async || models.projection(Totals::default()).begin().await.unwrap();
        let begun = soon(async { tokio::join!(start(), start(), start(), start()) }).await;
        let begun = [begun.0, begun.1, begun.2, begun.3];
        let in_charge = begun.iter().filter(|begun| matches!(begun, Begun::At(_)));
        assert_eq!(in_charge.count(), 1, "{begun:?}");
    }

    #[tokio::test]
    async fn a_commit_of_one_that_was_held_up_is_refused_whole() {
        let bench = Bench::new().await;
        bench.count("a", &[1, 2]).await;
        let models = bench.models().await.lease(Duration::ZERO);
        let mut one = models.projection(Totals::default());
        one.begin().await.unwrap();
        one.consume(&bench.batch(0).await).await.unwrap();
        // Its lease has run out while it was held up.
        let mut other = models.projection(Totals::default());
        assert!(matches!(other.begin().await.unwrap(), Begun::At(_)));

        bench.count("a", &[3]).await;
        let batch = bench.batch(2).await;
        for _ in 0..2 {
            let refusal = one.consume(&batch).await.unwrap_err();
            assert_eq!(refusal.failure.class(), FailureClass::Fenced);
            let kept = one.keep(Checkpoint::START).await.unwrap_err();
            assert_eq!(kept.class(), FailureClass::Fenced);
            assert_eq!((bench.sums().await["a"], bench.position(1).await), ((3, 2), Some(2)));
        }
        // What it lets go isn't its any more.
        one.end().await.unwrap();
        other.consume(&batch).await.unwrap();
        bench.is_exact().await;
    }

    #[tokio::test]
    async fn a_commit_is_refused_though_its_transaction_began_before_another_took_over() {
        let bench = Bench::new().await;
        bench.count("a", &[99]).await;
        let batch = bench.batch(0).await;
        let models = bench.models().await;
        let waiting = Totals { at_99: At99::WaitsAndCounts, ..Totals::default() };
        let mut one = models.projection(waiting);
        one.begin().await.unwrap();
        bench.lock().await;
        let late = tokio::spawn({
            let batch = batch.clone();
            async move { one.consume(&batch).await }
        });
        let client = bench.place().client().await;
        until(&client, WAITS).await;
        client.execute("UPDATE es_projections SET lease_until = '-infinity'", &[]).await.unwrap();
        let mut other = models.projection(Totals::default());
        assert!(matches!(other.begin().await.unwrap(), Begun::At(_)));
        other.consume(&batch).await.unwrap();
        bench.unlock().await;
        let refusal = soon(late).await.unwrap().unwrap_err();
        assert_eq!(refusal.failure.class(), FailureClass::Fenced);
        bench.is_exact().await;
        assert_eq!(bench.position(1).await, Some(1));
    }
}
