//! Which balances an axis names.

use crate::{Cents, Difference};

use super::Series;

/// From where to where an axis goes, and the round sums on it. All in cents, exactly.
pub(super) struct Scale {
    pub(super) low: i128,
    pub(super) high: i128,
    step: i128,
}

impl Scale {
    /// A scale that all of a series and zero fit on, with at most so many steps: two at least, as one may be above zero and
    /// one below.
    pub(super) fn of(series: &Series, steps: i128) -> Self {
        let balances = || {
            series
                .balances
                .iter()
                .flatten()
                .map(|cents| i128::from(cents.0))
        };
        let (low, high) = (balances().min().unwrap_or(0), balances().max().unwrap_or(0));
        let (low, high) = (low.min(0), high.max(0));
        // 1, 2 or 5 with zeros, the least that is enough.
        let mut step = 1;
        let enough = |step: i128| {
            let (low, high) = (low.div_euclid(step), -(-high).div_euclid(step));
            high - low <= steps.max(2)
        };
        while !enough(step) {
            let doubled = if leading(step) == 2 {
                step / 2 * 5
            } else {
                step * 2
            };
            step = doubled;
        }
        let high = -(-high).div_euclid(step) * step;
        let low = low.div_euclid(step) * step;
        Self {
            low,
            high: if high == low { low + step } else { high },
            step,
        }
    }

    /// The round sums, from high to low.
    pub(super) fn ticks(&self) -> impl Iterator<Item = Difference> + use<> {
        let (low, step) = (self.low, self.step);
        std::iter::successors(Some(self.high), move |at| Some(at - step))
            .take_while(move |at| *at >= low)
            .map(Difference)
    }

    /// How far below the top a sum stands, of `height` from the top to the bottom; rounded.
    pub(super) fn depth(&self, cents: i128, height: i128) -> i128 {
        let whole = self.high - self.low;
        ((self.high - cents) * height * 2 + whole) / (whole * 2)
    }

    /// The same of a balance.
    pub(super) fn depth_of(&self, balance: Cents, height: i128) -> i128 {
        self.depth(balance.0.into(), height)
    }
}

/// The first digit.
fn leading(mut number: i128) -> i128 {
    while number >= 10 {
        number /= 10;
    }
    number
}
