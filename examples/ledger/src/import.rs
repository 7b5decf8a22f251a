//! Brings a statement's rows into their accounts, each once for all time.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{self, BufRead};
use std::ops::AddAssign;
use std::sync::Arc;

use es_core::{ExecuteError, Executed, StoreError};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use crate::account::IMPORT;
use crate::row::{Quoted, Row, RowError};
use crate::statement::{NumberedRow, Statement};
use crate::{Account, AccountEvent, Cents, Column, Ledger, Overdraft};

/// How to import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Whether accounts may owe money.
    pub overdraft: Overdraft,
    /// Stop at the first row with an error: all rows before it are imported then, and none after it.
    pub strict: bool,
    /// What the statement is called in the events' metadata.
    pub source: String,
}

/// What became of a statement's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows that brought an entry into an account.
    pub added: u64,
    /// Rows that had been imported before.
    pub repeated: u64,
    /// Rows with an error.
    pub failed: u64,
    /// Events that were appended: one for each row that was added or refused.
    pub events: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.repeated += other.repeated;
        self.failed += other.failed;
        self.events += other.events;
    }
}

/// Watches an import. Called from several threads.
pub trait Watch: Send + Sync + 'static {
    /// So many bytes of the statement were read.
    fn read(&self, bytes: u64);
    /// The row on this line has an error.
    fn failed(&self, line: u64, error: &RowError);
}

/// Why an import broke off. What was imported is; a second import brings the rest.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The statement can't be read any further.
    #[error("it can't be read past line {line}; what stands before is imported")]
    Read {
        /// The last line that was read.
        line: u64,
        /// What the operating system said.
        #[source]
        error: io::Error,
    },
    /// The store didn't take the row on this line.
    #[error("line {line} couldn't be stored; import the file again to complete it")]
    Store {
        /// Which line.
        line: u64,
        /// What the store said.
        #[source]
        error: StoreError,
    },
    /// A part of this program gave up.
    #[error("the import broke down; import the file again to complete it")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// How many rows are under way at once, each of another account: so many appends may share a commit.
const WORKERS: usize = 128;

/// How many rows wait for one worker. With it the import's memory is bounded, whatever the statement's length.
const WAITING: usize = 16;

/// Imports a statement. Rows of an account are imported in their order, rows of several accounts at the same time.
///
/// # Errors
///
/// [`ImportError`] if the statement can't be read or the store fails. A row's own error is told to `watch` and counted, and
/// the import goes on, unless `options` are strict.
pub async fn import(
    ledger: &Ledger,
    statement: Statement<impl BufRead + Send + 'static>,
    options: ImportOptions,
    watch: Arc<dyn Watch>,
) -> Result<Tally, ImportError> {
    // One worker meets the rows in the order of their lines, so that nothing after an error is imported.
    let workers = if options.strict { 1 } else { WORKERS };
    let mut queues = Vec::new();
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        let (queue, rows) = mpsc::channel(WAITING);
        queues.push(queue);
        let worker = Worker {
            ledger: ledger.clone(),
            options: options.clone(),
            watch: Arc::clone(&watch),
        };
        tasks.spawn(worker.run(rows));
    }
    // A thread of its own, as reading blocks; if a worker ends early it isn't waited for, since its input may never end.
    let reader = tokio::task::spawn_blocking(move || distribute(statement, &queues, &*watch));
    let mut tally = Tally::default();
    let mut stopped = false;
    while let Some(ended) = tasks.join_next().await {
        let (counted, early) = ended.map_err(|error| ImportError::Broken(error.into()))??;
        tally += counted;
        stopped |= early;
    }
    if !stopped {
        reader
            .await
            .map_err(|error| ImportError::Broken(error.into()))??;
    }
    Ok(tally)
}

/// Reads the rows and gives each to its account's worker.
fn distribute(
    mut statement: Statement<impl BufRead>,
    queues: &[Sender<NumberedRow>],
    watch: &dyn Watch,
) -> Result<(), ImportError> {
    while let Some(row) = statement.next() {
        let line = statement.line();
        let row = row.map_err(|error| ImportError::Read { line, error })?;
        watch.read(statement.bytes());
        let queue = match &row.row {
            Ok(row) => worker_of(&row.account, queues.len()),
            Err(_) => 0,
        };
        if queues[queue].blocking_send(row).is_err() {
            // The worker ended early and says why.
            return Ok(());
        }
    }
    Ok(())
}

fn worker_of(account: &str, workers: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    account.hash(&mut hasher);
    usize::try_from(hasher.finish() % workers as u64).unwrap_or_default()
}

/// Imports the rows of some of the accounts, one after the other.
struct Worker {
    ledger: Ledger,
    options: ImportOptions,
    watch: Arc<dyn Watch>,
}

/// What became of a row.
enum Outcome {
    Added,
    Repeated,
    Failed { error: RowError, appended: bool },
}

impl Worker {
    /// Answers with the count, and whether it stopped before the end.
    async fn run(self, mut rows: Receiver<NumberedRow>) -> Result<(Tally, bool), ImportError> {
        let mut tally = Tally::default();
        while let Some(NumberedRow { line, row }) = rows.recv().await {
            let outcome = match row {
                Ok(row) => self.import(line, &row).await?,
                Err(error) => Outcome::Failed {
                    error,
                    appended: false,
                },
            };
            match outcome {
                Outcome::Added => {
                    tally.added += 1;
                    tally.events += 1;
                }
                Outcome::Repeated => tally.repeated += 1,
                Outcome::Failed { error, appended } => {
                    tally.failed += 1;
                    tally.events += u64::from(appended);
                    self.watch.failed(line, &error);
                    if self.options.strict {
                        return Ok((tally, true));
                    }
                }
            }
        }
        Ok((tally, false))
    }

    async fn import(&self, line: u64, row: &Row) -> Result<Outcome, ImportError> {
        let broken = |error| ImportError::Store { line, error };
        let Row {
            account,
            effective_at,
            entry,
        } = row;
        let executed = self
            .ledger
            .accounts()
            .execute(account, |state| state.settle(entry, self.options.overdraft))
            .once(row.key())
            .effective_at(*effective_at)
            .by(IMPORT)
            .because(format!("line {line} of {}", self.options.source))
            .await;
        let executed = match executed {
            Ok(executed) => executed,
            // What a row of an earlier day does to the entries after it isn't for the account's decision to see.
            Err(ExecuteError::Violated(violation)) => {
                let error = RowError::breaking(&violation);
                let appended = false;
                return Ok(Outcome::Failed { error, appended });
            }
            Err(error) => return Err(broken(store_error(error))),
        };
        let repeated = executed.is_repeated();
        if repeated && let Some(error) = changed(row, &executed) {
            let appended = false;
            return Ok(Outcome::Failed { error, appended });
        }
        Ok(
            match executed.events().first().and_then(AccountEvent::refusal) {
                Some(refusal) => Outcome::Failed {
                    error: RowError::Refused {
                        kind: entry.kind,
                        cents: entry.cents,
                        refusal,
                    },
                    appended: !repeated,
                },
                None if repeated => Outcome::Repeated,
                None => Outcome::Added,
            },
        )
    }
}

/// In what a repeated row differs from what was imported under its key.
fn changed(row: &Row, executed: &Executed<Account>) -> Option<RowError> {
    let event = executed.events().first()?;
    let day = executed.envelopes().first()?.effective_at;
    let (first, now) = (event.entry(), &row.entry);
    let differ = |column, first: String, now: String| {
        let reference = Quoted::new(&row.entry.reference);
        (first != now).then_some(RowError::Changed {
            reference,
            column,
            first,
            now,
        })
    };
    let date = |day: Option<_>| {
        day.map_or_else(|| "none".to_owned(), |day| crate::row::day(day).to_string())
    };
    let stated =
        |stated: Option<Cents>| stated.map_or_else(|| "none".to_owned(), |s| s.to_string());
    differ(Column::Date, date(day), date(Some(row.effective_at)))
        .or_else(|| differ(Column::Type, first.kind.to_string(), now.kind.to_string()))
        .or_else(|| {
            differ(
                Column::Amount,
                first.cents.to_string(),
                now.cents.to_string(),
            )
        })
        // A statement that states no balance contradicts none.
        .or_else(|| {
            now.stated?;
            differ(Column::Balance, stated(first.stated), stated(now.stated))
        })
}

/// What a store said; the account itself refuses nothing, as it records what it refuses.
fn store_error(error: ExecuteError<crate::Refusal>) -> StoreError {
    match error {
        ExecuteError::Store(error) => error,
        ExecuteError::Conflict(conflict) => StoreError::Conflict(conflict),
        other => StoreError::Backend(other.into()),
    }
}
