//! What the thread of a projection does.

use std::time::{Duration, Instant};

use es_core::{
    Begun, Cause, Charge, Checkpoint, Failure, Fence, FenceState, FenceStep, Position, Standing,
    StoredEvent,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::context::{Context, SqliteHandler};
use super::fence::{self, database};
use super::tables::Database;
use super::{parked, switch};
use crate::error::may_pass;

pub(super) struct Worker<H> {
    database: Database,
    handler: H,
    lease: Duration,
    /// As it is in the database, unless another process has taken over.
    fence: Option<Fence>,
    /// When its lease was renewed.
    renewed: Instant,
    standing: Standing,
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
        }
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// Takes the projection over, unless another process has it or a newer version has taken its place.
    pub(super) fn begin(&mut self) -> Result<Begun, Failure> {
        let mine = self.fence.map(|fence| fence.epoch);
        let transaction = immediate(self.database.connection()?)?;
        let stored = fence::all(&transaction, H::NAME)?;
        let charge = Fence::charge(&stored, H::VERSION, mine);
        let (fence, answering) = match charge {
            Charge::New(fence) => {
                fence::insert(&transaction, H::NAME, &fence, self.lease)?;
                self.handler.create(&transaction).map_err(refused)?;
                if fence.state == FenceState::Active {
                    self.handler.activate(&transaction).map_err(refused)?;
                }
                (Some(fence), Fence::answering(&stored).unwrap_or(fence))
            }
            Charge::Taken(fence) => {
                fence::take(&transaction, H::NAME, &fence, self.lease)?;
                (Some(fence), Fence::answering(&stored).unwrap_or(fence))
            }
            Charge::Held(answering) => (None, answering),
        };
        let frontier = answering.checkpoint.position;
        let standing = standing::<H>(&transaction, answering.version, frontier)?;
        transaction.commit().map_err(database)?;
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

    /// Takes events in, all or none.
    pub(super) fn consume(
        &mut self,
        events: &[StoredEvent],
        looked_to: Position,
    ) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        if events.is_empty() && held.state == FenceState::Active {
            self.standing.frontier = self.standing.frontier.max(looked_to);
            return Ok(());
        }
        let transaction = immediate(self.database.connection()?)?;
        fence::check(&transaction, H::NAME, &held)?;
        let older = switch::older(&transaction, H::NAME, &held)?;
        let parked = parked::keys(&transaction, H::NAME, H::VERSION)?;
        let is_parked = |event: &StoredEvent| parked.contains(H::key(event));
        let plan = held.plan(older.as_ref(), events, looked_to, is_parked);
        for step in plan.steps {
            match step {
                FenceStep::TakeOver => {
                    switch::take_over(&plan.after, &mut self.handler, &transaction)?;
                }
                FenceStep::Park(event) => {
                    let (position, key) = (event.position, H::key(event));
                    parked::put(&transaction, H::NAME, H::VERSION, position, key, None)?;
                }
                FenceStep::Handle { event, replay } => {
                    apply(&mut self.handler, &transaction, event, replay)?;
                }
            }
        }
        let standing = standing::<H>(&transaction, plan.answering, plan.frontier)?;
        finish::<H>(transaction, &held, &plan.after, self.lease)?;
        (self.fence, self.standing) = (Some(plan.after), standing);
        self.renewed = Instant::now();
        Ok(())
    }

    /// Puts aside the event that comes next.
    pub(super) fn park(&mut self, event: &StoredEvent, failure: &str) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        let mut after = held;
        after.checkpoint = Checkpoint::after(event);
        let transaction = immediate(self.database.connection()?)?;
        let (position, key) = (event.position, H::key(event));
        let why = Some(failure);
        parked::put(&transaction, H::NAME, H::VERSION, position, key, why)?;
        let older = switch::older(&transaction, H::NAME, &held)?;
        let (answering, frontier) = held.answers(older.as_ref(), position);
        let standing = standing::<H>(&transaction, answering, frontier)?;
        finish::<H>(transaction, &held, &after, self.lease)?;
        (self.fence, self.standing) = (Some(after), standing);
        self.renewed = Instant::now();
        Ok(())
    }

    /// Renews the lease, and moves on past events that don't concern the projection.
    pub(super) fn keep(&mut self, looked_at: Checkpoint) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
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

/// Has the handler take an event in.
pub(super) fn apply<H: SqliteHandler>(
    handler: &mut H,
    transaction: &Transaction<'_>,
    event: &StoredEvent,
    replay: bool,
) -> Result<(), Failure> {
    let Some(recorded) = H::recorded(event)? else {
        return Ok(());
    };
    let context = Context::new(transaction, event.position, replay);
    handler.handle(recorded, &context).map_err(|cause| {
        match cause.downcast_ref::<rusqlite::Error>() {
            Some(error) if may_pass(error) => Failure::Database {
                passing: true,
                cause,
            },
            _ => Failure::apply(event, cause),
        }
    })
}

/// The user's code refused, and no event is to blame.
pub(super) fn refused(cause: Cause) -> Failure {
    let passing = cause
        .downcast_ref::<rusqlite::Error>()
        .is_some_and(may_pass);
    Failure::Database { passing, cause }
}

/// How far the version that answers is, with what is parked of it.
fn standing<H: SqliteHandler>(
    connection: &Connection,
    answering: u32,
    frontier: Position,
) -> Result<Standing, Failure> {
    let parked = fence::parked(connection, H::NAME, answering)?;
    Ok(Standing::at(frontier).with_parked(parked))
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
