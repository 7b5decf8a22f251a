//! What the program can be asked, each answered on an output.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::bar::Bar;
use crate::failure::CommandError;
use crate::import::{self, ImportOptions};
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
