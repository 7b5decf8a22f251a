use std::sync::atomic::Ordering;

use es_core::{CorrectError, EventStore, StoreError};

use super::Stage;
use super::domain::{Deposited, Months};
use super::history::{Choices, deposit, expected, happen, replace};

pub(crate) async fn inline<S: Stage>() {
    let stage = S::new().await;
    // It is made of a log in which there are corrections.
    let store = stage.store().await;
    let mut choices = Choices::new(1);
    for _ in 0..20 {
        happen(&store, &mut choices).await;
    }
    let months = Months::default();
    let store = stage.inline(months.clone()).await;
    assert_eq!(stage.inline_totals().await, expected(&store).await);
    let mut corrected = 0;
    for step in 0..30 {
        corrected += usize::from(happen(&store, &mut choices).await);
        let expected = expected(&store).await;
        assert_eq!(stage.inline_totals().await, expected, "step {step}");
    }
    assert!(corrected > 5, "only {corrected} corrections");
    // A correction that it says no to isn't there.
    deposit(&store, "eve", 5, 1).await;
    let (head, before) = (store.head().await.unwrap(), stage.inline_totals().await);
    let refused = replace(&store, "eve", 1, Deposited { cents: 13 }).await;
    let Err(CorrectError::Store(StoreError::Rejected(rejection))) = refused else {
        panic!("not rejected: {refused:?}");
    };
    assert_eq!(&*rejection.projection, "months");
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(stage.inline_totals().await, before);
    months.cured.store(true, Ordering::SeqCst);
    replace(&store, "eve", 1, Deposited { cents: 13 })
        .await
        .unwrap();
    assert_eq!(stage.inline_totals().await[&("eve".to_owned(), 0)], (13, 1));
}
