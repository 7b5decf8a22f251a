//! Questions about an account at any time: as it was true, and as it was known.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use es_core::{At, LoadError, Loaded, Recorded, StoreError};

use crate::command::Verdict;
use crate::day::Day;
use crate::failure::CommandError;
use crate::options::{AsKnown, Span, When};
use crate::print;
use crate::row::Quoted;
use crate::{Account, AccountEvent, Ledger};

/// `balance`.
#[derive(Debug, Args)]
pub(crate) struct Balance {
    /// Which account.
    account: String,
    #[command(flatten)]
    when: When,
}

/// `statement`.
#[derive(Debug, Args)]
pub(crate) struct Statement {
    /// Which account.
    account: String,
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    known: AsKnown,
}

/// `audit ACCOUNT`.
#[derive(Debug, Args)]
pub(crate) struct Trail {
    /// Which account.
    account: String,
    /// Text for reading, JSON Lines or CSV.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    JsonLines,
    Csv,
}

/// The account now.
///
/// # Errors
///
/// [`CommandError::NoAccount`] if nothing was ever recorded of it: an account exists from its first entry on, and there is no
/// telling it from one that was never heard of.
pub(crate) async fn account(ledger: &Ledger, name: &str) -> Result<Loaded<Account>, CommandError> {
    let loaded = ledger.accounts().load(&name.to_owned()).await;
    let loaded = loaded.map_err(not_loaded(name))?;
    if loaded.revision().is_empty() {
        return Err(CommandError::NoAccount(Quoted::new(name)));
    }
    Ok(loaded)
}

/// The account as it was.
///
/// # Errors
///
/// [`CommandError::NotKnown`] if nothing had been recorded of it by then.
pub(crate) async fn past(
    ledger: &Ledger,
    name: &str,
    at: At,
    known: AsKnown,
) -> Result<Loaded<Account>, CommandError> {
    let now = account(ledger, name).await?;
    if at == At::NOW {
        return Ok(now);
    }
    let past = ledger.accounts().load_at(now.id(), at).await;
    let past = past.map_err(not_loaded(name))?;
    match known.instant() {
        Some(instant) if past.revision().is_empty() => Err(CommandError::NotKnown {
            account: Quoted::new(name),
            instant,
        }),
        _ => Ok(past),
    }
}

pub(crate) fn not_loaded(account: &str) -> impl Fn(LoadError) -> CommandError + '_ {
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

impl Balance {
    /// The balance as it is.
    pub(crate) fn now(account: &str) -> Self {
        Self::known(account, AsKnown::NOW)
    }

    /// The balance at a revision.
    pub(crate) fn at(account: &str, revision: u64) -> Self {
        Self::known(account, AsKnown::at(revision))
    }

    /// The balance on a day, or as it is.
    pub(crate) fn on(account: &str, on: Option<Day>) -> Self {
        let mut balance = Self::now(account);
        balance.when.on = on;
        balance
    }

    fn known(account: &str, known: AsKnown) -> Self {
        let account = account.to_owned();
        let when = When { on: None, known };
        Self { account, when }
    }

    pub(crate) async fn print(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let Self { account, when } = self;
        let loaded = past(ledger, &account, when.at(), when.known).await?;
        let (balance, revision) = (loaded.balance(), loaded.revision());
        match when.on {
            None => writeln!(out, "{balance} at revision {revision}")?,
            Some(day) => writeln!(out, "{balance} on {day}, at revision {revision}")?,
        }
        Ok(Verdict::Fine)
    }
}

impl Statement {
    /// Each entry of the days with the balance after it.
    pub(crate) async fn print(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let (span, at) = (self.span, At::known(self.known.known()));
        past(ledger, &self.account, at, self.known).await?;
        let mut opening = None;
        let mut lines = Vec::new();
        let see = |event: &Recorded<AccountEvent>, state: &Account| {
            if span
                .from
                .is_some_and(|from| event.effective_at < from.start())
            {
                opening = Some(state.balance());
            } else if span.to.is_none_or(|to| event.effective_at <= to.end()) {
                print::statement_line(&mut lines, event, state)?;
            }
            Ok(())
        };
        told(ledger, &self.account, at, see).await?;
        print::statement_head(out)?;
        if let Some(from) = span.from {
            print::opening_line(out, from, opening.unwrap_or_default())?;
        }
        out.write_all(&lines)?;
        Ok(Verdict::Fine)
    }
}

/// Each event that counts, with all that is known of it.
pub(crate) async fn history(
    ledger: &Ledger,
    name: &str,
    out: &mut dyn Write,
) -> Result<Verdict, CommandError> {
    account(ledger, name).await?;
    print::history_head(out)?;
    let see = |event: &Recorded<AccountEvent>, state: &Account| {
        print::history_line(&mut *out, event, state)
    };
    told(ledger, name, At::NOW, see).await?;
    Ok(Verdict::Fine)
}

/// Shows each event with the state after it, until one can't be shown.
async fn told(
    ledger: &Ledger,
    account: &str,
    at: At,
    mut see: impl FnMut(&Recorded<AccountEvent>, &Account) -> io::Result<()>,
) -> Result<(), CommandError> {
    let id = account.to_owned();
    let mut shown = Ok(());
    let visit = ledger.accounts().visit(&id, at, |event, state| {
        if shown.is_ok() {
            shown = see(event, state);
        }
    });
    visit.await.map_err(not_loaded(account))?;
    Ok(shown?)
}

impl Trail {
    /// Every entry of the account's stream, corrections and what they correct included.
    pub(crate) async fn print(
        self,
        ledger: &Ledger,
        mut out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let now = account(ledger, &self.account).await?;
        let trail = ledger.accounts().audit(now.id()).await?;
        match self.format {
            Format::Text => {
                write!(out, "{trail}")?;
            }
            Format::JsonLines => trail.write_json_lines(&mut out)?,
            Format::Csv => trail.write_csv(&mut out)?,
        }
        Ok(Verdict::Fine)
    }
}
