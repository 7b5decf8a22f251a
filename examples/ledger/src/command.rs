//! What the program can be asked, each answered on an output.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use es_core::{LoadError, Revision, StoreError};
use futures_util::TryStreamExt;

use crate::bar::Bar;
use crate::failure::CommandError;
use crate::import::{self, ImportOptions};
use crate::row::Quoted;
use crate::statement::Statement;
use crate::{Ledger, Overdraft, print, sample, verify};

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well.
    Fine,
    /// Rows have errors, or verify found something.
    Findings,
}

/// A statement to be imported.
pub(crate) struct Source {
    name: String,
    statement: Statement<Box<dyn BufRead + Send>>,
    length: Option<u64>,
}

impl Source {
    /// The statement in a file, or on the standard input if its name is `-`.
    pub(crate) fn open(file: &Path) -> Result<Self, CommandError> {
        if file == Path::new("-") {
            let input = Box::new(BufReader::new(io::stdin()));
            return Self::new("standard input", input, None);
        }
        if file.to_string_lossy().contains("://") {
            return Err(CommandError::MisplacedUrl);
        }
        let failed = |error| {
            let file = file.to_owned();
            CommandError::File { file, error }
        };
        let opened = File::open(file).map_err(failed)?;
        let length = opened.metadata().map_err(failed)?.len();
        let name = file.file_name().unwrap_or(file.as_os_str());
        let input = Box::new(BufReader::new(opened));
        Self::new(&name.to_string_lossy(), input, Some(length))
    }

    /// The shipped sample.
    pub(crate) fn sample() -> Result<Self, CommandError> {
        let csv = sample::CSV;
        Self::new(
            "sample.csv",
            Box::new(csv.as_bytes()),
            Some(csv.len() as u64),
        )
    }

    fn new(
        name: &str,
        input: Box<dyn BufRead + Send>,
        length: Option<u64>,
    ) -> Result<Self, CommandError> {
        let name = name.to_owned();
        match Statement::new(input) {
            Ok(statement) => Ok(Self {
                name,
                statement,
                length,
            }),
            Err(error) => Err(CommandError::Statement { file: name, error }),
        }
    }
}

/// Imports, shows how far it is, and prints what it came to and how fast it was.
pub(crate) async fn import(
    ledger: &Ledger,
    source: Source,
    overdraft: Overdraft,
    strict: bool,
    out: &mut dyn Write,
) -> Result<Verdict, CommandError> {
    let Source {
        name,
        statement,
        length,
    } = source;
    let options = ImportOptions {
        overdraft,
        strict,
        source: name.clone(),
    };
    let bar = Arc::new(Bar::new(&name, length));
    let start = Instant::now();
    let tally = import::import(ledger, statement, options, Arc::clone(&bar) as Arc<_>).await;
    let took = start.elapsed();
    bar.finish();
    let tally = tally.map_err(|error| {
        let file = name.clone();
        CommandError::Import { file, error }
    })?;
    print::tally(out, &name, &tally, took)?;
    if tally.failed == 0 {
        return Ok(Verdict::Fine);
    }
    if strict {
        writeln!(out, "stopped at the error: no row after it was imported")?;
    }
    Ok(Verdict::Findings)
}

/// The balance now, or at a revision.
pub(crate) async fn balance(
    ledger: &Ledger,
    account: &str,
    at: Option<u64>,
    out: &mut dyn Write,
) -> Result<Verdict, CommandError> {
    let id = account.to_owned();
    let mut loaded = ledger
        .accounts()
        .load(&id)
        .await
        .map_err(not_loaded(account))?;
    // An account exists from its first event on, and there is no telling it from one that was never heard of.
    if loaded.revision().is_empty() {
        return Err(CommandError::NoAccount(Quoted::new(account)));
    }
    if let Some(revision) = at {
        let past = ledger
            .accounts()
            .load_at(&id, Revision::new(revision))
            .await;
        loaded = past.map_err(not_loaded(account))?;
    }
    let (balance, revision) = (loaded.balance(), loaded.revision());
    writeln!(out, "{balance} at revision {revision}")?;
    Ok(Verdict::Fine)
}

fn not_loaded(account: &str) -> impl Fn(LoadError) -> CommandError + '_ {
    move |error| match error {
        LoadError::Store(StoreError::Invalid(_)) | LoadError::NotFound { .. } => {
            CommandError::NoAccount(Quoted::new(account))
        }
        LoadError::NoSuchRevision { asked, head, .. } => CommandError::NoRevision {
            account: Quoted::new(account),
            head,
            asked,
        },
        LoadError::Store(error) => error.into(),
        other => StoreError::Backend(other.into()).into(),
    }
}

/// Each entry with the balance after it.
pub(crate) async fn statement(
    ledger: &Ledger,
    account: &str,
    out: &mut dyn Write,
) -> Result<Verdict, CommandError> {
    told(
        ledger,
        account,
        out,
        print::statement_head,
        print::statement_line,
    )
    .await
}

/// Each event with all that is known of it.
pub(crate) async fn history(
    ledger: &Ledger,
    account: &str,
    out: &mut dyn Write,
) -> Result<Verdict, CommandError> {
    told(
        ledger,
        account,
        out,
        print::history_head,
        print::history_line,
    )
    .await
}

/// Prints a line for each event of an account, as they are read.
async fn told(
    ledger: &Ledger,
    account: &str,
    out: &mut dyn Write,
    head: fn(&mut dyn Write) -> io::Result<()>,
    line: fn(&mut dyn Write, &es_core::Moment<crate::Account>) -> io::Result<()>,
) -> Result<Verdict, CommandError> {
    let id = account.to_owned();
    let mut moments = ledger.accounts().history(&id);
    let mut is_first = true;
    while let Some(moment) = next(&mut moments, account).await? {
        if std::mem::take(&mut is_first) {
            head(out)?;
        }
        line(out, &moment)?;
    }
    if is_first {
        return Err(CommandError::NoAccount(Quoted::new(account)));
    }
    Ok(Verdict::Fine)
}

async fn next<T>(
    stream: &mut es_core::BoxStream<'_, Result<T, StoreError>>,
    account: &str,
) -> Result<Option<T>, CommandError> {
    let next = stream.try_next().await;
    next.map_err(|error| not_loaded(account)(error.into()))
}

/// What refolding everything finds.
pub(crate) async fn verify(ledger: &Ledger, out: &mut dyn Write) -> Result<Verdict, CommandError> {
    let audits = verify::verify(ledger).await?;
    print::audits(out, &audits)?;
    Ok(if audits.iter().all(verify::Audit::is_clean) {
        Verdict::Fine
    } else {
        Verdict::Findings
    })
}
