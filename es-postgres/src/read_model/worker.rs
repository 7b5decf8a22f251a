//! What a projection does in its database.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use es_core::{
    Begun, Cause, Charge, Checkpoint, Failure, Fence, FencePlan, FenceState, FenceStep, Position,
    Standing, StoredEvent,
};
use tokio_postgres::Transaction;

use super::context::{Context, PostgresHandler};
use super::fence::{self, On, Rows, database};
use super::sql::Sql;
use super::tables::Database;
use super::{parked, switch};
use crate::error::{may_pass_later, without_details};

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
/// "es" and a number: the first half of the lock of whoever takes charge.
const CHARGE: i32 = 0x6573_0002;

impl<H: PostgresHandler> Worker<H> {
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
    pub(super) async fn begin(&mut self) -> Result<Begun, Failure> {
        let mine = self.fence.map(|fence| fence.epoch);
        let (opened, sql) = self.database.opened().await?;
        let (client, statements) = opened.client();
        // Whoever stands by locks nothing.
        let rows = Rows::read(&On(client, statements), &sql.all, H::NAME).await?;
        if let Charge::Held(answering) = Fence::charge(&rows.fences, H::VERSION, mine) {
            return Ok(self.stand_by(&rows, &answering));
        }
        let (transaction, statements) = opened.begin().await?;
        let on = On(&transaction, statements);
        let lock = format!("SELECT FROM pg_advisory_xact_lock({CHARGE}, hashtext($1))");
        on.query(&lock, &[&H::NAME]).await?;
        let rows = Rows::read(&on, &sql.all_locked, H::NAME).await?;
        let fence = match Fence::charge(&rows.fences, H::VERSION, mine) {
            Charge::New(fence) => {
                fence::insert(&on, sql, H::NAME, &fence, self.lease).await?;
                self.handler.create(&transaction).await.map_err(refused)?;
                if fence.state == FenceState::Active {
                    self.handler.activate(&transaction).await.map_err(refused)?;
                }
                fence
            }
            Charge::Taken(fence) => {
                fence::take(&on, sql, H::NAME, &fence, self.lease).await?;
                fence
            }
            Charge::Held(answering) => {
                drop(transaction);
                return Ok(self.stand_by(&rows, &answering));
            }
        };
        transaction.commit().await.map_err(database)?;
        let answering = Fence::answering(&rows.fences).unwrap_or(fence);
        self.standing = standing(&rows, answering.version, answering.checkpoint.position);
        self.fence = Some(fence);
        self.renewed = Instant::now();
        Ok(Begun::At(fence.checkpoint))
    }

    fn stand_by(&mut self, rows: &Rows, answering: &Fence) -> Begun {
        self.fence = None;
        self.standing = standing(rows, answering.version, answering.checkpoint.position);
        Begun::Held {
            standing: self.standing,
            again_in: LOOK_EVERY,
        }
    }

    /// Takes events in, all or none.
    pub(super) async fn consume(
        &mut self,
        events: &[StoredEvent],
        looked_to: Position,
    ) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        if events.is_empty() && held.state == FenceState::Active {
            self.standing.frontier = self.standing.frontier.max(looked_to);
            return Ok(());
        }
        let (opened, sql) = self.database.opened().await?;
        let (transaction, statements) = opened.begin().await?;
        let on = On(&transaction, statements);
        let mut rows = Rows::read(&on, &sql.all, H::NAME).await?;
        if held.has_caught_up(rows.older(&held).as_ref(), looked_to) {
            // It takes over in this transaction: until then the older version stays where it is.
            rows = Rows::read(&on, &sql.all_locked, H::NAME).await?;
        }
        rows.check(&held)?;
        let older = rows.older(&held);
        let parked = match rows.parked(H::VERSION) {
            0 => HashSet::new(),
            _ => parked::keys::<H>(&on, sql, events).await?,
        };
        let is_parked = |event: &StoredEvent| parked.contains(H::key(event));
        let plan = held.plan(older.as_ref(), events, looked_to, is_parked);
        let more_parked = carry_out(&plan, &mut self.handler, &on, sql).await?;
        let mut standing = standing(&rows, plan.answering, plan.frontier);
        if plan.answering == H::VERSION {
            standing.parked += more_parked;
        }
        let inside = Some(rows.transaction);
        let way = (&held, &plan.after);
        fence::advance(&on, sql, H::NAME, way, self.lease, inside).await?;
        transaction.commit().await.map_err(database)?;
        (self.fence, self.standing) = (Some(plan.after), standing);
        self.renewed = Instant::now();
        Ok(())
    }

    /// Puts aside the event that comes next.
    pub(super) async fn park(&mut self, event: &StoredEvent, failure: &str) -> Result<(), Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        let mut after = held;
        after.checkpoint = Checkpoint::after(event);
        let (opened, sql) = self.database.opened().await?;
        let (transaction, statements) = opened.begin().await?;
        let on = On(&transaction, statements);
        let rows = Rows::read(&on, &sql.all, H::NAME).await?;
        rows.check(&held)?;
        parked::put::<H>(&on, sql, event, Some(failure)).await?;
        let older = rows.older(&held);
        let (answering, frontier) = held.answers(older.as_ref(), event.position);
        let mut standing = standing(&rows, answering, frontier);
        if answering == H::VERSION {
            standing.parked += 1;
        }
        let inside = Some(rows.transaction);
        fence::advance(&on, sql, H::NAME, (&held, &after), self.lease, inside).await?;
        transaction.commit().await.map_err(database)?;
        (self.fence, self.standing) = (Some(after), standing);
        self.renewed = Instant::now();
        Ok(())
    }

    /// Renews the lease, and moves on past events that don't concern the projection.
    pub(super) async fn keep(&mut self, looked_at: Checkpoint) -> Result<(), Failure> {
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
        let (opened, sql) = self.database.opened().await?;
        let (client, statements) = opened.client();
        let on = On(client, statements);
        fence::advance(&on, sql, H::NAME, (&held, &after), self.lease, None).await?;
        self.fence = Some(after);
        self.renewed = Instant::now();
        Ok(())
    }

    /// Lets another process take over at once.
    pub(super) async fn release(&mut self) -> Result<(), Failure> {
        let Some(fence) = self.fence.take() else {
            return Ok(());
        };
        let (opened, sql) = self.database.opened().await?;
        let (client, statements) = opened.client();
        let version = i64::from(fence.version);
        let on = On(client, statements);
        on.execute(&sql.release, &[&H::NAME, &version, &fence.epoch])
            .await
            .map(drop)
    }
}

/// Does what is planned, and tells how many events were put aside.
async fn carry_out<H: PostgresHandler>(
    plan: &FencePlan<'_>,
    handler: &mut H,
    on: &On<'_, Transaction<'_>>,
    sql: &Sql,
) -> Result<u64, Failure> {
    let mut parked = 0;
    for step in &plan.steps {
        match *step {
            FenceStep::TakeOver => switch::take_over(&plan.after, handler, on, sql).await?,
            FenceStep::Park(event) => {
                parked::put::<H>(on, sql, event, None).await?;
                parked += 1;
            }
            FenceStep::Handle { event, replay } => apply(handler, on, event, replay).await?,
        }
    }
    Ok(parked)
}

/// Has the handler take an event in.
pub(super) async fn apply<H: PostgresHandler>(
    handler: &mut H,
    on: &On<'_, Transaction<'_>>,
    event: &StoredEvent,
    replay: bool,
) -> Result<(), Failure> {
    let Some(taken) = H::recorded(event)? else {
        return Ok(());
    };
    let context = Context::new(on.0, on.1, event.position, replay);
    let handled = handler.handle(taken, &context).await;
    handled.map_err(|cause| {
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

/// How far the version that answers is, with what is parked of it.
fn standing(rows: &Rows, answering: u32, frontier: Position) -> Standing {
    Standing::at(frontier).with_parked(rows.parked(answering))
}
