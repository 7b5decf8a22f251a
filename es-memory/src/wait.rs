use es_core::{Position, StoreError};

use crate::store::Shared;

impl Shared {
    pub(crate) async fn wait_past(&self, position: Position) -> Result<(), StoreError> {
        // Appends tell it under the log's lock, so it is never behind what a reader finds.
        let past = self.head.wait().past(position).await;
        past.map_err(|closed| StoreError::Unavailable(closed.into()))
    }
}
