use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Money, in whole cents; written with a point and two decimals: `-12.30`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// The most that an account can hold.
    pub const MAX: Self = Self(i64::MAX);
    /// The most that an account can owe.
    pub const MIN: Self = Self(i64::MIN);

    /// Both together, unless that is beyond [`MIN`](Self::MIN) or [`MAX`](Self::MAX).
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left of it, unless that is beyond [`MIN`](Self::MIN) or [`MAX`](Self::MAX).
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// How much more it is than the other. Two extremes are further apart than `Cents` can say.
    pub fn difference(self, other: Self) -> Difference {
        Difference(i128::from(self.0) - i128::from(other.0))
    }
}

/// How far two sums of money are apart, in cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference(pub i128);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Difference(self.0.into()).fmt(f)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.unsigned_abs();
        let digits = format!("{}.{:02}", cents / 100, cents % 100);
        // As a number, so that a column can be aligned.
        f.pad_integral(self.0 >= 0, "", &digits)
    }
}

/// Why a text isn't a sum of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCents {
    /// Anything but digits, a point and a minus before them.
    #[error("isn't a number like `12.30`")]
    NotANumber,
    /// Fractions of a cent, even of nothing.
    #[error("has more than two decimals")]
    Decimals,
    /// Beyond what an account can hold or owe.
    #[error("is more than an account can hold, {}", Cents::MAX)]
    TooLarge,
}

/// Digits, then at most a point and one or two digits; a minus may stand before them, and nothing else anywhere.
impl FromStr for Cents {
    type Err = InvalidCents;

    fn from_str(text: &str) -> Result<Self, InvalidCents> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, decimals) = match digits.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (digits, None),
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !decimals.is_none_or(is_number) {
            return Err(InvalidCents::NotANumber);
        }
        let decimals = match decimals.map(str::as_bytes) {
            None => 0,
            Some([tens]) => i128::from(tens - b'0') * 10,
            Some([tens, ones]) => i128::from(tens - b'0') * 10 + i128::from(ones - b'0'),
            Some(_) => return Err(InvalidCents::Decimals),
        };
        let whole: u64 = whole.parse().map_err(|_| InvalidCents::TooLarge)?;
        let cents = i128::from(whole) * 100 + decimals;
        i64::try_from(if negative { -cents } else { cents })
            .map(Self)
            .map_err(|_| InvalidCents::TooLarge)
    }
}
