//! A row of a statement, and every way in which one can be wrong.

use std::fmt;

use es_core::{Revision, StreamId, Timestamp, Violation};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::cents::InvalidCents;
use crate::header::{Column, Header};
use crate::{Cents, Refusal};

/// An entry of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Credit or debit.
    pub kind: Kind,
    /// How much, never negative.
    pub cents: Cents,
    /// What the bank says the balance is after it.
    pub stated: Option<Cents>,
    /// The bank's name for it, of which the account has no other.
    pub reference: String,
}

/// Which way the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// In.
    Credit,
    /// Out.
    Debit,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
        })
    }
}

/// A row: an entry, whose it is and when it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub account: String,
    /// The row's date, at midnight UTC.
    pub effective_at: Timestamp,
    /// What.
    pub entry: Entry,
}

/// Why a row adds nothing to an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// More or fewer fields than the header has columns.
    #[error("the number of its fields is {found}, and that of the columns {wanted}")]
    Fields {
        /// How many it has.
        found: usize,
        /// How many it should have.
        wanted: usize,
    },
    /// A quote that isn't closed before the line ends.
    #[error("a quote is opened and not closed on the same line")]
    Quote,
    /// A line that no statement has.
    #[error("the line is longer than {limit} bytes")]
    TooLong {
        /// How long it may be.
        limit: usize,
    },
    /// Bytes that aren't UTF-8.
    #[error("`{0}` isn't UTF-8")]
    Encoding(Column),
    /// An account or reference that can't be one.
    #[error("`{column}` is {value}: {reason}")]
    Name {
        /// Which column.
        column: Column,
        /// What stands there.
        value: Quoted,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A date that isn't one.
    #[error("`date` is {0}: it isn't a day like `2024-02-29` between the years 1 and 9999")]
    Date(Quoted),
    /// Neither credit nor debit.
    #[error("`type` is {0}: it is either `credit` or `debit`")]
    Kind(Quoted),
    /// A sum that isn't one.
    #[error("`{column}` is {value}: it {reason}")]
    Money {
        /// Which column.
        column: Column,
        /// What stands there.
        value: Quoted,
        /// What is wrong with it.
        reason: InvalidCents,
    },
    /// A negative amount: which way the money goes is said by the type.
    #[error("`amount` is {0}: it is negative, and `type` says which way the money goes")]
    Negative(Quoted),
    /// The account knows the reference from another row.
    #[error("reference {reference} was imported before with another {column}: {first}, not {now}")]
    Changed {
        /// Which reference.
        reference: Quoted,
        /// The first column that differs.
        column: Column,
        /// What was imported.
        first: String,
        /// What the row says.
        now: String,
    },
    /// The account refused the entry, now or when it was first imported.
    #[error("the {kind} of {cents} was refused: {refusal}")]
    Refused {
        /// Credit or debit.
        kind: Kind,
        /// How much.
        cents: Cents,
        /// Why.
        refusal: Refusal,
    },
    /// The row belongs before entries that are there, and one of them couldn't have been booked then. Nothing is recorded.
    #[error(
        "with it the entry of {day} at revision {revision} couldn't have been booked: {refusal}"
    )]
    Breaking {
        /// The day of the entry that would break.
        day: Date,
        /// Its place in the account's history.
        revision: Revision,
        /// Why.
        refusal: Refusal,
    },
}

impl RowError {
    pub(crate) fn breaking(violation: &Violation<Refusal>) -> Self {
        Self::Breaking {
            day: day(violation.effective_at),
            revision: violation.revision,
            refusal: violation.error,
        }
    }
}

/// A value as a message shows it: in quotes, without control characters, and not longer than a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    /// How many characters of a value are shown.
    const SHOWN: usize = 40;

    /// A value to be shown.
    pub fn new(value: &str) -> Self {
        let mut characters = value.chars();
        let mut shown: String = characters
            .by_ref()
            .take(Self::SHOWN)
            .flat_map(|character| {
                let escaped = character.is_control().then(|| character.escape_default());
                let plain = (!character.is_control()).then_some(character);
                escaped.into_iter().flatten().chain(plain)
            })
            .collect();
        if characters.next().is_some() {
            shown.push('…');
        }
        Self(shown)
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl Row {
    /// Reads a row's fields, in the order of the header's columns.
    ///
    /// # Errors
    ///
    /// [`RowError`], the first from left to right as the columns are named in [`Column`].
    pub fn parse(header: &Header, fields: &[&[u8]]) -> Result<Self, RowError> {
        if fields.len() != header.len() {
            let (found, wanted) = (fields.len(), header.len());
            return Err(RowError::Fields { found, wanted });
        }
        let field = |column: Column| {
            let index = header.index(column)?;
            let text = std::str::from_utf8(fields[index]);
            Some(text.map_err(|_| RowError::Encoding(column)))
        };
        let required = |column| field(column).unwrap_or(Ok(""));
        let effective_at = date(required(Column::Date)?)?;
        let account = name(Column::Account, required(Column::Account)?)?;
        let kind = kind(required(Column::Type)?)?;
        let amount = required(Column::Amount)?;
        let cents = money(Column::Amount, amount)?;
        if amount.starts_with('-') {
            return Err(RowError::Negative(Quoted::new(amount)));
        }
        let stated = match field(Column::Balance).transpose()? {
            None | Some("") => None,
            Some(balance) => Some(money(Column::Balance, balance)?),
        };
        let reference = name(Column::Reference, required(Column::Reference)?)?;
        let entry = Entry {
            kind,
            cents,
            stated,
            reference,
        };
        Ok(Self {
            account,
            effective_at,
            entry,
        })
    }

    /// Under which key the row is imported, once.
    pub fn key(&self) -> String {
        key(&self.account, &self.entry.reference)
    }
}

/// Under which key a row is imported, once: its account and reference.
pub fn key(account: &str, reference: &str) -> String {
    format!("{account}/{reference}")
}

/// What the text is that names an account or an entry, and is shown in a terminal.
pub(crate) fn name(column: Column, text: &str) -> Result<String, RowError> {
    let reason = if text.is_empty() {
        "it is empty"
    } else if text.len() > StreamId::MAX_ID {
        "it has more than 256 bytes"
    } else if text.chars().any(char::is_control) {
        "it has a control character"
    } else if text.trim() != text {
        "it begins or ends with a space"
    } else {
        return Ok(text.to_owned());
    };
    let value = Quoted::new(text);
    Err(RowError::Name {
        column,
        value,
        reason,
    })
}

fn kind(text: &str) -> Result<Kind, RowError> {
    match text {
        "credit" => Ok(Kind::Credit),
        "debit" => Ok(Kind::Debit),
        other => Err(RowError::Kind(Quoted::new(other))),
    }
}

fn money(column: Column, text: &str) -> Result<Cents, RowError> {
    text.parse().map_err(|reason| RowError::Money {
        column,
        value: Quoted::new(text),
        reason,
    })
}

/// Midnight UTC of a day.
fn date(text: &str) -> Result<Timestamp, RowError> {
    midnight(text).ok_or_else(|| RowError::Date(Quoted::new(text)))
}

/// Midnight UTC of a day written `2024-02-29`, and in no other way that ISO 8601 knows.
pub(crate) fn midnight(text: &str) -> Option<Timestamp> {
    let shape = text.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !shape || text.len() != 10 {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let instant = TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight()));
    Timestamp::try_from(instant.ok()?).ok()
}

/// The day of an instant, in UTC.
pub fn day(instant: Timestamp) -> Date {
    TimeZone::UTC
        .to_datetime(jiff::Timestamp::from(instant))
        .date()
}
