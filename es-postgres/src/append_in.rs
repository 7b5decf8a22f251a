//! Appends in transactions of the user's.

use es_core::{Append, Appended, StoreError};
use futures_util::FutureExt;
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use crate::answer::Answer;
use crate::call::{Call, TYPES};
use crate::error::{Fault, nothing_written, run};
use crate::hashed::Hashed;
use crate::inline::Inlines;
use crate::schema::Schema;
use crate::statements::Statements;

/// What is said to the database.
pub(crate) struct Within {
    /// The call of the function.
    append: String,
    /// Has the commit refused.
    refuse: String,
}

impl Within {
    pub(crate) fn new(schema: &Schema) -> Self {
        Self {
            append: crate::call::sql(schema),
            refuse: format!(
                "INSERT INTO {}.unfinished DEFAULT VALUES",
                schema.identifier()
            ),
        }
    }

    /// Appends, and has the projections take it in there. Dropped half-way it has the commit refused.
    pub(crate) async fn append(
        &self,
        transaction: &Transaction<'_>,
        append: &Append,
        inlines: &Inlines,
        hashed: &Hashed,
    ) -> Result<Appended, StoreError> {
        let mut unfinished = Unfinished {
            transaction,
            refuse: Some(&self.refuse),
        };
        let outcome = self.finish(transaction, append, inlines, hashed).await;
        unfinished.refuse = None;
        outcome
    }

    async fn finish(
        &self,
        transaction: &Transaction<'_>,
        append: &Append,
        inlines: &Inlines,
        hashed: &Hashed,
    ) -> Result<Appended, StoreError> {
        if inlines.is_empty() {
            return self.ask(transaction, append, hashed).await?;
        }
        let told = inlines.told();
        let tell = "SELECT set_config('es.inline', $1, true)";
        let told = transaction.query_typed(tell, &[(&told, Type::TEXT)]).await;
        told.map_err(nothing_written)?;
        run(transaction, "SAVEPOINT es_append").await?;
        let outcome = match self.ask(transaction, append, hashed).await? {
            Ok(appended) if !appended.is_repeated() => {
                let statements = Statements::default();
                let taken = inlines.take(transaction, &statements, append, &appended);
                if let Err(refusal) = taken.await {
                    let undo = "ROLLBACK TO es_append; RELEASE es_append";
                    run(transaction, undo).await?;
                    return Err(refusal);
                }
                Ok(appended)
            }
            outcome => outcome,
        };
        run(transaction, "RELEASE es_append").await?;
        outcome
    }

    /// What became of it, unless the transaction is to be rolled back.
    async fn ask(
        &self,
        transaction: &Transaction<'_>,
        append: &Append,
        hashed: &Hashed,
    ) -> Result<Result<Appended, StoreError>, StoreError> {
        let call = Call::new([append], hashed.known());
        let parameters: Vec<(&(dyn ToSql + Sync), _)> =
            call.parameters(&true).into_iter().zip(TYPES).collect();
        // The connection isn't ours, so nothing is prepared on it.
        let rows = transaction
            .query_typed(&self.append, &parameters)
            .await
            .inspect_err(|error| _ = hashed.learn(error))
            .map_err(nothing_written)?;
        let row = rows.first().ok_or(Fault::Answer)?;
        Ok(Answer::read(row, &call)?.of(0, append))
    }
}

/// An append of which the caller doesn't know yet what became.
struct Unfinished<'t, 'c> {
    transaction: &'t Transaction<'c>,
    /// Nothing once it is known.
    refuse: Option<&'t str>,
}

impl Drop for Unfinished<'_, '_> {
    fn drop(&mut self) {
        if let Some(refuse) = self.refuse {
            // Sent at once, behind what was sent before. In a savepoint it is undone with the append.
            drop(self.transaction.batch_execute(refuse).now_or_never());
        }
    }
}
