//! Sends a command until it is answered: once in effect, however many send it and whenever one of them dies.
//!
//! What an accepted command brings forth is appended under ids that are derived from the command's, and a refusal under
//! the first of these ids, so that the store lets only one of the two happen. That holds for a command that changed
//! nothing as well: a second sender that comes later would otherwise find nothing, decide on a state that has moved on,
//! and have an effect after the process was told that there is none.

use std::sync::Arc;

use super::instance::{chain, is_newer};
use super::record::{Commanded, Record, Refused, RejectionKind, Unchanged};
use super::trouble::{Class, Trouble};
use crate::{
    Append, Command, EventId, EventStore, ExecuteError, Executed, Expected, Json, Metadata,
    Payload, Repository, StoreError, StoredEvent, StreamId,
};

/// A command on its way, as it stands in the process's stream.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: EventId,
    pub(super) name: String,
    pub(super) payload: Json,
    /// The stream of the aggregate that it is for.
    target: StreamId,
    /// The instance that sends it.
    process: StreamId,
    correlation: Option<String>,
}

/// What became of a command.
#[derive(Debug)]
pub(super) enum Answer {
    Accepted,
    Refused(Refused),
}

/// Why a command has no answer.
#[derive(Debug)]
pub(super) enum Unsent {
    /// It may have one later.
    Later(StoreError),
    /// A newer program has written what can't be read.
    Newer(StoreError),
    /// It won't have one by itself.
    Stuck(Trouble),
}

impl Order {
    /// A command as its record says it.
    pub(super) fn read(
        process: &StreamId,
        stored: &StoredEvent,
        commanded: &Commanded,
    ) -> Result<Self, StoreError> {
        let metadata = Metadata::decode(&stored.envelope.metadata)
            .map_err(|error| stored.undecodable(error))?;
        Ok(Self {
            id: stored.envelope.id,
            name: commanded.command.clone(),
            payload: Json::from_stored(commanded.payload.get()),
            target: commanded.target.parse()?,
            process: process.clone(),
            correlation: metadata.correlation,
        })
    }
}

/// Sends a command of the type `C`, or finds the answer that it has.
pub(super) async fn send<C: Command + Payload>(
    order: &Order,
    store: &Arc<dyn EventStore>,
) -> Result<Answer, Unsent> {
    let once = order.id.to_string();
    let first = EventId::derived(&order.target, &once, 0);
    let repository = Repository::<C::Aggregate, _>::new(Arc::clone(store));
    // Each time round, somebody else has answered it in between.
    for _ in 0..3 {
        if let Some(found) = store.find(&order.target, first).await.map_err(unsent)? {
            return answered(&found);
        }
        let command = C::decoded(order.payload.as_str()).map_err(|reason| {
            let reason = format!("the command `{}`: {reason}", order.name);
            Unsent::Stuck(Trouble::new(Class::Decoding, reason))
        })?;
        let execution = repository
            .send(command)
            .once(once.clone())
            .by(order.process.as_str())
            .caused_by(order.id);
        let execution = match &order.correlation {
            Some(correlation) => execution.correlated(correlation),
            None => execution,
        };
        let (record, answer): (Record, _) = match execution.await {
            Ok(executed) if executed.is_repeated() => continue,
            Ok(executed) if has_changed(&executed) => return Ok(Answer::Accepted),
            Ok(_) => (Unchanged {}.into(), Answer::Accepted),
            Err(error) => {
                let refused = refused(error)?;
                (refused.clone().into(), Answer::Refused(refused))
            }
        };
        let record = record.encode(first, &order.metadata()?).map_err(unsent)?;
        let append = Append::new(order.target.clone(), Expected::Any, vec![record]);
        if !repository
            .commit(append)
            .await
            .map_err(unsent)?
            .is_repeated()
        {
            return Ok(answer);
        }
    }
    let why = "the answer to a command is neither there nor can it be given";
    Err(Unsent::Later(StoreError::Unavailable(why.into())))
}

fn has_changed<A: crate::Aggregate>(executed: &Executed<A>) -> bool {
    executed.position().is_some()
}

impl Order {
    /// The metadata of a record in the target's stream.
    fn metadata(&self) -> Result<Json, Unsent> {
        let metadata = Metadata {
            actor: Some(self.process.to_string()),
            caused_by: Some(self.id),
            correlation: self.correlation.clone(),
            ..Metadata::default()
        };
        metadata.encode().map_err(unsent)
    }
}

/// The answer that stands in the target's stream.
fn answered(found: &StoredEvent) -> Result<Answer, Unsent> {
    match Record::of(found).map_err(unsent)? {
        Some(Record::Refused(refused)) => Ok(Answer::Refused(refused)),
        _ => Ok(Answer::Accepted),
    }
}

/// What an error of the execution is to a process: a refusal, unless the store is to blame.
fn refused<E: std::error::Error>(error: ExecuteError<E>) -> Result<Refused, Unsent> {
    let refused = |why, error: &dyn std::error::Error| Refused {
        why,
        reason: chain(error),
    };
    match error {
        ExecuteError::Rejected(error) => Ok(refused(RejectionKind::Rejected, &error)),
        ExecuteError::RejectedBy(rejection) => Ok(refused(RejectionKind::Rejected, &*rejection)),
        ExecuteError::Violated(violation) => Ok(refused(RejectionKind::Rejected, &violation.error)),
        ExecuteError::NotFound { .. } => Ok(refused(RejectionKind::NotFound, &error)),
        ExecuteError::AlreadyExists { .. } => Ok(refused(RejectionKind::AlreadyExists, &error)),
        ExecuteError::Conflict(conflict) => Err(Unsent::Later(StoreError::Conflict(conflict))),
        ExecuteError::Store(error) => Err(unsent(error)),
        // No command ends so.
        ExecuteError::Load(error) => Err(Unsent::Stuck(Trouble::applying(&error))),
    }
}

fn unsent(error: StoreError) -> Unsent {
    if is_newer(&error) {
        return Unsent::Newer(error);
    }
    match error {
        StoreError::Invalid(_)
        | StoreError::Rejected(_)
        | StoreError::Undecodable(_)
        | StoreError::IdReused { .. } => Unsent::Stuck(Trouble::from(&error)),
        error => Unsent::Later(error),
    }
}
