//! `savings.csv`: how many simulations transfer saves.

use std::path::Path;

use crate::error::Result;
use crate::study::store::run::Curve;
use crate::study::store::table::{columns, number_text, write_curves};

/// The file in a study's folder.
pub(crate) const SAVINGS_FILE: &str = "savings.csv";

/// Where the equivalent number of simulations of the baseline lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Within the sizes that the baseline ran.
    Exact,
    /// Above the largest of them: the baseline never reaches the score.
    MoreThanLargest,
    /// Below the smallest of them: the baseline is better already there.
    LessThanSmallest,
}

impl Bound {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Exact => "exact",
            Bound::MoreThanLargest => "at least",
            Bound::LessThanSmallest => "at most",
        }
    }
}

/// N_scratch / N: how many simulations the baseline needs for each one of a strategy to reach the
/// same test score, with an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// Strategy and pre-training size.
    pub curve: Curve,
    /// How many simulations it had.
    pub simulations: usize,
    /// The factor from the means over all runs. Where the baseline never reaches the score it is a
    /// lower bound, where the baseline is better with its fewest simulations an upper one.
    pub factor: f64,
    /// Whether it is a bound.
    pub bound: Bound,
    /// The 2.5 % quantile over bootstrap samples; a bound where the baseline never reaches the
    /// score in it. Absent where the baseline is better with its fewest simulations, and without
    /// any scatter to sample.
    pub low: Option<f64>,
    /// The 97.5 % quantile; absent where the baseline never reaches the score, likewise.
    pub high: Option<f64>,
}

/// An interval that has 1 in it and is wider than this factor leaves open whether anything is
/// saved.
const WIDE: f64 = 4.0;

impl Saving {
    /// Whether its interval tells how much is saved, or that little is.
    pub fn is_told(&self) -> bool {
        let (low, high) = (self.low.unwrap_or(0.0), self.high.unwrap_or(f64::INFINITY));
        let is_open = self.low.is_none() && self.high.is_none();
        !is_open && (low >= 1.0 || high <= 1.0 || high <= WIDE * low)
    }
}

/// Writes `savings.csv`, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_savings(path: &Path, savings: &[Saving]) -> Result<()> {
    let rest = columns(&["simulations", "factor", "bound", "low", "high", "told"]);
    let line = |one: &Saving| {
        vec![
            one.simulations.to_string(),
            number_text(Some(one.factor)),
            one.bound.name().to_owned(),
            number_text(one.low),
            number_text(one.high),
            if one.is_told() { "yes" } else { "no" }.to_owned(),
        ]
    };
    write_curves(path, &rest, savings.iter().map(|one| (&one.curve, line(one))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_interval_tells() {
        let told = |low, high| {
            let (curve, bound) = (Curve::of("warm-start"), Bound::Exact);
            Saving { curve, simulations: 100, factor: 2.0, bound, low, high }.is_told()
        };
        for (low, high) in [(Some(1.1), Some(90.0)), (Some(3.0), None), (None, Some(0.4))] {
            assert!(told(low, high), "{low:?} to {high:?}");
        }
        assert!(told(Some(0.8), Some(1.3)), "about as many are needed");
        for (low, high) in
            [(None, None), (Some(0.5), Some(8.0)), (None, Some(3.0)), (Some(0.9), None)]
        {
            assert!(!told(low, high), "{low:?} to {high:?}");
        }
    }
}
