//! What the thread of a projection does.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use es_core::{
    Begun, Cause, Charge, Checkpoint, CorrectedFacts, Failure, Fence, FencePlan, FenceState,
    FenceStep, Partition, Position, Standing, StoredEvent,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::context::{Context, SqliteHandler};
use super::fence::{self, database};
use super::prepared::Prepared;
use super::tables::Database;
use super::{parked, switch};
use crate::error::may_pass;

pub(super) struct Worker<H: SqliteHandler> {
    database: Database,
    handler: H,
    lease: Duration,
    /// As it is in the database, unless another process has taken over.
    fence: Option<Fence>,
    /// When its lease was renewed.
    renewed: Instant,
    standing: Standing,
    prepared: Prepared<H>,
}

/// How long a process that stands by waits before it looks again, at most: so late are its readers' waits answered.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) fn immediate(connection: &mut Connection) -> Result<Transaction<'_>, Failure> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(database)
}

impl<H: SqliteHandler> Worker<H> {
    pub(super) fn new(handler: H, database: Database, lease: Duration) -> Self {
        Self {
            database,
            handler,
            lease,
            fence: None,
            renewed: Instant::now(),
            standing: Standing::default(),
            prepared: Prepared::nothing(),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// Takes the projection over, unless another process has it or a newer version has taken its place.
    pub(super) fn begin(&mut self) -> Result<Begun, Failure> {
        self.prepared = Prepared::nothing();
        let mine = self.fence.map(|fence| fence.epoch);
        let transaction = immediate(self.database.connection()?)?;
        fence::bound(&transaction, H::NAME)?;
        let stored = fence::all(&transaction, H::NAME)?;
        let fence = match Fence::charge(&stored, H::VERSION, Partition::WHOLE, mine)? {
            Charge::New(fence) => {
                fence::insert(&transaction, H::NAME, &fence, self.lease)?;
                self.handler.create(&transaction).map_err(refused)?;
                if fence.state == FenceState::Active {
                    self.handler.activate(&transaction).map_err(refused)?;
                }
                Some(fence)
            }
            Charge::Taken(fence) => {
                fence::take(&transaction, H::NAME, &fence, self.lease)?;
                Some(fence)
            }
            Charge::Held => None,
        };
        transaction.commit().map_err(database)?;
        let standing = Fence::standing(&stored, H::VERSION, 0);
        (self.fence, self.standing) = (fence, standing);
        self.renewed = Instant::now();
        Ok(match fence {
            Some(fence) => Begun::At(fence.checkpoint),
            None => Begun::Held {
                standing,
                again_in: LOOK_EVERY,
            },
        })
    }

    /// Makes of events what the handler will be given of them.
    pub(super) fn prepare(&mut self, events: &[StoredEvent]) {
        self.prepared.prepare(events);
    }

    /// Takes events in, all or none, with what the corrections among them changed.
    pub(super) fn consume(
        &mut self,
        events: &[StoredEvent],
        facts: &CorrectedFacts,
        looked_to: Position,
    ) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        if events.is_empty() && held.state == FenceState::Active {
            self.standing.frontier = self.standing.frontier.max(looked_to);
            return Ok(());
        }
        self.take_in(events, facts, looked_to, None)
    }

    /// Puts aside the event that comes next.
    pub(super) fn park(&mut self, event: &StoredEvent, failure: &str) -> Result<(), Failure> {
        let (events, looked_to) = (std::slice::from_ref(event), event.position);
        self.take_in(events, &CorrectedFacts::default(), looked_to, Some(failure))
    }

    /// Takes events in, or puts them aside for this failure.
    fn take_in(
        &mut self,
        events: &[StoredEvent],
        facts: &CorrectedFacts,
        looked_to: Position,
        failure: Option<&str>,
    ) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        let transaction = immediate(self.database.connection()?)?;
        let stored = fence::all(&transaction, H::NAME)?;
        let held = held.still_held(&stored)?;
        let parked = match held.parked {
            0 => HashSet::new(),
            _ => parked::keys::<H>(&transaction, events)?,
        };
        let is_parked = |event: &StoredEvent| failure.is_some() || parked.contains(H::key(event));
        let plan = held.plan(&stored, events, looked_to, H::key, is_parked);
        let (handler, prepared) = (&mut self.handler, &mut self.prepared);
        let input = |event: &StoredEvent| prepared.input(event, facts);
        carry_out(&plan, handler, &transaction, input, failure)?;
        finish::<H>(transaction, &held, &plan.after, self.lease)?;
        (self.fence, self.standing) = (Some(plan.after), plan.standing);
        self.renewed = Instant::now();
        Ok(())
    }

    /// Renews the lease, and moves on past events that don't concern the projection.
    pub(super) fn keep(&mut self, looked_at: Checkpoint) -> Result<(), Failure> {
        let mut held = self.fence.ok_or(Failure::Fenced)?;
        if held.parked > 0 && held.state == FenceState::Active {
            // An operator may have decided about some.
            held.parked = parked::count(self.database.connection()?, H::NAME, H::VERSION)?;
            (self.fence, self.standing.parked) = (Some(held), held.parked);
        }
        let moves =
            held.state == FenceState::Active && looked_at.position > held.checkpoint.position;
        if !moves && self.renewed.elapsed() < self.lease / 3 {
            return Ok(());
        }
        let mut after = held;
        if moves {
            after.checkpoint = looked_at;
        }
        let transaction = immediate(self.database.connection()?)?;
        finish::<H>(transaction, &held, &after, self.lease)?;
        self.fence = Some(after);
        self.renewed = Instant::now();
        Ok(())
    }

    /// Lets another process take over at once.
    pub(super) fn release(&mut self) -> Result<(), Failure> {
        match self.fence.take() {
            Some(fence) => fence::release(self.database.connection()?, H::NAME, &fence),
            None => Ok(()),
        }
    }
}

/// Does what is planned. A version is one partition here, so nothing is halted or waited for.
fn carry_out<H: SqliteHandler>(
    plan: &FencePlan<'_>,
    handler: &mut H,
    transaction: &Transaction<'_>,
    mut input: impl FnMut(&StoredEvent) -> Result<Option<H::Input>, Failure>,
    failure: Option<&str>,
) -> Result<(), Failure> {
    for step in &plan.steps {
        match *step {
            FenceStep::TakeOver => switch::take_over(&plan.after, handler, transaction)?,
            FenceStep::Park { event, replay } => {
                let (name, version, key) = (H::NAME, H::VERSION, H::key(event));
                let position = event.position;
                parked::put(transaction, name, version, position, key, replay, failure)?;
            }
            FenceStep::Handle { event, replay } => {
                apply(handler, transaction, event, input(event)?, replay)?;
            }
            FenceStep::Halt => return Err(Failure::Waiting),
        }
    }
    Ok(())
}

/// Has the handler take an event in, if that is one for it.
pub(super) fn apply<H: SqliteHandler>(
    handler: &mut H,
    transaction: &Transaction<'_>,
    event: &StoredEvent,
    input: Option<H::Input>,
    replay: bool,
) -> Result<(), Failure> {
    let Some(input) = input else {
        return Ok(());
    };
    let context = Context::new(transaction, event.position, replay);
    handler
        .handle(input, &context)
        .map_err(|cause| match cause.downcast_ref::<rusqlite::Error>() {
            Some(error) if may_pass(error) => Failure::Database {
                passing: true,
                cause,
            },
            _ => Failure::apply(event, cause),
        })
}

/// The user's code refused, and no event is to blame.
pub(super) fn refused(cause: Cause) -> Failure {
    let passing = cause
        .downcast_ref::<rusqlite::Error>()
        .is_some_and(may_pass);
    Failure::Database { passing, cause }
}

/// Moves on and commits, if nobody has taken over.
fn finish<H: SqliteHandler>(
    transaction: Transaction<'_>,
    held: &Fence,
    after: &Fence,
    lease: Duration,
) -> Result<(), Failure> {
    if transaction.is_autocommit() {
        return Err(Failure::Database {
            passing: false,
            cause: "the handler has ended the transaction, which is the projection's to end".into(),
        });
    }
    fence::advance(&transaction, H::NAME, held, after, lease)?;
    transaction.commit().map_err(database)
}
