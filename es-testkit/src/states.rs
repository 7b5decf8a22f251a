use es_core::{Checkpoint, EventId, Json, Position, SavedState, StateStore, StoreError};

/// What a [`StateStore`] has to do, for the tests of each: what was saved comes back, a state is replaced by one that is
/// further on or has another schema, and by no other, and versions and projections are kept apart.
///
/// # Errors
///
/// The store's own.
///
/// # Panics
///
/// If the store does something else.
pub async fn check_state_store(store: &impl StateStore) -> Result<(), StoreError> {
    assert_eq!(store.load_state("sums", 1).await?, None);
    let second = state(1, 2, u64::MAX);
    store.save_state(second.clone()).await?;
    for slower in [state(1, 1, u64::MAX), state(1, 2, u64::MAX)] {
        store.save_state(slower).await?;
        let kept = store.load_state("sums", 1).await?;
        assert_eq!(
            kept.as_ref(),
            Some(&second),
            "a slower process undid what another saved"
        );
    }
    for next in [state(1, 3, u64::MAX), state(1, 1, 7)] {
        store.save_state(next.clone()).await?;
        assert_eq!(store.load_state("sums", 1).await?, Some(next));
    }
    let other = state(2, 1, 7);
    store.save_state(other.clone()).await?;
    assert_eq!(store.load_state("sums", 2).await?, Some(other));
    assert_eq!(store.load_state("sum", 1).await?, None);
    store.delete_states("sum").await?;
    assert!(
        store.load_state("sums", 1).await?.is_some(),
        "another projection's was deleted"
    );
    store.delete_states("sums").await?;
    for version in [1, 2] {
        assert_eq!(store.load_state("sums", version).await?, None);
    }
    Ok(())
}

fn state(version: u32, position: u64, schema: u64) -> SavedState {
    let checkpoint = Checkpoint {
        position: Position::new(position),
        event_id: Some(EventId::random()),
    };
    let state = Json::from_stored(format!("{{\"at\":{position}}}"));
    SavedState::new("sums", version, schema, checkpoint, state)
}
