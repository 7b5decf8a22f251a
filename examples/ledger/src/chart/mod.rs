//! A balance over time, drawn in the terminal and as a picture.

mod plot;
mod scale;
mod svg;

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use es_core::{Samples, Timestamp};

use crate::command::Verdict;
use crate::day::{DAY, Day};
use crate::failure::CommandError;
use crate::options::{AsKnown, Span};
use crate::print::visible;
use crate::row::Quoted;
use crate::{Account, Cents, Ledger, past};

/// `chart`.
#[derive(Debug, Args)]
pub(crate) struct Chart {
    /// Which account.
    account: String,
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    known: AsKnown,
    /// Also draw it into this file, as SVG. Only a picture is written over.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// How many characters a line of the terminal has.
    #[arg(long, default_value_t = WIDTH, value_parser = clap::value_parser!(u16).range(40..=1_000))]
    width: u16,
    /// How many lines the balance has.
    #[arg(long, default_value_t = HEIGHT, value_parser = clap::value_parser!(u16).range(4..=200))]
    height: u16,
}

/// What every terminal has.
const WIDTH: u16 = 80;
const HEIGHT: u16 = 16;

/// The balance at the end of each day, or of each few days where there are many.
struct Series {
    account: String,
    first: Day,
    last: Day,
    /// None before the account's first entry.
    balances: Vec<Option<Cents>>,
}

/// How many points are drawn at most.
const POINTS: u64 = 1_500;

impl Chart {
    /// All of an account, in the terminal.
    pub(crate) fn of(account: &str) -> Self {
        let (from, to) = (None, None);
        Self {
            account: account.to_owned(),
            span: Span { from, to },
            known: AsKnown::NOW,
            svg: None,
            width: WIDTH,
            height: HEIGHT,
        }
    }

    pub(crate) async fn draw(
        self,
        ledger: &Ledger,
        out: &mut dyn Write,
    ) -> Result<Verdict, CommandError> {
        let series = self.series(ledger).await?;
        if let Some(file) = &self.svg {
            save(file, &svg::draw(&series)).map_err(|error| CommandError::Picture {
                file: file.clone(),
                error,
            })?;
        }
        let Series {
            account,
            first,
            last,
            ..
        } = &series;
        let account = visible(account);
        writeln!(out, "balance of {account}, {first} to {last}\n")?;
        for line in plot::draw(&series, self.width.into(), self.height.into()) {
            writeln!(out, "{line}")?;
        }
        Ok(Verdict::Fine)
    }

    async fn series(&self, ledger: &Ledger) -> Result<Series, CommandError> {
        let account = past::account(ledger, &self.account).await?;
        let (id, known) = (account.id(), self.known.known());
        let facts = ledger.accounts().facts(id, known).await;
        let facts = facts.map_err(past::not_loaded(id))?;
        let (Some(first), Some(last)) = (facts.first(), facts.last()) else {
            return Err(CommandError::NothingToDraw(Quoted::new(id)));
        };
        let first = self.span.from.unwrap_or(Day::of(first.effective_at));
        let last = self.span.to.unwrap_or(Day::of(last.effective_at));
        if last < first {
            return Err(CommandError::NoDays { first, last });
        }
        let days = days(first.start(), last.start());
        let every = DAY * u32::try_from(days.div_ceil(POINTS).max(1)).unwrap_or(u32::MAX);
        let mut balances = Vec::new();
        // The last day for itself, as the steps may not come to it.
        let but_last = (days > 0).then(|| Samples::effective(first.end()..=last.start(), every));
        let last_day = Samples::effective(last.end()..=last.end(), DAY);
        for samples in but_last.into_iter().chain([last_day]) {
            let samples = samples.standing_at(known.into());
            let seen = ledger.accounts().timeline(id, samples, begun).await;
            let seen = seen.map_err(past::not_loaded(id))?;
            balances.extend(seen.into_iter().map(|sample| sample.value.flatten()));
        }
        Ok(Series {
            account: self.account.clone(),
            first,
            last,
            balances,
        })
    }
}

/// The balance of an account that has an entry.
fn begun(account: &Account) -> Option<Cents> {
    (account.entries() > 0).then(|| account.balance())
}

/// How many days lie between two instants.
fn days(from: Timestamp, to: Timestamp) -> u64 {
    let micros = u64::try_from(to.micros() - from.micros()).unwrap_or_default();
    micros / u64::try_from(DAY.as_micros()).unwrap_or(u64::MAX)
}

/// Writes a picture where there is none, or another one.
fn save(file: &Path, svg: &str) -> io::Result<()> {
    let mut begins = [0; svg::BEGINNING.len()];
    match fs::File::open(file).and_then(|mut there| there.read_exact(&mut begins)) {
        Ok(()) if begins == *svg::BEGINNING.as_bytes() => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        _ => {
            let what = "it is there already, and isn't a picture of ours";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
    }
    fs::write(file, svg)
}
