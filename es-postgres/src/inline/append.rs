//! Appends with what projections do with them, in one transaction.

use es_core::{Append, Appended, StoreError};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{IsolationLevel, Transaction};

use super::Inlines;
use crate::call::{Answer, Call, TYPES};
use crate::error::{Failure, Fault, cause, nothing_written};
use crate::hashed::Hashed;
use crate::session::Session;
use crate::statements::Statements;

/// Whether a projection said no, and to nothing but this append.
fn is_refusal(error: &StoreError) -> bool {
    matches!(error, StoreError::Rejected(_) | StoreError::Undecodable(_))
}

/// Appends what waits and commits it, with a result for each. Those that concern no projection share a call as always.
pub(crate) async fn append_all(
    session: &mut Session,
    inlines: &Inlines,
    appends: &[&Append],
    hashed: &Hashed,
) -> Result<Vec<Result<Appended, StoreError>>, Failure> {
    let building = session.client.build_transaction();
    let building = building.isolation_level(IsolationLevel::ReadCommitted);
    let mut transaction = building.start().await.map_err(Failure::before_commit)?;
    let (function, statements) = (&session.statements[0], &session.handlers);
    let mut results = Vec::with_capacity(appends.len());
    for group in appends.chunk_by(|one, next| !inlines.concern(one) && !inlines.concern(next)) {
        let savepoint = transaction.savepoint("es_append");
        let savepoint = savepoint.await.map_err(Failure::before_commit)?;
        let call = Call::new(group.iter().copied(), hashed.known());
        // Carefully, as an error would end the transaction.
        let parameters = call.parameters(&true);
        let row = savepoint.query_one(function, &parameters).await;
        let row = row.inspect_err(|error| _ = hashed.learn(error));
        let answer = Answer::read(&row.map_err(Failure::before_commit)?, &call);
        let answer = answer.map_err(|fault| Failure::One(fault.into()))?;
        let refusal = match (group, answer.of(0, group[0])) {
            ([append], Ok(appended)) if !appended.is_repeated() && inlines.concern(append) => {
                let taken = inlines.take(&savepoint, statements, append, &appended);
                taken.await.err()
            }
            _ => None,
        };
        // A savepoint that isn't there any more was ended by a handler, with all that stood before it.
        let ended = match refusal {
            None => {
                results.extend(
                    (0..)
                        .zip(group)
                        .map(|(place, append)| answer.of(place, append)),
                );
                savepoint.commit().await
            }
            Some(refusal) if is_refusal(&refusal) => {
                results.push(Err(refusal));
                savepoint.rollback().await
            }
            Some(error @ StoreError::Unavailable(_)) => return Err(Failure::Each(error.into())),
            Some(error) => return Err(Failure::One(error)),
        };
        ended.map_err(|error| Failure::unknown(cause(error)))?;
    }
    transaction.commit().await.map_err(Failure::of)?;
    Ok(results)
}

/// Appends in a transaction of the user's, and has the projections take it in there.
pub(crate) async fn append_one(
    sql: &str,
    inlines: &Inlines,
    transaction: &Transaction<'_>,
    append: &Append,
    hashed: &Hashed,
) -> Result<Appended, StoreError> {
    let call = Call::new([append], hashed.known());
    let parameters: Vec<(&(dyn ToSql + Sync), _)> =
        call.parameters(&true).into_iter().zip(TYPES).collect();
    if !inlines.is_empty() {
        let told = inlines.told();
        let tell = "SELECT set_config('es.inline', $1, true)";
        let told = transaction.query_typed(tell, &[(&told, Type::TEXT)]).await;
        told.map_err(nothing_written)?;
        run(transaction, "SAVEPOINT es_append").await?;
    }
    // The connection isn't ours, so nothing is prepared on it.
    let rows = transaction
        .query_typed(sql, &parameters)
        .await
        .inspect_err(|error| _ = hashed.learn(error))
        .map_err(nothing_written)?;
    let row = rows.first().ok_or(Fault::Answer)?;
    let outcome = Answer::read(row, &call)?.of(0, append);
    if inlines.is_empty() {
        return outcome;
    }
    let appended = match outcome {
        Ok(appended) if !appended.is_repeated() => appended,
        outcome => {
            run(transaction, "RELEASE es_append").await?;
            return outcome;
        }
    };
    let statements = Statements::default();
    match inlines
        .take(transaction, &statements, append, &appended)
        .await
    {
        Ok(()) => {
            run(transaction, "RELEASE es_append").await?;
            Ok(appended)
        }
        Err(refusal) => {
            let undo = "ROLLBACK TO es_append; RELEASE es_append";
            run(transaction, undo).await?;
            Err(refusal)
        }
    }
}

async fn run(transaction: &Transaction<'_>, sql: &str) -> Result<(), StoreError> {
    transaction
        .batch_execute(sql)
        .await
        .map_err(nothing_written)
}
