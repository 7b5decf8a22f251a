//! Doing what is planned for a batch.

use es_core::{Cause, CorrectedFacts, Failure, FencePlan, FenceStep, StoredEvent};
use tokio_postgres::Transaction;

use super::context::{Context, PostgresHandler};
use super::fence::On;
use super::sql::Sql;
use super::{parked, switch};
use crate::error::{may_pass_later, without_details};

/// Does what is planned.
pub(super) async fn carry_out<H: PostgresHandler>(
    plan: &FencePlan<'_>,
    handler: &mut H,
    on: &On<'_, Transaction<'_>>,
    sql: &Sql,
    facts: &CorrectedFacts,
    failure: Option<&str>,
) -> Result<(), Failure> {
    for step in &plan.steps {
        match *step {
            FenceStep::Halt => switch::halt::<H>(&plan.after, on, sql).await?,
            FenceStep::TakeOver => switch::take_over(&plan.after, handler, on, sql).await?,
            FenceStep::Park { event, replay } => {
                let row = (plan.after.partition, replay);
                parked::put::<H>(on, sql, event, row, failure).await?;
            }
            FenceStep::Handle { event, replay } => apply(handler, on, event, facts, replay).await?,
        }
    }
    Ok(())
}

/// Has the handler take an event in.
pub(super) async fn apply<H: PostgresHandler>(
    handler: &mut H,
    on: &On<'_, Transaction<'_>>,
    event: &StoredEvent,
    facts: &CorrectedFacts,
    replay: bool,
) -> Result<(), Failure> {
    let Some(taken) = H::input(event, facts)? else {
        return Ok(());
    };
    let context = Context::new(on.0, on.1, event.position, replay);
    let outcome = handler.handle(taken, &context).await;
    outcome.map_err(|cause| {
        if may_pass(&cause) {
            refused(cause)
        } else {
            Failure::apply(event, without_details(cause))
        }
    })
}

/// The user's code refused, and no event is to blame.
pub(super) fn refused(cause: Cause) -> Failure {
    Failure::Database {
        passing: may_pass(&cause),
        cause: without_details(cause),
    }
}

fn may_pass(cause: &Cause) -> bool {
    cause
        .downcast_ref::<tokio_postgres::Error>()
        .is_some_and(may_pass_later)
}
