//! The command line: what can be asked, and what the exit code says.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::command::{self, Source, Verdict};
use crate::failure::{Chain, CommandError};
use crate::place::{Place, StoreUrl};
use crate::question::Question;
use crate::{Ledger, Overdraft, sample, tour};

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  rows of the statement have errors, or verify found something
  2  what was asked can't be done: a wrong option, a file that isn't a statement, an account that isn't there,
     a correction that would break an account's history; nothing was changed
  3  the store failed; what was acknowledged is kept, and importing the file again completes it

Results go to the standard output; errors of rows, one a line as FILE:LINE: REASON, and progress go to the standard error.";

const STORES: &str = "\
The store, by its URL:
  sqlite:ledger.db                         a file
  postgres://USER:PASSWORD@HOST/DATABASE   a database of PostgreSQL
  nats://HOST                              a NATS server with JetStream; tls://HOST is encrypted
  nats://HOST,nats://HOST,nats://HOST      a cluster of them
  memory:                                  gone with the process: for the tour, and to try an import

In PostgreSQL the accounts are in the schema `es`, or in another with ?schema=NAME; on NATS in the log `es`, or in another \
with ?log=NAME. A log has one replica, and may lose with the power what was acknowledged in the last minutes; with \
?replicas=3 it has three when it is made, and fewer are refused. All are made by the first command.

No message shows a server's URL, as it may hold a password; in the environment it isn't seen in the list of processes, either.";

/// Keeps a bank's statements as events: imported once, told again as of any time, set right and verified.
///
/// Without a command it gives a tour: it imports the sample that is shipped with it and shows what can be asked.
#[derive(Debug, Parser)]
#[command(name = "ledger", version, after_help = EXIT_CODES, after_long_help = EXIT_CODES)]
pub struct Arguments {
    /// The SQLite database: short for `--store sqlite:FILE`; ledger.db if no store is named.
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// The store, by its URL: SQLite's, PostgreSQL's, NATS's, or memory.
    #[arg(long, global = true, value_name = "URL", long_help = STORES, env = "LEDGER_STORE", hide_env_values = true)]
    store: Option<StoreUrl>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Import a statement: CSV in UTF-8 whose first line names the columns date, account, type, amount, reference and perhaps
    /// balance.
    ///
    /// Each row is imported once for all time, known by its account and reference; importing a file again adds nothing, and
    /// completes an import that was interrupted. A row with an error is reported and the rest goes on. A debit that is refused
    /// is kept in the account's history, so that it is refused again when the file is.
    Import {
        /// The statement; `-` is the standard input.
        file: PathBuf,
        /// Stop at the first row with an error: every row before it is imported then, and none after it. Slower, as the rows
        /// are imported one after the other.
        #[arg(long)]
        strict: bool,
        /// Refuse debits beyond the balance.
        #[arg(long)]
        no_overdraft: bool,
    },
    #[command(flatten)]
    Asked(Question),
    /// Print the shipped sample statement.
    Sample,
}

impl Arguments {
    /// What the command line says. Ends the program if it asks for help, or can't be understood.
    pub fn read() -> Self {
        let read = Self::command().try_get_matches().and_then(|matches| {
            let mut arguments = Self::from_arg_matches(&matches)?;
            // A file that is named on the command line goes before a store that the environment names.
            let is_env = matches.value_source("store") == Some(ValueSource::EnvVariable);
            if is_env && arguments.db.is_some() {
                arguments.store = None;
            }
            Ok(arguments)
        });
        read.unwrap_or_else(|error| {
            // What isn't understood is quoted, and a URL in a wrong place may hold a password.
            if error.use_stderr() && error.to_string().contains("://") {
                say(format_args!("error: {}", CommandError::MisplacedUrl));
                std::process::exit(CommandError::MisplacedUrl.exit_code().into());
            }
            error.exit()
        })
    }
}

/// Does what the command line says, and tells the exit code.
pub async fn run(arguments: Arguments) -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let verdict = dispatch(arguments, &mut out).await;
    let flushed = out.flush().map_err(CommandError::from);
    match verdict.and_then(|verdict| flushed.map(|()| verdict)) {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {}", Chain(&error)));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Answers a question on an output, or sets something right, as the command line with these words does.
///
/// # Errors
///
/// What the program would say on the standard error.
pub async fn answer<W: Into<OsString> + Clone>(
    ledger: &Ledger,
    words: impl IntoIterator<Item = W>,
    out: &mut dyn Write,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let words = words.into_iter().map(Into::into);
    let arguments = Arguments::try_parse_from([OsString::from("ledger")].into_iter().chain(words))?;
    let Some(Command::Asked(question)) = arguments.command else {
        return Err("nothing is asked of a ledger that is there".into());
    };
    question.answer(ledger, out).await?;
    Ok(())
}

/// Says something on the standard error, which may be closed.
pub(crate) fn say(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{what}");
}

async fn dispatch(arguments: Arguments, out: &mut dyn Write) -> Result<Verdict, CommandError> {
    let Arguments { db, store, command } = arguments;
    let place = Place::new(db, store)?;
    match command {
        None => tour::tour(&place, out).await,
        Some(Command::Import {
            file,
            strict,
            no_overdraft,
        }) => {
            let overdraft = if no_overdraft {
                Overdraft::Refused
            } else {
                Overdraft::Allowed
            };
            // The file first: one that isn't a statement leaves no database behind.
            let source = Source::open(&file)?;
            command::import(&place.open().await?, source, overdraft, strict, out).await
        }
        Some(Command::Sample) => {
            out.write_all(sample::CSV.as_bytes())?;
            Ok(Verdict::Fine)
        }
        Some(Command::Asked(question)) => question.answer(&place.existing().await?, out).await,
    }
}
