use es_core::{Checkpoint, EventId, Json, Position, SavedState, StateStore};

use crate::domain::Bench;

fn state(version: u32, position: u64, schema: u64) -> SavedState {
    let checkpoint = Checkpoint {
        position: Position::new(position),
        event_id: Some(EventId::random()),
    };
    let state = Json::parse(format!("{{\"at\":{position}}}")).unwrap();
    SavedState::new("sums", version, schema, checkpoint, state)
}

#[tokio::test]
async fn a_state_comes_back_as_it_was_saved_and_is_replaced_by_one_further_on_alone() {
    let bench = Bench::new().await;
    let models = bench.models().await;
    let kept = |version| {
        let models = models.clone();
        async move { models.load_state("sums", version).await.unwrap() }
    };
    assert_eq!(kept(1).await, None);
    let second = state(1, 2, u64::MAX);
    models.save_state(second.clone()).await.unwrap();
    for slower in [state(1, 1, u64::MAX), state(1, 2, u64::MAX)] {
        models.save_state(slower).await.unwrap();
        assert_eq!(kept(1).await, Some(second.clone()));
    }
    for next in [state(1, 3, u64::MAX), state(1, 1, 7)] {
        models.save_state(next.clone()).await.unwrap();
        assert_eq!(kept(1).await, Some(next));
    }
    let other = state(2, 1, 7);
    models.save_state(other.clone()).await.unwrap();
    assert_eq!(kept(2).await, Some(other));
    models.delete_states("another").await.unwrap();
    assert!(kept(1).await.is_some());
    models.delete_states("sums").await.unwrap();
    assert!(kept(1).await.is_none() && kept(2).await.is_none());
}
