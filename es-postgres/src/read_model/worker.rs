//! What a projection does in its database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::{
    Begun, Charge, Checkpoint, CorrectedFacts, Failure, Fence, FenceState, Partition, Position,
    Refusal, Standing, StoredEvent,
};
use tokio_postgres::types::ToSql;

use super::context::PostgresHandler;
use super::fence::{self, On, Rows, database};
use super::parked;
use super::renewal::Renewal;
use super::shares::Shares;
use super::steps::{carry_out, refused};
use super::tables::Database;

pub(super) struct Worker<H> {
    database: Database,
    handler: H,
    partition: Partition,
    shares: Arc<Shares>,
    lease: Duration,
    /// As it is in the database, unless another process has taken over.
    fence: Option<Fence>,
    /// When its lease was renewed.
    renewed: Instant,
    standing: Standing,
    /// Whether this version answers.
    answers: bool,
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
            partition: Partition::WHOLE,
            shares: Arc::default(),
            lease,
            fence: None,
            renewed: Instant::now(),
            standing: Standing::default(),
            answers: false,
        }
    }

    /// One that takes in the events of this partition, with a connection of its own.
    pub(super) fn of(&self, handler: H, partition: Partition, shares: Arc<Shares>) -> Self {
        Self {
            partition,
            shares,
            ..Self::new(handler, self.database.another(), self.lease)
        }
    }

    pub(super) fn partition(&self) -> Partition {
        self.partition
    }

    pub(super) fn handler(&self) -> &H {
        &self.handler
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// Takes the partition over, unless another process has it, this one has enough, or a newer version has taken its
    /// place.
    pub(super) async fn begin(&mut self) -> Result<Begun, Failure> {
        let mine = self.fence.map(|fence| fence.epoch);
        let partition = self.partition;
        let (opened, sql) = self.database.opened().await?;
        let (client, statements) = opened.client();
        // Whoever stands by locks nothing.
        let on = On(client, statements);
        let rows = Rows::read(&on, &sql.all, H::NAME).await?;
        if rows.too_long {
            on.execute(&sql.bound, &[&H::NAME]).await?;
        }
        let charge = Fence::charge(&rows.fences, H::VERSION, partition, mine)?;
        if charge == Charge::Held || !self.shares.take(partition) {
            return Ok(self.stand_by(&rows));
        }
        let (transaction, statements) = opened.begin().await?;
        let on = On(&transaction, statements);
        let lock = format!("SELECT FROM pg_advisory_xact_lock({CHARGE}, hashtext($1))");
        on.query(&lock, &[&H::NAME]).await?;
        let rows = Rows::read(&on, &sql.all_locked, H::NAME).await?;
        let fence = match Fence::charge(&rows.fences, H::VERSION, partition, mine)? {
            Charge::New(fence) => {
                for other in Partition::all(partition.count()) {
                    let (mut row, mut lease) = (fence, self.lease);
                    row.partition = other.number();
                    if other != partition {
                        lease = Duration::ZERO;
                    }
                    fence::insert(&on, sql, H::NAME, &row, lease).await?;
                }
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
            Charge::Held => {
                drop(transaction);
                return Ok(self.stand_by(&rows));
            }
        };
        transaction.commit().await.map_err(database)?;
        self.standing = Fence::standing(&rows.fences, H::VERSION, partition.number());
        self.answers = answers::<H>(&rows) || rows.fences.is_empty();
        self.fence = Some(fence);
        self.renewed = Instant::now();
        Ok(Begun::At(fence.checkpoint))
    }

    fn stand_by(&mut self, rows: &Rows) -> Begun {
        self.fence = None;
        self.shares.give_back(self.partition);
        self.standing = Fence::standing(&rows.fences, H::VERSION, self.partition.number());
        Begun::Held {
            standing: self.standing,
            again_in: LOOK_EVERY,
        }
    }

    /// Takes events in, all or none, but those that wait for the other partitions of a new version, with what the corrections
    /// among them changed.
    pub(super) async fn consume(
        &mut self,
        events: &[StoredEvent],
        facts: &CorrectedFacts,
        looked_to: Position,
    ) -> Result<(), Refusal> {
        if events.is_empty() && self.answers && self.fence.is_some() {
            self.standing.frontier = self.standing.frontier.max(looked_to);
            return Ok(());
        }
        let taken = self.take_in((events, facts), looked_to, None, None).await;
        match taken.map_err(Refusal::whole)? {
            taken if taken < events.len() => Err(Refusal::new(taken, Failure::Waiting)),
            _ => Ok(()),
        }
    }

    /// Puts aside the event that comes next.
    pub(super) async fn park(&mut self, event: &StoredEvent, failure: &str) -> Result<(), Failure> {
        let (events, looked_to) = (std::slice::from_ref(event), event.position);
        let events = (events, &CorrectedFacts::default());
        match self.take_in(events, looked_to, Some(failure), None).await? {
            0 => Err(Failure::Waiting),
            _ => Ok(()),
        }
    }

    /// Takes events in, or puts them aside for this failure, and moves on to where was looked, if that is known; tells how
    /// many weren't to wait.
    async fn take_in(
        &mut self,
        (events, facts): (&[StoredEvent], &CorrectedFacts),
        looked_to: Position,
        failure: Option<&str>,
        looked_at: Option<Checkpoint>,
    ) -> Result<usize, Failure> {
        let held = self.fence.ok_or(Failure::Fenced)?;
        let shared = Arc::clone(self.database.shared());
        let (opened, sql) = self.database.opened().await?;
        let renewal = Renewal {
            name: H::NAME,
            held,
            lease: self.lease,
            renewed: self.renewed,
            batch: opened.driver(),
        };
        let _renewing = renewal.start(&shared);
        let (transaction, statements) = opened.begin().await?;
        let on = On(&transaction, statements);
        let mut rows = Rows::read(&on, &sql.all, H::NAME).await?;
        let mut held = held.still_held(&rows.fences)?;
        if held.may_switch(&rows.fences, looked_to) {
            // Until this transaction ends all versions stay where they are.
            rows = Rows::read(&on, &sql.all_locked, H::NAME).await?;
            held = held.still_held(&rows.fences)?;
        }
        let parked = match held.parked {
            0 => HashSet::new(),
            _ => parked::keys::<H>(&on, sql, events).await?,
        };
        let is_parked = |event: &StoredEvent| failure.is_some() || parked.contains(H::key(event));
        let mut plan = held.plan(&rows.fences, events, looked_to, H::key, is_parked);
        carry_out(&plan, &mut self.handler, &on, sql, facts, failure).await?;
        let place = plan.after.checkpoint.position;
        if let Some(looked_at) = looked_at.filter(|looked_at| looked_at.position > place) {
            plan.after.checkpoint = looked_at;
        }
        let (inside, way) = (Some(rows.transaction), (&held, &plan.after));
        fence::advance(&on, sql, H::NAME, way, self.lease, inside).await?;
        transaction.commit().await.map_err(database)?;
        (self.fence, self.standing) = (Some(plan.after), plan.standing);
        self.answers = plan.answers;
        self.renewed = Instant::now();
        Ok(plan.taken)
    }

    /// Renews the lease, and moves on past events that don't concern the projection.
    pub(super) async fn keep(&mut self, looked_at: Checkpoint) -> Result<(), Failure> {
        let mut held = self.fence.ok_or(Failure::Fenced)?;
        if !self.answers {
            // The other partitions may have come so far meanwhile that it can go on, or is shown.
            let looked_to = looked_at.position;
            let nothing = (&[][..], &CorrectedFacts::default());
            let taken = self
                .take_in(nothing, looked_to, None, Some(looked_at))
                .await;
            return taken.map(drop);
        }
        if held.parked > 0 {
            // An operator may have decided about some.
            let (opened, sql) = self.database.opened().await?;
            let (client, statements) = opened.client();
            held.parked = parked::count(&On(client, statements), sql, H::NAME, &held).await?;
            (self.fence, self.standing.parked) = (Some(held), held.parked);
        }
        let moves = looked_at.position > held.checkpoint.position;
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
        self.shares.give_back(self.partition);
        let Some(fence) = self.fence.take() else {
            return Ok(());
        };
        let (opened, sql) = self.database.opened().await?;
        let (client, statements) = opened.client();
        let (version, partition) = (i64::from(fence.version), fence::number(fence.partition));
        let on = On(client, statements);
        let row: [&(dyn ToSql + Sync); 4] = [&H::NAME, &version, &partition, &fence.epoch];
        on.execute(&sql.release, &row).await.map(drop)
    }
}

fn answers<H: PostgresHandler>(rows: &Rows) -> bool {
    Fence::answering(&rows.fences) == Some(H::VERSION)
}
