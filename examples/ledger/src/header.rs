//! The first line of a statement: which column stands where.

use std::fmt;

use crate::row::Quoted;

/// A column of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The day, as `2024-02-29`.
    Date,
    /// Whose entry it is.
    Account,
    /// `credit` or `debit`.
    Type,
    /// How much.
    Amount,
    /// What the bank says the balance is after it. The only one that may be missing, or empty in a row.
    Balance,
    /// The bank's name for the entry.
    Reference,
}

impl Column {
    /// All of them, in their usual order.
    pub const ALL: [Self; 6] = [
        Self::Date,
        Self::Account,
        Self::Type,
        Self::Amount,
        Self::Balance,
        Self::Reference,
    ];

    /// Its name in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Account => "account",
            Self::Type => "type",
            Self::Amount => "amount",
            Self::Balance => "balance",
            Self::Reference => "reference",
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which column stands where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    columns: Vec<Column>,
}

/// Why a file isn't a statement. Nothing of it is imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not even a first line.
    #[error("it is empty; {EXPECTED}")]
    Empty,
    /// Text in two bytes a character, as spreadsheets write it.
    #[error("it is UTF-16; save it as UTF-8")]
    Utf16,
    /// A first line that isn't UTF-8, or isn't a line of CSV.
    #[error("its first line isn't CSV in UTF-8; {EXPECTED}")]
    Unreadable,
    /// A column that a statement doesn't have. It may be a misspelt one, and isn't overlooked.
    #[error("its first line has {0}; {EXPECTED}")]
    Unknown(Quoted),
    /// The same column twice.
    #[error("its first line has `{0}` twice")]
    Twice(Column),
    /// No such column.
    #[error("its first line lacks `{0}`; {EXPECTED}")]
    Missing(Column),
}

const EXPECTED: &str = "the first line names the columns, in any order: \
                        date,account,type,amount,reference, and balance if the bank states it";

impl Header {
    /// Reads the first line's fields.
    ///
    /// # Errors
    ///
    /// [`HeaderError`], if these aren't the columns of a statement.
    pub fn parse(fields: &[&[u8]]) -> Result<Self, HeaderError> {
        let mut columns = Vec::new();
        for field in fields {
            let text = std::str::from_utf8(field).map_err(|_| HeaderError::Unreadable)?;
            let column = Column::ALL.into_iter().find(|known| known.name() == text);
            let column = column.ok_or_else(|| HeaderError::Unknown(Quoted::new(text)))?;
            if columns.contains(&column) {
                return Err(HeaderError::Twice(column));
            }
            columns.push(column);
        }
        let missing = |column: &Column| *column != Column::Balance && !columns.contains(column);
        match Column::ALL.into_iter().find(missing) {
            Some(column) => Err(HeaderError::Missing(column)),
            None => Ok(Self { columns }),
        }
    }

    /// How many columns there are.
    #[expect(clippy::len_without_is_empty, reason = "a header is never empty")]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Where a column stands.
    pub fn index(&self, column: Column) -> Option<usize> {
        self.columns.iter().position(|known| *known == column)
    }
}
