//! Appends with what projections do with them, in one transaction.

use es_core::{Append, Appended, StoreError};
use tokio_postgres::IsolationLevel;

use super::Inlines;
use crate::answer::Answer;
use crate::call::{Asked, Call};
use crate::error::{Failure, cause};
use crate::hashed::Hashed;
use crate::session::Session;

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
    let (function, statements) = (
        &session.statements[Asked::Function as usize],
        &session.handlers,
    );
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
