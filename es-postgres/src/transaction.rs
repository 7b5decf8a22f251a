//! Appending within a transaction of the user's.

use es_core::{Append, Appended, Limits, StoreError};
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use crate::call::{Answer, Call, TYPES};
use crate::error::{Fault, nothing_written};

/// Appends and answers; the caller commits.
pub(crate) async fn append_in(
    sql: &str,
    transaction: &Transaction<'_>,
    append: &Append,
) -> Result<Appended, StoreError> {
    append.check(&Limits::DEFAULT)?;
    let call = Call::new([append]);
    // Carefully, as an error would end the transaction.
    let parameters: Vec<(&(dyn ToSql + Sync), _)> =
        call.parameters(&true).into_iter().zip(TYPES).collect();
    // The connection isn't ours, so nothing is prepared on it.
    let rows = transaction
        .query_typed(sql, &parameters)
        .await
        .map_err(nothing_written)?;
    let row = rows.first().ok_or(Fault::Answer)?;
    Answer::read(row, &call)?.of(0, append)
}
