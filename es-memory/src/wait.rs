use es_core::{Position, StoreError};

use crate::store::Shared;

impl Shared {
    pub(crate) async fn wait_past(&self, position: Position) -> Result<(), StoreError> {
        // The first look is at the current head, so an append between a read and this call isn't missed.
        self.head
            .subscribe()
            .wait_for(|head| *head > position)
            .await
            .map(drop)
            .map_err(|closed| StoreError::Unavailable(closed.into()))
    }
}
